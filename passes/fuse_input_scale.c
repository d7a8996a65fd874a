/* fuse-input-scale: a batch normalization, with or without ReLU, before a convolution is done while the convolution reads its
 * input.
 *
 * Pre-activation ResNets (He et al., arXiv:1603.05027) and DenseNets (Huang et al., arXiv:1608.06993) normalize what a Conv
 * reads, not what it writes. That can't fold into the weights: ReLU lies between, and padding is of zeros behind it.
 * lower-batchnorm and fuse-activation have left relu(x * s + t) with s and t per channel; the Conv takes s and t as its inputs 4
 * and 5, and the scaled image is never stored. Legal where all readers are such convolutions: each does the scaling again, which
 * costs less than storing it. */
#include "passes/passes.h"
#include "passes/rewrite.h"

/* The operand that is a constant per channel of the node's result, and the other one. */
static bool split_operands(const Node *node, Value **x, Value **constant) {
    for (int i = 0; i < 2; i++) {
        *x = node->in[i];
        *constant = node->in[1 - i];
        if (is_constant(*constant) && !is_constant(*x) && (*constant)->type == F32 &&
            shape_equal(&(*x)->shape, &node->out[0]->shape) && is_axis_constant(*constant, &node->out[0]->shape, 1))
            return true;
    }
    return false;
}

static bool can_scale_input(const Node *conv, const Value *scaled) {
    if (conv->op != OP_Conv || conv->in[0] != scaled || conv->in_count > 4 || scaled->shape.rank != 4) return false;
    if (attr_int(conv, A_GROUP, 1) != 1 || !is_constant(conv->in[1])) return false;
    for (int i = 1; i < conv->in_count; i++)
        if (conv->in[i] == scaled) return false;
    return !input_at(conv, 2) || is_constant(conv->in[2]);
}

static bool only_convolutions_read(const Value *scaled) {
    for (int u = 0; u < scaled->user_count; u++)
        if (!can_scale_input(scaled->users[u], scaled)) return false;
    return scaled->user_count > 0 && scaled->output_count == 0;
}

/* The constant as [C]. */
static Value *channel_vector(Graph *graph, const Value *constant, int64_t channels) {
    double *data = ARENA_ARRAY(graph->arena, double, channels);
    for (int64_t c = 0; c < channels; c++) data[c] = axis_constant_at(constant, c);
    return constant_from_doubles(graph, constant->name, F32, shape_of(1, channels), data);
}

static void fuse(Graph *graph, Node *add, Node *mul, Value *x, Value *scale, Value *shift) {
    Value *scaled = add->out[0];
    bool relu = has_activation(add);
    scale = channel_vector(graph, scale, x->shape.dim[1]);
    shift = channel_vector(graph, shift, x->shape.dim[1]);
    while (scaled->user_count > 0) {
        Node *conv = scaled->users[0];
        conv->name = arena_printf(graph->arena, "%s + %s", add->name, conv->name);
        node_set_input(graph, conv, 0, x);
        while (conv->in_count < 4) node_add_input(graph, conv, NULL);
        node_add_input(graph, conv, scale);
        node_add_input(graph, conv, shift);
        if (relu) set_int(graph, conv, A_INPUT_RELU, 1);
    }
    node_remove(graph, add);
    if (!value_used(mul->out[0])) node_remove(graph, mul);
}

bool fuse_input_scale(Graph *graph) {
    for (Node *node = graph->first, *next; node; node = next) {
        next = node->next;
        Value *product, *x, *scale, *shift;
        if (node->op != OP_Add || node->out[0]->type != F32 || !only_convolutions_read(node->out[0])) continue;
        if (has_activation(node) && attr_int(node, A_ACTIVATION, ACT_NONE) != ACT_RELU) continue;
        if (!split_operands(node, &product, &shift)) continue;
        Node *mul = producer_of(product, OP_Mul);
        if (mul && split_operands(mul, &x, &scale)) fuse(graph, node, mul, x, scale, shift);
    }
    return true;
}
