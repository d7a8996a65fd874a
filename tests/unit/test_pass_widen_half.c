#include "tests/unit/pass_helpers.h"

static Value *half_input(Graph *graph, const char *shape) {
    Value *x = value_new(graph, "x", F16, dims(shape));
    graph_add_input(graph, x);
    return x;
}

static Value *half_constant(Graph *graph, const char *name, float number) {
    uint16_t *bits = ARENA_NEW(graph->arena, uint16_t);
    *bits = f32_to_f16(number);
    return constant_new(graph, name, F16, (Shape){.rank = 0}, bits);
}

static Value *cast(Graph *graph, const char *name, Value *x, Dtype to) {
    Node *node = RAW_NODE(graph, OP_Cast, name, x);
    set_int(graph, node, A_TO, to);
    return inferred(graph, node);
}

/* Only what the caller gives and gets stays a half. */
static void test_widened(void **state) {
    Graph *graph = new_graph(state);
    Value *x = half_input(graph, "2"), *y = NODE(graph, OP_Mul, "double", x, half_constant(graph, "two", 2));
    graph_add_output(graph, NODE(graph, OP_Add, "sum", y, x), "y");
    expect_pass(graph, widen_half,
                "graph test\n"
                "input %0 f16 2 ; x\n"
                "const @1 f16 scalar [2] ; two\n"
                "%2 f16 2 = Mul(%0, @1) ; double\n"
                "%3 f16 2 = Add(%2, %0) ; sum\n"
                "output %3 ; y\n",
                "graph test\n"
                "input %0 f16 2 ; x\n"
                "const @5 f32 scalar [2] ; two\n"
                "%4 f32 2 = Cast(%0) to=f32 ; x/float\n"
                "%2 f32 2 = Mul(%4, @5) ; double\n"
                "%3 f32 2 = Add(%2, %4) ; sum\n"
                "%6 f16 2 = Cast(%3) to=f16 ; y\n"
                "output %6 ; y\n");
}

/* A way through a half and back rounds nothing; one that ends in the caller's hands does. */
static void test_casts(void **state) {
    Graph *graph = new_graph(state);
    Value *half = cast(graph, "narrow", input(graph, "x", "2"), F16);
    graph_add_output(graph, NODE(graph, OP_Neg, "neg", cast(graph, "wide", half, F32)), "y");
    graph_add_output(graph, half, "half");
    expect_pass(graph, widen_half, NULL,
                "graph test\n"
                "input %0 f32 2 ; x\n"
                "%1 f16 2 = Cast(%0) to=f16 ; narrow\n"
                "%2 f32 2 = Cast(%0) to=f32 ; wide\n"
                "%3 f32 2 = Neg(%2) ; neg\n"
                "output %3 ; y\n"
                "output %1 ; half\n");
}

/* Rounded behind each node that computes, not behind one that moves. */
static void test_strict_types(void **state) {
    Graph *graph = new_graph(state);
    graph->strict_types = true;
    Value *y = NODE(graph, OP_Neg, "neg", reshape(graph, "flat", half_input(graph, "2x1"), "2"));
    graph_add_output(graph, y, "y");
    expect_pass(graph, widen_half, NULL,
                "graph test\n"
                "input %0 f16 2x1 ; x\n"
                "%3 f32 2x1 = Cast(%0) to=f32 ; x/float\n"
                "%1 f32 2 = Reshape(%3) shape=[2] ; flat\n"
                "%2 f32 2 = Neg(%1) ; neg\n"
                "%4 f16 2 = Cast(%2) to=f16 ; neg/half\n"
                "%5 f32 2 = Cast(%4) to=f32 ; neg/rounded\n"
                "%6 f16 2 = Cast(%5) to=f16 ; y\n"
                "output %6 ; y\n");
}

/* Nothing computes: nothing changes. */
static void test_left_alone(void **state) {
    Graph *graph = new_graph(state);
    Value *x = half_input(graph, "2");
    graph_add_output(graph, x, "same");
    graph_add_output(graph, half_constant(graph, "two", 2), "constant");
    graph_add_output(graph, NODE(graph, OP_Neg, "neg", input(graph, "z", "2")), "y");
    expect_unchanged(graph, widen_half);
}

int main(void) {
    const struct CMUnitTest tests[] = {PASS_TEST(test_widened), PASS_TEST(test_casts), PASS_TEST(test_strict_types),
                                       PASS_TEST(test_left_alone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
