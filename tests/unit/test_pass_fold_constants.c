#include "tests/unit/pass_helpers.h"

/* The tail of an old export's flatten: Shape was folded by the importer, the arithmetic on it remains. */
static void test_chain(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2");
    Value *sum = NODE(graph, OP_Add, "sum", NUMBERS(graph, "a", "2", 1, 2), NUMBERS(graph, "b", "2", 10, 20));
    Value *root = NODE(graph, OP_Sqrt, "root", sum);
    graph_add_output(graph, NODE(graph, OP_Mul, "scaled", x, root), "y");
    expect_pass(graph, fold_constants,
                "graph test\n"
                "input %0 f32 1x2 ; x\n"
                "const @1 f32 2 [1,2] ; a\n"
                "const @2 f32 2 [10,20] ; b\n"
                "%3 f32 2 = Add(@1, @2) ; sum\n"
                "%4 f32 2 = Sqrt(%3) ; root\n"
                "%5 f32 1x2 = Mul(%0, %4) ; scaled\n"
                "output %5 ; y\n",
                "graph test\n"
                "input %0 f32 1x2 ; x\n"
                "const @4 f32 2 [3.31662488,4.69041586] ; root\n"
                "%5 f32 1x2 = Mul(%0, @4) ; scaled\n"
                "output %5 ; y\n");
}

static void test_integers(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "3");
    Value *shape = constant_i64(graph, "shape", (const int64_t[]){4, 5, 6}, 3);
    Node *gather = RAW_NODE(graph, OP_Gather, "gather", shape, constant_i64(graph, "index", (const int64_t[]){2}, 1));
    set_int(graph, gather, A_AXIS, 0);
    Node *cast = RAW_NODE(graph, OP_Cast, "cast", inferred(graph, gather));
    set_int(graph, cast, A_TO, F32);
    graph_add_output(graph, NODE(graph, OP_Mul, "scaled", x, inferred(graph, cast)), "y");
    expect_pass(graph, fold_constants,
                "graph test\n"
                "input %0 f32 3 ; x\n"
                "const @1 i64 3 [4,5,6] ; shape\n"
                "const @2 i64 1 [2] ; index\n"
                "%3 i64 1 = Gather(@1, @2) axis=0 ; gather\n"
                "%4 f32 1 = Cast(%3) to=f32 ; cast\n"
                "%5 f32 3 = Mul(%0, %4) ; scaled\n"
                "output %5 ; y\n",
                "graph test\n"
                "input %0 f32 3 ; x\n"
                "const @4 f32 1 [6] ; cast\n"
                "%5 f32 3 = Mul(%0, @4) ; scaled\n"
                "output %5 ; y\n");
}

/* 2 GiB of zeros from four bytes are not worth folding. */
static void test_large_result_is_left(void **state) {
    Graph *graph = new_graph(state);
    Node *expand = RAW_NODE(graph, OP_Expand, "expand", constant_f32(graph, "zero", 0));
    set_ints(graph, expand, A_SHAPE, (const int64_t[]){1 << 29}, 1);
    graph_add_output(graph, inferred(graph, expand), "y");
    const char *text = graph_print(graph);
    run_pass(graph, fold_constants);
    expect_text(graph, text);
}

static void test_computed_input_is_left(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "2");
    graph_add_output(graph, NODE(graph, OP_Add, "sum", x, NUMBERS(graph, "b", "2", 10, 20)), "y");
    expect_unchanged(graph, fold_constants);
}

static void test_constant_output(void **state) {
    Graph *graph = new_graph(state);
    input(graph, "x", "2");
    graph_add_output(graph, NODE(graph, OP_Neg, "neg", NUMBERS(graph, "b", "2", 10, 20)), "y");
    expect_pass(graph, fold_constants,
                "graph test\n"
                "input %0 f32 2 ; x\n"
                "const @1 f32 2 [10,20] ; b\n"
                "%2 f32 2 = Neg(@1) ; neg\n"
                "output %2 ; y\n",
                "graph test\n"
                "input %0 f32 2 ; x\n"
                "const @2 f32 2 [-10,-20] ; neg\n"
                "output @2 ; y\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PASS_TEST(test_chain),
        PASS_TEST(test_integers),
        PASS_TEST(test_large_result_is_left),
        PASS_TEST(test_computed_input_is_left),
        PASS_TEST(test_constant_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
