/* Operators that keep their input's type and shape: checks shared by all of them; BatchNormalization (9, 14, 15), LRN (1, 13). */
#include "ir/op_functions.h"
#include "ir/op_support.h"

#include <inttypes.h>
#include <math.h>

static bool check_batchnorm(Graph *graph, Node *node) {
    const Shape *x = &node->in[0]->shape;
    /* Opset 15 lets scale, bias and statistics have float types of their own. */
    for (int i = 0; i < 5; i++)
        if (!dtype_is_float(node->in[i]->type))
            return node_fail(graph, node, STATUS_INVALID, "input %d is %s, a float is needed", i, dtype_name(node->in[i]->type));
    if (x->rank < 2)
        return node_fail(graph, node, STATUS_INVALID, "its input %s has no channel axis", input_shape(graph, node, 0));
    for (int i = 1; i < 5; i++) {
        const Shape *parameter = &node->in[i]->shape;
        if (parameter->rank != 1 || parameter->dim[0] != x->dim[1])
            return node_fail(graph, node, STATUS_INVALID, "input %d is %s, but there are %" PRId64 " channels", i,
                             input_shape(graph, node, i), x->dim[1]);
    }
    return true;
}

static bool check_lrn(Graph *graph, Node *node) {
    if (!infer_types(graph, node, true)) return false;
    if (node->in[0]->shape.rank < 2)
        return node_fail(graph, node, STATUS_INVALID, "its input %s has no channel axis", input_shape(graph, node, 0));
    if (attr_int(node, A_SIZE, 0) < 1)
        return node_fail(graph, node, STATUS_INVALID, "size %" PRId64 ", at least 1 is needed", attr_int(node, A_SIZE, 0));
    return true;
}

/* Which element types ONNX gives the operator. */
static bool check_unary(Graph *graph, Node *node) {
    Dtype type = node->in[0]->type;
    bool fits = dtype_is_float(type);
    switch (node->op) {
    case OP_Not: fits = type == BOOL; break;
    case OP_Reorder: fits = true; break;
    case OP_Relu:
    case OP_Neg: fits = fits || type == I8 || type == I16 || type == I32 || type == I64; break;
    case OP_Abs:
    case OP_Sign:
    case OP_Clip: fits = type != BOOL; break;
    default: break;
    }
    if (fits) return true;
    return node_fail(graph, node, STATUS_INVALID, "is not defined for elements of type %s", dtype_name(type));
}

bool infer_same(Graph *graph, Node *node) {
    bool good = node->op == OP_BatchNormalization ? check_batchnorm(graph, node)
                : node->op == OP_LRN              ? check_lrn(graph, node)
                                                  : check_unary(graph, node);
    return good && infer_output(graph, node, 0, node->in[0]->type, node->in[0]->shape);
}

bool eval_batchnorm(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    (void)scratch, (void)diag;
    AxisSplit split = split_at(&in[0]->shape, 1);
    double epsilon = attr_float(node, A_EPSILON, (double)1e-5f);
    for (int64_t row = 0; row < split.outer * split.length; row++) {
        int64_t c = row % split.length;
        double factor = in[1]->f[c] / sqrt(in[4]->f[c] + epsilon), bias = in[2]->f[c], mean = in[3]->f[c];
        const double *x = in[0]->f + row * split.inner;
        double *y = out[0]->f + row * split.inner;
        for (int64_t i = 0; i < split.inner; i++) y[i] = (x[i] - mean) * factor + bias;
    }
    return true;
}

bool eval_lrn(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    (void)scratch, (void)diag;
    AxisSplit split = split_at(&in[0]->shape, 1);
    int64_t size = attr_int(node, A_SIZE, 1);
    double alpha = attr_float(node, A_ALPHA, (double)1e-4f), beta = attr_float(node, A_BETA, 0.75),
           bias = attr_float(node, A_BIAS, 1);
    int64_t before = (size - 1) / 2, after = size - 1 - before;
    for (int64_t row = 0; row < split.outer * split.length; row++) {
        int64_t c = row % split.length;
        int64_t from = c < before ? 0 : c - before, to = after < split.length - c ? c + after : split.length - 1;
        const double *image = in[0]->f + row / split.length * split.length * split.inner;
        for (int64_t i = 0; i < split.inner; i++) {
            double squares = 0;
            for (int64_t k = from; k <= to; k++)
                squares = held(out[0], squares + image[k * split.inner + i] * image[k * split.inner + i]);
            out[0]->f[row * split.inner + i] = image[c * split.inner + i] / pow(bias + alpha / (double)size * squares, beta);
        }
    }
    return true;
}

bool eval_reorder(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    (void)node, (void)scratch, (void)diag;
    copy_elements(out[0], 0, in[0], 0, in[0]->count); /* tensors are planar whatever the value's layout */
    return true;
}
