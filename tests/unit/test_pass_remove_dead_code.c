#include "tests/unit/pass_helpers.h"

static void test_unread_chain(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "2");
    Value *unread = NODE(graph, OP_Exp, "exp", x);
    NODE(graph, OP_Log, "log", unread);
    graph_add_output(graph, NODE(graph, OP_Relu, "relu", x), "y");
    expect_pass(graph, remove_dead_code,
                "graph test\n"
                "input %0 f32 2 ; x\n"
                "%1 f32 2 = Exp(%0) ; exp\n"
                "%2 f32 2 = Log(%1) ; log\n"
                "%3 f32 2 = Relu(%0) ; relu\n"
                "output %3 ; y\n",
                "graph test\n"
                "input %0 f32 2 ; x\n"
                "%3 f32 2 = Relu(%0) ; relu\n"
                "output %3 ; y\n");
}

static void test_unread_indices(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x1x4x4");
    Node *node = node_new(graph, NULL, OP_MaxPool, "pool", &x, 1, 2);
    set_ints(graph, node, A_KERNEL_SHAPE, (const int64_t[]){2, 2}, 2);
    graph_add_output(graph, inferred(graph, node), "y");
    expect_pass(graph, remove_dead_code,
                "graph test\n"
                "input %0 f32 1x1x4x4 ; x\n"
                "%1 f32 1x1x3x3, %2 i64 1x1x3x3 = MaxPool(%0) kernel_shape=[2,2] ; pool\n"
                "output %1 ; y\n",
                "graph test\n"
                "input %0 f32 1x1x4x4 ; x\n"
                "%1 f32 1x1x3x3 = MaxPool(%0) kernel_shape=[2,2] ; pool\n"
                "output %1 ; y\n");
}

static void test_outputs_are_kept(void **state) {
    Graph *graph = new_graph(state);
    Value *x = NODE(graph, OP_Exp, "exp", input(graph, "x", "2"));
    graph_add_output(graph, x, "e");
    graph_add_output(graph, NODE(graph, OP_Log, "log", x), "y");
    expect_unchanged(graph, remove_dead_code);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PASS_TEST(test_unread_chain),
        PASS_TEST(test_unread_indices),
        PASS_TEST(test_outputs_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
