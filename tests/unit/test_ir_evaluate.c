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
        cmocka_unit_test(precision_decides_rounding),   cmocka_unit_test(inputs_must_fit),
        cmocka_unit_test(folding_makes_constants),      cmocka_unit_test(folding_reports_what_evaluation_finds),
        cmocka_unit_test(exhaustion_reaches_the_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
