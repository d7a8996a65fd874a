/* Stochastic depth's factor on a residual branch, put where fold_batchnorm can fold it into weights, so that it costs nothing.
 *
 *   p (a + b)          p a + p b: each side ends in a layer of its own (ResNeXt's split branches)
 *   p (y g(y))         a gate computed from y (squeeze and excitation): (p y) g'(p y), where g' divides by p what it reads, in
 * the weights of its first layer. Where that is not possible p goes to the gate, which is small. anything else      p f(x), which
 * folds where f ends in a layer, batch normalization, or what a factor passes through */
#include "passes/residual_blocks.h"
#include "passes/rewrite.h"

enum { MOST_PLACES = 256, MOST_READERS = 4, LONGEST_WAY = 8 };

/* Operand `slot` of `reader`. */
typedef struct {
    Node *reader;
    int slot;
} Place;

static Value *value_at(Place place) {
    return place.reader->in[place.slot];
}

static Node *factor_node(Graph *graph, Node *before, Value *value, double factor) {
    Value *in[] = {value, constant_from_doubles(graph, "p", value->type, shape_of(0), &factor)};
    Node *mul = node_new(graph, before, OP_Mul, "", in, 2, 1);
    mul->out[0]->name = value->name;
    return node_infer(graph, mul) ? mul : NULL;
}

static bool scale_place(Graph *graph, Place place, double factor) {
    Node *mul = factor_node(graph, place.reader, value_at(place), factor);
    if (!mul) return false;
    node_set_input(graph, place.reader, place.slot, mul->out[0]);
    return true;
}

/* For all who read it. */
static bool scale_value(Graph *graph, Value *value, double factor) {
    Node *mul = factor_node(graph, value->producer->next, value, factor);
    if (!mul) return false;
    value_replace(graph, value, mul->out[0]);
    node_set_input(graph, mul, 0, value);
    return true;
}

static bool is_layer_with_weights(const Node *node) {
    return (node->op == OP_Conv || node->op == OP_Gemm || node->op == OP_MatMul) && is_constant(node->in[1]);
}

/* The first layer that reads what `reader` makes of its operand, with nothing in between that minds a factor. */
static Node *layer_behind(const Value *value, Node *reader) {
    for (int k = 0; k < LONGEST_WAY && reader; k++) {
        if (is_layer_with_weights(reader)) return reader->in[0] == value ? reader : NULL;
        if (!commutes_with_scale(reader)) return NULL;
        value = reader->out[0];
        reader = value_single_user(value);
    }
    return NULL;
}

/* Would a factor on `value` fold into a layer before it? */
static bool folds_upwards(const Value *value) {
    const Node *node = value->producer;
    for (int k = 0; k < LONGEST_WAY && node; k++) {
        if (is_layer_with_weights(node)) return true;
        bool passes = commutes_with_scale(node) || node->op == OP_BatchNormalization;
        if (!passes || !value_single_user(node->in[0])) return false;
        node = node->in[0]->producer;
    }
    return false;
}

/* Divides by `factor` what a layer multiplies with its weights: its bias stays as it is. */
static bool divide_layer(Graph *graph, Node *layer, double factor) {
    if (layer->op == OP_Conv) return scale_place(graph, (Place){layer, 0}, 1 / factor);
    if (layer->op == OP_MatMul) return scale_value(graph, layer->out[0], 1 / factor);
    set_float(graph, layer, A_ALPHA, attr_float(layer, A_ALPHA, 1) / factor);
    return true;
}

/* `gate` = y g(y): scales y for the product, and takes the factor out again where g reads it. *done is false where it can't. */
static bool scale_gated(Graph *graph, Node *gate, Value *y, double p, bool *done) {
    Node *layers[MOST_READERS];
    int count = 0;
    *done = false;
    if (y->output_count || y->user_count > MOST_READERS || !folds_upwards(y)) return true;
    for (int k = 0; k < y->user_count; k++) {
        if (y->users[k] == gate) continue;
        Node *layer = layer_behind(y, y->users[k]);
        if (!layer) return true;
        layers[count++] = layer;
    }
    for (int k = 0; k < count; k++) {
        if (!divide_layer(graph, layers[k], p)) return false;
    }
    *done = true;
    return scale_value(graph, y, p);
}

/* A product of two computed factors, the larger of which is the image. */
static bool scale_product(Graph *graph, Node *gate, double p) {
    int image = shape_count(&gate->in[0]->shape) >= shape_count(&gate->in[1]->shape) ? 0 : 1;
    bool done;
    if (!scale_gated(graph, gate, gate->in[image], p, &done)) return false;
    if (done) return true;
    return scale_place(graph, (Place){gate, 1 - image}, p);
}

static bool is_computed_pair(const Node *node) {
    return !is_constant(node->in[0]) && !is_constant(node->in[1]) && node->in[0] != node->in[1] && !has_activation(node);
}

bool residual_block_scale(Graph *graph, const ResidualBlock *block, double p) {
    Place places[MOST_PLACES] = {{block->add, 1 - block->shortcut}};
    for (int count = 1; count > 0;) {
        Place place = places[--count];
        Node *node = value_at(place)->producer;
        bool alone = node && value_single_user(value_at(place)) == place.reader;
        if (alone && (node->op == OP_Add || node->op == OP_Sub) && is_computed_pair(node) && count + 2 <= MOST_PLACES) {
            places[count++] = (Place){node, 0};
            places[count++] = (Place){node, 1};
        } else if (alone && node->op == OP_Mul && is_computed_pair(node)) {
            if (!scale_product(graph, node, p)) return false;
        } else if (!scale_place(graph, place, p)) {
            return false;
        }
    }
    return true;
}
