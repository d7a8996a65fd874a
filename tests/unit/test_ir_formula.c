/* Formulas: what an Expression computes, how it reads as text, and which ones are refused. */
#include "ir/formula.h"
#include "ir/range.h"
#include "test_ops.h"

/* Over operands a, b, c and steps s0, s1 ...: the inverse of formula_argument_is_step. */
#define STEP(s) (-1 - (s))

static Formula formula_from(const FormulaStep *steps, int count) {
    Formula formula = {.count = count};
    memcpy(formula.step, steps, (size_t)count * sizeof *steps);
    return formula;
}
#define FORMULA(...)                                                                                                             \
    formula_from((const FormulaStep[]){__VA_ARGS__}, (int)(sizeof((const FormulaStep[]){__VA_ARGS__}) / sizeof(FormulaStep)))

static const FormulaStep gate[] = {
    {OP_Mul, {0, 1}, 0, 0},
    {OP_Sub, {3, 1}, 0, 0},
    {OP_Mul, {2, STEP(1)}, 0, 0},
    {OP_Add, {STEP(0), STEP(2)}, 0, 0},
};

static Case *expression(const Formula *formula, Value **in, int count) {
    Case *c = case_new();
    for (int k = 0; k < count; k++) in[k] = FLOATS(c, SHAPE(2), k + 1, 0.5 - k);
    apply(c, OP_Expression, in, count, 1);
    formula_set(c->graph, c->node, formula);
    return c;
}

static void a_gate(void **state) {
    (void)state;
    Case *c = case_new();
    Formula formula = formula_from(gate, 4);
    APPLY(c, OP_Expression, FLOATS(c, SHAPE(2, 2), 1, 2, 3, 4), FLOATS(c, SHAPE(1, 2), 0.5, 0.25),
          FLOATS(c, SHAPE(2, 2), -1, -2, -3, -4), FLOATS(c, SCALAR, 1));
    formula_set(c->graph, c->node, &formula);
    EXPECT(c, F32, SHAPE(2, 2), 0, -1, 0, -2);
    case_end(c);
}

static void every_operator(void **state) {
    (void)state;
    static const struct {
        FormulaStep step;
        const char *text;
        double of_minus_two, of_half; /* with b = 4 */
    } rows[] = {
        {{OP_Relu, {0, 0}, 0, 0}, "Relu(a)", 0, 0.5},
        {{OP_LeakyRelu, {0, 0}, 0.25, 0}, "LeakyRelu(a, 0.25)", -0.5, 0.5},
        {{OP_Clip, {0, 0}, -1, 0.25}, "Clip(a, -1, 0.25)", -1, 0.25},
        {{OP_Sigmoid, {0, 0}, 0, 0}, "Sigmoid(a)", 0.119202922, 0.622459331},
        {{OP_Tanh, {0, 0}, 0, 0}, "Tanh(a)", -0.964027580, 0.462117157},
        {{OP_HardSigmoid, {0, 0}, 0.25, 0.5}, "HardSigmoid(a, 0.25, 0.5)", 0, 0.625},
        {{OP_HardSwish, {0, 0}, 0, 0}, "HardSwish(a)", -1.0 / 3, 0.5 * (0.5 / 6 + 0.5)},
        {{OP_Elu, {0, 0}, 2, 0}, "Elu(a, 2)", -1.729329434, 0.5},
        {{OP_Celu, {0, 0}, 2, 0}, "Celu(a, 2)", -1.264241118, 0.5},
        {{OP_Selu, {0, 0}, 2, 3}, "Selu(a, 2, 3)", -5.187988301, 1.5},
        {{OP_Softplus, {0, 0}, 0, 0}, "Softplus(a)", 0.126928011, 0.974076984},
        {{OP_Softsign, {0, 0}, 0, 0}, "Softsign(a)", -2.0 / 3, 1.0 / 3},
        {{OP_Mish, {0, 0}, 0, 0}, "Mish(a)", -0.252501483, 0.375245017},
        {{OP_Swish, {0, 0}, 1, 0}, "Swish(a, 1)", -0.238405844, 0.311229666},
        {{OP_Gelu, {0, 0}, 0, 0}, "Gelu(a)", -0.045500264, 0.345731231},
        {{OP_GeluTanh, {0, 0}, 0, 0}, "GeluTanh(a)", -0.045402306, 0.345714009},
        {{OP_ThresholdedRelu, {0, 0}, 0.25, 0}, "ThresholdedRelu(a, 0.25)", 0, 0.5},
        {{OP_Exp, {0, 0}, 0, 0}, "Exp(a)", 0.135335283, 1.648721271},
        {{OP_Log, {0, 0}, 0, 0}, "Log(a)", NAN, -0.693147181},
        {{OP_Abs, {0, 0}, 0, 0}, "Abs(a)", 2, 0.5},
        {{OP_Floor, {0, 0}, 0, 0}, "Floor(a)", -2, 0},
        {{OP_Ceil, {0, 0}, 0, 0}, "Ceil(a)", -2, 1},
        {{OP_Round, {0, 0}, 0, 0}, "Round(a)", -2, 0},
        {{OP_Sign, {0, 0}, 0, 0}, "Sign(a)", -1, 1},
        {{OP_Erf, {0, 0}, 0, 0}, "Erf(a)", -0.995322265, 0.520499878},
        {{OP_Sin, {0, 0}, 0, 0}, "Sin(a)", -0.909297427, 0.479425539},
        {{OP_Cos, {0, 0}, 0, 0}, "Cos(a)", -0.416146837, 0.877582562},
        {{OP_Neg, {0, 0}, 0, 0}, "-a", 2, -0.5},
        {{OP_Add, {0, 1}, 0, 0}, "a + b", 2, 4.5},
        {{OP_Sub, {0, 1}, 0, 0}, "a - b", -6, -3.5},
        {{OP_Mul, {0, 1}, 0, 0}, "a * b", -8, 2},
        {{OP_Div, {0, 1}, 0, 0}, "a / b", -0.5, 0.125},
        {{OP_PRelu, {0, 1}, 0, 0}, "PRelu(a, b)", -8, 0.5},
    };
    for (int i = 0; i < COUNT_OF(rows); i++) {
        Case *c = case_new();
        Formula formula = formula_from(&rows[i].step, 1);
        Value *in[] = {FLOATS(c, SHAPE(2), -2, 0.5), FLOATS(c, SCALAR, 4)};
        apply(c, OP_Expression, in, formula_arguments(rows[i].step.op), 1);
        formula_set(c->graph, c->node, &formula);
        assert_string_equal(formula_text(&c->arena, &formula), rows[i].text);
        EXPECT(c, F32, SHAPE(2), rows[i].of_minus_two, rows[i].of_half);
        case_end(c);
    }
    int operators = 0;
    for (int op = 0; op < OP_COUNT; op++) operators += formula_arguments((Op)op) > 0;
    assert_int_equal(operators, COUNT_OF(rows));
}

/* Parentheses where the tree needs them, and nowhere else. */
static void text(void **state) {
    (void)state;
    Case *c = case_new();
    Formula formula = formula_from(gate, 4);
    assert_string_equal(formula_text(&c->arena, &formula), "a * b + c * (d - b)");
    formula = FORMULA({OP_Add, {0, 1}, 0, 0}, {OP_Add, {STEP(0), 2}, 0, 0});
    assert_string_equal(formula_text(&c->arena, &formula), "a + b + c");
    formula = FORMULA({OP_Add, {0, 1}, 0, 0}, {OP_Sub, {2, STEP(0)}, 0, 0});
    assert_string_equal(formula_text(&c->arena, &formula), "c - (a + b)");
    formula = FORMULA({OP_Mul, {0, 1}, 0, 0}, {OP_Neg, {STEP(0), 0}, 0, 0}, {OP_Div, {STEP(1), 2}, 0, 0});
    assert_string_equal(formula_text(&c->arena, &formula), "-(a * b) / c");
    formula = FORMULA({OP_Add, {0, 1}, 0, 0}, {OP_Relu, {STEP(0), 0}, 0, 0}, {OP_Mul, {STEP(1), 1}, 0, 0});
    assert_string_equal(formula_text(&c->arena, &formula), "Relu(a + b) * b");
    case_end(c);
}

static void of_single_operators(void **state) {
    (void)state;
    Case *c = case_new();
    Formula formula;
    Value *x = FLOATS(c, SHAPE(2), 1, 2), *n = CONSTANT(c, I32, SHAPE(2), 1, 2);
    Node *node = APPLY(c, OP_Add, x, x);
    set_int(c->graph, node, A_ACTIVATION, ACT_CLIP);
    set_float(c->graph, node, A_ACTIVATION_ALPHA, 0);
    set_float(c->graph, node, A_ACTIVATION_BETA, 6);
    assert_true(node_infer(c->graph, node) && formula_of(node, &formula));
    assert_string_equal(formula_text(&c->arena, &formula), "Clip(a + b, 0, 6)");
    assert_true(formula_of_epilogue(node, &formula));
    assert_string_equal(formula_text(&c->arena, &formula), "Clip(a, 0, 6)");
    set_int(c->graph, node, A_ACTIVATION, ACT_SELU);
    set_float(c->graph, node, A_ACTIVATION_ALPHA, 2);
    set_float(c->graph, node, A_ACTIVATION_BETA, 3);
    assert_true(formula_of(node, &formula));
    assert_string_equal(formula_text(&c->arena, &formula), "Selu(a + b, 2, 3)");
    set_int(c->graph, node, A_ACTIVATION, ACT_ELU);
    set_float(c->graph, node, A_ACTIVATION_ALPHA, 0.5);
    assert_true(formula_of(node, &formula));
    assert_string_equal(formula_text(&c->arena, &formula), "Elu(a + b, 0.5)");
    node = APPLY(c, OP_LeakyRelu, x);
    assert_true(node_infer(c->graph, node) && formula_of(node, &formula));
    assert_string_equal(formula_text(&c->arena, &formula), "LeakyRelu(a, 0.00999999978)");
    assert_false(formula_of_epilogue(node, &formula));
    node = APPLY(c, OP_Add, n, n);
    assert_true(node_infer(c->graph, node) && !formula_of(node, &formula));
    node = APPLY(c, OP_Sqrt, x);
    assert_true(node_infer(c->graph, node) && !formula_of(node, &formula));
    case_end(c);
}

static void the_last_step_tells_the_sign(void **state) {
    (void)state;
    const struct {
        FormulaStep last;
        bool never_negative;
    } rows[] = {
        {{OP_Exp, {STEP(0), 0}, 0, 0}, true},   {{OP_Relu, {STEP(0), 0}, 0, 0}, true},   {{OP_Sigmoid, {STEP(0), 0}, 0, 0}, true},
        {{OP_Clip, {STEP(0), 0}, 0, 6}, true},  {{OP_Clip, {STEP(0), 0}, -1, 6}, false}, {{OP_Clip, {STEP(0), 0}, 2, -1}, false},
        {{OP_Tanh, {STEP(0), 0}, 0, 0}, false}, {{OP_Add, {STEP(0), 1}, 0, 0}, false},
    };
    for (int i = 0; i < COUNT_OF(rows); i++) {
        Formula formula = FORMULA({OP_Add, {0, 1}, 0, 0}, rows[i].last);
        Value *in[2];
        Case *c = expression(&formula, in, 2);
        assert_true(node_infer(c->graph, c->node));
        assert_int_equal(value_is_never_negative(c->node->out[0]), rows[i].never_negative);
        case_end(c);
    }
}

static void malformed_formulas_are_refused(void **state) {
    (void)state;
    const Formula bad[] = {
        {.count = 0},
        FORMULA({OP_Sqrt, {0, 0}, 0, 0}),                                    /* no such operator */
        FORMULA({OP_Add, {0, 2}, 0, 0}),                                     /* no such operand */
        FORMULA({OP_Relu, {0, 0}, 0, 0}),                                    /* one is not read */
        FORMULA({OP_Add, {STEP(0), 1}, 0, 0}),                               /* reads itself */
        FORMULA({OP_Add, {0, STEP(1)}, 0, 0}, {OP_Add, {STEP(0), 1}, 0, 0}), /* a later one */
        FORMULA({OP_Add, {0, 1}, 0, 0}, {OP_Add, {0, 1}, 0, 0}),             /* reads no step */
        FORMULA({OP_Add, {0, 1}, 0, 0}, {OP_Add, {STEP(0), STEP(0)}, 0, 0}), /* no tree */
        FORMULA({OP_Add, {0, FORMULA_OPERANDS}, 0, 0}, {OP_Add, {STEP(0), 1}, 0, 0}),
    };
    for (int i = 0; i < COUNT_OF(bad); i++) {
        Value *in[2];
        Case *c = expression(&bad[i], in, 2);
        refused(c, "its formula does not fit its 2 operands");
    }
    Case *c = case_new();
    APPLY(c, OP_Expression, FLOATS(c, SCALAR, 1));
    refused(c, "its formula does not fit");
    c = case_new();
    APPLY(c, OP_Expression, FLOATS(c, SCALAR, 1));
    INTS(c, A_FORMULA, OP_Relu, 0, 0, 0);
    refused(c, "its formula does not fit");
}

static void operands_are_checked(void **state) {
    (void)state;
    Formula sum = FORMULA({OP_Add, {0, 1}, 0, 0});
    Case *c = case_new();
    APPLY(c, OP_Expression, FLOATS(c, SHAPE(2), 1, 2), FLOATS(c, SHAPE(3), 1, 2, 3));
    formula_set(c->graph, c->node, &sum);
    refused(c, "operand 1, 3, does not broadcast to the others");
    c = case_new();
    APPLY(c, OP_Expression, FLOATS(c, SHAPE(2), 1, 2), CONSTANT(c, F64, SHAPE(2), 1, 2));
    formula_set(c->graph, c->node, &sum);
    refused(c, "operand 1 is f64, f32 is needed");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gate),
        cmocka_unit_test(every_operator),
        cmocka_unit_test(text),
        cmocka_unit_test(of_single_operators),
        cmocka_unit_test(the_last_step_tells_the_sign),
        cmocka_unit_test(malformed_formulas_are_refused),
        cmocka_unit_test(operands_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
