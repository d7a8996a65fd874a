/* DepthToSpace (1, 11, 13), SpaceToDepth (1, 13), Tile (6, 13) and OneHot (9, 11): other operators in a row. */
#include "frontend/importers.h"

#include <string.h>

static Value *transposed(const OpImport *op, Value *x, const int64_t *perm) {
    Node *node = op_node(op, OP_Transpose, &x, 1, 1);
    Value *out = node->out[0];
    set_ints(op->graph, node, A_PERM, perm, x->shape.rank);
    return op_done(op, node) ? out : NULL;
}

/* The input as `split`, its axes in the order of `perm`, as `joined`. */
static bool shuffle(OpImport *op, const Shape *split, const int64_t *perm, const Shape *joined) {
    Value *x = op_reshape(op, op->in[0], split);
    if (x) x = transposed(op, x, perm);
    op->out[0] = x ? op_reshape(op, x, joined) : NULL;
    return op->out[0];
}

static bool block_size(const OpImport *op, int64_t *size) {
    const int64_t largest = 1 << 20; /* its square is far from overflow */
    const Shape *x = &op->in[0]->shape;
    *size = op_int(op, "blocksize", 0);
    if (x->rank != 4) return op_fail(op, STATUS_INVALID, "its input has %d dimensions, 4 are needed", x->rank);
    if (*size < 1 || *size > largest)
        return op_fail(op, STATUS_INVALID, "attribute 'blocksize' is missing or %lld is out of range", (long long)*size);
    return true;
}

static bool check_mode(const OpImport *op, const char *mode) {
    if (strcmp(mode, "DCR") == 0 || strcmp(mode, "CRD") == 0) return true;
    return op_fail(op, STATUS_INVALID, "its mode '%s' is neither DCR nor CRD", mode);
}

/* DCR: depth, then column, then row: channels are [block row][block column][channel]; CRD: [channel][block row][block column]. */
bool import_depth_to_space(OpImport *op) {
    const Shape *x = &op->in[0]->shape;
    const char *mode = op_string(op, "mode", "DCR");
    int64_t b = 0;
    if (!check_mode(op, mode) || !block_size(op, &b)) return false;
    int64_t n = x->dim[0], c = x->dim[1], h = x->dim[2], w = x->dim[3];
    if (c % (b * b))
        return op_fail(op, STATUS_INVALID, "%lld channels are no multiple of its block's %lld", (long long)c, (long long)(b * b));
    c /= b * b;
    const Shape joined = shape_of(4, n, c, h * b, w * b);
    if (strcmp(mode, "CRD") == 0) {
        const Shape split = shape_of(6, n, c, b, b, h, w);
        return shuffle(op, &split, (const int64_t[]){0, 1, 4, 2, 5, 3}, &joined);
    }
    const Shape split = shape_of(6, n, b, b, c, h, w);
    return shuffle(op, &split, (const int64_t[]){0, 3, 4, 1, 5, 2}, &joined);
}

/* The inverse of DepthToSpace of the same mode; before opset 13 and for most exporters that is DCR. */
bool import_space_to_depth(OpImport *op) {
    const Shape *x = &op->in[0]->shape;
    const char *mode = op_string(op, "mode", "DCR");
    int64_t b = 0;
    if (!check_mode(op, mode) || !block_size(op, &b)) return false;
    int64_t n = x->dim[0], c = x->dim[1], h = x->dim[2], w = x->dim[3];
    if (h % b || w % b)
        return op_fail(op, STATUS_INVALID, "its image of %lldx%lld is no multiple of its block's %lld", (long long)h,
                       (long long)w, (long long)b);
    const Shape split = shape_of(6, n, c, h / b, b, w / b, b), joined = shape_of(4, n, c * b * b, h / b, w / b);
    bool channels_first = strcmp(mode, "CRD") == 0;
    return shuffle(op, &split, channels_first ? (const int64_t[]){0, 1, 3, 5, 2, 4} : (const int64_t[]){0, 3, 5, 1, 2, 4},
                   &joined);
}

/* x repeated along one axis: a new axis before it, which Expand repeats. */
static Value *repeated(const OpImport *op, Value *x, int axis, int64_t times) {
    Shape result = x->shape;
    int64_t outer = shape_product(&x->shape, 0, axis), rest = shape_product(&x->shape, axis, x->shape.rank);
    if (!checked_mul(result.dim[axis], times, &result.dim[axis]) || shape_count(&result) < 0) {
        op_fail(op, STATUS_INVALID, "its result has an impossible number of elements");
        return NULL;
    }
    const Shape apart = shape_of(3, outer, (int64_t)1, rest), wide = shape_of(3, outer, times, rest);
    x = op_reshape(op, x, &apart);
    if (!x) return NULL;
    Node *node = op_node(op, OP_Expand, &x, 1, 1);
    Value *out = node->out[0];
    set_ints(op->graph, node, A_SHAPE, wide.dim, wide.rank);
    return op_done(op, node) ? op_reshape(op, out, &result) : NULL;
}

/* The last axis first: what later axes repeat then lies in one piece. */
bool import_tile(OpImport *op) {
    Value *x = op->in[0];
    const int64_t *repeats;
    int count, rank = x->shape.rank;
    if (!op_constant_ints(op, 1, "repeats", &repeats, &count)) return false;
    if (count != rank) return op_fail(op, STATUS_INVALID, "its repeats has %d entries for %d dimensions", count, rank);
    for (int k = rank - 1; k >= 0 && x; k--) {
        if (repeats[k] < 0) return op_fail(op, STATUS_INVALID, "dimension %d is repeated %lld times", k, (long long)repeats[k]);
        if (repeats[k] != 1) x = repeated(op, x, k, repeats[k]);
    }
    op->out[0] = x;
    return x;
}

/* Element `index` of a list of numbers, as a list of one. */
static Value *one_of(const OpImport *op, Value *list, int64_t index) {
    Node *node = op_node(op, OP_Slice, &list, 1, 1);
    Value *out = node->out[0];
    set_ints(op->graph, node, A_STARTS, &index, 1);
    set_ints(op->graph, node, A_STEPS, (const int64_t[]){1}, 1);
    set_ints(op->graph, node, A_SIZES, (const int64_t[]){1}, 1);
    return op_done(op, node) ? out : NULL;
}

static bool read_depth(const OpImport *op, int64_t *depth) {
    const double most = 1 << 24; /* as many numbers are listed */
    Value *given;
    if (!op_constant(op, 1, "depth", &given)) return false;
    double number = shape_count(&given->shape) == 1 ? constant_float_at(given, 0) : -1;
    if (!(number >= 1 && number <= most))
        return op_fail(op, STATUS_INVALID, "its depth must be one number, from 1 to %d", 1 << 24);
    *depth = (int64_t)number;
    return true;
}

/* 0 to depth - 1 along the first of `rank` axes. */
static Value *counted(const OpImport *op, int64_t depth, int rank) {
    Shape shape = {.rank = rank};
    for (int k = 0; k < rank; k++) shape.dim[k] = k ? 1 : depth;
    int64_t *numbers = ARENA_ARRAY(op->graph->arena, int64_t, depth);
    for (int64_t k = 0; k < depth; k++) numbers[k] = k;
    return constant_new(op->graph, op->node->name, I64, shape, numbers);
}

/* Whole indices, those below 0 counted from the end, with a new axis of one element. */
static Value *whole_indices(const OpImport *op, int64_t depth, int axis) {
    static const Shape scalar = {.rank = 0};
    const int64_t zero = 0;
    Value *x = op_cast(op, op->in[0], I64), *none = op_filled(op, I64, &scalar, &zero),
          *all = op_filled(op, I64, &scalar, &depth);
    if (!x || !none || !all) return NULL;
    Value *negative = op_binary(op, OP_Less, x, none), *from_end = op_binary(op, OP_Add, x, all);
    if (!negative || !from_end) return NULL;
    Node *node = op_node(op, OP_Where, (Value *[]){negative, from_end, x}, 3, 1);
    Value *index = node->out[0];
    if (!op_done(op, node)) return NULL;
    Shape apart = {.rank = x->shape.rank + 1};
    for (int k = 0, from = 0; k < apart.rank; k++) apart.dim[k] = k == axis ? 1 : x->shape.dim[from++];
    return op_reshape(op, index, &apart);
}

/* Where(index == 0 to depth - 1, values[1], values[0]): an index outside finds nothing. */
bool import_one_hot(OpImport *op) {
    int64_t depth = 0;
    int axis, rank = op->in[0]->shape.rank;
    Value *values = op->in[2];
    if (op->in[0]->type == BOOL) return op_fail(op, STATUS_INVALID, "its indices are bool, numbers are needed");
    if (rank >= MAX_RANK) return op_fail(op, STATUS_UNSUPPORTED, "its result has more than %d dimensions", MAX_RANK);
    if (values->shape.rank != 1 || values->shape.dim[0] != 2)
        return op_fail(op, STATUS_INVALID, "its values must be two: off and on");
    if (!op_axis(op, op_int(op, "axis", -1), rank + 1, &axis) || !read_depth(op, &depth)) return false;
    Value *index = whole_indices(op, depth, axis), *off = one_of(op, values, 0), *on = one_of(op, values, 1);
    Value *found = index && off && on ? op_binary(op, OP_Equal, index, counted(op, depth, rank + 1 - axis)) : NULL;
    return found && op_finish(op, op_node(op, OP_Where, (Value *[]){found, on, off}, 3, 1));
}
