/* fold-batchnorm: per-channel arithmetic around a convolution or Gemm becomes part of its weights.
 *
 * BatchNormalization in inference mode, and Mul, Div, Add or Sub by a per-channel constant, compute s[c] x + t[c].
 *   after    s (W x + b) + t = (s W) x + (s b + t), for every output channel; the layer's output must have no other reader
 *   before   W (s x + t) + b = (W s) x + (b + sum of W t): only where the window never leaves the image, for padding would
 *            have to be -t/s, not 0 (with t = 0 padding does no harm)
 * A positive factor alone also passes upwards through what it commutes with (ReLU, pools, moves), to a layer that can take it.
 * New weights are computed in double and rounded once. Anything not finite is left alone: the run-time arithmetic then gives
 * what the model says. */
#include "passes/passes.h"
#include "passes/rewrite.h"

#include <math.h>

/* y = scale[c] x + shift[c] along axis 1 */
typedef struct {
    Value *x;
    int64_t channels;
    double *scale, *shift;
    bool shifts;    /* some shift is not zero */
    bool uniform;   /* the scale is one positive number */
    bool anonymous; /* the node has no name */
} Affine;

static bool batchnorm_affine(const Node *node, Affine *affine) {
    for (int i = 1; i <= 4; i++) {
        if (!is_constant(node->in[i]) || shape_count(&node->in[i]->shape) != affine->channels) return false;
    }
    double epsilon = attr_float(node, A_EPSILON, 1e-5);
    for (int64_t c = 0; c < affine->channels; c++) {
        double scale = constant_float_at(node->in[1], c) / sqrt(constant_float_at(node->in[4], c) + epsilon);
        affine->scale[c] = scale;
        affine->shift[c] = constant_float_at(node->in[2], c) - constant_float_at(node->in[3], c) * scale;
    }
    return true;
}

static void binary_affine(Op op, const Value *constant, bool constant_first, Affine *affine) {
    for (int64_t c = 0; c < affine->channels; c++) {
        double number = axis_constant_at(constant, c);
        affine->scale[c] = op == OP_Mul ? number : op == OP_Div ? 1 / number : op == OP_Sub && constant_first ? -1 : 1;
        affine->shift[c] = op == OP_Add || (op == OP_Sub && constant_first) ? number : op == OP_Sub ? -number : 0;
    }
}

/* False when the node is not per-channel arithmetic on one computed value, or not finite. */
static bool affine_of(Graph *graph, const Node *node, Affine *affine) {
    bool binary = node->op == OP_Add || node->op == OP_Sub || node->op == OP_Mul || node->op == OP_Div;
    if ((node->op != OP_BatchNormalization && !binary) || has_activation(node)) return false;
    bool constant_first = binary && is_constant(node->in[0]);
    Value *x = node->in[constant_first ? 1 : 0];
    if (constant_first && node->op == OP_Div) return false;
    if (is_constant(x) || x->type != F32 || x->shape.rank < 2 || !shape_equal(&x->shape, &node->out[0]->shape)) return false;
    const Value *constant = binary ? node->in[constant_first ? 0 : 1] : NULL;
    if (binary && !is_axis_constant(constant, &x->shape, 1)) return false;

    affine->x = x;
    affine->channels = x->shape.dim[1];
    affine->scale = ARENA_ARRAY(graph->arena, double, affine->channels);
    affine->shift = ARENA_ARRAY(graph->arena, double, affine->channels);
    affine->shifts = false;
    affine->uniform = true;
    affine->anonymous = !*node->name;
    if (binary)
        binary_affine(node->op, constant, constant_first, affine);
    else if (!batchnorm_affine(node, affine))
        return false;
    for (int64_t c = 0; c < affine->channels; c++) {
        if (!isfinite(affine->scale[c]) || !isfinite(affine->shift[c])) return false;
        if (affine->shift[c] != 0) affine->shifts = true;
        if (affine->scale[c] != affine->scale[0] || affine->scale[c] <= 0) affine->uniform = false;
    }
    return true;
}

/* A convolution whose weights and bias can be rewritten. */
static bool is_foldable_conv(const Node *node) {
    if (node->op != OP_Conv || node->in[0]->type != F32 || !is_constant(node->in[1])) return false;
    return !input_at(node, 2) || is_constant(node->in[2]);
}

/* A layer without bias that is only scaled (bias NULL) stays one. */
static void set_weights(Graph *graph, Node *node, Value *weight, Value *bias) {
    node_set_input(graph, node, 1, weight);
    if (!bias) return;
    if (node->in_count > 2)
        node_set_input(graph, node, 2, bias);
    else
        node_add_input(graph, node, bias);
}

/* What an arithmetic node without a name (residual_block_scale) makes keeps the names that were there. */
static const char *folded_name(Graph *graph, const Node *node, const Affine *affine, const Value *old, const char *what) {
    return affine->anonymous && old ? old->name : arena_printf(graph->arena, "%s/folded %s", node->name, what);
}

/* W and b of a layer whose output channel m is scaled by scale[m] and shifted. Weight element i belongs to channel i / inner % M.
 */
static bool scale_outputs(Graph *graph, Node *layer, const Affine *affine, int64_t inner, double alpha, double beta) {
    const Value *weight = layer->in[1], *bias = input_at(layer, 2);
    int64_t count = shape_count(&weight->shape), channels = affine->channels;
    float *scaled = ARENA_ARRAY(graph->arena, float, count);
    for (int64_t i = 0; i < count; i++) {
        scaled[i] = (float)(constant_float_at(weight, i) * alpha * affine->scale[i / inner % channels]);
        if (!isfinite(scaled[i])) return false;
    }
    double *shift = ARENA_ARRAY(graph->arena, double, channels);
    for (int64_t m = 0; m < channels; m++) {
        double old = bias ? beta * axis_constant_at(bias, m) : 0;
        shift[m] = old * affine->scale[m] + affine->shift[m];
    }
    bool biased = bias || affine->shifts;
    const char *bias_name = folded_name(graph, layer, affine, bias, "bias");
    Value *new_bias = biased ? constant_if_finite(graph, bias_name, shape_of(1, channels), shift) : NULL;
    if (biased && !new_bias) return false;
    const char *name = folded_name(graph, layer, affine, weight, "weight");
    set_weights(graph, layer, constant_new(graph, name, F32, weight->shape, scaled), new_bias);
    return true;
}

static bool fold_after_conv(Graph *graph, Node *conv, const Affine *affine) {
    if (!is_foldable_conv(conv) || has_activation(conv) || input_at(conv, 3)) return false;
    const Shape *shape = &conv->in[1]->shape;
    return scale_outputs(graph, conv, affine, shape_product(shape, 1, shape->rank), 1, 1);
}

static bool fold_after_gemm(Graph *graph, Node *gemm, const Affine *affine) {
    const Value *weight = gemm->in[1], *bias = input_at(gemm, 2);
    if (!is_constant(weight) || weight->shape.rank != 2 || gemm->out[0]->shape.rank != 2) return false;
    if (bias && !is_axis_constant(bias, &gemm->out[0]->shape, 1)) return false;
    bool transposed = attr_int(gemm, A_TRANS_B, 0) != 0;
    int64_t inner = transposed ? weight->shape.dim[1] : 1;
    if (!scale_outputs(graph, gemm, affine, inner, attr_float(gemm, A_ALPHA, 1), attr_float(gemm, A_BETA, 1))) return false;
    attr_remove(gemm, A_ALPHA);
    attr_remove(gemm, A_BETA);
    gemm->op = OP_Gemm; /* a rank-2 MatMul that got a bias */
    return true;
}

/* The layer that the node's factor reaches: the one that computes x, or a uniform one commutes up to. NULL where another reader
 * is in between. */
static Node *scaled_layer(const Node *node, const Affine *affine) {
    enum { FARTHEST = 8 };
    const Value *x = affine->x;
    for (int k = 0; k < FARTHEST && value_single_user(x) == node && x->producer; k++) {
        node = x->producer;
        if (!affine->uniform || affine->shifts || !commutes_with_scale(node)) return x->producer;
        x = node->in[0];
    }
    return NULL;
}

/* The factor for all channels of another value, whose count may differ. */
static void spread_scale(Graph *graph, Affine *affine, int64_t channels) {
    double scale = affine->scale[0];
    affine->channels = channels;
    affine->scale = ARENA_ARRAY(graph->arena, double, channels);
    affine->shift = ARENA_ARRAY(graph->arena, double, channels);
    for (int64_t c = 0; c < channels; c++) affine->scale[c] = scale;
}

/* The factor has moved up to `layer`: the values in between are no longer what the model calls by their names. */
static void absorb_from_afar(Graph *graph, Node *layer, Node *node, const Affine *affine) {
    if (!affine->anonymous) {
        for (Value *x = affine->x; x != layer->out[0];) {
            x = x->producer->in[0];
            x->name = arena_printf(graph->arena, "%s/scaled", x->name);
        }
        layer->name = joined_name(graph, layer->name, node->name);
    }
    affine->x->name = node->out[0]->name;
    node_replace(graph, node, affine->x);
}

/* Into a layer before it. */
static bool fold_after(Graph *graph, Node *node, Affine *affine) {
    Node *layer = scaled_layer(node, affine);
    if (!layer || layer->out[0]->shape.rank < 2) return false;
    if (layer->out[0] != affine->x) spread_scale(graph, affine, layer->out[0]->shape.dim[1]);
    bool folded = layer->op == OP_Conv                             ? fold_after_conv(graph, layer, affine)
                  : layer->op == OP_Gemm || layer->op == OP_MatMul ? fold_after_gemm(graph, layer, affine)
                                                                   : false;
    if (folded && layer->out[0] == affine->x)
        node_absorb(graph, layer, node);
    else if (folded)
        absorb_from_afar(graph, layer, node, affine);
    return folded;
}

/* Weight [M][C/group][k...]: element i multiplies input channel group(m) * C/group + i / k % (C/group). */
static bool scale_inputs(Graph *graph, Node *conv, const Affine *affine) {
    const Value *weight = conv->in[1], *bias = input_at(conv, 2);
    const Shape *shape = &weight->shape;
    int64_t outputs = shape->dim[0], inputs = shape->dim[1], kernel = shape_product(shape, 2, shape->rank);
    int64_t outputs_per_group = outputs / attr_int(conv, A_GROUP, 1);
    float *scaled = ARENA_ARRAY(graph->arena, float, shape_count(shape));
    double *shift = ARENA_ARRAY(graph->arena, double, outputs);
    for (int64_t m = 0, i = 0; m < outputs; m++) {
        shift[m] = bias ? constant_float_at(bias, m) : 0;
        int64_t channel = m / outputs_per_group * inputs;
        for (int64_t c = 0; c < inputs; c++, channel++) {
            for (int64_t k = 0; k < kernel; k++, i++) {
                double w = constant_float_at(weight, i);
                scaled[i] = (float)(w * affine->scale[channel]);
                if (!isfinite(scaled[i])) return false;
                shift[m] += w * affine->shift[channel];
            }
        }
    }
    bool biased = bias || affine->shifts;
    const char *bias_name = folded_name(graph, conv, affine, bias, "bias");
    Value *new_bias = biased ? constant_if_finite(graph, bias_name, shape_of(1, outputs), shift) : NULL;
    if (biased && !new_bias) return false;
    const char *name = folded_name(graph, conv, affine, weight, "weight");
    set_weights(graph, conv, constant_new(graph, name, F32, *shape, scaled), new_bias);
    return true;
}

/* Into the convolution that alone reads the result. */
static bool fold_before(Graph *graph, Node *node, const Affine *affine) {
    Node *conv = value_single_user(node->out[0]);
    if (!conv || !is_foldable_conv(conv) || conv->in[0] != node->out[0]) return false;
    if (affine->shifts && !has_no_padding(conv)) return false;
    if (!scale_inputs(graph, conv, affine)) return false;
    conv->name = joined_name(graph, node->name, conv->name);
    node_replace(graph, node, affine->x);
    return true;
}

bool fold_batchnorm(Graph *graph) {
    Affine affine;
    for (Node *node = graph->first, *next; node; node = next) {
        next = node->next;
        if (affine_of(graph, node, &affine)) fold_after(graph, node, &affine);
    }
    /* Against execution order: in a chain before a convolution the last one goes first. */
    for (Node *node = graph->last, *prev; node; node = prev) {
        prev = node->prev;
        if (affine_of(graph, node, &affine)) fold_before(graph, node, &affine);
    }
    return true;
}
