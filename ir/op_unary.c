/* Elementwise operators with one input, and Cast. infer_same (op_norm.c) serves the former. */
#include "ir/op_functions.h"
#include "ir/op_support.h"

#include <inttypes.h>
#include <math.h>

double unary_float(Op op, double x) {
    switch (op) {
    case OP_Sqrt: return sqrt(x);
    case OP_Exp: return exp(x);
    case OP_Log: return log(x);
    case OP_Neg: return -x;
    case OP_Abs: return fabs(x);
    case OP_Floor: return floor(x);
    case OP_Ceil: return ceil(x);
    case OP_Round: return rint(x); /* the default rounding: half to even */
    case OP_Sign: return x > 0 ? 1 : x < 0 ? -1 : isnan(x) ? x : 0;
    case OP_Erf: return erf(x);
    case OP_Sin: return sin(x);
    case OP_Cos: return cos(x);
    default: return x;
    }
}

static void float_unary(const Node *node, const Tensor *x, Tensor *y) {
    Activation activation = activation_of(node->op);
    double alpha, beta;
    activation_parameters(node, &alpha, &beta);
    if (activation != ACT_NONE)
        for (int64_t i = 0; i < x->count; i++) y->f[i] = activation_apply(activation, alpha, beta, x->f[i]);
    else
        for (int64_t i = 0; i < x->count; i++) y->f[i] = unary_float(node->op, x->f[i]);
    for (int64_t i = 0; activation == ACT_SIGMOID && i < x->count; i++) y->f[i] = held_logistic(y, y->f[i]);
}

int64_t integer_clip_bound(const Node *node, Dtype type, bool high) {
    const Attr *attr = attr_find(node, high ? A_MAX : A_MIN);
    if (!attr) return high ? integer_highest(type) : integer_lowest(type);
    return attr->kind == ATTR_FLOAT ? integer_of_float(type, attr->f) : attr->i;
}

static void integer_unary(const Node *node, const Tensor *x, Tensor *y) {
    Dtype type = x->type;
    int64_t low = integer_clip_bound(node, type, false), high = integer_clip_bound(node, type, true);
    for (int64_t i = 0; i < x->count; i++) {
        int64_t value = x->i[i], negated = (int64_t)(0 - (uint64_t)value);
        switch (node->op) {
        case OP_Relu: value = value < 0 ? 0 : value; break;
        case OP_Neg: value = negated; break;
        case OP_Abs: value = integer_less(type, value, 0) ? negated : value; break;
        case OP_Sign: value = integer_less(type, 0, value) ? 1 : integer_less(type, value, 0) ? -1 : 0; break;
        case OP_Not: value = !value; break;
        case OP_Clip:
            value = integer_less(type, value, low) ? low : value;
            value = integer_less(type, high, value) ? high : value;
            break;
        default: break;
        }
        y->i[i] = integer_wrap(type, value);
    }
}

bool eval_unary(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    (void)scratch, (void)diag;
    if (in[0]->f)
        float_unary(node, in[0], out[0]);
    else
        integer_unary(node, in[0], out[0]);
    return true;
}

bool infer_cast(Graph *graph, Node *node) {
    int64_t to = attr_int(node, A_TO, -1);
    if (to < 0 || to >= DTYPE_COUNT) return node_fail(graph, node, STATUS_INVALID, "no element type has the number %" PRId64, to);
    return infer_output(graph, node, 0, (Dtype)to, node->in[0]->shape);
}

bool eval_cast(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    (void)node, (void)scratch, (void)diag;
    const Tensor *x = in[0];
    Tensor *y = out[0];
    if (x->f && y->f)
        copy_elements(y, 0, x, 0, x->count); /* rounded where the interpreter rounds every result */
    else if (x->f)
        for (int64_t i = 0; i < x->count; i++) y->i[i] = integer_of_float(y->type, x->f[i]);
    else if (y->f)
        for (int64_t i = 0; i < x->count; i++) y->f[i] = float_of_integer(x->type, x->i[i]);
    else
        for (int64_t i = 0; i < x->count; i++) y->i[i] = integer_wrap(y->type, x->i[i]);
    return true;
}
