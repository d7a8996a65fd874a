/* Operators that compute each element from the elements at its place: one expression inside one loop nest. */
#include "codegen/activation.h"
#include "codegen/formula_text.h"
#include "codegen/step.h"
#include "codegen/vector_elements.h"
#include "ir/op_support.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { MOST_OPERANDS = FORMULA_OPERANDS };

/* The C texts of an element's operands, each a name or an access without side effects, and what is computed from them. */
typedef struct {
    Emitter *e;
    Node *node;
    Dtype type; /* of the operands that carry numbers */
    const char *x[MOST_OPERANDS];
} Element;

typedef const char *Expression(const Element *element);

#define TEXT(element, ...) arena_printf(emitter_graph((element)->e)->arena, __VA_ARGS__)

static const char *call(const Element *at, const char *function) {
    use_kernel(at->e, function);
    return TEXT(at, "%s(%s, %s)", function, at->x[0], at->x[1]);
}

/* A function of <math.h>, in the element's precision. */
static const char *library_call(const Element *at, const char *function) {
    use_kernel(at->e, "libm");
    return TEXT(at, "%s%s(%s)", function, at->type == F32 ? "f" : "", at->x[0]);
}

/* Unsigned arithmetic wraps where the signed one is undefined, in a type that is never promoted to int. */
static const char *wide_unsigned(Dtype type) {
    return dtype_size(type) == 8 ? "uint64_t" : "uint32_t";
}

static const char *wrapping(const Element *at, const char *sign) {
    const char *wide = wide_unsigned(at->type);
    return TEXT(at, "(%s)((%s)%s %s (%s)%s)", dtype_c_name(at->type), wide, at->x[0], sign, wide, at->x[1]);
}

static const char *negated(const Element *at) {
    return TEXT(at, "(%s)(0u - (%s)%s)", dtype_c_name(at->type), wide_unsigned(at->type), at->x[0]);
}

static int64_t type_bound(Dtype type, bool high) {
    int bits = (int)dtype_size(type) * 8;
    if (type == BOOL) return high;
    if (!dtype_is_signed(type)) return !high ? 0 : bits == 64 ? INT64_MAX : (int64_t)((UINT64_C(1) << bits) - 1);
    int64_t most = (int64_t)((UINT64_C(1) << (bits - 1)) - 1);
    return high ? most : -most - 1;
}

static const char *abs_expression(const Element *at) {
    if (dtype_is_float(at->type)) return library_call(at, "fabs");
    return dtype_is_signed(at->type) ? TEXT(at, "%s < 0 ? %s : %s", at->x[0], negated(at), at->x[0]) : at->x[0];
}

/* Bounds that the type can't pass are left out: comparing with them would always be false. */
static const char *clip_integer(const Element *at) {
    int64_t low = integer_clip_bound(at->node, at->type, false), high = integer_clip_bound(at->node, at->type, true);
    bool has_low = integer_less(at->type, integer_lowest(at->type), low),
         has_high = integer_less(at->type, high, integer_highest(at->type));
    const char *x = at->x[0], *most = int_literal(at->e, at->type, high), *least = int_literal(at->e, at->type, low);
    if (!integer_less(at->type, low, high)) return most; /* the upper bound wins where the two cross */
    if (has_low && has_high) return TEXT(at, "%s < %s ? %s : %s > %s ? %s : %s", x, least, least, x, most, most, x);
    if (has_low) return TEXT(at, "%s < %s ? %s : %s", x, least, least, x);
    return has_high ? TEXT(at, "%s > %s ? %s : %s", x, most, most, x) : x;
}

static const char *softplus_f64(const Element *at) {
    const char *x = at->x[0];
    return TEXT(at, "(%s > 0.0 ? %s + log1p(exp(-%s)) : log1p(exp(%s)))", x, x, x, x);
}

static const char *activation_f64(const Element *at, Activation activation) {
    const char *x = at->x[0], *a, *b;
    double alpha, beta;
    activation_parameters(at->node, &alpha, &beta);
    a = literal(at->e, F64, alpha);
    b = literal(at->e, F64, beta);
    use_kernel(at->e,
               activation == ACT_CLIP || activation == ACT_HARD_SIGMOID || activation == ACT_HARD_SWISH ? "clip_f64" : "libm");
    switch (activation) {
    case ACT_RELU: return TEXT(at, "%s < 0.0 ? 0.0 : %s", x, x);
    case ACT_LEAKY_RELU: return TEXT(at, "%s < 0.0 ? %s * %s : %s", x, a, x, x);
    case ACT_CLIP: return TEXT(at, "clip_f64(%s, %s, %s)", x, a, b);
    case ACT_SIGMOID: return TEXT(at, "1.0 / (1.0 + exp(-%s))", x);
    case ACT_TANH: return TEXT(at, "tanh(%s)", x);
    case ACT_HARD_SIGMOID: return TEXT(at, "clip_f64(%s * %s + %s, 0.0, 1.0)", a, x, b);
    case ACT_HARD_SWISH: return TEXT(at, "%s * clip_f64(%s / 6.0 + 0.5, 0.0, 1.0)", x, x);
    case ACT_ELU: return TEXT(at, "%s < 0.0 ? %s * expm1(%s) : %s", x, a, x, x);
    case ACT_CELU: return TEXT(at, "%s < 0.0 ? %s * expm1(%s / %s) : %s", x, a, x, a, x);
    case ACT_SELU: return TEXT(at, "%s * (%s < 0.0 ? %s * expm1(%s) : %s)", b, x, a, x, x);
    case ACT_SOFTPLUS: return softplus_f64(at);
    case ACT_SOFTSIGN: return TEXT(at, "%s / (1.0 + fabs(%s))", x, x);
    case ACT_MISH: return TEXT(at, "%s * tanh(%s)", x, softplus_f64(at));
    case ACT_SWISH: return TEXT(at, "%s / (1.0 + exp(-%s * %s))", x, a, x);
    case ACT_GELU: return TEXT(at, "0.5 * %s * erfc(-%s / %s)", x, x, literal(at->e, F64, sqrt(2)));
    case ACT_GELU_TANH:
        return TEXT(at, "%s / (1.0 + exp(-%s * (%s + 0.044715 * %s * %s * %s)))", x, literal(at->e, F64, 1.5957691216057308), x,
                    x, x, x);
    case ACT_THRESHOLDED_RELU: return TEXT(at, "%s > %s ? %s : 0.0", x, a, x);
    case ACT_NONE:
    case ACT_COUNT: break;
    }
    return x;
}

static const char *operator_activation(const Element *at, Activation activation) {
    double alpha, beta;
    activation_parameters(at->node, &alpha, &beta);
    if (at->type == F32) return activation_text(at->e, activation, alpha, beta, at->x[0]);
    if (at->type == F64) return activation_f64(at, activation);
    if (activation == ACT_CLIP) return clip_integer(at);
    return dtype_is_signed(at->type) ? TEXT(at, "%s < 0 ? 0 : %s", at->x[0], at->x[0]) : at->x[0];
}

static const char *cast_from_float(const Element *at, Dtype to) {
    if (to == I64 || to == U64) {
        const char *function = to == I64 ? "float_to_i64" : "float_to_u64";
        use_kernel(at->e, function);
        return TEXT(at, "%s((double)%s)", function, at->x[0]);
    }
    use_kernel(at->e, "saturate");
    return TEXT(at, "(%s)saturate((double)%s, %" PRId64 ".0, %" PRId64 ".0)", dtype_c_name(to), at->x[0], type_bound(to, false),
                type_bound(to, true));
}

static const char *cast_expression(const Element *at, Dtype to);

static const char *cast_from_half(const Element *at, Dtype to) {
    const char *function = at->type == F16 ? "f16_to_f32" : "bf16_to_f32";
    use_kernel(at->e, function);
    Element wide = *at;
    wide.type = F32;
    wide.x[0] = TEXT(at, "%s(%s)", function, at->x[0]);
    return cast_expression(&wide, to);
}

/* Rounded once: what a float can't hold comes to it rounded to odd. */
static const char *cast_to_half(const Element *at, Dtype to) {
    const char *function = to == F16 ? "f32_to_f16" : "f32_to_bf16";
    use_kernel(at->e, function);
    if (at->type == F32) return TEXT(at, "%s(%s)", function, at->x[0]);
    use_kernel(at->e, "f64_to_f32_odd");
    return TEXT(at, "%s(f64_to_f32_odd((double)%s))", function, at->x[0]);
}

static const char *cast_expression(const Element *at, Dtype to) {
    if (to == at->type) return at->x[0];
    if (dtype_is_half(at->type)) return cast_from_half(at, to);
    if (dtype_is_half(to)) return cast_to_half(at, to);
    if (to == BOOL) return TEXT(at, "%s != 0", at->x[0]);
    if (dtype_is_float(at->type) && !dtype_is_float(to)) return cast_from_float(at, to);
    return TEXT(at, "(%s)%s", dtype_c_name(to), at->x[0]);
}

/* infer_expression has read an Expression's formula before. */
static const char *formula_expression(const Element *at) {
    Formula formula;
    return formula_of(at->node, &formula) ? formula_scalar(at->e, &formula, at->x) : at->x[0];
}

static const char *sign_expression(const Element *at) {
    const char *x = at->x[0], *type = dtype_c_name(at->type);
    if (at->type == F64) return TEXT(at, "%s != %s ? %s : (double)((%s > 0.0) - (%s < 0.0))", x, x, x, x, x);
    return dtype_is_signed(at->type) ? TEXT(at, "(%s)((%s > 0) - (%s < 0))", type, x, x) : TEXT(at, "(%s)(%s > 0)", type, x);
}

static const char *unary_expression(const Element *at) {
    Formula formula;
    if (formula_of(at->node, &formula)) return formula_expression(at);
    switch (at->node->op) {
    case OP_Sqrt: return library_call(at, "sqrt");
    case OP_Exp: return library_call(at, "exp");
    case OP_Log: return library_call(at, "log");
    case OP_Floor: return library_call(at, "floor");
    case OP_Ceil: return library_call(at, "ceil");
    case OP_Round: return library_call(at, "rint");
    case OP_Sign: return sign_expression(at);
    case OP_Erf: return library_call(at, "erf");
    case OP_Sin: return library_call(at, "sin");
    case OP_Cos: return library_call(at, "cos");
    case OP_Neg: return dtype_is_float(at->type) ? TEXT(at, "-%s", at->x[0]) : negated(at);
    case OP_Abs: return abs_expression(at);
    case OP_Not: return TEXT(at, "!%s", at->x[0]);
    case OP_Cast: return cast_expression(at, at->node->out[0]->type);
    default: return operator_activation(at, activation_of(at->node->op));
    }
}

static const char *divide_expression(const Element *at) {
    const char *a = at->x[0], *b = at->x[1];
    if (dtype_is_float(at->type)) return TEXT(at, "%s / %s", a, b);
    if (at->type == I64) return call(at, "divide_i64");
    if (at->type == I32) return call(at, "divide_i32");
    if (!dtype_is_signed(at->type) && dtype_size(at->type) >= 4) return TEXT(at, "%s == 0 ? 0 : %s / %s", b, a, b);
    return TEXT(at, "(%s)(%s == 0 ? 0 : %s / %s)", dtype_c_name(at->type), b, a, b);
}

static const char *extreme_expression(const Element *at, bool most) {
    const char *a = at->x[0], *b = at->x[1], *sign = most ? ">" : "<";
    if (at->type == F32) return call(at, most ? "maximum" : "minimum");
    if (at->type == F64) return TEXT(at, "%s %s %s || %s != %s ? %s : %s", a, sign, b, a, a, a, b);
    return TEXT(at, "%s %s %s ? %s : %s", a, sign, b, a, b);
}

/* Integers wrap; the rest is in double precision unless both are f32, whose square needs no library. */
static const char *pow_expression(const Element *at) {
    const Value *exponent = at->node->in[1];
    double power;
    if (at->type == F32 && exponent->data && dtype_is_float(exponent->type) && constant_is_uniform(exponent, &power) &&
        power == 2)
        return TEXT(at, "%s * %s", at->x[0], at->x[0]);
    if (!dtype_is_float(at->type) && !dtype_is_float(exponent->type)) {
        use_kernel(at->e, "power_i64");
        return TEXT(at, "(%s)power_i64((int64_t)%s, (int64_t)%s)", dtype_c_name(at->type), at->x[0], at->x[1]);
    }
    use_kernel(at->e, "libm");
    if (at->type == F32 && exponent->type == F32) return TEXT(at, "powf(%s, %s)", at->x[0], at->x[1]);
    Element result = *at;
    result.type = F64;
    result.x[0] = TEXT(at, "pow((double)%s, (double)%s)", at->x[0], at->x[1]);
    return cast_expression(&result, at->type);
}

/* Integers of 8 and 16 bits are computed as ints, and cut off when stored. */
static const char *mod_expression(const Element *at) {
    const char *a = at->x[0], *b = at->x[1];
    bool floored = attr_int(at->node, A_FMOD, 0) == 0;
    if (dtype_is_float(at->type) && floored) {
        use_kernel(at->e, "floored_mod");
        return TEXT(at, "(%s)floored_mod((double)%s, (double)%s)", dtype_c_name(at->type), a, b);
    }
    if (dtype_is_float(at->type)) {
        use_kernel(at->e, "libm");
        return TEXT(at, "fmod%s(%s, %s)", at->type == F32 ? "f" : "", a, b);
    }
    if (!dtype_is_signed(at->type)) return TEXT(at, "%s == 0 ? 0 : %s %% %s", b, a, b);
    use_kernel(at->e, "remainder_i64");
    return TEXT(at, "(%s)remainder_i64(%s, %s, %d)", dtype_c_name(at->type), a, b, floored);
}

static const char *prelu_expression(const Element *at) {
    const char *x = at->x[0];
    if (at->type == F32) return call(at, "leaky_relu");
    if (at->type == F64) return TEXT(at, "%s < 0.0 ? %s * %s : %s", x, x, at->x[1], x);
    return dtype_is_signed(at->type) ? TEXT(at, "%s < 0 ? %s : %s", x, wrapping(at, "*"), x) : x;
}

static const char *arithmetic(const Element *at, const char *sign) {
    return dtype_is_float(at->type) ? TEXT(at, "%s %s %s", at->x[0], sign, at->x[1]) : wrapping(at, sign);
}

static const char *binary_expression(const Element *at) {
    switch (at->node->op) {
    case OP_Add: return at->type == F32 ? activation_expression(at->e, at->node, arithmetic(at, "+")) : arithmetic(at, "+");
    case OP_Sub: return arithmetic(at, "-");
    case OP_Mul: return arithmetic(at, "*");
    case OP_Div: return divide_expression(at);
    case OP_Min: return extreme_expression(at, false);
    case OP_Max: return extreme_expression(at, true);
    case OP_Pow: return pow_expression(at);
    case OP_Mod: return mod_expression(at);
    case OP_PRelu: return prelu_expression(at);
    case OP_Equal: return TEXT(at, "%s == %s", at->x[0], at->x[1]);
    case OP_Less: return TEXT(at, "%s < %s", at->x[0], at->x[1]);
    case OP_LessOrEqual: return TEXT(at, "%s <= %s", at->x[0], at->x[1]);
    case OP_GreaterOrEqual: return TEXT(at, "%s >= %s", at->x[0], at->x[1]);
    default: return TEXT(at, "%s > %s", at->x[0], at->x[1]);
    }
}

static const char *where_expression(const Element *at) {
    return TEXT(at, "%s ? %s : %s", at->x[0], at->x[1], at->x[2]);
}

/* A float constant whose elements are all alike is written into the expression. */
static const char *inline_constant(Emitter *e, const Value *value) {
    double number;
    if (!value->data || (value->type != F32 && value->type != F64) || !constant_is_uniform(value, &number)) return NULL;
    const char *text = literal(e, value->type, number);
    return *text == '-' ? arena_printf(emitter_graph(e)->arena, "(%s)", text) : text;
}

/* The pointer that operand `k` is read through: the result's own where the planner put it there, a shared one where two operands
 * are one value. */
static const char *pointer_name(Emitter *e, const Node *node, int k, const char *const *names) {
    if (node->in[k]->type == node->out[0]->type && same_memory(e, node->in[k], node->out[0])) return "y";
    int first = 0;
    while (node->in[first] != node->in[k]) first++;
    return names[first];
}

/* Results narrower than an int are cast back from it. */
static const char *statement(const Element *at, const char *target, const char *value) {
    Dtype type = at->node->out[0]->type;
    if (dtype_size(type) < 4) return TEXT(at, "%s = (%s)(%s);", target, dtype_c_name(type), value);
    return TEXT(at, "%s = %s;", target, value);
}

/* Integers and f64 are computed by expressions that name an operand more than once: through a local constant. */
static bool needs_locals(const Node *node) {
    for (int k = 0; k < node->in_count; k++)
        if (node->in[k]->type != F32) return node->op != OP_Where;
    return false;
}

static bool types_are_supported(Emitter *e, const Node *node) {
    if (node->op == OP_Cast) return true;
    for (int k = 0; k < node->in_count; k++)
        if (!require_arithmetic(e, node, node->in[k]->type)) return false;
    return require_arithmetic(e, node, node->out[0]->type);
}

/* What one lowering knows of its operands. */
typedef struct {
    const char *access[MOST_OPERANDS];  /* "a[i * 16 + j]", or a literal */
    const char *pointer[MOST_OPERANDS]; /* NULL for a literal */
} Operands;

static Operands find_operands(Emitter *e, const Node *node, const char *const *names, Nest *nest) {
    Operands operands = {{0}, {0}};
    int number[MOST_OPERANDS] = {0};
    for (int k = 0; k < node->in_count; k++) {
        if ((operands.access[k] = inline_constant(e, node->in[k]))) continue;
        operands.pointer[k] = pointer_name(e, node, k, names);
        View view = broadcast_view(node->in[k], node->out[0]);
        number[k] = nest->operands;
        nest_add(nest, &view, 0);
    }
    nest_merge(nest);
    for (int k = 0; k < node->in_count; k++)
        if (operands.pointer[k])
            operands.access[k] =
                arena_printf(emitter_graph(e)->arena, "%s[%s]", operands.pointer[k], nest_index(e, nest, number[k]));
    return operands;
}

static bool lower_elements(Emitter *e, Node *node, const char *const *names, Expression *expression) {
    if (!types_are_supported(e, node)) return false;
    if (emit_vector_elements(e, node)) return true;
    View axes = value_view(node->out[0]);
    Nest nest = nest_over(&axes);
    nest_add(&nest, &axes, 0);
    Operands operands = find_operands(e, node, names, &nest);
    bool locals = needs_locals(node);
    Element at = {.e = e, .node = node, .type = node->in[0]->type};
    for (int k = 0; k < node->in_count; k++) at.x[k] = locals ? TEXT(&at, "%s_value", names[k]) : operands.access[k];
    const char *value = expression(&at), *target = TEXT(&at, "y[%s]", nest_index(e, &nest, 0));
    declare_output(e, "y", node->out[0]);
    for (int k = 0; k < node->in_count; k++)
        if (operands.pointer[k] == names[k] && strstr(value, at.x[k])) declare_input(e, names[k], node->in[k]);
    if (!locals) {
        nest_statement(e, &nest, statement(&at, target, value));
        return true;
    }
    nest_open(e, &nest, 0, nest.rank);
    for (int k = 0; k < node->in_count; k++)
        if (strstr(value, at.x[k])) emit(e, "const %s %s = %s;", dtype_c_name(node->in[k]->type), at.x[k], operands.access[k]);
    emit(e, "%s", statement(&at, target, value));
    nest_close(e, nest.rank);
    return true;
}

bool lower_unary(Emitter *e, Node *node) {
    static const char *const names[] = {"x"};
    return lower_elements(e, node, names, unary_expression);
}

bool lower_binary(Emitter *e, Node *node) {
    static const char *const names[] = {"a", "b"};
    return lower_elements(e, node, names, binary_expression);
}

bool lower_where(Emitter *e, Node *node) {
    static const char *const names[] = {"condition", "a", "b"};
    return lower_elements(e, node, names, where_expression);
}

bool lower_expression(Emitter *e, Node *node) {
    return lower_elements(e, node, formula_operand_names, formula_expression);
}
