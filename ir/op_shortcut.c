/* AddShortcut: the sum that ends a residual block whose shortcut is strided and padded (option A of He et al. 2015,
 * arXiv:1512.03385, section 4.2). */
#include "ir/op_functions.h"
#include "ir/op_support.h"

static int64_t stride_at(const Node *node, int axis) {
    return axis < 2 ? 1 : attr_ints_at(node, A_STRIDES, axis - 2, 1);
}

/* The shape of the result's part to which something is added. */
static bool read_shape(const Node *node, Shape *shape) {
    const Shape *x = &node->in[1]->shape;
    int strides, pads;
    attr_ints(node, A_STRIDES, &strides);
    attr_ints(node, A_PADS, &pads);
    if (x->rank < 3 || strides != x->rank - 2 || pads != 2) return false;
    *shape = *x;
    for (int axis = 2; axis < x->rank; axis++) {
        int64_t stride = stride_at(node, axis);
        if (stride < 1) return false;
        shape->dim[axis] = x->dim[axis] / stride + (x->dim[axis] % stride != 0);
    }
    return true;
}

bool infer_add_shortcut(Graph *graph, Node *node) {
    Shape read, out;
    if (!infer_types(graph, node, true)) return false;
    bool good = read_shape(node, &read);
    int64_t before = attr_ints_at(node, A_PADS, 0, 0), behind = attr_ints_at(node, A_PADS, 1, 0);
    out = read;
    good = good && before >= 0 && behind >= 0 && checked_add(read.dim[1], before, &out.dim[1]) &&
           checked_add(out.dim[1], behind, &out.dim[1]) && shape_equal(&out, &node->in[0]->shape);
    if (!good)
        return node_fail(graph, node, STATUS_INVALID, "its shortcut %s, strided and padded, does not have the shape %s",
                         input_shape(graph, node, 1), input_shape(graph, node, 0));
    if (!check_activation(graph, node)) return false;
    return infer_output(graph, node, 0, node->in[0]->type, out);
}

bool eval_add_shortcut(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    (void)scratch, (void)diag;
    const Tensor *x = in[1];
    Tensor *y = out[0];
    Shape read;
    int64_t x_stride[MAX_RANK], y_stride[MAX_RANK], index[MAX_RANK] = {0};
    if (!read_shape(node, &read)) return false;
    copy_elements(y, 0, in[0], 0, y->count);
    shape_strides(&x->shape, x_stride);
    shape_strides(&y->shape, y_stride);
    int64_t first = attr_ints_at(node, A_PADS, 0, 0) * y_stride[1];
    for (bool more = shape_count(&read) > 0; more; more = odometer_next(&read, read.rank, index)) {
        int64_t to = first, from = 0;
        for (int axis = 0; axis < read.rank; axis++) {
            to += index[axis] * y_stride[axis];
            from += index[axis] * stride_at(node, axis) * x_stride[axis];
        }
        y->f[to] += x->f[from];
    }
    Epilogue epilogue = epilogue_of(node);
    for (int64_t i = 0; i < y->count; i++) y->f[i] = epilogue_apply(&epilogue, y->f[i]);
    return true;
}
