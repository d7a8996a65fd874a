/* simplify: drops nodes that change nothing, and makes Transposes and Reshapes cancel.
 *
 * Each rule replaces a node by one that computes the same elements:
 *   no-ops   Cast to the same type; Reshape and Expand to the same shape; Transpose in order; Slice of everything; Pad by
 *            zero; Concat of one; Clip without bounds; Relu of what is never negative; a 1x1 pool of stride 1; x*1, x/1, x+0, x-0
 *   chains   Reshape(Reshape(x)) = Reshape(x); Transpose(Transpose(x)) = Transpose(x)
 *   sinking  f(Reshape(x)) = Reshape(f(x)) and f(Transpose(x)) = Transpose(f(x)) for elementwise f, so that pairs meet and
 *            cancel (transpose.c); a channel-last input keeps the one Transpose it needs
 *   means    ReduceMean over the whole plane = AveragePool, which reads blocked images
 *   zeros    Concat of channels with constant zeros = Pad, which does too, and needs no constant
 * A Transpose moves only where all its readers let it pass, which may change as others move: rounds go on until none moves. */
#include "ir/range.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

#include <math.h>

static bool same_value(const Value *a, const Value *b) {
    return a->type == b->type && shape_equal(&a->shape, &b->shape);
}

static bool is_whole_slice(const Node *node) {
    return ints_are(node, A_STARTS, 0) && ints_are(node, A_STEPS, 1) && shape_equal(&node->in[0]->shape, &node->out[0]->shape);
}

static bool is_unbounded(const Node *clip) {
    double low = attr_float(clip, A_MIN, -INFINITY), high = attr_float(clip, A_MAX, INFINITY);
    return isinf(low) && low < 0 && isinf(high) && high > 0;
}

static bool is_unit_pool(const Node *pool) {
    if (pool->out_count > 1 && value_used(pool->out[1])) return false;
    return ints_are(pool, A_KERNEL_SHAPE, 1) && ints_are(pool, A_STRIDES, 1) && has_no_padding(pool);
}

/* The operand that x op constant passes through, or NULL. */
static Value *neutral_operand(const Node *node) {
    double neutral = node->op == OP_Mul || node->op == OP_Div ? 1 : 0, number;
    if (has_activation(node)) return NULL;
    if (constant_is_uniform(node->in[1], &number) && number == neutral) return node->in[0];
    bool commutes = node->op == OP_Mul || node->op == OP_Add;
    if (commutes && constant_is_uniform(node->in[0], &number) && number == neutral) return node->in[1];
    return NULL;
}

/* The value that the node's output equals, or NULL. */
static Value *equal_input(const Node *node) {
    Value *x = node->in_count ? node->in[0] : NULL;
    switch (node->op) {
    case OP_Cast:
    case OP_Reshape:
    case OP_Expand: break;
    case OP_Slice: return is_whole_slice(node) ? x : NULL;
    case OP_Pad: return has_no_padding(node) ? x : NULL;
    case OP_Concat: return node->in_count == 1 ? x : NULL;
    case OP_Clip: return is_unbounded(node) ? x : NULL;
    case OP_Relu: return value_is_never_negative(x) ? x : NULL;
    case OP_MaxPool:
    case OP_AveragePool: return is_unit_pool(node) ? x : NULL;
    case OP_Add:
    case OP_Sub:
    case OP_Mul:
    case OP_Div: x = neutral_operand(node); break;
    default: return NULL;
    }
    return x && same_value(x, node->out[0]) ? x : NULL;
}

/* f(Reshape(a), Reshape(b), scalar ...) = Reshape(f(a, b, scalar ...)) where all come from one shape. */
static bool sink_reshape(Graph *graph, Node *node, bool *moved) {
    const Shape *shape = &node->out[0]->shape, *source = NULL;
    Shape result = *shape;
    for (int i = 0; i < node->in_count; i++) {
        const Value *in = node->in[i];
        if (is_constant(in) && shape_count(&in->shape) == 1 && in->shape.rank == 0) continue;
        const Node *reshape = producer_of(in, OP_Reshape);
        if (!reshape || !shape_equal(&in->shape, shape)) return true;
        if (source && !shape_equal(source, &reshape->in[0]->shape)) return true;
        source = &reshape->in[0]->shape;
    }
    if (!source) return true;
    for (int i = 0; i < node->in_count; i++) {
        Node *reshape = producer_of(node->in[i], OP_Reshape);
        if (reshape) node_set_input(graph, node, i, reshape->in[0]);
    }
    *moved = true;
    Node *reshape = node_append(graph, node, OP_Reshape, "reshaped");
    set_ints(graph, reshape, A_SHAPE, result.dim, result.rank);
    return node_infer(graph, node) && node_infer(graph, reshape);
}

static void join_reshapes(Graph *graph, Node *node) {
    Node *inner = producer_of(node->in[0], OP_Reshape);
    if (inner) node_set_input(graph, node, 0, inner->in[0]);
}

/* A Slice of a Slice is one: exporters write one for each axis. Those that step backwards stay. */
static void join_slices(Graph *graph, Node *node) {
    Node *inner = producer_of(node->in[0], OP_Slice);
    int rank = node->in[0]->shape.rank;
    if (!inner) return;
    int64_t starts[MAX_RANK], steps[MAX_RANK];
    for (int k = 0; k < rank; k++) {
        int64_t step = attr_ints_at(inner, A_STEPS, k, 1), offset;
        if (!checked_mul(attr_ints_at(node, A_STARTS, k, 0), step, &offset) ||
            !checked_mul(attr_ints_at(node, A_STEPS, k, 1), step, &steps[k]))
            return;
        starts[k] = attr_ints_at(inner, A_STARTS, k, 0) + offset; /* inside the inner Slice's input: no overflow */
    }
    set_ints(graph, node, A_STARTS, starts, rank);
    set_ints(graph, node, A_STEPS, steps, rank);
    node_set_input(graph, node, 0, inner->in[0]);
}

/* Exactly the two spatial axes of an image. */
static bool reduces_plane(const Node *node) {
    const Shape *shape = &node->in[0]->shape;
    int count;
    const int64_t *axes = attr_ints(node, A_AXES, &count);
    if (node->in[0]->type != F32 || shape->rank != 4 || count != 2 || shape_count(shape) < 1) return false;
    int64_t first = axes[0] < 0 ? axes[0] + 4 : axes[0], second = axes[1] < 0 ? axes[1] + 4 : axes[1];
    return first + second == 5 && first * second == 6;
}

static bool mean_to_pool(Graph *graph, Node *node) {
    if (!reduces_plane(node)) return true;
    const Shape plane = node->in[0]->shape, result = node->out[0]->shape;
    attr_remove(node, A_AXES);
    attr_remove(node, A_KEEPDIMS);
    node->op = OP_AveragePool;
    set_ints(graph, node, A_KERNEL_SHAPE, &plane.dim[2], 2);
    set_ints(graph, node, A_STRIDES, (int64_t[]){1, 1}, 2);
    set_ints(graph, node, A_PADS, (int64_t[]){0, 0, 0, 0}, 4);
    set_ints(graph, node, A_DILATIONS, (int64_t[]){1, 1}, 2);
    if (result.rank == 4) return node_infer(graph, node);
    Node *reshape = node_append(graph, node, OP_Reshape, "plane");
    set_ints(graph, reshape, A_SHAPE, result.dim, result.rank);
    return node_infer(graph, node) && node_infer(graph, reshape);
}

/* The only operand that is not zeros; *before and *behind: how many channels of zeros are on either side. NULL where there are
 * more. */
static Value *padded_operand(const Node *concat, int64_t *before, int64_t *behind) {
    Value *operand = NULL;
    *before = *behind = 0;
    for (int k = 0; k < concat->in_count; k++) {
        Value *in = concat->in[k];
        if (is_zero(in))
            *(operand ? behind : before) += in->shape.dim[1];
        else if (operand)
            return NULL;
        else
            operand = in;
    }
    return operand && !is_constant(operand) ? operand : NULL;
}

/* The old node is left without readers. */
static bool concat_to_pad(Graph *graph, Node *concat) {
    const Value *y = concat->out[0];
    int64_t axis = attr_int(concat, A_AXIS, 0), before, behind;
    if (y->type != F32 || y->shape.rank != 4 || (axis != 1 && axis != -3) || shape_count(&y->shape) < 1) return true;
    Value *x = padded_operand(concat, &before, &behind);
    if (!x || !value_used(y)) return true;
    Node *pad = node_new(graph, concat, OP_Pad, concat->name, &x, 1, 1);
    pad->op_type = concat->op_type;
    pad->out[0]->name = y->name;
    set_ints(graph, pad, A_PADS, (int64_t[]){0, before, 0, 0, 0, behind, 0, 0}, 8);
    set_float(graph, pad, A_VALUE, 0);
    if (!node_infer(graph, pad)) return false;
    value_replace(graph, concat->out[0], pad->out[0]);
    return true;
}

static bool drop_no_op(Graph *graph, Node *node) {
    if (node->op == OP_Reshape) join_reshapes(graph, node);
    if (node->op == OP_Slice) join_slices(graph, node);
    if (node->op == OP_Transpose) simplify_transpose(graph, node);
    Value *equal = equal_input(node);
    if (equal) value_replace(graph, node->out[0], equal);
    return equal != NULL;
}

/* Reshapes and Transposes may alternate before a node (a channel shuffle has three): each step lets one pass. */
static bool sink(Graph *graph, Node *node, bool *any_moved) {
    enum { MOST_STEPS = 8 };
    bool moved = true;
    for (int i = 0; moved && i < MOST_STEPS; i++) {
        moved = false;
        if (is_elementwise(node) && !sink_reshape(graph, node, &moved)) return false;
        if (!sink_transpose(graph, node, &moved)) return false;
        *any_moved |= moved;
    }
    return true;
}

/* One round: no-ops first, since a Transpose asks who its readers are before it moves. What a rule inserts stands behind
 * the current node and is visited next. */
static bool simplify_once(Graph *graph, bool *moved) {
    for (Node *node = graph->first; node; node = node->next) {
        node->mark = 0;
        drop_no_op(graph, node);
    }
    if (!remove_dead_code(graph)) return false;
    for (Node *node = graph->first; node; node = node->next) {
        if (drop_no_op(graph, node)) continue;
        if (!sink(graph, node, moved)) return false;
        if (node->op == OP_ReduceMean && !mean_to_pool(graph, node)) return false;
        if (node->op == OP_Concat && !concat_to_pad(graph, node)) return false;
    }
    return remove_dead_code(graph);
}

bool simplify(Graph *graph) {
    enum { MOST_ROUNDS = 8 }; /* keeps it linear; two are the rule, the second finding nothing to move */
    bool moved = true;
    for (int i = 0; moved && i < MOST_ROUNDS; i++) {
        moved = false;
        if (!simplify_once(graph, &moved)) return false;
    }
    return true;
}
