/* What the operator families share: inference helpers, strides, integer arithmetic that wraps. */
#ifndef SKIPC_IR_OP_SUPPORT_H
#define SKIPC_IR_OP_SUPPORT_H

#include "ir/op_table.h"

/* Gives output `index` its type and shape; refuses a shape with too many elements. */
bool infer_output(Graph *graph, Node *node, int index, Dtype type, Shape shape);
/* Refuses an input whose type differs from the first one's, and integers where `float_only`. */
bool infer_types(Graph *graph, Node *node, bool float_only);
/* Axis counted from the end where negative; false with a diagnostic when it lies outside 0 to rank - 1. */
bool infer_axis(Graph *graph, const Node *node, int64_t axis, int rank, int *result);
/* "2x3" of an input, for messages. */
const char *input_shape(Graph *graph, const Node *node, int index);

/* Elements between neighbours along each axis, row-major. */
void shape_strides(const Shape *shape, int64_t *stride);
/* The strides of `operand` along the axes of `result`, to which it broadcasts: 0 where it repeats. */
void broadcast_strides(const Shape *operand, const Shape *result, int64_t *stride);
/* Counts `index` up over the first `axes` axes of `shape`; false after the last position. */
bool odometer_next(const Shape *shape, int axes, int64_t *index);
/* Where `index` of so many axes is, in elements. */
int64_t element_offset(const int64_t *index, const int64_t *stride, int axes);
/* False with a diagnostic where the fused activation is none of enum Activation. */
bool check_activation(Graph *graph, const Node *node);
/* out[i, j, ...] = in[offset + i stride[0] + j stride[1] ...] */
void strided_copy(Tensor *out, const Tensor *in, int64_t offset, const int64_t *stride);
void copy_elements(Tensor *out, int64_t to, const Tensor *in, int64_t from, int64_t count);
/* Extent of the axes before, at and after `axis`: every index is (outer * length + at) * inner + rest. */
typedef struct {
    int64_t outer, length, inner;
} AxisSplit;
AxisSplit split_at(const Shape *shape, int axis);

/* Two's complement value of `value`'s low bits, as `type` holds them (BOOL: 0 or 1; U64: the bits). */
int64_t integer_wrap(Dtype type, int64_t value);
/* Towards zero, saturating; NaN gives 0. */
int64_t integer_of_float(Dtype type, double value);
double float_of_integer(Dtype type, int64_t value);
bool integer_less(Dtype type, int64_t a, int64_t b);
int64_t integer_lowest(Dtype type);
int64_t integer_highest(Dtype type);
/* A bound of a Clip of integers, its type's limit where it has none; one that is kept as a float is cut off. */
int64_t integer_clip_bound(const Node *node, Dtype type, bool high);

/* One element of an operator with one or two inputs that is no activation. */
double unary_float(Op op, double x);
double binary_float(Op op, double a, double b);

/* A partial sum of an element of `y`, as it is held until the next term. Every operator that sums passes each one through here.
 */
static inline double held(const Tensor *y, double sum) {
    return y->float_sums ? (double)(float)sum : sum;
}

/* The logistic function as float libraries compute it: a half and an odd function. Small results keep that sum's rounding. */
static inline double held_logistic(const Tensor *y, double value) {
    return held(y, 0.5 + held(y, value - 0.5));
}

/* Columns of a panel: what gemm_panel multiplies by at once. */
enum { PANEL = 8 };
/* out[m][PANEL] = a[m][k] (rows `stride` apart) * panel[k][PANEL]; sums run along k in order. Where `float_sums`, operands are
 * floats, and each product and each partial sum is rounded to float. */
void gemm_panel(int64_t m, int64_t k, const double *a, int64_t stride, const double *panel, double *out, bool float_sums);

#endif
