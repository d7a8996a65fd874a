/* Transposes, for simplify: composed, and moved towards the outputs through nodes that do not care about the order of axes.
 *
 * TensorFlow exports wrap every convolution in a pair of Transposes. Moved through the elementwise nodes, Concats, Pads and
 * reductions between two convolutions, the pair meets and cancels. out[i0, i1 ...] of a Transpose has dim[i] = x.dim[perm[i]]. */
#include "passes/rewrite.h"

#include <string.h>

typedef struct {
    int rank;
    int64_t axis[MAX_RANK];
} Permutation;

static Permutation permutation_of(const Node *transpose) {
    Permutation p = {.rank = transpose->in[0]->shape.rank};
    for (int i = 0; i < p.rank; i++) p.axis[i] = attr_ints_at(transpose, A_PERM, i, p.rank - 1 - i);
    return p;
}

static bool same_permutation(const Permutation *a, const Permutation *b) {
    return a->rank == b->rank && memcmp(a->axis, b->axis, sizeof(int64_t) * (size_t)a->rank) == 0;
}

static bool is_identity(const Permutation *p) {
    for (int i = 0; i < p->rank; i++) {
        if (p->axis[i] != i) return false;
    }
    return true;
}

/* Only axes of one element change places: no element moves in memory. */
static bool moves_unit_axes_only(const Permutation *p, const Shape *shape) {
    int64_t last = -1;
    for (int i = 0; i < p->rank; i++) {
        if (shape->dim[p->axis[i]] == 1) continue;
        if (p->axis[i] < last) return false;
        last = p->axis[i];
    }
    return true;
}

static void to_reshape(Graph *graph, Node *transpose) {
    transpose->op = OP_Reshape;
    attr_remove(transpose, A_PERM);
    set_ints(graph, transpose, A_SHAPE, transpose->out[0]->shape.dim, transpose->out[0]->shape.rank);
    Node *inner = producer_of(transpose->in[0], OP_Reshape);
    if (inner) node_set_input(graph, transpose, 0, inner->in[0]);
}

void simplify_transpose(Graph *graph, Node *node) {
    Permutation p = permutation_of(node);
    Node *inner = producer_of(node->in[0], OP_Transpose);
    if (inner) {
        Permutation q = permutation_of(inner), composed = {.rank = p.rank};
        for (int i = 0; i < p.rank; i++) composed.axis[i] = q.axis[p.axis[i]];
        node_set_input(graph, node, 0, inner->in[0]);
        set_ints(graph, node, A_PERM, composed.axis, composed.rank);
        p = composed;
    }
    if (is_identity(&p))
        value_replace(graph, node->out[0], node->in[0]);
    else if (moves_unit_axes_only(&p, &node->in[0]->shape))
        to_reshape(graph, node);
}

static bool is_reduction(const Node *node) {
    switch (node->op) {
    case OP_ReduceMean:
    case OP_ReduceSum:
    case OP_ReduceMax:
    case OP_ReduceMin:
    case OP_ReduceProd: return true;
    default: return false;
    }
}

static bool lets_pass(const Node *node) {
    return is_elementwise(node) || is_reduction(node) || node->op == OP_Concat || node->op == OP_Pad || node->op == OP_Transpose;
}

/* Whether every reader lets it pass: otherwise moving it would leave one copy here and make another. The answer is kept in
 * the Transpose's mark (0 unknown, 1 yes, 2 no), so that many readers ask only once. */
static bool can_move(Node *transpose) {
    if (transpose->mark) return transpose->mark == 1;
    const Value *result = transpose->out[0];
    bool passes = result->output_count == 0;
    for (int i = 0; passes && i < result->user_count; i++)
        passes = lets_pass(result->users[i]) || !value_used(result->users[i]->out[0]); /* what simplify bypassed is gone soon */
    transpose->mark = passes ? 1 : 2;
    return passes;
}

/* All operands are Transposes alike, or constants (of which only scalars, unless the node is elementwise). */
static bool common_permutation(const Node *node, Permutation *common) {
    bool found = false;
    for (int i = 0; i < node->in_count; i++) {
        if (!node->in[i]) return false;
        Node *transpose = producer_of(node->in[i], OP_Transpose);
        if (!transpose) {
            if (!is_constant(node->in[i]) || !is_elementwise(node)) return false;
            continue;
        }
        Permutation p = permutation_of(transpose);
        if (p.rank != node->out[0]->shape.rank && !is_reduction(node)) return false;
        if ((found && !same_permutation(common, &p)) || !can_move(transpose)) return false;
        *common = p;
        found = true;
    }
    return found;
}

/* The constant whose transposition by p broadcasts as `constant` does. */
static Value *constant_before(Graph *graph, Value *constant, const Permutation *p) {
    int64_t count = shape_count(&constant->shape);
    if (constant->shape.rank == 0) return constant;
    if (count == 1) return constant_new(graph, constant->name, constant->type, shape_of(0), constant->data);
    int64_t stride[MAX_RANK], next = 1; /* of constant, by the axis of the result that it becomes */
    Shape moved = {.rank = p->rank};
    for (int i = p->rank - 1; i >= 0; i--) {
        int own = i - (p->rank - constant->shape.rank);
        moved.dim[p->axis[i]] = own < 0 ? 1 : constant->shape.dim[own];
        stride[p->axis[i]] = next;
        next *= moved.dim[p->axis[i]];
    }
    size_t size = dtype_size(constant->type);
    char *data = arena_alloc(graph->arena, (size_t)count, size);
    const char *from = constant->data;
    for (int64_t to = 0; to < count; to++) {
        int64_t rest = to, offset = 0;
        for (int i = p->rank - 1; i >= 0; i--) {
            offset += rest % moved.dim[i] * stride[i];
            rest /= moved.dim[i];
        }
        memcpy(data + (size_t)to * size, from + (size_t)offset * size, size);
    }
    return constant_new(graph, constant->name, constant->type, moved, data);
}

static bool append_transpose(Graph *graph, Node *node, const Permutation *p) {
    Node *transpose = node_append(graph, node, OP_Transpose, "moved");
    set_ints(graph, transpose, A_PERM, p->axis, p->rank);
    return node_infer(graph, node) && node_infer(graph, transpose);
}

static void read_before(Graph *graph, Node *node, const Permutation *p) {
    for (int i = 0; i < node->in_count; i++) {
        Node *transpose = producer_of(node->in[i], OP_Transpose);
        node_set_input(graph, node, i, transpose ? transpose->in[0] : constant_before(graph, node->in[i], p));
    }
}

static bool sink_through_pad(Graph *graph, Node *node, const Permutation *p) {
    int64_t pads[2 * MAX_RANK];
    for (int i = 0; i < p->rank; i++) {
        pads[p->axis[i]] = attr_ints_at(node, A_PADS, i, 0);
        pads[p->rank + p->axis[i]] = attr_ints_at(node, A_PADS, p->rank + i, 0);
    }
    read_before(graph, node, p);
    set_ints(graph, node, A_PADS, pads, 2 * p->rank);
    return append_transpose(graph, node, p);
}

/* Which axes of x a reduction of Transpose(x) takes. False where it takes none or all by default: nothing to gain. */
static bool reduced_axes(const Node *node, const Permutation *p, bool reduced[MAX_RANK]) {
    int count;
    const int64_t *axes = attr_ints(node, A_AXES, &count);
    memset(reduced, 0, sizeof(bool) * MAX_RANK);
    for (int i = 0; i < count; i++) {
        int64_t axis = axes[i] < 0 ? axes[i] + p->rank : axes[i];
        if (axis < 0 || axis >= p->rank) return false;
        reduced[p->axis[axis]] = true;
    }
    return count > 0;
}

/* Without kept axes the result has no Transpose to carry on: the axes that stay must be in order already. */
static bool sink_through_reduction(Graph *graph, Node *node, const Permutation *p, bool *moved) {
    bool reduced[MAX_RANK];
    if (!reduced_axes(node, p, reduced)) return true;
    bool keeps = attr_int(node, A_KEEPDIMS, 1) != 0;
    int64_t last = -1;
    for (int i = 0; !keeps && i < p->rank; i++) {
        if (reduced[p->axis[i]]) continue;
        if (p->axis[i] < last) return true;
        last = p->axis[i];
    }
    *moved = true;
    int64_t axes[MAX_RANK];
    int count = 0;
    for (int i = 0; i < p->rank; i++) {
        if (reduced[i]) axes[count++] = i;
    }
    read_before(graph, node, p);
    set_ints(graph, node, A_AXES, axes, count);
    return keeps ? append_transpose(graph, node, p) : node_infer(graph, node);
}

bool sink_transpose(Graph *graph, Node *node, bool *moved) {
    Permutation p;
    bool passes = lets_pass(node) && node->op != OP_Transpose;
    if (!passes || !common_permutation(node, &p)) return true;
    if (is_reduction(node)) return sink_through_reduction(graph, node, &p, moved);
    *moved = true;
    if (node->op == OP_Pad) return sink_through_pad(graph, node, &p);
    if (node->op == OP_Concat) set_int(graph, node, A_AXIS, p.axis[attr_int(node, A_AXIS, 0)]);
    read_before(graph, node, &p);
    return append_transpose(graph, node, &p);
}
