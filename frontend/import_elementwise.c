/* Activations, arithmetic and comparisons. */
#include "frontend/importers.h"
#include "frontend/tensors.h"
#include "ir/activation.h"

#include <math.h>
#include <string.h>

static Op op_named(const char *name) {
    static const char *const names[] = {
#define OP(id, ...) #id,
#include "ir/ops.def"
#undef OP
    };
    int op = 0;
    while (strcmp(names[op], name) != 0) op++; /* the importer table only sends names that are there */
    return (Op)op;
}

bool import_unary(OpImport *op) {
    op->out[0] = op_unary(op, op_named(op->node->op_type), op->in[0]);
    return op->out[0];
}

bool import_parametric(OpImport *op) {
    Op id = op_named(op->node->op_type);
    Node *node = op_node(op, id, op->in, 1, 1);
    double alpha, beta;
    activation_defaults(activation_of(id), &alpha, &beta);
    set_float(op->graph, node, A_ALPHA, op_float(op, "alpha", alpha));
    if (id == OP_HardSigmoid) set_float(op->graph, node, A_BETA, op_float(op, "beta", beta));
    if (id == OP_Selu) set_float(op->graph, node, A_BETA, op_float(op, "gamma", beta));
    return op_finish(op, node);
}

/* Its constants are fixed: x * max(0, min(1, x / 6 + 0.5)). */
bool import_hard_swish(OpImport *op) {
    return import_unary(op);
}

static bool check_bound(const OpImport *op, int index) {
    const Value *bound = op_in(op, index);
    if (!bound) return true;
    if (bound->type != op->in[0]->type || shape_count(&bound->shape) != 1)
        return op_fail(op, STATUS_INVALID, "its bound '%s' must be one number of its input's type", bound->name);
    return true;
}

/* Integers stay integers: a double holds them up to 2^53 only. Of uint64 they are the bits. */
static void set_bound(Graph *graph, Node *node, AttrKey key, const Value *bound) {
    if (dtype_is_float(bound->type))
        set_float(graph, node, key, constant_float_at(bound, 0));
    else
        set_int(graph, node, key, constant_int_at(bound, 0));
}

/* Opset 11 allows bounds that are computed at run time. */
static bool is_computed(const OpImport *op, int index) {
    return op_in(op, index) && !op->in[index]->data;
}

static Value *bound_at_run_time(const OpImport *op, Op id, Value *x, int index) {
    static const Shape scalar = {.rank = 0};
    Value *bound = op_reshape(op, op->in[index], &scalar);
    return bound ? op_binary(op, id, x, bound) : NULL;
}

/* Bounds are attributes in opset 6, inputs since 11. Of floats one that is left out is the largest finite number: infinity
 * doesn't pass. */
static Value *clip_by_constants(const OpImport *op, Value *x) {
    static const char *const names[] = {"min", "max"};
    static const AttrKey keys[] = {A_MIN, A_MAX};
    Node *node = op_node(op, OP_Clip, &x, 1, 1);
    Value *out = node->out[0];
    double limit = dtype_is_float(x->type) ? dtype_largest(x->type) : 0;
    for (int k = 0; k < 2; k++) {
        const Value *bound = op_in(op, k + 1);
        if (bound && bound->data) set_bound(op->graph, node, keys[k], bound);
        if (!bound && (limit > 0 || op_attr(op, names[k])))
            set_float(op->graph, node, keys[k], op_float(op, names[k], k == 0 ? -limit : limit));
    }
    return op_done(op, node) ? out : NULL;
}

/* Where the bounds cross, the result is max: it comes last. */
bool import_clip(OpImport *op) {
    for (int k = 1; k <= 2; k++)
        if (!check_bound(op, k)) return false;
    Value *x = op->in[0];
    if (is_computed(op, 1)) x = bound_at_run_time(op, OP_Max, x, 1);
    if (x && !(is_computed(op, 1) && is_computed(op, 2))) x = clip_by_constants(op, x);
    if (x && is_computed(op, 2)) x = bound_at_run_time(op, OP_Min, x, 2);
    op->out[0] = x;
    return x;
}

bool import_cast(OpImport *op) {
    Dtype type;
    char buffer[32];
    Diag quiet = {.status = STATUS_OK};
    if (!op_attr(op, "to")) return op_fail(op, STATUS_INVALID, "attribute 'to' is missing");
    int64_t to = op_int(op, "to", 0);
    if (!dtype_from_onnx(&quiet, to, "to", &type))
        return op_fail(op, quiet.status, "casting to element type %s is not supported",
                       onnx_type_name(to, buffer, sizeof buffer));
    op->out[0] = op_cast(op, op->in[0], type);
    return op->out[0];
}

bool import_cast_like(OpImport *op) {
    op->out[0] = op_cast(op, op->in[0], op->in[1]->type);
    return op->out[0];
}

/* Opset 6: with broadcast=1, b's dimensions match a contiguous run of a's, from `axis` on (default: the last ones). */
static bool align_legacy(const OpImport *op, Value **b) {
    const Shape *wide = &op->in[0]->shape, *narrow = &(*b)->shape;
    if (op->node->opset >= 7) {
        if (op_attr(op, "broadcast") || op_attr(op, "axis"))
            return op_fail(op, STATUS_INVALID, "attributes 'broadcast' and 'axis' ended with opset 6");
        return true;
    }
    if (op_int(op, "broadcast", 0) == 0) {
        if (!shape_equal(wide, narrow)) return op_fail(op, STATUS_INVALID, "its inputs' shapes differ and broadcast is 0");
        return true;
    }
    int64_t axis = op_int(op, "axis", (int64_t)wide->rank - narrow->rank);
    if (axis < 0 && axis >= -wide->rank) axis += wide->rank;
    if (axis < 0 || axis > wide->rank - narrow->rank)
        return op_fail(op, STATUS_INVALID, "axis %lld does not align its second input with its first", (long long)axis);
    Shape aligned = {.rank = wide->rank};
    for (int k = 0; k < wide->rank; k++) aligned.dim[k] = k >= axis && k < axis + narrow->rank ? narrow->dim[k - axis] : 1;
    *b = op_reshape(op, *b, &aligned);
    return *b;
}

bool import_binary(OpImport *op) {
    Value *b = op->in[1];
    if (!align_legacy(op, &b)) return false;
    op->out[0] = op_binary(op, op_named(op->node->op_type), op->in[0], b);
    return op->out[0];
}

/* Since opset 12 the exponent may have a type of its own; the result has the base's. */
bool import_pow(OpImport *op) {
    Value *base = op->in[0], *exponent = op->in[1];
    if (!align_legacy(op, &exponent)) return false;
    if (base->type == BOOL || exponent->type == BOOL) return op_fail(op, STATUS_INVALID, "it is not defined for booleans");
    bool real_exponent = !dtype_is_float(base->type) && dtype_is_float(exponent->type);
    Dtype type = real_exponent ? F64 : base->type;
    Value *wide = op_cast(op, base, type);
    exponent = wide ? op_cast(op, exponent, type) : NULL;
    Value *power = exponent ? op_binary(op, OP_Pow, wide, exponent) : NULL;
    op->out[0] = power ? op_cast(op, power, base->type) : NULL;
    return op->out[0];
}

/* Opset 6: a slope of one dimension is per channel. Since 7 it broadcasts to x like any second operand. */
bool import_prelu(OpImport *op) {
    Value *x = op->in[0], *slope = op->in[1];
    if (op->node->opset < 7 && slope->shape.rank == 1 && x->shape.rank > 1) {
        Shape per_channel = {.rank = x->shape.rank};
        for (int k = 0; k < per_channel.rank; k++) per_channel.dim[k] = k == 1 ? slope->shape.dim[0] : 1;
        slope = op_reshape(op, slope, &per_channel);
        if (!slope) return false;
    }
    Shape result;
    if (!shape_broadcast(&x->shape, &slope->shape, &result) || !shape_equal(&result, &x->shape))
        return op_fail(op, STATUS_INVALID, "its slope does not broadcast to its input's shape");
    op->out[0] = op_binary(op, OP_PRelu, x, slope);
    return op->out[0];
}

/* Sum, Min and Max of any number of inputs. */
bool import_variadic(OpImport *op) {
    const char *name = op->node->op_type;
    Op id = strcmp(name, "Sum") == 0 ? OP_Add : op_named(name);
    Value *result = op->in[0];
    for (int k = 1; k < op->in_count && result; k++) result = op_binary(op, id, result, op->in[k]);
    op->out[0] = result;
    return result;
}

bool import_where(OpImport *op) {
    return op_finish(op, op_node(op, OP_Where, op->in, 3, 1));
}

/* 1 / x */
bool import_reciprocal(OpImport *op) {
    static const Shape scalar = {.rank = 0};
    static const float number = 1;
    Dtype type = op->in[0]->type;
    if (!dtype_is_float(type))
        return op_fail(op, STATUS_INVALID, "it is not defined for elements of type %s", dtype_onnx_name(type));
    Value *one = op_filled(op, F32, &scalar, &number);
    if (one) one = op_cast(op, one, type);
    op->out[0] = one ? op_binary(op, OP_Div, one, op->in[0]) : NULL;
    return op->out[0];
}

bool import_gelu(OpImport *op) {
    const char *approximate = op_string(op, "approximate", "none");
    bool by_tanh = strcmp(approximate, "tanh") == 0;
    if (!by_tanh && strcmp(approximate, "none") != 0)
        return op_fail(op, STATUS_INVALID, "its approximation '%s' is neither none nor tanh", approximate);
    op->out[0] = op_unary(op, by_tanh ? OP_GeluTanh : OP_Gelu, op->in[0]);
    return op->out[0];
}

/* Of booleans, And is the lesser, Or the greater, and Xor whether they differ. */
bool import_logical(OpImport *op) {
    const char *name = op->node->op_type;
    Value *a = op->in[0], *b = op->in[1];
    for (int k = 0; k < 2; k++)
        if (op->in[k]->type != BOOL)
            return op_fail(op, STATUS_INVALID, "its input %d is %s, bool is needed", k, dtype_onnx_name(op->in[k]->type));
    if (!align_legacy(op, &b)) return false;
    if (strcmp(name, "Xor") == 0) {
        Value *equal = op_binary(op, OP_Equal, a, b);
        op->out[0] = equal ? op_unary(op, OP_Not, equal) : NULL;
    } else {
        op->out[0] = op_binary(op, strcmp(name, "And") == 0 ? OP_Min : OP_Max, a, b);
    }
    return op->out[0];
}

/* Before opset 28 floats have the C library's remainder only. */
bool import_mod(OpImport *op) {
    if (op->node->opset < 28 && dtype_is_float(op->in[0]->type) && op_int(op, "fmod", 0) == 0)
        return op_fail(op, STATUS_INVALID, "its inputs are floats, for which opset %lld needs fmod=1",
                       (long long)op->node->opset);
    Node *node = op_node(op, OP_Mod, op->in, 2, 1);
    set_int(op->graph, node, A_FMOD, op_int(op, "fmod", 0));
    return op_finish(op, node);
}

static bool check_float(const OpImport *op) {
    Dtype type = op->in[0]->type;
    return dtype_is_float(type) ||
           op_fail(op, STATUS_INVALID, "it is not defined for elements of type %s", dtype_onnx_name(type));
}

/* What is not equal to itself. */
bool import_is_nan(OpImport *op) {
    Value *x = op->in[0], *equal = check_float(op) ? op_binary(op, OP_Equal, x, x) : NULL;
    op->out[0] = equal ? op_unary(op, OP_Not, equal) : NULL;
    return op->out[0];
}

bool import_is_inf(OpImport *op) {
    static const Shape scalar = {.rank = 0};
    bool positive = op_int(op, "detect_positive", 1), negative = op_int(op, "detect_negative", 1);
    Value *x = check_float(op) ? op_cast(op, op->in[0], F64) : NULL;
    if (x && positive && negative) x = op_unary(op, OP_Abs, x);
    if (!x) return false;
    const double bound = positive ? (double)INFINITY : negative ? -(double)INFINITY : (double)NAN; /* nothing equals a NaN */
    Value *infinity = op_filled(op, F64, &scalar, &bound);
    op->out[0] = infinity ? op_binary(op, OP_Equal, x, infinity) : NULL;
    return op->out[0];
}
