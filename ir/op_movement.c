/* Operators that move elements without computing: Reshape, Transpose, Concat, Slice, Gather, Expand. Pad is in op_pad.c. */
#include "ir/op_functions.h"
#include "ir/op_support.h"

#include <inttypes.h>

/* The `shape` attribute, complete. */
static bool shape_attribute(Graph *graph, const Node *node, Shape *shape) {
    int count;
    const int64_t *dims = attr_ints(node, A_SHAPE, &count);
    if (!dims || count > MAX_RANK)
        return node_fail(graph, node, STATUS_INVALID, "its shape has %d dimensions, 0 to %d are supported", count, MAX_RANK);
    *shape = (Shape){.rank = count};
    for (int i = 0; i < count; i++) shape->dim[i] = dims[i];
    return true;
}

bool infer_reshape(Graph *graph, Node *node) {
    Shape shape;
    if (!shape_attribute(graph, node, &shape) || !infer_output(graph, node, 0, node->in[0]->type, shape)) return false;
    if (shape_count(&shape) == shape_count(&node->in[0]->shape)) return true;
    char text[256];
    return node_fail(graph, node, STATUS_INVALID, "can't reshape %s to %s: the numbers of elements differ",
                     input_shape(graph, node, 0), shape_text(&shape, text, sizeof text));
}

bool eval_reshape(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    (void)node, (void)scratch, (void)diag;
    copy_elements(out[0], 0, in[0], 0, in[0]->count);
    return true;
}

/* Output axis i is input axis perm[i]; absent: the axes are reversed. */
static int64_t perm_at(const Node *node, int rank, int i) {
    return attr_ints_at(node, A_PERM, i, rank - 1 - i);
}

bool infer_transpose(Graph *graph, Node *node) {
    const Shape *x = &node->in[0]->shape;
    int count;
    bool seen[MAX_RANK] = {false};
    if (attr_ints(node, A_PERM, &count) && count != x->rank)
        return node_fail(graph, node, STATUS_INVALID, "perm has %d entries for an input of %d axes", count, x->rank);
    Shape out = {.rank = x->rank};
    for (int i = 0; i < x->rank; i++) {
        int64_t axis = perm_at(node, x->rank, i);
        if (axis < 0 || axis >= x->rank || seen[axis])
            return node_fail(graph, node, STATUS_INVALID, "perm is no permutation of %d axes", x->rank);
        seen[axis] = true;
        out.dim[i] = x->dim[axis];
    }
    return infer_output(graph, node, 0, node->in[0]->type, out);
}

bool eval_transpose(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    (void)scratch, (void)diag;
    int64_t own[MAX_RANK], stride[MAX_RANK];
    int rank = in[0]->shape.rank;
    shape_strides(&in[0]->shape, own);
    for (int i = 0; i < rank; i++) stride[i] = own[perm_at(node, rank, i)];
    strided_copy(out[0], in[0], 0, stride);
    return true;
}

bool infer_concat(Graph *graph, Node *node) {
    Shape out = node->in[0]->shape;
    int axis;
    if (!infer_types(graph, node, false)) return false;
    if (!infer_axis(graph, node, attr_int(node, A_AXIS, 0), out.rank, &axis)) return false;
    for (int i = 1; i < node->in_count; i++) {
        Shape other = node->in[i]->shape;
        int64_t length = other.rank == out.rank ? other.dim[axis] : 0;
        if (other.rank == out.rank) other.dim[axis] = out.dim[axis];
        if (!shape_equal(&other, &out))
            return node_fail(graph, node, STATUS_INVALID, "can't join %s and %s along axis %d", input_shape(graph, node, 0),
                             input_shape(graph, node, i), axis);
        if (!checked_add(out.dim[axis], length, &out.dim[axis]))
            return node_fail(graph, node, STATUS_INVALID, "its result is too long along axis %d", axis);
    }
    return infer_output(graph, node, 0, node->in[0]->type, out);
}

bool eval_concat(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    (void)scratch, (void)diag;
    int rank = out[0]->shape.rank;
    int64_t axis = attr_int(node, A_AXIS, 0), to = 0;
    if (axis < 0) axis += rank;
    int64_t rows = shape_product(&out[0]->shape, 0, (int)axis);
    for (int64_t row = 0; row < rows; row++) {
        for (int i = 0; i < node->in_count; i++) {
            int64_t length = shape_product(&in[i]->shape, (int)axis, rank);
            copy_elements(out[0], to, in[i], row * length, length);
            to += length;
        }
    }
    return true;
}

bool infer_slice(Graph *graph, Node *node) {
    const Shape *x = &node->in[0]->shape;
    int start_count, step_count, size_count;
    const int64_t *starts = attr_ints(node, A_STARTS, &start_count), *steps = attr_ints(node, A_STEPS, &step_count),
                  *sizes = attr_ints(node, A_SIZES, &size_count);
    if (start_count != x->rank || step_count != x->rank || size_count != x->rank)
        return node_fail(graph, node, STATUS_INVALID, "has %d starts, %d steps and %d sizes for an input of %d axes", start_count,
                         step_count, size_count, x->rank);
    Shape out = {.rank = x->rank};
    for (int i = 0; i < x->rank; i++) {
        int64_t last = 0, reach;
        bool good = sizes[i] >= 0 && steps[i] != 0;
        if (good && sizes[i] > 0)
            good = !__builtin_mul_overflow(sizes[i] - 1, steps[i], &reach) && checked_add(starts[i], reach, &last) &&
                   starts[i] >= 0 && starts[i] < x->dim[i] && last >= 0 && last < x->dim[i];
        if (!good)
            return node_fail(graph, node, STATUS_INVALID,
                             "takes %" PRId64 " elements from %" PRId64 " in steps of %" PRId64 " out of %" PRId64
                             " along axis %d",
                             sizes[i], starts[i], steps[i], x->dim[i], i);
        out.dim[i] = sizes[i];
    }
    return infer_output(graph, node, 0, node->in[0]->type, out);
}

bool eval_slice(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    (void)scratch, (void)diag;
    int64_t stride[MAX_RANK], offset = 0;
    if (!out[0]->count) return true; /* starts of an empty slice mean nothing */
    shape_strides(&in[0]->shape, stride);
    for (int i = 0; i < in[0]->shape.rank; i++) {
        offset += attr_ints_at(node, A_STARTS, i, 0) * stride[i];
        stride[i] *= out[0]->shape.dim[i] > 1 ? attr_ints_at(node, A_STEPS, i, 1) : 0;
    }
    strided_copy(out[0], in[0], offset, stride);
    return true;
}

bool infer_gather(Graph *graph, Node *node) {
    const Shape *x = &node->in[0]->shape, *indices = &node->in[1]->shape;
    int axis;
    if (node->in[1]->type != I64 && node->in[1]->type != I32)
        return node_fail(graph, node, STATUS_INVALID, "its indices are %s, i32 or i64 is needed", dtype_name(node->in[1]->type));
    if (!infer_axis(graph, node, attr_int(node, A_AXIS, 0), x->rank, &axis)) return false;
    if (x->rank + indices->rank - 1 > MAX_RANK)
        return node_fail(graph, node, STATUS_UNSUPPORTED, "its result has %d axes, at most %d are supported",
                         x->rank + indices->rank - 1, MAX_RANK);
    Shape out = {0};
    for (int i = 0; i < axis; i++) out.dim[out.rank++] = x->dim[i];
    for (int i = 0; i < indices->rank; i++) out.dim[out.rank++] = indices->dim[i];
    for (int i = axis + 1; i < x->rank; i++) out.dim[out.rank++] = x->dim[i];
    return infer_output(graph, node, 0, node->in[0]->type, out);
}

bool eval_gather(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    (void)scratch;
    int64_t axis = attr_int(node, A_AXIS, 0);
    AxisSplit split = split_at(&in[0]->shape, (int)(axis < 0 ? axis + in[0]->shape.rank : axis));
    int64_t count = in[1]->count;
    for (int64_t i = 0; i < count; i++) {
        int64_t index = in[1]->i[i];
        if (index < -split.length || index >= split.length)
            return fail_at(diag, STATUS_INVALID, node->name, node->op_type,
                           "index %" PRId64 " is outside the %" PRId64 " elements along axis %" PRId64, index, split.length,
                           axis);
        if (index < 0) index += split.length;
        for (int64_t outer = 0; outer < split.outer; outer++)
            copy_elements(out[0], (outer * count + i) * split.inner, in[0], (outer * split.length + index) * split.inner,
                          split.inner);
    }
    return true;
}

bool infer_expand(Graph *graph, Node *node) {
    Shape shape, joined;
    if (!shape_attribute(graph, node, &shape)) return false;
    if (!shape_broadcast(&node->in[0]->shape, &shape, &joined) || !shape_equal(&joined, &shape)) {
        char text[256];
        return node_fail(graph, node, STATUS_INVALID, "%s does not broadcast to %s", input_shape(graph, node, 0),
                         shape_text(&shape, text, sizeof text));
    }
    return infer_output(graph, node, 0, node->in[0]->type, shape);
}

bool eval_expand(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    (void)node, (void)scratch, (void)diag;
    int64_t stride[MAX_RANK];
    broadcast_strides(&in[0]->shape, &out[0]->shape, stride);
    strided_copy(out[0], in[0], 0, stride);
    return true;
}
