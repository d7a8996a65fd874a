/* Concat, Split (2, 11, 13, 18), Slice (1, 10, 11, 13), Gather, Pad (2, 11, 13, 18 and up). */
#include "frontend/importers.h"

#include <string.h>

bool import_concat(OpImport *op) {
    int axis;
    if (!op_attr(op, "axis")) return op_fail(op, STATUS_INVALID, "attribute 'axis' is missing");
    if (!op_axis(op, op_int(op, "axis", 0), op->in[0]->shape.rank, &axis)) return false;
    if (op->in_count == 1) {
        op->out[0] = op->in[0];
        return true;
    }
    Node *node = op_node(op, OP_Concat, op->in, op->in_count, 1);
    set_int(op->graph, node, A_AXIS, axis);
    return op_finish(op, node);
}

/* A slice as the IR has it: all axes, starts inside the input, and the result's sizes. */
typedef struct {
    int64_t starts[MAX_RANK], steps[MAX_RANK], sizes[MAX_RANK];
} Range;

static Range whole(const Shape *shape) {
    Range range = {.starts = {0}};
    for (int k = 0; k < shape->rank; k++) {
        range.steps[k] = 1;
        range.sizes[k] = shape->dim[k];
    }
    return range;
}

static Value *slice(const OpImport *op, const Range *range) {
    Value *x = op->in[0];
    bool all = true;
    for (int k = 0; k < x->shape.rank; k++) all = all && range->steps[k] == 1 && range->sizes[k] == x->shape.dim[k];
    if (all) return x;
    Node *node = op_node(op, OP_Slice, &x, 1, 1);
    Value *out = node->out[0];
    set_ints(op->graph, node, A_STARTS, range->starts, x->shape.rank);
    set_ints(op->graph, node, A_STEPS, range->steps, x->shape.rank);
    set_ints(op->graph, node, A_SIZES, range->sizes, x->shape.rank);
    return op_done(op, node) ? out : NULL;
}

static int64_t clamp(int64_t number, int64_t low, int64_t high) {
    return number < low ? low : number > high ? high : number;
}

/* From the end where negative. */
static int64_t from_end(int64_t index, int64_t size) {
    return index < 0 ? index + size : index;
}

/* As Python's slices: out-of-range indices are clamped. */
static void set_range(Range *range, int axis, int64_t size, int64_t start, int64_t end, int64_t step) {
    /* Steps longer than the axis take one element, as one of the axis' length does: no overflow from here on. */
    int64_t longest = size > 0 ? size : 1;
    step = clamp(step, -longest, longest);
    bool forward = step > 0;
    start = clamp(from_end(start, size), 0, forward ? size : size - 1);
    end = clamp(from_end(end, size), forward ? 0 : -1, forward ? size : size - 1);
    int64_t distance = forward ? end - start : start - end, stride = forward ? step : -step;
    if (size == 0 || distance < 0) distance = 0;
    range->sizes[axis] = (distance + stride - 1) / stride;
    range->starts[axis] = range->sizes[axis] > 0 ? start : 0;
    range->steps[axis] = step;
}

/* starts, ends, axes, steps: attributes in opset 1 (without steps), inputs since 10. */
bool import_slice(OpImport *op) {
    static const char *const names[] = {"starts", "ends", "axes", "steps"};
    const Shape *x = &op->in[0]->shape;
    const int64_t *lists[4];
    int counts[4], axes[MAX_RANK];
    int64_t every[MAX_RANK];
    for (int k = 0; k < 4; k++)
        if (!op_ints_of(op, names[k], k + 1, &lists[k], &counts[k])) return false;
    int count = counts[0];
    if (count < 0 || counts[1] < 0) return op_fail(op, STATUS_INVALID, "its starts or ends are missing");
    if (counts[2] < 0 && count <= x->rank) {
        for (int k = 0; k < count; k++) every[k] = k;
        lists[2] = every;
        counts[2] = count;
    }
    if (counts[1] != count || counts[2] != count || (counts[3] >= 0 && counts[3] != count))
        return op_fail(op, STATUS_INVALID, "its starts, ends, axes and steps differ in number");
    if (!op_axes(op, lists[2], count, x->rank, axes)) return false;
    Range range = whole(x);
    for (int k = 0; k < count; k++) {
        int64_t step = counts[3] < 0 ? 1 : lists[3][k];
        if (step == 0) return op_fail(op, STATUS_INVALID, "a step is 0");
        set_range(&range, axes[k], x->dim[axes[k]], lists[0][k], lists[1][k], step);
    }
    op->out[0] = slice(op, &range);
    return op->out[0];
}

/* The sizes of Split's outputs where they aren't listed: equal parts; with num_outputs (18) the last may be smaller. */
static bool equal_parts(const OpImport *op, int64_t size, int64_t *parts) {
    int64_t count = op_int(op, "num_outputs", op->out_count);
    if (count != op->out_count)
        return op_fail(op, STATUS_INVALID, "num_outputs is %lld, %d outputs are given", (long long)count, op->out_count);
    if (count < 1 || (size % count != 0 && !op_attr(op, "num_outputs")))
        return op_fail(op, STATUS_INVALID, "%lld elements can't be split into %d equal parts", (long long)size, op->out_count);
    int64_t part = size / count + (size % count != 0), left = size;
    for (int k = 0; k < op->out_count; k++) {
        parts[k] = left < part ? left : part;
        left -= parts[k];
    }
    return true;
}

static bool listed_parts(const OpImport *op, int64_t size, const int64_t *given, int count, int64_t *parts) {
    if (count != op->out_count)
        return op_fail(op, STATUS_INVALID, "split has %d sizes, %d outputs are given", count, op->out_count);
    int64_t left = size;
    for (int k = 0; k < count; k++) {
        if (given[k] < 0 || given[k] > left)
            return op_fail(op, STATUS_INVALID, "the sizes in split don't add up to %lld", (long long)size);
        parts[k] = given[k];
        left -= given[k];
    }
    return left == 0 || op_fail(op, STATUS_INVALID, "the sizes in split don't add up to %lld", (long long)size);
}

bool import_split(OpImport *op) {
    const Shape *x = &op->in[0]->shape;
    const int64_t *given;
    int axis, count;
    if (!op_axis(op, op_int(op, "axis", 0), x->rank, &axis) || !op_ints_of(op, "split", 1, &given, &count)) return false;
    int64_t *parts = ARENA_ARRAY(op->graph->arena, int64_t, op->out_count + 1), start = 0;
    if (count >= 0 ? !listed_parts(op, x->dim[axis], given, count, parts) : !equal_parts(op, x->dim[axis], parts)) return false;
    for (int k = 0; k < op->out_count; k++) {
        Range range = whole(x);
        range.starts[axis] = parts[k] > 0 ? start : 0;
        range.sizes[axis] = parts[k];
        start += parts[k];
        if (op->wanted[k] && !(op->out[k] = slice(op, &range))) return false;
    }
    return true;
}

static bool check_indices(const OpImport *op, int64_t size) {
    const Value *indices = op->in[1];
    if (indices->type != I32 && indices->type != I64) return op_fail(op, STATUS_INVALID, "its indices must be int32 or int64");
    if (!indices->data) return true;
    for (int64_t i = 0; i < shape_count(&indices->shape); i++) {
        int64_t index = constant_int_at(indices, i);
        if (index < -size || index >= size)
            return op_fail(op, STATUS_INVALID, "index %lld is out of range for %lld elements", (long long)index, (long long)size);
    }
    return true;
}

bool import_gather(OpImport *op) {
    const Shape *x = &op->in[0]->shape;
    int axis;
    if (!op_axis(op, op_int(op, "axis", 0), x->rank, &axis) || !check_indices(op, x->dim[axis])) return false;
    if (x->rank - 1 + op->in[1]->shape.rank > MAX_RANK)
        return op_fail(op, STATUS_UNSUPPORTED, "its result has more than %d dimensions", MAX_RANK);
    Node *node = op_node(op, OP_Gather, op->in, 2, 1);
    set_int(op->graph, node, A_AXIS, axis);
    return op_finish(op, node);
}

static bool check_pad_mode(const OpImport *op, const char *mode) {
    static const char *const modes[] = {"constant", "edge", "reflect", "wrap"};
    for (int k = 0; k < 4; k++)
        if (strcmp(mode, modes[k]) == 0) return true;
    return op_fail(op, STATUS_INVALID, "mode '%s' is unknown", mode);
}

/* What the mode repeats must be there. */
static bool check_pad_room(const OpImport *op, const char *mode, const int64_t *pads) {
    const Shape *x = &op->in[0]->shape;
    if (strcmp(mode, "constant") == 0) return true;
    for (int k = 0; k < 2 * x->rank; k++) {
        int64_t size = x->dim[k % x->rank], most = strcmp(mode, "reflect") == 0 ? size - 1
                                                   : strcmp(mode, "wrap") == 0  ? size
                                                                                : INT64_MAX;
        if (pads[k] > 0 && (size == 0 || pads[k] > most))
            return op_fail(op, STATUS_INVALID, "%lld elements of %s padding need a longer axis than %lld", (long long)pads[k],
                           mode, (long long)size);
    }
    return true;
}

static bool pad_value(const OpImport *op, double *number) {
    Value *value;
    *number = op_float(op, "value", 0.0);
    if (!op_in(op, 2)) return true;
    if (!op_constant(op, 2, "constant_value", &value)) return false;
    if (shape_count(&value->shape) != 1 || value->type != op->in[0]->type)
        return op_fail(op, STATUS_INVALID, "its constant_value must be one number of its input's type");
    *number = constant_float_at(value, 0);
    return true;
}

/* Pads and value: attributes before opset 11, then inputs; an axes input since 18. */
static bool read_pads(const OpImport *op, int64_t *pads) {
    int rank = op->in[0]->shape.rank, count, axis_count = rank, axes[MAX_RANK];
    const int64_t *given, *listed = NULL;
    if (!op_ints_of(op, "pads", 1, &given, &count)) return false;
    for (int k = 0; k < rank; k++) axes[k] = k;
    if (op_in(op, 3)) {
        if (!op_constant_ints(op, 3, "axes", &listed, &axis_count) || !op_axes(op, listed, axis_count, rank, axes)) return false;
    }
    if (count != 2 * axis_count)
        return op_fail(op, STATUS_INVALID, "it has %d pads for %d dimensions", count < 0 ? 0 : count, axis_count);
    for (int k = 0; k < axis_count; k++) {
        pads[axes[k]] = given[k];
        pads[rank + axes[k]] = given[axis_count + k];
    }
    for (int k = 0; k < rank; k++) {
        int64_t size = op->in[0]->shape.dim[k];
        if (!checked_add(size, pads[k], &size) || !checked_add(size, pads[rank + k], &size) || size < 0)
            return op_fail(op, STATUS_INVALID, "its pads make dimension %d negative or overflow", k);
    }
    return true;
}

bool import_pad(OpImport *op) {
    const char *mode = op_string(op, "mode", "constant");
    int64_t pads[2 * MAX_RANK] = {0};
    double number;
    if (!check_pad_mode(op, mode) || !read_pads(op, pads) || !check_pad_room(op, mode, pads) || !pad_value(op, &number))
        return false;
    Node *node = op_node(op, OP_Pad, op->in, 1, 1);
    set_ints(op->graph, node, A_PADS, pads, 2 * op->in[0]->shape.rank);
    set_string(op->graph, node, A_MODE, mode);
    set_float(op->graph, node, A_VALUE, number);
    return op_finish(op, node);
}
