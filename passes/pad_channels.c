/* pad-channels: rounds the channels of an image up to whole blocks of 16, with zeros, where nobody can tell.
 *
 * A value of 88 channels can't be channel-blocked, and its depthwise convolution would run in plain loops; as one of 96 it can. A
 * convolution over all channels makes the new ones: filters of zeros and a bias of 0. Depthwise convolutions, pools and
 * elementwise operators carry them along, whatever they become there. A convolution over all channels ends them: its weights for
 * them are zeros. Where the plane is one pixel, or behind a pool that shrinks it, a Slice may end them too. Shortcuts that add
 * channels of zeros (Pad, AddShortcut) take new ones for some of theirs, as long as those are zeros still.
 *
 * Legal where every reader is of these kinds and no graph output is reached; f32, constant weights. Worth it where at most a
 * third is added. Which values are padded is what is left when those that can't be have been struck out, in sweeps until nothing
 * changes. */
#include "ir/activation.h"
#include "kernels/layout.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

#include <string.h>

enum { MOST_SWEEPS = 16 };

typedef struct {
    Graph *graph;
    int values;     /* that the graph had before; those of Slices are behind them, and not padded */
    bool *padded;   /* by value id */
    bool *zero;     /* by value id: new channels would be zeros */
    Value **sliced; /* by value id: the value without its new channels, once a reader needs it */
} Padding;

static bool is_padded(const Padding *padding, const Value *value) {
    return value->id < padding->values && padding->padded[value->id];
}

static bool is_worth_it(const Value *value) {
    const Shape *shape = &value->shape;
    if (is_constant(value) || value->is_input || value->output_count || value->type != F32 || shape->rank != 4) return false;
    int64_t channels = shape->dim[1], added = whole_blocks(channels) - channels;
    return added > 0 && added * 3 <= channels;
}

static bool is_pixel(const Value *value) {
    return shape_product(&value->shape, 2, value->shape.rank) == 1;
}

static bool has_constant_weights(const Node *conv) {
    return is_constant(conv->in[1]) && conv->in[1]->type == F32 && (!input_at(conv, 2) || is_constant(conv->in[2]));
}

static bool is_dense(const Node *node) {
    return node->op == OP_Conv && attr_int(node, A_GROUP, 1) == 1 && has_constant_weights(node);
}

static bool is_narrow(const Node *node) {
    return node->op == OP_Conv && has_constant_weights(node) && has_narrow_groups(node);
}

/* Adds channels of zeros to those of its last operand, and keeps all of them. */
static bool adds_channels(const Node *node) {
    if (node->op != OP_Pad) return node->op == OP_AddShortcut;
    return pads_with_zeros(node) && attr_ints_at(node, A_PADS, 1, 0) >= 0 &&
           attr_ints_at(node, A_PADS, node->in[0]->shape.rank + 1, 0) >= 0;
}

static const Value *operand_of_channels(const Node *node) {
    return node->in[node->in_count - 1];
}

static int64_t channels_before(const Node *node) {
    return attr_ints_at(node, A_PADS, node->op == OP_Pad ? 1 : 0, 0);
}

static int64_t channels_of(const Padding *padding, const Value *value) {
    return is_padded(padding, value) ? whole_blocks(value->shape.dim[1]) : value->shape.dim[1];
}

/* Its operand's new channels lie where it would make zeros. */
static bool has_room(const Padding *padding, const Node *node) {
    const Value *in = operand_of_channels(node);
    return !is_padded(padding, in) ||
           (padding->zero[in->id] && channels_before(node) + channels_of(padding, in) <= channels_of(padding, node->out[0]));
}

static bool keeps_zero(const Epilogue *epilogue) {
    return epilogue_apply(epilogue, 0) == 0;
}

/* Are the result's new channels zeros where its operands' are? */
static bool makes_zeros(const Padding *padding, const Node *node) {
    const Epilogue epilogue = epilogue_of(node);
    const Value *residual = node->op == OP_Conv ? input_at(node, 3) : NULL;
    if (residual && !padding->zero[residual->id]) return false;
    if (is_dense(node)) return keeps_zero(&epilogue);
    if (node->op == OP_Add || node->op == OP_AddShortcut)
        return padding->zero[node->in[0]->id] && padding->zero[node->in[1]->id] && keeps_zero(&epilogue);
    if (is_unary(node)) {
        Epilogue own = {.kind = activation_of(node->op)};
        activation_parameters(node, &own.alpha, &own.beta);
        return own.kind != ACT_NONE && keeps_zero(&own) && padding->zero[node->in[0]->id];
    }
    bool keeps = is_narrow(node) || node->op == OP_MaxPool || node->op == OP_AveragePool || node->op == OP_Pad;
    return keeps && padding->zero[node->in[0]->id] && keeps_zero(&epilogue);
}

static bool keeps_channels(const Node *node) {
    if (node->op == OP_MaxPool || node->op == OP_AveragePool) return node->out_count == 1;
    return is_elementwise(node);
}

/* An operand with one element for all channels, or a constant with one for each: both can be had for the new channels too. */
static bool is_adaptable(const Value *operand, const Shape *result) {
    if (operand->type != F32) return false;
    if (operand->shape.rank < 3 || operand->shape.dim[operand->shape.rank - 3] == 1) return true;
    return is_constant(operand) && shape_count(&operand->shape) == result->dim[1] && is_axis_constant(operand, result, 1);
}

static bool operands_allow(const Padding *padding, const Node *node) {
    for (int k = 0; k < node->in_count; k++) {
        const Value *in = node->in[k];
        if (in && !is_padded(padding, in) && !is_adaptable(in, &node->out[0]->shape)) return false;
    }
    return true;
}

/* Can the node give its result with new channels? */
static bool producer_allows(const Padding *padding, const Node *node) {
    const Value *residual = node->op == OP_Conv ? input_at(node, 3) : NULL;
    if (residual && !is_padded(padding, residual)) return false;
    if (is_dense(node)) return true;
    if (is_narrow(node)) return is_padded(padding, node->in[0]);
    if (adds_channels(node)) return node->op == OP_Pad || is_padded(padding, node->in[0]);
    return node->in_count > 0 && keeps_channels(node) && operands_allow(padding, node);
}

/* Can it read the value with new channels? */
static bool reader_allows(const Padding *padding, const Node *node, const Value *value) {
    if (is_dense(node) && node->in[0] == value && input_at(node, 3) != value) return true;
    if (adds_channels(node) && value == operand_of_channels(node))
        return has_room(padding, node) && (node->op == OP_Pad || node->in[0] != value);
    return is_padded(padding, node->out[0]) &&
           (is_narrow(node) || node->op == OP_Conv || node->op == OP_AddShortcut || keeps_channels(node));
}

/* All readers; of one pixel that a convolution makes one will do, and of one that carries new channels along none, nor of a pool
 * that shrinks. */
static bool readers_allow(const Padding *padding, const Node *node) {
    const Value *value = node->out[0];
    int allowing = 0;
    for (int u = 0; u < value->user_count; u++) allowing += reader_allows(padding, value->users[u], value);
    if (is_shrinking_pool(node)) return true;
    if (is_pixel(value)) return allowing > 0 || node->op != OP_Conv;
    return allowing == value->user_count;
}

/* False where sweeps did not come to an end: then nothing is padded. */
static bool choose_padded(Padding *padding) {
    bool changed = true;
    for (int sweep = 0; changed && sweep < MOST_SWEEPS; sweep++) {
        changed = false;
        for (Node *node = sweep % 2 ? padding->graph->last : padding->graph->first; node;
             node = sweep % 2 ? node->prev : node->next) {
            bool *padded = &padding->padded[node->out[0]->id];
            if (!*padded || (producer_allows(padding, node) && readers_allow(padding, node))) continue;
            *padded = false;
            changed = true;
        }
    }
    return !changed;
}

/* [outputs][inputs][taps] from the constant's, zeros where there is more. */
static Value *padded_weights(Graph *graph, const Value *weight, int64_t outputs, int64_t inputs) {
    Shape shape = weight->shape;
    int64_t taps = shape_product(&shape, 2, shape.rank), old_outputs = shape.dim[0], old_inputs = shape.dim[1];
    shape.dim[0] = outputs;
    shape.dim[1] = inputs;
    float *data = ARENA_ARRAY(graph->arena, float, shape_count(&shape));
    const float *from = weight->data;
    for (int64_t m = 0; m < old_outputs; m++)
        memcpy(data + m * inputs * taps, from + m * old_inputs * taps, (size_t)(old_inputs * taps) * sizeof *data);
    return constant_new(graph, weight->name, F32, shape, data);
}

/* A constant with more elements along `axis`, which are 0, or 1 where they divide. */
static Value *padded_constant(Graph *graph, const Value *constant, int axis, int64_t count, double filler) {
    Shape shape = constant->shape;
    int64_t old = shape.dim[axis];
    shape.dim[axis] = count;
    double *data = ARENA_ARRAY(graph->arena, double, count);
    for (int64_t k = 0; k < count; k++) data[k] = k < old ? constant_float_at(constant, k) : filler;
    return constant_from_doubles(graph, constant->name, F32, shape, data);
}

static void pad_conv(const Padding *padding, Node *conv) {
    Graph *graph = padding->graph;
    const Value *weight = conv->in[1];
    bool in = is_padded(padding, conv->in[0]), out = is_padded(padding, conv->out[0]), narrow = is_narrow(conv);
    int64_t outputs = out ? whole_blocks(weight->shape.dim[0]) : weight->shape.dim[0];
    int64_t inputs = in && !narrow ? whole_blocks(weight->shape.dim[1]) : weight->shape.dim[1];
    node_set_input(graph, conv, 1, padded_weights(graph, weight, outputs, inputs));
    if (out && input_at(conv, 2)) node_set_input(graph, conv, 2, padded_constant(graph, conv->in[2], 0, outputs, 0));
    if (narrow) set_int(graph, conv, A_GROUP, outputs / inputs);
    if (in && !narrow && !attr_find(conv, A_READ_CHANNELS)) set_int(graph, conv, A_READ_CHANNELS, weight->shape.dim[1]);
    for (int k = 4; in && k < conv->in_count; k++) /* the input scale */
        node_set_input(graph, conv, k, padded_constant(graph, conv->in[k], 0, whole_blocks(shape_count(&conv->in[k]->shape)), 0));
}

/* As many channels of zeros as the result has now, beside those of the operand. */
static void pad_shortcut(const Padding *padding, Node *node) {
    const Value *in = operand_of_channels(node);
    int count;
    const int64_t *old = attr_ints(node, A_PADS, &count);
    int64_t *pads = ARENA_ARRAY(padding->graph->arena, int64_t, count);
    memcpy(pads, old, (size_t)count * sizeof *pads);
    pads[node->op == OP_Pad ? in->shape.rank + 1 : 1] =
        channels_of(padding, node->out[0]) - channels_before(node) - in->shape.dim[1];
    set_ints(padding->graph, node, A_PADS, pads, count);
}

static void pad_operands(const Padding *padding, Node *node) {
    int64_t channels = node->out[0]->shape.dim[1];
    for (int k = 0; k < node->in_count; k++) {
        const Value *in = node->in[k];
        int axis = in->shape.rank - 3;
        if (!is_constant(in) || axis < 0 || in->shape.dim[axis] != channels || channels == 1) continue;
        node_set_input(padding->graph, node, k,
                       padded_constant(padding->graph, in, axis, whole_blocks(channels), node->op == OP_Div ? 1 : 0));
    }
}

/* The result must be the shape that the model gave it: readers and names rely on it. */
static Value *without_new_channels(Padding *padding, Value *value, int64_t channels, Node *before) {
    Graph *graph = padding->graph;
    if (padding->sliced[value->id]) return padding->sliced[value->id];
    const char *name = arena_printf(graph->arena, "%s/channels", value->name);
    Node *slice = node_new(graph, before, OP_Slice, name, &value, 1, 1);
    Shape shape = value->shape;
    shape.dim[1] = channels;
    set_ints(graph, slice, A_STARTS, (int64_t[]){0, 0, 0, 0}, 4);
    set_ints(graph, slice, A_STEPS, (int64_t[]){1, 1, 1, 1}, 4);
    set_ints(graph, slice, A_SIZES, shape.dim, 4);
    if (!node_infer(graph, slice)) return NULL;
    return padding->sliced[value->id] = slice->out[0];
}

/* Operands of one pixel that only some readers take with new channels. */
static bool slice_operands(Padding *padding, Node *node, const int64_t *channels) {
    for (int k = 0; k < node->in_count; k++) {
        Value *in = node->in[k];
        if (!in || is_constant(in) || !is_padded(padding, in) || reader_allows(padding, node, in)) continue;
        Value *slice = without_new_channels(padding, in, channels[in->id], node);
        if (!slice) return false;
        node_set_input(padding->graph, node, k, slice);
    }
    return true;
}

/* Those that add what their operands have now. */
static void drop_empty_pads(Graph *graph) {
    for (Node *node = graph->first, *next; node; node = next) {
        next = node->next;
        if (node->op == OP_Pad && has_no_padding(node)) node_replace(graph, node, node->in[0]);
    }
}

bool pad_channels(Graph *graph) {
    const int values = graph->value_count;
    Padding padding = {graph, values, ARENA_ARRAY(graph->arena, bool, values), ARENA_ARRAY(graph->arena, bool, values),
                       ARENA_ARRAY(graph->arena, Value *, values)};
    int64_t *channels = ARENA_ARRAY(graph->arena, int64_t, values);
    for (Node *node = graph->first; node; node = node->next) {
        padding.padded[node->out[0]->id] = is_worth_it(node->out[0]);
        padding.zero[node->out[0]->id] = makes_zeros(&padding, node);
        channels[node->out[0]->id] = node->out[0]->shape.rank == 4 ? node->out[0]->shape.dim[1] : 0;
    }
    if (!choose_padded(&padding)) return true;
    for (Node *node = graph->first; node; node = node->next) {
        if (node->op == OP_Slice && node->out[0]->id >= values) continue;
        if (!slice_operands(&padding, node, channels)) return false;
        const bool out = is_padded(&padding, node->out[0]);
        const bool carried = adds_channels(node) && (out || is_padded(&padding, operand_of_channels(node)));
        if (node->op == OP_Conv && (out || is_padded(&padding, node->in[0])))
            pad_conv(&padding, node);
        else if (carried)
            pad_shortcut(&padding, node);
        else if (out)
            pad_operands(&padding, node);
        if (out && !node_infer(graph, node)) return false;
    }
    drop_empty_pads(graph);
    return true;
}
