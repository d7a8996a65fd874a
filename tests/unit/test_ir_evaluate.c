#include "test_ops.h"

typedef struct {
    int nodes;
    double last;
} Seen;

static void observe(void *context, const Node *node, Tensor *const *out) {
    Seen *seen = context;
    seen->nodes++;
    seen->last = out[0]->f[0];
    (void)node;
}

/* y = (x + 1e-9) + 1e-9, twice an output, and x itself as a third, a constant as a fourth. */
static Case *sums(void) {
    Case *c = case_new();
    Value *x = value_new(c->graph, "x", F32, SHAPE(2));
    graph_add_input(c->graph, x);
    Value *tiny = constant_f32(c->graph, "tiny", 1e-9f), *now = x;
    for (int i = 0; i < 2; i++) {
        Value *in[] = {now, tiny};
        Node *add = node_new(c->graph, NULL, OP_Add, "add", in, 2, 1);
        assert_true(node_infer(c->graph, add));
        now = add->out[0];
    }
    graph_add_output(c->graph, now, "y");
    graph_add_output(c->graph, now, "again");
    graph_add_output(c->graph, x, "x");
    graph_add_output(c->graph, tiny, "tiny");
    return c;
}

static void precision_decides_rounding(void **state) {
    (void)state;
    Case *c = sums();
    const float data[] = {1, 2};
    const Tensor *inputs[] = {tensor_from_bytes(&c->arena, F32, SHAPE(2), data)};
    Tensor *outputs[4];
    Seen seen = {0};
    assert_true(graph_evaluate(c->graph, inputs, outputs, (EvaluateOptions){PRECISION_NATIVE, observe, &seen}));
    assert_int_equal(seen.nodes, 2);
    assert_true(seen.last == 1.0);
    assert_true(outputs[0]->f[0] == 1.0);
    assert_true(graph_evaluate(c->graph, inputs, outputs, (EvaluateOptions){.precision = PRECISION_F64}));
    assert_true(outputs[0]->f[0] == 1.0 + (double)1e-9f + (double)1e-9f);
    assert_ptr_equal(outputs[0], outputs[1]);
    assert_true(outputs[2]->f[1] == 2.0);
    assert_true(outputs[3]->f[0] == (double)1e-9f);
    case_end(c);
}

/* In float the ones get lost beside 2^24, term by term; in double their sum is 3. */
#define TERMS 0x1p24, 1, 1, 1, -0x1p24

static double first_element(Case *c, Precision precision) {
    Tensor *outputs[1];
    assert_true(graph_evaluate(c->graph, NULL, outputs, (EvaluateOptions){.precision = precision}));
    return outputs[0]->f[0];
}

/* The case's node gives exactly `native` where sums are floats, and `f64` where they are doubles. */
static void expect_sums(Case *c, double native, double f64) {
    assert_true(node_infer(c->graph, c->node));
    graph_add_output(c->graph, c->node->out[0], "y");
    const double got = first_element(c, PRECISION_NATIVE), truth = first_element(c, PRECISION_F64);
    if (got != native || fabs(truth - f64) > 1e-8 * fabs(f64))
        FAIL_TEST("%s gives %.9g and %.9g, not %.9g and %.9g", op_info(c->node->op)->name, got, truth, native, f64);
    case_end(c);
}

static void native_sums_are_floats(void **state) {
    (void)state;
    Case *c = case_new();
    APPLY(c, OP_ReduceSum, FLOATS(c, SHAPE(5), TERMS));
    expect_sums(c, 0, 3);
    c = case_new();
    APPLY(c, OP_ReduceSum, CONSTANT(c, F64, SHAPE(5), TERMS)); /* f64 keeps its own precision */
    expect_sums(c, 3, 3);
    c = case_new();
    APPLY(c, OP_ReduceMean, FLOATS(c, SHAPE(5), TERMS));
    expect_sums(c, 0, 0.6);
    c = case_new();
    APPLY(c, OP_Conv, FLOATS(c, SHAPE(1, 5, 1), TERMS), FLOATS(c, SHAPE(1, 5, 1), 1, 1, 1, 1, 1));
    expect_sums(c, 0, 3);
    c = case_new();
    APPLY(c, OP_Conv, FLOATS(c, SHAPE(1, 1, 1), 0x1p24), FLOATS(c, SHAPE(1, 1, 1), 1), FLOATS(c, SHAPE(1), 1),
          FLOATS(c, SHAPE(1, 1, 1), -0x1p24)); /* the bias and the residual are terms, too */
    expect_sums(c, 0, 1);
    c = case_new();
    APPLY(c, OP_Gemm, FLOATS(c, SHAPE(1, 5), TERMS), FLOATS(c, SHAPE(5, 1), 1, 1, 1, 1, 1));
    expect_sums(c, 0, 3);
    c = case_new();
    APPLY(c, OP_MatMul, FLOATS(c, SHAPE(1, 5), TERMS), FLOATS(c, SHAPE(5, 1), 1, 1, 1, 1, 1));
    expect_sums(c, 0, 3);
    c = case_new();
    APPLY(c, OP_AveragePool, FLOATS(c, SHAPE(1, 1, 5), TERMS));
    INTS(c, A_KERNEL_SHAPE, 5);
    expect_sums(c, 0, 0.6);
    c = case_new();
    APPLY(c, OP_LogSoftmax, FLOATS(c, SHAPE(4), 0, -17, -17, -17)); /* each exponential is less than half a unit of the sum 1 */
    expect_sums(c, 0, -log1p(3 * exp(-17)));
    c = case_new();
    APPLY(c, OP_LRN, FLOATS(c, SHAPE(1, 5, 1), 1, 0x1p12, 1, 1, 1));
    set_int(c->graph, c->node, A_SIZE, 9);
    set_float(c->graph, c->node, A_ALPHA, 9);
    set_float(c->graph, c->node, A_BETA, 1);
    set_float(c->graph, c->node, A_BIAS, 0);
    expect_sums(c, 0x1p-24, 1 / (0x1p24 + 4));
}

static void native_recurrent_sums_are_floats(void **state) {
    (void)state;
    Case *c = case_new();
    Value *rows = ramp(c, F32, SHAPE(1, 4, 5), 1, 0);
    APPLY(c, OP_LSTM, FLOATS(c, SHAPE(1, 1, 5), TERMS), rows, ramp(c, F32, SHAPE(1, 4, 1), 0, 0));
    const double gate = 1 / (1 + exp(-3.0));
    expect_sums(c, 0, gate * tanh(gate * tanh(3)));
    c = case_new();
    APPLY(c, OP_GRU, FLOATS(c, SHAPE(1, 1, 5), TERMS), ramp(c, F32, SHAPE(1, 3, 5), 1, 0), ramp(c, F32, SHAPE(1, 3, 1), 0, 0));
    expect_sums(c, 0, (1 - gate) * tanh(3));
}

static void inputs_must_fit(void **state) {
    (void)state;
    Case *c = sums();
    const Tensor *inputs[] = {tensor_new(&c->arena, F32, SHAPE(3))};
    Tensor *outputs[4];
    assert_false(graph_evaluate(c->graph, inputs, outputs, (EvaluateOptions){0}));
    assert_int_equal(c->diag.status, STATUS_USAGE);
    assert_non_null(strstr(c->diag.text, "input 'x' is f32 2, but f32 3 was given"));
    case_end(c);
}

static void folding_makes_constants(void **state) {
    (void)state;
    Case *c = case_new();
    Node *add = APPLY(c, OP_Add, FLOATS(c, SHAPE(2), 1, 2), FLOATS(c, SCALAR, 10));
    assert_true(node_infer(c->graph, add));
    Value *sum = add->out[0];
    Node *relu = node_new(c->graph, NULL, OP_Relu, "relu", &sum, 1, 1);
    assert_true(node_infer(c->graph, relu));
    graph_add_output(c->graph, relu->out[0], "y");
    assert_false(node_fold(c->graph, relu)); /* its input is still computed */
    memset(&c->diag, 0, sizeof c->diag);
    assert_true(node_fold(c->graph, add));
    assert_ptr_equal(c->graph->first, relu);
    assert_null(sum->producer);
    assert_int_equal(sum->pool, POOL_CONSTANT);
    assert_true(constant_float_at(sum, 1) == 12);
    assert_true(graph_verify(c->graph));
    case_end(c);
}

static void folding_reports_what_evaluation_finds(void **state) {
    (void)state;
    Case *c = case_new();
    APPLY(c, OP_Gather, FLOATS(c, SHAPE(2), 1, 2), CONSTANT(c, I64, SHAPE(1), 2));
    assert_true(node_infer(c->graph, c->node));
    assert_false(node_fold(c->graph, c->node));
    assert_int_equal(c->diag.status, STATUS_INVALID);
    assert_non_null(strstr(c->diag.text, "index 2 is outside the 2 elements"));
    assert_ptr_equal(c->graph->first, c->node);
    case_end(c);
}

static void exhaust(void *context, const Node *node, Tensor *const *out) {
    arena_alloc(context, SIZE_MAX / 2, 4);
    (void)node, (void)out;
}

/* An exhausted heap passes through the evaluation, which releases its tensors, to whoever owns the arena. */
static void exhaustion_reaches_the_owner(void **state) {
    (void)state;
    Case *c = sums();
    jmp_buf exhausted;
    volatile bool caught = false;
    c->arena.out_of_memory = &exhausted;
    const Tensor *inputs[] = {tensor_new(&c->arena, F32, SHAPE(2))};
    Tensor *outputs[4];
    if (!setjmp(exhausted))
        graph_evaluate(c->graph, inputs, outputs, (EvaluateOptions){PRECISION_NATIVE, exhaust, &c->arena});
    else
        caught = true;
    assert_true(caught);
    assert_ptr_equal(c->arena.out_of_memory, &exhausted);
    case_end(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(precision_decides_rounding),       cmocka_unit_test(inputs_must_fit),
        cmocka_unit_test(folding_makes_constants),          cmocka_unit_test(folding_reports_what_evaluation_finds),
        cmocka_unit_test(exhaustion_reaches_the_owner),     cmocka_unit_test(native_sums_are_floats),
        cmocka_unit_test(native_recurrent_sums_are_floats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
