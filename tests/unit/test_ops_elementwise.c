#include "test_ops.h"

static void unary_floats(void **state) {
    (void)state;
    static const struct {
        Op op;
        double of_minus_two, of_half;
    } rows[] = {
        {OP_Relu, 0, 0.5},
        {OP_LeakyRelu, -0.02, 0.5},
        {OP_Clip, -2, 0.5},
        {OP_Sigmoid, 0.119202922, 0.622459331},
        {OP_Tanh, -0.964027580, 0.462117157},
        {OP_HardSigmoid, 0.1, 0.6},
        {OP_HardSwish, -1.0 / 3, 0.5 * (0.5 / 6 + 0.5)},
        {OP_Elu, -0.864664717, 0.5},
        {OP_Celu, -0.864664717, 0.5},
        {OP_Selu, -1.520166468, 0.525350511},
        {OP_Softplus, 0.126928011, 0.974076984},
        {OP_Softsign, -2.0 / 3, 1.0 / 3},
        {OP_Mish, -0.252501483, 0.375245017},
        {OP_Swish, -0.238405844, 0.311229666},
        {OP_Gelu, -0.045500264, 0.345731231},
        {OP_GeluTanh, -0.045402306, 0.345714009},
        {OP_ThresholdedRelu, 0, 0},
        {OP_Floor, -2, 0},
        {OP_Ceil, -2, 1},
        {OP_Round, -2, 0},
        {OP_Sign, -1, 1},
        {OP_Erf, -0.995322265, 0.520499878},
        {OP_Sin, -0.909297427, 0.479425539},
        {OP_Cos, -0.416146837, 0.877582562},
        {OP_Sqrt, NAN, 0.707106781},
        {OP_Exp, 0.135335283, 1.648721271},
        {OP_Log, NAN, -0.693147181},
        {OP_Neg, 2, -0.5},
        {OP_Abs, 2, 0.5},
    };
    for (int i = 0; i < COUNT_OF(rows); i++) {
        Case *c = case_new();
        APPLY(c, rows[i].op, FLOATS(c, SHAPE(1, 2), -2, 0.5));
        EXPECT(c, F32, SHAPE(1, 2), rows[i].of_minus_two, rows[i].of_half);
        case_end(c);
        c = case_new(); /* NaN passes through every one of them but ThresholdedRelu, as in ONNX Runtime */
        APPLY(c, rows[i].op, FLOATS(c, SHAPE(1), NAN));
        EXPECT(c, F32, SHAPE(1), rows[i].op == OP_ThresholdedRelu ? 0 : NAN);
        case_end(c);
        c = case_new();
        APPLY(c, rows[i].op, constant_new(c->graph, "empty", F32, SHAPE(0, 3), NULL));
        assert_int_equal(shape_count(&result(c)->shape), 0);
        case_end(c);
    }
}

static void unary_parameters(void **state) {
    (void)state;
    Case *c = case_new();
    APPLY(c, OP_Clip, FLOATS(c, SHAPE(3), -2, 0.5, 9));
    set_float(c->graph, c->node, A_MIN, -1);
    set_float(c->graph, c->node, A_MAX, 6);
    EXPECT(c, F32, SHAPE(3), -1, 0.5, 6);
    APPLY(c, OP_LeakyRelu, FLOATS(c, SHAPE(2), -2, 2));
    set_float(c->graph, c->node, A_ALPHA, 0.25);
    EXPECT(c, F32, SHAPE(2), -0.5, 2);
    APPLY(c, OP_HardSigmoid, FLOATS(c, SHAPE(2), -2, 0.1));
    set_float(c->graph, c->node, A_ALPHA, 2);
    set_float(c->graph, c->node, A_BETA, 0.25);
    EXPECT(c, F32, SHAPE(2), 0, 0.45);
    APPLY(c, OP_Celu, FLOATS(c, SHAPE(2), -2, 3));
    set_float(c->graph, c->node, A_ALPHA, 2);
    EXPECT(c, F32, SHAPE(2), -1.264241118, 3);
    APPLY(c, OP_Celu, FLOATS(c, SHAPE(2), -2, 3)); /* max(0, x) + min(0, alpha (e^(x / alpha) - 1)) with alpha < 0 */
    set_float(c->graph, c->node, A_ALPHA, -1);
    EXPECT(c, F32, SHAPE(2), -6.389056099, 3);
    APPLY(c, OP_Selu, FLOATS(c, SHAPE(2), -2, 3));
    set_float(c->graph, c->node, A_ALPHA, 2);
    set_float(c->graph, c->node, A_BETA, 3);
    EXPECT(c, F32, SHAPE(2), -5.187988301, 9);
    APPLY(c, OP_Swish, FLOATS(c, SHAPE(2), -2, 0.5));
    set_float(c->graph, c->node, A_ALPHA, 2);
    EXPECT(c, F32, SHAPE(2), -0.035972420, 0.365529289);
    APPLY(c, OP_ThresholdedRelu, FLOATS(c, SHAPE(3), -2, 0.5, 0.625));
    set_float(c->graph, c->node, A_ALPHA, 0.5);
    EXPECT(c, F32, SHAPE(3), 0, 0, 0.625);
    case_end(c);
}

/* From halfway to the even one, and signs of zeros. */
static void rounding(void **state) {
    (void)state;
    Case *c = case_new();
    APPLY(c, OP_Round, FLOATS(c, SHAPE(7), -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 8388607.5));
    const Value *y = result(c);
    expect(y, F32, SHAPE(7), (const double[]){-2, -2, 0, 0, 2, 2, 8388608}, 7);
    assert_true(signbit(constant_float_at(y, 2)) && !signbit(constant_float_at(y, 3)));
    APPLY(c, OP_Ceil, FLOATS(c, SHAPE(2), -0.25, 1.25));
    y = result(c);
    expect(y, F32, SHAPE(2), (const double[]){0, 2}, 2);
    assert_true(signbit(constant_float_at(y, 0)));
    APPLY(c, OP_Floor, CONSTANT(c, F64, SHAPE(2), -0.25, 1e300));
    EXPECT(c, F64, SHAPE(2), -1, 1e300);
    case_end(c);
}

static void infinities(void **state) {
    (void)state;
    static const struct {
        Op op;
        double below, above;
    } rows[] = {
        {OP_Softplus, 0, INFINITY}, {OP_Softsign, NAN, NAN}, {OP_Mish, NAN, INFINITY},        {OP_Swish, NAN, INFINITY},
        {OP_Gelu, NAN, INFINITY},   {OP_Celu, -1, INFINITY}, {OP_GeluTanh, NAN, INFINITY},    {OP_Erf, -1, 1},
        {OP_Sin, NAN, NAN},         {OP_Sign, -1, 1},        {OP_Floor, -INFINITY, INFINITY}, {OP_ThresholdedRelu, 0, INFINITY},
    };
    for (int i = 0; i < COUNT_OF(rows); i++) {
        Case *c = case_new();
        APPLY(c, rows[i].op, FLOATS(c, SHAPE(2), -INFINITY, INFINITY));
        EXPECT(c, F32, SHAPE(2), rows[i].below, rows[i].above);
        case_end(c);
    }
}

static void unary_integers(void **state) {
    (void)state;
    Case *c = case_new();
    APPLY(c, OP_Relu, CONSTANT(c, I32, SHAPE(2), -3, 4));
    EXPECT(c, I32, SHAPE(2), 0, 4);
    APPLY(c, OP_Neg, CONSTANT(c, I8, SHAPE(3), -128, 5, 0));
    EXPECT(c, I8, SHAPE(3), -128, -5, 0); /* wraps around */
    APPLY(c, OP_Abs, CONSTANT(c, I64, SHAPE(2), -7, 7));
    EXPECT(c, I64, SHAPE(2), 7, 7);
    APPLY(c, OP_Abs, CONSTANT(c, U8, SHAPE(1), 200));
    EXPECT(c, U8, SHAPE(1), 200);
    APPLY(c, OP_Sign, CONSTANT(c, I64, SHAPE(3), -7, 0, 7));
    EXPECT(c, I64, SHAPE(3), -1, 0, 1);
    APPLY(c, OP_Sign, CONSTANT(c, U64, SHAPE(2), -1, 0)); /* 2^64 - 1 */
    EXPECT(c, U64, SHAPE(2), 1, 0);
    APPLY(c, OP_Not, CONSTANT(c, BOOL, SHAPE(2), 0, 1));
    EXPECT(c, BOOL, SHAPE(2), 1, 0);
    APPLY(c, OP_Clip, CONSTANT(c, I64, SHAPE(3), -9, 3, 9));
    set_int(c->graph, c->node, A_MIN, -1);
    set_float(c->graph, c->node, A_MAX, 6);
    EXPECT(c, I64, SHAPE(3), -1, 3, 6);
    case_end(c);
}

static void unary_types_are_checked(void **state) {
    (void)state;
    Case *c = case_new();
    APPLY(c, OP_Sqrt, CONSTANT(c, I32, SHAPE(1), 4));
    refused(c, "type i32");
    c = case_new();
    APPLY(c, OP_Not, FLOATS(c, SHAPE(1), 1));
    refused(c, "type f32");
    static const Op floats_only[] = {OP_Floor, OP_Ceil,     OP_Round, OP_Erf,  OP_Sin,
                                     OP_Cos,   OP_Softplus, OP_Gelu,  OP_Mish, OP_Swish};
    for (int i = 0; i < COUNT_OF(floats_only); i++) {
        c = case_new();
        APPLY(c, floats_only[i], CONSTANT(c, I64, SHAPE(1), 4));
        refused(c, "type i64");
    }
    c = case_new();
    APPLY(c, OP_Sign, CONSTANT(c, BOOL, SHAPE(1), 1));
    refused(c, "type bool");
    c = case_new();
    APPLY(c, OP_Neg, CONSTANT(c, U8, SHAPE(1), 1));
    refused(c, "type u8");
    c = case_new();
    APPLY(c, OP_Cast, FLOATS(c, SHAPE(1), 1));
    set_int(c->graph, c->node, A_TO, 99);
    refused(c, "number 99");
}

static void casts(void **state) {
    (void)state;
    Case *c = case_new();
    APPLY(c, OP_Cast, FLOATS(c, SHAPE(6), 1.9, -1.9, 1e10, -1e10, NAN, 300));
    set_int(c->graph, c->node, A_TO, I32);
    EXPECT(c, I32, SHAPE(6), 1, -1, INT32_MAX, INT32_MIN, 0, 300);
    APPLY(c, OP_Cast, FLOATS(c, SHAPE(4), 0, -0.0, 0.1, NAN));
    set_int(c->graph, c->node, A_TO, BOOL);
    EXPECT(c, BOOL, SHAPE(4), 0, 0, 1, 1);
    APPLY(c, OP_Cast, FLOATS(c, SHAPE(3), 1e30, -1, INFINITY));
    set_int(c->graph, c->node, A_TO, U64);
    assert_true(constant_float_at(result(c), 0) == 0x1p64);
    APPLY(c, OP_Cast, CONSTANT(c, I64, SHAPE(3), 257, -1, 5));
    set_int(c->graph, c->node, A_TO, U8);
    EXPECT(c, U8, SHAPE(3), 1, 255, 5);
    APPLY(c, OP_Cast, FLOATS(c, SHAPE(2), 1.0001, 70000));
    set_int(c->graph, c->node, A_TO, F16);
    EXPECT(c, F16, SHAPE(2), 1, INFINITY);
    APPLY(c, OP_Cast, CONSTANT(c, I64, SHAPE(1), 16777217));
    set_int(c->graph, c->node, A_TO, F32);
    EXPECT(c, F32, SHAPE(1), 16777216);
    APPLY(c, OP_Cast, FLOATS(c, SHAPE(1), 1.00390625));
    set_int(c->graph, c->node, A_TO, BF16);
    EXPECT(c, BF16, SHAPE(1), 1);
    case_end(c);
}

static void binary_floats(void **state) {
    (void)state;
    static const struct {
        Op op;
        double results[4];
    } rows[] = {
        {OP_Add, {-1, 0, 4, 5}},  {OP_Sub, {-3, -4, 2, 1}}, {OP_Mul, {-2, -4, 3, 6}}, {OP_Div, {-2, -1, 3, 1.5}},
        {OP_Min, {-2, -2, 1, 2}}, {OP_Max, {1, 2, 3, 3}},   {OP_Pow, {-2, 4, 3, 9}},  {OP_PRelu, {-2, -4, 3, 3}},
    };
    for (int i = 0; i < COUNT_OF(rows); i++) {
        Case *c = case_new();
        APPLY(c, rows[i].op, FLOATS(c, SHAPE(2, 2), -2, -2, 3, 3), FLOATS(c, SHAPE(2), 1, 2));
        expect(result(c), F32, SHAPE(2, 2), rows[i].results, 4);
        case_end(c);
    }
    Case *c = case_new();
    APPLY(c, OP_Min, FLOATS(c, SHAPE(2), NAN, 1), FLOATS(c, SHAPE(2), 1, NAN));
    EXPECT(c, F32, SHAPE(2), NAN, NAN);
    APPLY(c, OP_Max, FLOATS(c, SHAPE(2), NAN, 1), FLOATS(c, SHAPE(2), 1, NAN));
    EXPECT(c, F32, SHAPE(2), NAN, NAN);
    APPLY(c, OP_Add, FLOATS(c, SHAPE(2, 1), 1, 2), FLOATS(c, SHAPE(1, 3), 10, 20, 30));
    EXPECT(c, F32, SHAPE(2, 3), 11, 21, 31, 12, 22, 32);
    APPLY(c, OP_Add, FLOATS(c, SCALAR, 1), FLOATS(c, SCALAR, 2));
    EXPECT(c, F32, SCALAR, 3);
    APPLY(c, OP_Add, FLOATS(c, SHAPE(2), -5, 7), FLOATS(c, SCALAR, 2)); /* with its fused activation */
    set_int(c->graph, c->node, A_ACTIVATION, ACT_CLIP);
    set_float(c->graph, c->node, A_ACTIVATION_ALPHA, 0);
    set_float(c->graph, c->node, A_ACTIVATION_BETA, 6);
    EXPECT(c, F32, SHAPE(2), 0, 6);
    case_end(c);
}

static void binary_integers(void **state) {
    (void)state;
    Case *c = case_new();
    APPLY(c, OP_Add, CONSTANT(c, I8, SHAPE(2), 127, -128), CONSTANT(c, I8, SHAPE(2), 1, -1));
    EXPECT(c, I8, SHAPE(2), -128, 127);
    APPLY(c, OP_Div, CONSTANT(c, I64, SHAPE(4), -7, 7, 5, (double)INT64_MIN), CONSTANT(c, I64, SHAPE(4), 2, -2, 0, -1));
    EXPECT(c, I64, SHAPE(4), -3, -3, 0, (double)INT64_MIN);
    APPLY(c, OP_Div, CONSTANT(c, I32, SHAPE(1), INT32_MIN), CONSTANT(c, I32, SHAPE(1), -1));
    EXPECT(c, I32, SHAPE(1), INT32_MIN);
    APPLY(c, OP_Sub, CONSTANT(c, U8, SHAPE(1), 1), CONSTANT(c, U8, SHAPE(1), 2));
    EXPECT(c, U8, SHAPE(1), 255);
    APPLY(c, OP_Mul, CONSTANT(c, I64, SHAPE(1), 0x1p62), CONSTANT(c, I64, SHAPE(1), 4));
    EXPECT(c, I64, SHAPE(1), 0);
    APPLY(c, OP_Max, CONSTANT(c, I32, SHAPE(2), 1, 5), CONSTANT(c, I32, SCALAR, 3));
    EXPECT(c, I32, SHAPE(2), 3, 5);
    APPLY(c, OP_Min, CONSTANT(c, BOOL, SHAPE(2), 1, 1), CONSTANT(c, BOOL, SHAPE(2), 0, 1));
    EXPECT(c, BOOL, SHAPE(2), 0, 1);
    case_end(c);
}

static void powers_of_mixed_types(void **state) {
    (void)state;
    Case *c = case_new();
    APPLY(c, OP_Pow, CONSTANT(c, I64, SHAPE(5), 2, -3, 0, -1, 2), CONSTANT(c, I64, SHAPE(5), 10, 3, 0, -3, -1));
    EXPECT(c, I64, SHAPE(5), 1024, -27, 1, -1, 0);
    APPLY(c, OP_Pow, CONSTANT(c, I32, SHAPE(2), 9, 10), FLOATS(c, SHAPE(2), 0.5, 30));
    EXPECT(c, I32, SHAPE(2), 3, INT32_MAX);
    APPLY(c, OP_Pow, FLOATS(c, SHAPE(2), 1.5, 4), CONSTANT(c, I64, SHAPE(2), 2, -1));
    EXPECT(c, F32, SHAPE(2), 2.25, 0.25);
    case_end(c);
}

static void remainders(void **state) {
    (void)state;
    Case *c = case_new();
    APPLY(c, OP_Mod, CONSTANT(c, I64, SHAPE(6), -7, 7, -7, 7, 5, -6), CONSTANT(c, I64, SHAPE(6), 3, -3, -3, 3, 0, 3));
    EXPECT(c, I64, SHAPE(6), 2, -2, -1, 1, 0, 0);
    APPLY(c, OP_Mod, CONSTANT(c, I64, SHAPE(4), -7, 7, -7, (double)INT64_MIN), CONSTANT(c, I64, SHAPE(4), 3, -3, -3, -1));
    set_int(c->graph, c->node, A_FMOD, 1);
    EXPECT(c, I64, SHAPE(4), -1, 1, -1, 0);
    APPLY(c, OP_Mod, CONSTANT(c, I8, SHAPE(2), -128, 127), CONSTANT(c, I8, SHAPE(2), 100, -100));
    EXPECT(c, I8, SHAPE(2), 72, -73);
    APPLY(c, OP_Mod, CONSTANT(c, U64, SHAPE(2), -1, 9), CONSTANT(c, U64, SHAPE(2), 10, -1)); /* 2^64 - 1 */
    EXPECT(c, U64, SHAPE(2), 5, 9);
    APPLY(c, OP_Mod, FLOATS(c, SHAPE(4), -7.5, 7.5, 1, INFINITY), FLOATS(c, SHAPE(4), 2, -2, 0, 1));
    set_int(c->graph, c->node, A_FMOD, 1);
    EXPECT(c, F32, SHAPE(4), -1.5, 1.5, NAN, NAN);
    APPLY(c, OP_Mod, FLOATS(c, SHAPE(6), -7.5, 7.5, -3, 1, INFINITY, 1), FLOATS(c, SHAPE(6), 2, -2, INFINITY, -INFINITY, 2, 0));
    EXPECT(c, F32, SHAPE(6), 0.5, -0.5, INFINITY, -INFINITY, NAN, NAN);
    APPLY(c, OP_Mod, CONSTANT(c, BOOL, SHAPE(1), 1), CONSTANT(c, BOOL, SHAPE(1), 1));
    refused(c, "bool");
}

static void comparisons(void **state) {
    (void)state;
    Case *c = case_new();
    APPLY(c, OP_Equal, FLOATS(c, SHAPE(3), 1, NAN, 2), FLOATS(c, SHAPE(3), 1, NAN, 3));
    EXPECT(c, BOOL, SHAPE(3), 1, 0, 0);
    APPLY(c, OP_Less, CONSTANT(c, I64, SHAPE(2, 1), -1, 5), CONSTANT(c, I64, SHAPE(2), 0, 5));
    EXPECT(c, BOOL, SHAPE(2, 2), 1, 1, 0, 0);
    APPLY(c, OP_Greater, CONSTANT(c, U64, SHAPE(1), -1), CONSTANT(c, U64, SHAPE(1), 1)); /* 2^64 - 1 */
    EXPECT(c, BOOL, SHAPE(1), 1);
    APPLY(c, OP_LessOrEqual, FLOATS(c, SHAPE(4), 1, 2, 3, NAN), FLOATS(c, SCALAR, 2));
    EXPECT(c, BOOL, SHAPE(4), 1, 1, 0, 0);
    APPLY(c, OP_GreaterOrEqual, FLOATS(c, SHAPE(4), 1, 2, 3, NAN), FLOATS(c, SCALAR, 2));
    EXPECT(c, BOOL, SHAPE(4), 0, 1, 1, 0);
    APPLY(c, OP_GreaterOrEqual, CONSTANT(c, U64, SHAPE(2), -1, 0), CONSTANT(c, U64, SHAPE(1), 1));
    EXPECT(c, BOOL, SHAPE(2), 1, 0);
    APPLY(c, OP_Equal, CONSTANT(c, BOOL, SHAPE(2), 0, 1), CONSTANT(c, BOOL, SCALAR, 1));
    EXPECT(c, BOOL, SHAPE(2), 0, 1);
    case_end(c);
}

static void choices(void **state) {
    (void)state;
    Case *c = case_new();
    APPLY(c, OP_Where, CONSTANT(c, BOOL, SHAPE(2, 1), 1, 0), FLOATS(c, SHAPE(2), 1, 2), FLOATS(c, SCALAR, 9));
    EXPECT(c, F32, SHAPE(2, 2), 1, 2, 9, 9);
    APPLY(c, OP_Where, CONSTANT(c, BOOL, SCALAR, 0), CONSTANT(c, I64, SHAPE(1), 1), CONSTANT(c, I64, SHAPE(1), 7));
    EXPECT(c, I64, SHAPE(1), 7);
    APPLY(c, OP_Where, FLOATS(c, SHAPE(1), 1), FLOATS(c, SHAPE(1), 1), FLOATS(c, SHAPE(1), 1));
    refused(c, "condition is f32");
}

static void binary_inputs_are_checked(void **state) {
    (void)state;
    Case *c = case_new();
    APPLY(c, OP_Add, FLOATS(c, SHAPE(2), 1, 2), FLOATS(c, SHAPE(3), 1, 2, 3));
    refused(c, "shapes 2 and 3 don't broadcast");
    c = case_new();
    APPLY(c, OP_Add, FLOATS(c, SHAPE(1), 1), CONSTANT(c, I64, SHAPE(1), 1));
    refused(c, "input 0 is f32, but input 1 is i64");
    c = case_new();
    APPLY(c, OP_Mul, CONSTANT(c, BOOL, SHAPE(1), 1), CONSTANT(c, BOOL, SHAPE(1), 1));
    refused(c, "bool");
    c = case_new();
    APPLY(c, OP_PRelu, FLOATS(c, SHAPE(1), 1), FLOATS(c, SHAPE(2), 1, 2));
    refused(c, "slope 2 does not broadcast to its input 1");
    c = case_new();
    APPLY(c, OP_Add, ramp(c, F32, SHAPE(1), 0, 1), FLOATS(c, SHAPE(1), 1));
    c->node->in[0]->shape = SHAPE((int64_t)1 << 30, 1);
    c->node->in[1]->shape = SHAPE((int64_t)1 << 30);
    refused(c, "2^40");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unary_floats),    cmocka_unit_test(unary_parameters),
        cmocka_unit_test(rounding),        cmocka_unit_test(infinities),
        cmocka_unit_test(unary_integers),  cmocka_unit_test(unary_types_are_checked),
        cmocka_unit_test(casts),           cmocka_unit_test(binary_floats),
        cmocka_unit_test(binary_integers), cmocka_unit_test(powers_of_mixed_types),
        cmocka_unit_test(remainders),      cmocka_unit_test(comparisons),
        cmocka_unit_test(choices),         cmocka_unit_test(binary_inputs_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
