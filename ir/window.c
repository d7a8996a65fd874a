#include "ir/window.h"

#include "ir/op_table.h"

#include <assert.h>
#include <inttypes.h>

/* One entry per spatial axis from a list attribute; bounded, so that sums and products of two of them can't overflow. */
static bool window_list(const Node *node, AttrKey key, int axes, int64_t least, int64_t otherwise, int64_t *values, Diag *diag) {
    int count;
    const int64_t *given = attr_ints(node, key, &count);
    for (int i = 0; i < axes; i++) values[i] = otherwise;
    if (!given) return true;
    if (count != axes)
        return fail_at(diag, STATUS_INVALID, node->name, node->op_type, "%s has %d entries, %d are needed", attr_name(key), count,
                       axes);
    for (int i = 0; i < axes; i++) {
        if (given[i] < least || given[i] > INT32_MAX)
            return fail_at(diag, STATUS_INVALID, node->name, node->op_type,
                           "%s has the entry %" PRId64 ", outside %" PRId64 " to %d", attr_name(key), given[i], least, INT32_MAX);
        values[i] = given[i];
    }
    return true;
}

int64_t window_extent_of(int64_t kernel, int64_t dilation) {
    return (kernel - 1) * dilation + 1;
}

int64_t window_extent(const Window *w, int axis) {
    return window_extent_of(w->kernel[axis], w->dilation[axis]);
}

int64_t window_span(const Window *w, int axis) {
    int64_t padded = w->begin[axis] + w->in[axis] + w->end[axis],
            reached = w->out[axis] > 0 ? (w->out[axis] - 1) * w->stride[axis] + window_extent(w, axis) : 0;
    return padded > reached ? padded : reached;
}

void window_pad_same(int64_t in, int64_t extent, int64_t stride, bool upper, int64_t *begin, int64_t *end) {
    int64_t windows = in / stride + (in % stride != 0), total = (windows - 1) * stride + extent - in;
    if (total < 0) total = 0;
    *begin = upper ? total / 2 : total - total / 2;
    *end = total - *begin;
}

static bool axis_fits(const Window *w, int axis, int64_t unit) {
    const int64_t most = INT32_MAX / 2 / unit;
    return window_span(w, axis) <= most && window_extent(w, axis) <= most && w->out[axis] <= most && w->stride[axis] <= most &&
           w->dilation[axis] <= most;
}

bool window_fits(const Window *w, int64_t unit) {
    return axis_fits(w, 0, unit) && axis_fits(w, 1, unit) && axis_fits(w, 2, unit);
}

bool window_refuse(Graph *graph, const Node *node, const Window *w, int64_t unit) {
    int axis = 0;
    while (axis < 2 && axis_fits(w, axis, unit)) axis++;
    return node_fail(graph, node, STATUS_UNSUPPORTED,
                     "its windows (%" PRId64 " taps, dilation %" PRId64 ", stride %" PRId64 ") reach over %" PRId64
                     " elements along spatial axis %d, padding included: at most %" PRId64 " of each can be compiled",
                     w->kernel[axis], w->dilation[axis], w->stride[axis], window_span(w, axis), axis - (3 - w->axes),
                     INT32_MAX / 2 / unit);
}

/* With ceil_mode the last window must still start inside the input or its left padding (PyTorch's rule, ONNX's since opset 19).
 */
static int64_t window_positions(const Window *w, int axis, bool ceil_mode) {
    int64_t room = w->in[axis] + w->begin[axis] + w->end[axis] - window_extent(w, axis);
    if (room < 0) return ceil_mode && -room < w->stride[axis] && w->in[axis] + w->begin[axis] > 0 ? 1 : -1;
    int64_t positions = room / w->stride[axis] + 1;
    if (ceil_mode && room % w->stride[axis] && positions * w->stride[axis] < w->in[axis] + w->begin[axis]) positions++;
    return positions;
}

bool window_read(const Node *node, const Shape *input, const int64_t *kernel, Window *window, Diag *diag) {
    Window *w = window;
    int axes = input->rank - 2, first = 3 - axes;
    if (axes < 1)
        return fail_at(diag, STATUS_INVALID, node->name, node->op_type, "its input has %d axes, at least 3 are needed",
                       input->rank);
    if (axes > 3)
        return fail_at(diag, STATUS_UNSUPPORTED, node->name, node->op_type, "%d spatial axes, at most 3 are supported", axes);
    int64_t pads[6];
    *w = (Window){.axes = axes};
    for (int i = 0; i < 3; i++) w->kernel[i] = w->stride[i] = w->dilation[i] = w->in[i] = w->out[i] = 1;
    if (!window_list(node, A_KERNEL_SHAPE, axes, 1, 0, w->kernel + first, diag) ||
        !window_list(node, A_STRIDES, axes, 1, 1, w->stride + first, diag) ||
        !window_list(node, A_DILATIONS, axes, 1, 1, w->dilation + first, diag) ||
        !window_list(node, A_PADS, 2 * axes, 0, 0, pads, diag))
        return false;
    bool ceil_mode = attr_int(node, A_CEIL_MODE, 0) != 0;
    for (int i = 0; i < axes; i++) {
        int at = first + i;
        if (kernel && w->kernel[at] && w->kernel[at] != kernel[i])
            return fail_at(diag, STATUS_INVALID, node->name, node->op_type,
                           "kernel_shape says %" PRId64 " along spatial axis %d, its weight %" PRId64, w->kernel[at], i,
                           kernel[i]);
        if (kernel) w->kernel[at] = kernel[i];
        if (w->kernel[at] < 1 || w->kernel[at] > INT32_MAX)
            return fail_at(diag, STATUS_INVALID, node->name, node->op_type,
                           "its kernel has %" PRId64 " taps along spatial axis %d", w->kernel[at], i);
        w->begin[at] = pads[i];
        w->end[at] = pads[axes + i];
        w->in[at] = input->dim[2 + i];
        w->out[at] = window_positions(w, at, ceil_mode);
        if (w->out[at] < 0)
            return fail_at(diag, STATUS_INVALID, node->name, node->op_type,
                           "its window (%" PRId64 " taps, dilation %" PRId64 ") is larger than the input's %" PRId64
                           " elements with padding %" PRId64 " + %" PRId64 " along spatial axis %d",
                           w->kernel[at], w->dilation[at], w->in[at], w->begin[at], w->end[at], i);
        if (window_span(w, at) > INT32_MAX)
            return fail_at(diag, STATUS_UNSUPPORTED, node->name, node->op_type,
                           "its input has %" PRId64 " elements along spatial axis %d, padding included: at most %d are supported",
                           window_span(w, at), i, INT32_MAX);
    }
    return true;
}

int64_t window_taps(const Window *w) {
    return w->kernel[0] * w->kernel[1] * w->kernel[2];
}
int64_t window_in_plane(const Window *w) {
    return w->in[0] * w->in[1] * w->in[2];
}
int64_t window_out_plane(const Window *w) {
    return w->out[0] * w->out[1] * w->out[2];
}

Window window_of(const Node *node) {
    Window window;
    Diag ignored = {0};
    bool read =
        window_read(node, &node->in[0]->shape, node->op == OP_Conv ? node->in[1]->shape.dim + 2 : NULL, &window, &ignored);
    assert(read && "shape inference read the same window");
    (void)read;
    return window;
}
