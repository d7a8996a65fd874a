#include "passes/branches.h"

#include "passes/rewrite.h"

#include <string.h>

/* Its weights are in memory, not empty: sums of their dimensions can't overflow. */
static bool is_mergeable_conv(const Node *node) {
    const Value *weight = node->in[1], *bias = input_at(node, 2);
    if (node->in[0]->type != F32 || !is_constant(weight) || shape_count(&weight->shape) < 1) return false;
    return (!bias || is_constant(bias)) && !input_at(node, 3) && !has_activation(node);
}

static bool is_link(const Node *node) {
    if (node->op == OP_Conv) return is_mergeable_conv(node);
    return is_unary(node) && node->in[0]->type == F32 && node->out[0]->type == F32;
}

/* A run of whole channels. */
static bool slices_channels(const Node *node) {
    const Shape *x = &node->in[0]->shape, *y = &node->out[0]->shape;
    if (node->in[0]->type != F32 || x->rank < 2 || !ints_are(node, A_STEPS, 1)) return false;
    for (int axis = 0; axis < x->rank; axis++)
        if (axis != 1 && x->dim[axis] != y->dim[axis]) return false;
    return true;
}

Branch branch_to(Graph *graph, Value *top, const Node *join) {
    Branch branch = {.base = top};
    const Node *reader = join;
    for (Value *at = top; at->producer && value_single_user(at) == reader && is_link(at->producer); at = branch.base) {
        reader = at->producer;
        branch.base = reader->in[0];
        branch.length++;
    }
    branch.link = ARENA_ARRAY(graph->arena, Node *, branch.length);
    Value *at = top;
    for (int i = branch.length - 1; i >= 0; i--) {
        branch.link[i] = at->producer;
        branch.splits |= at->producer->op == OP_Conv;
        at = at->producer->in[0];
    }
    Node *slice = producer_of(branch.base, OP_Slice);
    if (slice && value_single_user(branch.base) == reader && slices_channels(slice)) {
        branch.slice = slice;
        branch.base = slice->in[0];
        branch.first = attr_ints_at(slice, A_STARTS, 1, 0);
        branch.count = slice->out[0]->shape.dim[1];
        branch.splits = true;
    }
    return branch;
}

Branch branch_below(const Branch *branch) {
    Branch below = *branch;
    below.length--;
    below.splits = below.slice != NULL;
    for (int i = 0; i < below.length; i++) below.splits |= below.link[i]->op == OP_Conv;
    return below;
}

/* Kernel, strides, pads and dilations. */
static bool same_window(const Node *a, const Node *b) {
    const Shape *x = &a->in[1]->shape, *y = &b->in[1]->shape;
    if (x->rank != y->rank) return false;
    int spatial = x->rank - 2;
    for (int i = 0; i < spatial; i++) {
        if (x->dim[2 + i] != y->dim[2 + i]) return false;
        if (attr_ints_at(a, A_STRIDES, i, 1) != attr_ints_at(b, A_STRIDES, i, 1)) return false;
        if (attr_ints_at(a, A_DILATIONS, i, 1) != attr_ints_at(b, A_DILATIONS, i, 1)) return false;
    }
    for (int i = 0; i < 2 * spatial; i++)
        if (attr_ints_at(a, A_PADS, i, 0) != attr_ints_at(b, A_PADS, i, 0)) return false;
    return true;
}

static bool same_number(const Node *a, const Node *b, AttrKey key) {
    const Attr *x = attr_find(a, key), *y = attr_find(b, key);
    if (x && y && x->kind == ATTR_INT && y->kind == ATTR_INT) return x->i == y->i;
    return x && y ? attr_float(a, key, 0) == attr_float(b, key, 0) : x == y;
}

/* One operator with the same parameters: those of every unary operator on floats are in this list. */
static bool same_activation(const Node *a, const Node *b) {
    static const AttrKey keys[] = {A_ALPHA, A_BETA, A_MIN, A_MAX};
    if (a->op != b->op) return false;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!same_number(a, b, keys[i])) return false;
    return true;
}

static int64_t groups_of(const Node *conv) {
    return attr_int(conv, A_GROUP, 1);
}

static int64_t group_outputs(const Node *conv) {
    return conv->in[1]->shape.dim[0] / groups_of(conv);
}

static bool same_fused_activation(const Node *a, const Node *b) {
    return attr_int(a, A_ACTIVATION, ACT_NONE) == attr_int(b, A_ACTIVATION, ACT_NONE) && same_number(a, b, A_ACTIVATION_ALPHA) &&
           same_number(a, b, A_ACTIVATION_BETA);
}

/* Output channels lie side by side. With groups they would interleave. */
bool convs_are_siblings(const Node *a, const Node *b) {
    return same_window(a, b) && groups_of(a) == 1 && groups_of(b) == 1 && same_fused_activation(a, b);
}

/* Convolutions of neighbouring channels: groups of one grouped convolution, which must be equally wide. */
static bool are_parallel(const Node *a, const Node *b) {
    return same_window(a, b) && a->in[1]->shape.dim[1] == b->in[1]->shape.dim[1] && group_outputs(a) == group_outputs(b);
}

bool branches_alike(const Branch *a, const Branch *b) {
    if (a->length != b->length || a->base != b->base || !a->slice != !b->slice) return false;
    if (a->slice && a->first + a->count != b->first) return false;
    bool split = a->slice != NULL;
    for (int i = 0; i < a->length; i++) {
        const Node *x = a->link[i], *y = b->link[i];
        bool conv = x->op == OP_Conv;
        if (conv && (y->op != OP_Conv || !(split ? are_parallel(x, y) : convs_are_siblings(x, y)))) return false;
        if (!conv && !same_activation(x, y)) return false;
        split |= conv;
    }
    return split;
}

bool branches_cover_base(const Branch *branches, int count) {
    const Branch *last = &branches[count - 1];
    return !last->slice || (branches[0].first == 0 && last->first + last->count == last->base->shape.dim[1]);
}

static const char *merged_name(Graph *graph, const char *first, int count) {
    return arena_printf(graph->arena, "%s + %d more", first, count - 1);
}

/* What the branches' links number `i` become: a node on `x` with the attributes of the first one. */
static Node *new_link(Graph *graph, const Branch *branches, int count, int i, Value **in, int in_count, Node *before) {
    const Node *first = branches[0].link[i];
    Node *node = node_new(graph, before, first->op, merged_name(graph, first->name, count), in, in_count, 1);
    node->op_type = first->op_type;
    node->mark = before->mark;
    /* No value of the model holds several branches' results. */
    node->out[0]->name = arena_printf(graph->arena, "%s/merged", first->out[0]->name);
    attrs_copy(graph, node, first);
    return node;
}

/* W0, W1 ... along their output channels. */
static Value *stacked_weights(Graph *graph, const Branch *branches, int count, int i) {
    const Value *first = branches[0].link[i]->in[1];
    Shape shape = first->shape;
    shape.dim[0] = 0;
    for (int k = 0; k < count; k++) shape.dim[0] += branches[k].link[i]->in[1]->shape.dim[0];
    float *stacked = ARENA_ARRAY(graph->arena, float, shape_count(&shape)), *at = stacked;
    for (int k = 0; k < count; k++) {
        const Value *weight = branches[k].link[i]->in[1];
        int64_t floats = shape_count(&weight->shape);
        if (floats) memcpy(at, weight->data, (size_t)floats * sizeof *at);
        at += floats;
    }
    return constant_new(graph, merged_name(graph, first->name, count), F32, shape, stacked);
}

static bool have_bias(const Branch *branches, int count, int i) {
    for (int k = 0; k < count; k++)
        if (input_at(branches[k].link[i], 2)) return true;
    return false;
}

/* b0, b1 ..., zeros where a branch has none; NULL where none has. */
static Value *stacked_bias(Graph *graph, const Branch *branches, int count, int i, int64_t channels) {
    if (!have_bias(branches, count, i)) return NULL;
    float *stacked = ARENA_ARRAY(graph->arena, float, channels), *at = stacked;
    for (int k = 0; k < count; k++) {
        const Node *conv = branches[k].link[i];
        const Value *bias = input_at(conv, 2);
        int64_t own = conv->in[1]->shape.dim[0];
        if (bias && own) memcpy(at, bias->data, (size_t)own * sizeof *at);
        at += own;
    }
    const char *name = arena_printf(graph->arena, "%s/merged bias", branches[0].link[i]->name);
    return constant_new(graph, name, F32, shape_of(1, channels), stacked);
}

static Value *merge_convs(Graph *graph, const Branch *branches, int count, int i, Value *x, bool split, Node *before) {
    int64_t groups = 0;
    for (int k = 0; k < count; k++) groups += groups_of(branches[k].link[i]);
    Value *weight = stacked_weights(graph, branches, count, i);
    Value *bias = stacked_bias(graph, branches, count, i, weight->shape.dim[0]);
    Node *conv = new_link(graph, branches, count, i, (Value *[]){x, weight, bias}, bias ? 3 : 2, before);
    set_int(graph, conv, A_GROUP, split ? groups : 1);
    return node_infer(graph, conv) ? conv->out[0] : NULL;
}

Value *branches_merge(Graph *graph, const Branch *branches, int count, Node *before) {
    Value *x = branches[0].base;
    bool split = branches[0].slice != NULL;
    for (int i = 0; x && i < branches[0].length; i++) {
        if (branches[0].link[i]->op == OP_Conv) {
            x = merge_convs(graph, branches, count, i, x, split, before);
            split = true;
        } else {
            Node *node = new_link(graph, branches, count, i, &x, 1, before);
            x = node_infer(graph, node) ? node->out[0] : NULL;
        }
    }
    return x;
}

bool convs_can_be_summed(const Node *a, const Node *b) {
    return convs_are_siblings(a, b) && a->in[1]->shape.dim[0] == b->in[1]->shape.dim[0];
}

/* [M][C0 + C1 + ...][kernel] from Wk of [M][Ck][kernel]. */
static Value *joined_weights(Graph *graph, const Branch *branches, int count, int i) {
    Shape shape = branches[0].link[i]->in[1]->shape;
    shape.dim[1] = 0;
    for (int k = 0; k < count; k++) shape.dim[1] += branches[k].link[i]->in[1]->shape.dim[1];
    float *joined = ARENA_ARRAY(graph->arena, float, shape_count(&shape)), *at = joined;
    for (int64_t m = 0; m < shape.dim[0]; m++)
        for (int k = 0; k < count; k++) {
            const Value *weight = branches[k].link[i]->in[1];
            int64_t row = shape_product(&weight->shape, 1, weight->shape.rank);
            if (row) memcpy(at, (const float *)weight->data + m * row, (size_t)row * sizeof *at);
            at += row;
        }
    return constant_new(graph, merged_name(graph, branches[0].link[i]->in[1]->name, count), F32, shape, joined);
}

static Value *summed_bias(Graph *graph, const Branch *branches, int count, int i, int64_t channels) {
    if (!have_bias(branches, count, i)) return NULL;
    double *sum = ARENA_ARRAY(graph->arena, double, channels);
    for (int k = 0; k < count; k++) {
        const Value *bias = input_at(branches[k].link[i], 2);
        for (int64_t m = 0; bias && m < channels; m++) sum[m] += constant_float_at(bias, m);
    }
    const char *name = arena_printf(graph->arena, "%s/merged bias", branches[0].link[i]->name);
    return constant_from_doubles(graph, name, F32, shape_of(1, channels), sum);
}

Value *branches_merge_sum(Graph *graph, const Branch *branches, int count, Value *x, Node *before) {
    int top = branches[0].length - 1;
    Value *weight = joined_weights(graph, branches, count, top);
    Value *bias = summed_bias(graph, branches, count, top, weight->shape.dim[0]);
    Node *conv = new_link(graph, branches, count, top, (Value *[]){x, weight, bias}, bias ? 3 : 2, before);
    return node_infer(graph, conv) ? conv->out[0] : NULL;
}

/* From the last one back: a value's list of readers is searched from its end. */
void branches_remove(Graph *graph, const Branch *branches, int count) {
    for (int k = count - 1; k >= 0; k--) {
        for (int i = branches[k].length - 1; i >= 0; i--) node_remove(graph, branches[k].link[i]);
        if (branches[k].slice) node_remove(graph, branches[k].slice);
    }
}
