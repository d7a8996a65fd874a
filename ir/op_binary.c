/* Elementwise operators with broadcasting: arithmetic, comparisons, Where. */
#include "ir/op_functions.h"
#include "ir/op_support.h"

#include <math.h>

static bool broadcast_inputs(Graph *graph, Node *node, int first, int second, const Shape *a, Shape *result) {
    if (shape_broadcast(a, &node->in[second]->shape, result)) return true;
    return node_fail(graph, node, STATUS_INVALID, "shapes %s and %s don't broadcast", input_shape(graph, node, first),
                     input_shape(graph, node, second));
}

bool infer_binary(Graph *graph, Node *node) {
    Dtype type = node->in[0]->type;
    Shape shape;
    if (node->op != OP_Pow && !infer_types(graph, node, false)) return false;
    bool logical = node->op == OP_Min || node->op == OP_Max;
    if ((type == BOOL || node->in[1]->type == BOOL) && !logical)
        return node_fail(graph, node, STATUS_INVALID, "is not defined for elements of type bool");
    if (!broadcast_inputs(graph, node, 0, 1, &node->in[0]->shape, &shape)) return false;
    if (node->op == OP_PRelu && !shape_equal(&shape, &node->in[0]->shape))
        return node_fail(graph, node, STATUS_INVALID, "its slope %s does not broadcast to its input %s",
                         input_shape(graph, node, 1), input_shape(graph, node, 0));
    if (!check_activation(graph, node)) return false;
    return infer_output(graph, node, 0, type, shape);
}

bool infer_compare(Graph *graph, Node *node) {
    Shape shape;
    if (!infer_types(graph, node, false) || !broadcast_inputs(graph, node, 0, 1, &node->in[0]->shape, &shape)) return false;
    if (node->op != OP_Equal && node->in[0]->type == BOOL)
        return node_fail(graph, node, STATUS_INVALID, "is not defined for elements of type bool");
    return infer_output(graph, node, 0, BOOL, shape);
}

bool infer_where(Graph *graph, Node *node) {
    Shape shape;
    if (node->in[0]->type != BOOL)
        return node_fail(graph, node, STATUS_INVALID, "its condition is %s, bool is needed", dtype_name(node->in[0]->type));
    if (node->in[1]->type != node->in[2]->type)
        return node_fail(graph, node, STATUS_INVALID, "chooses between %s and %s", dtype_name(node->in[1]->type),
                         dtype_name(node->in[2]->type));
    if (!broadcast_inputs(graph, node, 0, 1, &node->in[0]->shape, &shape) || !broadcast_inputs(graph, node, 0, 2, &shape, &shape))
        return false;
    return infer_output(graph, node, 0, node->in[1]->type, shape);
}

double binary_float(Op op, double a, double b) {
    switch (op) {
    case OP_Add: return a + b;
    case OP_Sub: return a - b;
    case OP_Mul: return a * b;
    case OP_Div: return a / b;
    case OP_Min: return isnan(a) || a < b ? a : b; /* NaN in either propagates, as in numpy */
    case OP_Max: return isnan(a) || a > b ? a : b;
    case OP_Pow: return pow(a, b);
    case OP_Mod: return fmod(a, b);
    case OP_PRelu: return a < 0 ? a * b : a;
    default: return a;
    }
}

static int64_t divide(Dtype type, int64_t a, int64_t b) {
    if (!b) return 0; /* undefined in ONNX; must not trap */
    if (type == U64) return (int64_t)((uint64_t)a / (uint64_t)b);
    return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
}

/* By squaring, wrapping around. A negative exponent leaves only the powers of 1 and -1. */
static int64_t power(Dtype type, int64_t base, int64_t exponent) {
    if (integer_less(type, exponent, 0)) {
        if (base == 1 || base == -1) return base == 1 || !(exponent & 1) ? 1 : -1;
        return 0;
    }
    uint64_t result = 1, square = (uint64_t)base;
    for (uint64_t rest = (uint64_t)exponent; rest; rest >>= 1) {
        if (rest & 1) result *= square;
        square *= square;
    }
    return (int64_t)result;
}

static int64_t binary_integer(Op op, Dtype type, int64_t a, int64_t b) {
    uint64_t left = (uint64_t)a, right = (uint64_t)b;
    switch (op) {
    case OP_Add: return integer_wrap(type, (int64_t)(left + right));
    case OP_Sub: return integer_wrap(type, (int64_t)(left - right));
    case OP_Mul: return integer_wrap(type, (int64_t)(left * right));
    case OP_Div: return integer_wrap(type, divide(type, a, b));
    case OP_Min: return integer_less(type, b, a) ? b : a;
    case OP_Max: return integer_less(type, a, b) ? b : a;
    case OP_PRelu: return integer_wrap(type, integer_less(type, a, 0) ? (int64_t)(left * right) : a);
    default: return a;
    }
}

/* The exponent may have any type; the result has the base's. */
static void power_at(const Tensor *a, int64_t at_a, const Tensor *b, int64_t at_b, Tensor *y, int64_t to) {
    if (!a->f && !b->f) {
        y->i[to] = integer_wrap(y->type, power(b->type, a->i[at_a], b->i[at_b]));
        return;
    }
    double base = a->f ? a->f[at_a] : float_of_integer(a->type, a->i[at_a]);
    double result = pow(base, b->f ? b->f[at_b] : float_of_integer(b->type, b->i[at_b]));
    if (y->f)
        y->f[to] = result;
    else
        y->i[to] = integer_of_float(y->type, result);
}

/* What is left by dividing, with the dividend's sign, or with the divisor's where `floored`; 0 where it divides by 0. */
static int64_t remainder_of(Dtype type, int64_t a, int64_t b, bool floored) {
    if (!b || b == -1) return type == U64 && b ? (int64_t)((uint64_t)a % (uint64_t)b) : 0;
    if (type == U64) return (int64_t)((uint64_t)a % (uint64_t)b);
    int64_t rest = a % b;
    return floored && rest && (rest < 0) != (b < 0) ? rest + b : rest;
}

static bool compare(Op op, const Tensor *a, int64_t at_a, const Tensor *b, int64_t at_b) {
    bool less, greater, equal;
    if (a->f) {
        less = a->f[at_a] < b->f[at_b];
        greater = a->f[at_a] > b->f[at_b];
        equal = a->f[at_a] == b->f[at_b];
    } else {
        less = integer_less(a->type, a->i[at_a], b->i[at_b]);
        greater = integer_less(a->type, b->i[at_b], a->i[at_a]);
        equal = a->i[at_a] == b->i[at_b];
    }
    switch (op) {
    case OP_Less: return less;
    case OP_LessOrEqual: return less || equal;
    case OP_Greater: return greater;
    case OP_GreaterOrEqual: return greater || equal;
    default: return equal;
    }
}

static bool is_comparison(Op op) {
    return op == OP_Equal || op == OP_Less || op == OP_LessOrEqual || op == OP_Greater || op == OP_GreaterOrEqual;
}

static double floored_mod(double a, double b) {
    double rest = fmod(a, b);
    if (rest == 0) return copysign(0, b);
    return (rest < 0) != (b < 0) ? rest + b : rest;
}

static void binary_at(const Node *node, const Tensor *a, int64_t at_a, const Tensor *b, int64_t at_b, Tensor *y, int64_t to) {
    Op op = node->op;
    if (op == OP_Pow)
        power_at(a, at_a, b, at_b, y, to);
    else if (is_comparison(op))
        y->i[to] = compare(op, a, at_a, b, at_b);
    else if (op == OP_Mod && y->f && !attr_int(node, A_FMOD, 0))
        y->f[to] = floored_mod(a->f[at_a], b->f[at_b]);
    else if (y->f)
        y->f[to] = binary_float(op, a->f[at_a], b->f[at_b]);
    else if (op == OP_Mod)
        y->i[to] = remainder_of(y->type, a->i[at_a], b->i[at_b], !attr_int(node, A_FMOD, 0));
    else
        y->i[to] = binary_integer(op, y->type, a->i[at_a], b->i[at_b]);
}

bool eval_binary(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    (void)scratch, (void)diag;
    Tensor *y = out[0];
    if (!y->count) return true;
    int64_t stride_a[MAX_RANK], stride_b[MAX_RANK], index[MAX_RANK] = {0}, to = 0;
    broadcast_strides(&in[0]->shape, &y->shape, stride_a);
    broadcast_strides(&in[1]->shape, &y->shape, stride_b);
    int outer = y->shape.rank ? y->shape.rank - 1 : 0;
    int64_t length = y->shape.rank ? y->shape.dim[outer] : 1;
    int64_t step_a = y->shape.rank ? stride_a[outer] : 0, step_b = y->shape.rank ? stride_b[outer] : 0;
    do {
        int64_t at_a = element_offset(index, stride_a, outer), at_b = element_offset(index, stride_b, outer);
        for (int64_t i = 0; i < length; i++) binary_at(node, in[0], at_a + i * step_a, in[1], at_b + i * step_b, y, to++);
    } while (odometer_next(&y->shape, outer, index));
    Epilogue epilogue = epilogue_of(node);
    if (y->f && epilogue.kind != ACT_NONE)
        for (int64_t i = 0; i < y->count; i++) y->f[i] = epilogue_apply(&epilogue, y->f[i]);
    if (!y->f && epilogue.kind == ACT_RELU)
        for (int64_t i = 0; i < y->count; i++) y->i[i] = integer_less(y->type, y->i[i], 0) ? 0 : y->i[i];
    return true;
}

bool eval_where(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    (void)node, (void)scratch, (void)diag;
    Tensor *y = out[0];
    if (!y->count) return true;
    int64_t stride[3][MAX_RANK], index[MAX_RANK] = {0};
    for (int k = 0; k < 3; k++) broadcast_strides(&in[k]->shape, &y->shape, stride[k]);
    for (int64_t to = 0; to < y->count; to++) {
        int chosen = in[0]->i[element_offset(index, stride[0], y->shape.rank)] ? 1 : 2;
        copy_elements(y, to, in[chosen], element_offset(index, stride[chosen], y->shape.rank), 1);
        odometer_next(&y->shape, y->shape.rank, index);
    }
    return true;
}
