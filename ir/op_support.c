#include "ir/op_support.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

bool infer_output(Graph *graph, Node *node, int index, Dtype type, Shape shape) {
    if (shape_count(&shape) < 0) {
        char text[256];
        return node_fail(graph, node, STATUS_INVALID, "the result's shape %s is impossible or has more than 2^40 elements",
                         shape_text(&shape, text, sizeof text));
    }
    node->out[index]->type = type;
    node->out[index]->shape = shape;
    return true;
}

bool infer_types(Graph *graph, Node *node, bool float_only) {
    Dtype type = node->in[0]->type;
    if (float_only && !dtype_is_float(type))
        return node_fail(graph, node, STATUS_INVALID, "needs a float input, but its type is %s", dtype_name(type));
    for (int i = 1; i < node->in_count; i++)
        if (node->in[i] && node->in[i]->type != type)
            return node_fail(graph, node, STATUS_INVALID, "input 0 is %s, but input %d is %s", dtype_name(type), i,
                             dtype_name(node->in[i]->type));
    return true;
}

bool infer_axis(Graph *graph, const Node *node, int64_t axis, int rank, int *result) {
    if (axis < -rank || axis >= rank)
        return node_fail(graph, node, STATUS_INVALID, "axis %" PRId64 " is outside the %d axes of its input", axis, rank);
    *result = (int)(axis < 0 ? axis + rank : axis);
    return true;
}

const char *input_shape(Graph *graph, const Node *node, int index) {
    enum { SIZE = 256 };
    return shape_text(&node->in[index]->shape, arena_alloc(graph->arena, SIZE, 1), SIZE);
}

void shape_strides(const Shape *shape, int64_t *stride) {
    int64_t step = 1;
    for (int i = shape->rank - 1; i >= 0; i--) {
        stride[i] = step;
        step *= shape->dim[i];
    }
}

void broadcast_strides(const Shape *operand, const Shape *result, int64_t *stride) {
    int64_t own[MAX_RANK];
    shape_strides(operand, own);
    for (int i = 0; i < result->rank; i++) {
        int at = i - (result->rank - operand->rank);
        stride[i] = at < 0 || operand->dim[at] == 1 ? 0 : own[at];
    }
}

bool odometer_next(const Shape *shape, int axes, int64_t *index) {
    for (int i = axes - 1; i >= 0; i--) {
        if (++index[i] < shape->dim[i]) return true;
        index[i] = 0;
    }
    return false;
}

int64_t element_offset(const int64_t *index, const int64_t *stride, int axes) {
    int64_t offset = 0;
    for (int i = 0; i < axes; i++) offset += index[i] * stride[i];
    return offset;
}

bool check_activation(Graph *graph, const Node *node) {
    int64_t activation = attr_int(node, A_ACTIVATION, ACT_NONE);
    if (activation >= 0 && activation < ACT_COUNT) return true;
    return node_fail(graph, node, STATUS_INVALID, "unknown activation %" PRId64, activation);
}

void strided_copy(Tensor *out, const Tensor *in, int64_t offset, const int64_t *stride) {
    if (!out->count) return;
    int outer = out->shape.rank ? out->shape.rank - 1 : 0;
    int64_t length = out->shape.rank ? out->shape.dim[outer] : 1, step = out->shape.rank ? stride[outer] : 0;
    int64_t index[MAX_RANK] = {0}, to = 0;
    do {
        int64_t from = offset + element_offset(index, stride, outer);
        if (in->f)
            for (int64_t i = 0; i < length; i++) out->f[to + i] = in->f[from + i * step];
        else
            for (int64_t i = 0; i < length; i++) out->i[to + i] = in->i[from + i * step];
        to += length;
    } while (odometer_next(&out->shape, outer, index));
}

void copy_elements(Tensor *out, int64_t to, const Tensor *in, int64_t from, int64_t count) {
    if (count <= 0) return;
    if (in->f)
        memcpy(out->f + to, in->f + from, (size_t)count * sizeof *in->f);
    else
        memcpy(out->i + to, in->i + from, (size_t)count * sizeof *in->i);
}

AxisSplit split_at(const Shape *shape, int axis) {
    return (AxisSplit){shape_product(shape, 0, axis), shape->dim[axis], shape_product(shape, axis + 1, shape->rank)};
}

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

/* With ceil_mode the last window must still start inside the input or its left padding (PyTorch's rule, ONNX's since opset 19).
 */
static int64_t window_positions(const Window *w, int axis, bool ceil_mode) {
    int64_t extent = (w->kernel[axis] - 1) * w->dilation[axis] + 1;
    int64_t room = w->in[axis] + w->begin[axis] + w->end[axis] - extent;
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

int64_t integer_wrap(Dtype type, int64_t value) {
    switch (type) {
    case I8: return (int8_t)value;
    case U8: return (uint8_t)value;
    case I16: return (int16_t)value;
    case U16: return (uint16_t)value;
    case I32: return (int32_t)value;
    case U32: return (uint32_t)value;
    case BOOL: return value != 0;
    default: return value;
    }
}

int64_t integer_lowest(Dtype type) {
    switch (type) {
    case I8: return INT8_MIN;
    case I16: return INT16_MIN;
    case I32: return INT32_MIN;
    case I64: return INT64_MIN;
    default: return 0;
    }
}

int64_t integer_highest(Dtype type) {
    switch (type) {
    case I8: return INT8_MAX;
    case U8: return UINT8_MAX;
    case I16: return INT16_MAX;
    case U16: return UINT16_MAX;
    case I32: return INT32_MAX;
    case U32: return UINT32_MAX;
    case BOOL: return 1;
    case U64: return (int64_t)UINT64_MAX;
    default: return INT64_MAX;
    }
}

int64_t integer_of_float(Dtype type, double value) {
    if (type == BOOL) return value != 0; /* NaN is true, as in C and numpy */
    if (isnan(value)) return 0;
    double low = float_of_integer(type, integer_lowest(type)), high = float_of_integer(type, integer_highest(type));
    if (value <= low) return integer_lowest(type);
    if (value >= high) return integer_highest(type); /* the 64-bit maxima round up to a power of two: no cast reaches it */
    return type == U64 ? (int64_t)(uint64_t)value : (int64_t)value;
}

double float_of_integer(Dtype type, int64_t value) {
    return type == U64 ? (double)(uint64_t)value : (double)value;
}

bool integer_less(Dtype type, int64_t a, int64_t b) {
    return type == U64 ? (uint64_t)a < (uint64_t)b : a < b;
}
