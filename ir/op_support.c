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
