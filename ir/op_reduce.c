/* ReduceMean, ReduceSum, ReduceMax, ReduceMin, ReduceProd (1 to 20; axes are an attribute here), Softmax and LogSoftmax (13). */
#include "ir/op_functions.h"
#include "ir/op_support.h"

#include <inttypes.h>
#include <math.h>

/* Which axes go; `axes` absent means all of them. */
static bool reduced_axes(const Node *node, int rank, bool *reduced, Diag *diag) {
    int count;
    const int64_t *axes = attr_ints(node, A_AXES, &count);
    for (int i = 0; i < MAX_RANK; i++) reduced[i] = !axes && i < rank;
    for (int i = 0; i < count; i++) {
        if (axes[i] < -rank || axes[i] >= rank)
            return fail_at(diag, STATUS_INVALID, node->name, node->op_type,
                           "axis %" PRId64 " is outside the %d axes of its input", axes[i], rank);
        reduced[axes[i] < 0 ? axes[i] + rank : axes[i]] = true;
    }
    return true;
}

bool infer_reduce(Graph *graph, Node *node) {
    const Value *x = node->in[0];
    bool reduced[MAX_RANK], keep = attr_int(node, A_KEEPDIMS, 1) != 0;
    if (x->type == BOOL && (node->op == OP_ReduceMean || node->op == OP_ReduceSum || node->op == OP_ReduceProd))
        return node_fail(graph, node, STATUS_INVALID, "is not defined for elements of type bool");
    if (!reduced_axes(node, x->shape.rank, reduced, graph->diag)) return false;
    Shape shape = {0};
    for (int i = 0; i < x->shape.rank; i++)
        if (!reduced[i] || keep) shape.dim[shape.rank++] = reduced[i] ? 1 : x->shape.dim[i];
    return infer_output(graph, node, 0, x->type, shape);
}

static void reduce_float(Op op, const Tensor *y, double *to, double x) {
    if (op == OP_ReduceMax)
        *to = isnan(x) || x > *to ? x : *to;
    else if (op == OP_ReduceMin)
        *to = isnan(x) || x < *to ? x : *to;
    else if (op == OP_ReduceProd)
        *to = held(y, *to * x);
    else
        *to = held(y, *to + x);
}

static void reduce_integer(Op op, Dtype type, int64_t *to, int64_t x) {
    if (op == OP_ReduceMax)
        *to = integer_less(type, *to, x) ? x : *to;
    else if (op == OP_ReduceMin)
        *to = integer_less(type, x, *to) ? x : *to;
    else if (op == OP_ReduceProd)
        *to = (int64_t)((uint64_t)*to * (uint64_t)x);
    else
        *to = (int64_t)((uint64_t)*to + (uint64_t)x);
}

/* What an empty reduction gives. */
static void reduce_start(Op op, Tensor *y) {
    for (int64_t i = 0; i < y->count; i++) {
        if (y->f)
            y->f[i] = op == OP_ReduceMax ? -INFINITY : op == OP_ReduceMin ? INFINITY : op == OP_ReduceProd;
        else
            y->i[i] = op == OP_ReduceMax   ? integer_lowest(y->type)
                      : op == OP_ReduceMin ? integer_highest(y->type)
                                           : op == OP_ReduceProd;
    }
}

/* Sums become means, where asked for; sums and products wrap around. */
static void reduce_finish(Op op, Tensor *y, int64_t reduced_count) {
    for (int64_t i = 0; i < y->count; i++) {
        if (y->f && op == OP_ReduceMean) y->f[i] /= (double)reduced_count;
        if (y->f) continue;
        if (op == OP_ReduceMean && reduced_count) y->i[i] /= reduced_count;
        y->i[i] = integer_wrap(y->type, y->i[i]);
    }
}

bool eval_reduce(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    (void)scratch;
    const Tensor *x = in[0];
    Tensor *y = out[0];
    bool reduced[MAX_RANK];
    if (!reduced_axes(node, x->shape.rank, reduced, diag)) return false;
    int64_t stride[MAX_RANK] = {0}, index[MAX_RANK] = {0}, step = 1, reduced_count = 1;
    for (int i = x->shape.rank - 1; i >= 0; i--) {
        if (reduced[i]) {
            reduced_count *= x->shape.dim[i];
        } else {
            stride[i] = step;
            step *= x->shape.dim[i];
        }
    }
    reduce_start(node->op, y);
    for (int64_t at = 0; at < x->count; at++) {
        int64_t to = element_offset(index, stride, x->shape.rank);
        if (x->f)
            reduce_float(node->op, y, &y->f[to], x->f[at]);
        else
            reduce_integer(node->op, x->type, &y->i[to], x->i[at]);
        odometer_next(&x->shape, x->shape.rank, index);
    }
    reduce_finish(node->op, y, reduced_count);
    return true;
}

bool infer_softmax(Graph *graph, Node *node) {
    const Value *x = node->in[0];
    int axis;
    if (!infer_types(graph, node, true)) return false;
    if (x->shape.rank && !infer_axis(graph, node, attr_int(node, A_AXIS, -1), x->shape.rank, &axis)) return false;
    return infer_output(graph, node, 0, x->type, x->shape);
}

/* One vector of `length` elements, `step` apart. The largest is subtracted, so that no exponential overflows. */
static void softmax(const double *x, const Tensor *result, int64_t at, int64_t length, int64_t step, bool logarithm) {
    double most = -INFINITY, sum = 0, *y = result->f + at;
    for (int64_t i = 0; i < length; i++)
        if (x[i * step] > most || isnan(x[i * step])) most = x[i * step];
    for (int64_t i = 0; i < length; i++) sum = held(result, sum + exp(x[i * step] - most));
    for (int64_t i = 0; i < length; i++) {
        double shifted = x[i * step] - most;
        y[i * step] = logarithm ? shifted - log(sum) : exp(shifted) / sum;
    }
}

bool eval_softmax(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    (void)scratch, (void)diag;
    const Tensor *x = in[0];
    AxisSplit split = {1, 1, 1};
    int64_t axis = attr_int(node, A_AXIS, -1);
    if (x->shape.rank) split = split_at(&x->shape, (int)(axis < 0 ? axis + x->shape.rank : axis));
    if (!x->count) return true;
    for (int64_t outer = 0; outer < split.outer; outer++) {
        for (int64_t inner = 0; inner < split.inner; inner++) {
            int64_t at = outer * split.length * split.inner + inner;
            softmax(x->f + at, out[0], at, split.length, split.inner, node->op == OP_LogSoftmax);
        }
    }
    return true;
}
