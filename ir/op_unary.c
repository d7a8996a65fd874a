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

/* `value`, the activation of x, with the rounding of the sums by which float libraries come to it: where they cancel, a small
 * result keeps the rounding of a large term. */
static double held_activation(const Tensor *y, Activation activation, double alpha, double x, double value) {
    switch (activation) {
    case ACT_SIGMOID: return held_logistic(y, value);
    case ACT_SWISH: return x * held_logistic(y, activation_apply(ACT_SIGMOID, 0, 0, alpha * x));
    case ACT_SOFTPLUS: return fmax(x, 0) + held(y, log(held(y, 1 + exp(-fabs(x)))));
    case ACT_MISH: return x * tanh(held_activation(y, ACT_SOFTPLUS, 0, x, value));
    case ACT_GELU: return 0.5 * x * held(y, 1 + held(y, erf(x / 1.4142135623730951)));
    case ACT_GELU_TANH: return x * held(y, 0.5 + held(y, value / x - 0.5));
    case ACT_ELU:
    case ACT_CELU:
    case ACT_SELU: return x < 0 && alpha != 0 && isfinite(alpha) ? alpha * held(y, held(y, value / alpha + 1) - 1) : value;
    default: return value;
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
    for (int64_t i = 0; y->float_sums && i < x->count; i++)
        if (isfinite(x->f[i]) && x->f[i] != 0) y->f[i] = held_activation(y, activation, alpha, x->f[i], y->f[i]);
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
