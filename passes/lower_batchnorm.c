/* lower-batchnorm: a BatchNormalization that did not fold becomes arithmetic.
 *
 * In inference mode (ONNX BatchNormalization-9, -14 and -15 with training_mode 0) y = (x - mean) / sqrt(var + epsilon) * scale +
 * B, all per channel. With constant statistics that is x * s + t, s and t computed in double and rounded once, so that the result
 * is at least as exact as the formula evaluated in float. Otherwise the formula is spelled out. Later passes and codegen then
 * need not know the operator. */
#include "passes/passes.h"
#include "passes/rewrite.h"

#include <math.h>

/* [1, C, 1, 1] for rank 4: aligned with x, so that broadcasting runs along the channel axis. A rank-1 x has one channel. */
static Shape channel_shape(const Value *x, int64_t channels) {
    Shape shape = {.rank = x->shape.rank};
    for (int i = 0; i < shape.rank; i++) shape.dim[i] = 1;
    if (shape.rank > 1) shape.dim[1] = channels;
    return shape;
}

static bool statistics_are_constant(const Node *node) {
    for (int i = 1; i <= 4; i++) {
        if (!is_constant(node->in[i])) return false;
    }
    return true;
}

/* ONNX: each statistic is a vector of one number a channel. */
static bool check_statistics(Graph *graph, const Node *node) {
    const Shape *x = &node->in[0]->shape;
    int64_t channels = x->rank > 1 ? x->dim[1] : 1;
    for (int i = 1; i <= 4; i++) {
        if (shape_count(&node->in[i]->shape) != channels)
            return node_fail(graph, node, STATUS_INVALID, "input %d must have one element for each of %lld channels", i,
                             (long long)channels);
    }
    return true;
}

/* Replaces `node` in its place, keeping its output's name. */
static bool finish(Graph *graph, Node *node, Node *last) {
    last->out[0]->name = node->out[0]->name;
    node_replace(graph, node, last->out[0]);
    return true;
}

static Node *binary(Graph *graph, Node *before, Op op, Value *a, Value *b) {
    Value *in[] = {a, b};
    Node *node = node_new(graph, before, op, before->name, in, 2, 1);
    node->op_type = before->op_type;
    return node_infer(graph, node) ? node : NULL;
}

static bool lower_constant(Graph *graph, Node *node) {
    Value *x = node->in[0];
    double epsilon = attr_float(node, A_EPSILON, 1e-5);
    int64_t channels = shape_count(&node->in[1]->shape);
    double *scale = ARENA_ARRAY(graph->arena, double, channels), *shift = ARENA_ARRAY(graph->arena, double, channels);
    for (int64_t c = 0; c < channels; c++) {
        scale[c] = constant_float_at(node->in[1], c) / sqrt(constant_float_at(node->in[4], c) + epsilon);
        shift[c] = constant_float_at(node->in[2], c) - constant_float_at(node->in[3], c) * scale[c];
    }
    Shape shape = channel_shape(x, channels);
    const char *scale_name = arena_printf(graph->arena, "%s/scale", node->name);
    const char *shift_name = arena_printf(graph->arena, "%s/shift", node->name);
    Node *mul = binary(graph, node, OP_Mul, x, constant_from_doubles(graph, scale_name, x->type, shape, scale));
    if (!mul) return false;
    Node *add = binary(graph, node, OP_Add, mul->out[0], constant_from_doubles(graph, shift_name, x->type, shape, shift));
    return add && finish(graph, node, add);
}

/* A statistics vector, aligned with x and in x's type (opset 15 lets them differ). */
static Value *aligned_statistic(Graph *graph, Node *node, int index) {
    Value *x = node->in[0], *vector = node->in[index];
    Shape shape = channel_shape(x, shape_count(&vector->shape));
    Node *reshape = node_new(graph, node, OP_Reshape, node->name, &vector, 1, 1);
    set_ints(graph, reshape, A_SHAPE, shape.dim, shape.rank);
    if (!node_infer(graph, reshape)) return NULL;
    if (vector->type == x->type) return reshape->out[0];
    Node *cast = node_new(graph, node, OP_Cast, node->name, reshape->out, 1, 1);
    set_int(graph, cast, A_TO, x->type);
    return node_infer(graph, cast) ? cast->out[0] : NULL;
}

static bool lower_computed(Graph *graph, Node *node) {
    Value *x = node->in[0], *statistic[5];
    for (int i = 1; i <= 4; i++) {
        statistic[i] = aligned_statistic(graph, node, i);
        if (!statistic[i]) return false;
    }
    double epsilon = attr_float(node, A_EPSILON, 1e-5);
    const char *epsilon_name = arena_printf(graph->arena, "%s/epsilon", node->name);
    Value *small = constant_from_doubles(graph, epsilon_name, x->type, shape_of(0), &epsilon);
    Node *variance = binary(graph, node, OP_Add, statistic[4], small);
    if (!variance) return false;
    Node *deviation = node_new(graph, node, OP_Sqrt, node->name, variance->out, 1, 1);
    if (!node_infer(graph, deviation)) return false;
    Node *centred = binary(graph, node, OP_Sub, x, statistic[3]);
    Node *normal = centred ? binary(graph, node, OP_Div, centred->out[0], deviation->out[0]) : NULL;
    Node *scaled = normal ? binary(graph, node, OP_Mul, normal->out[0], statistic[1]) : NULL;
    Node *shifted = scaled ? binary(graph, node, OP_Add, scaled->out[0], statistic[2]) : NULL;
    return shifted && finish(graph, node, shifted);
}

bool lower_batchnorm(Graph *graph) {
    for (Node *node = graph->first, *next; node; node = next) {
        next = node->next;
        if (node->op != OP_BatchNormalization) continue;
        if (!check_statistics(graph, node)) return false;
        if (!(statistics_are_constant(node) ? lower_constant : lower_computed)(graph, node)) return false;
    }
    return true;
}
