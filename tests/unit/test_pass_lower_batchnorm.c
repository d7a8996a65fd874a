#include "tests/unit/pass_helpers.h"

static void test_constant_statistics(void **state) {
    Graph *graph = new_graph(state);
    graph_add_output(graph, batchnorm(graph, "bn", input(graph, "x", "1x3x2x2")), "y");
    expect_pass(graph, lower_batchnorm,
                "graph test\n"
                "input %0 f32 1x3x2x2 ; x\n"
                "const @1 f32 3 [-0.526313901,-0.0800511837,-0.6220994] ; scale\n"
                "const @2 f32 3 [-0.525538802,0.101356387,0.747317076] ; B\n"
                "const @3 f32 3 [-0.524763703,0.282763839,0.11673367] ; mean\n"
                "const @4 f32 3 [0.5,0.75,1] ; var\n"
                "%5 f32 1x3x2x2 = BatchNormalization(%0, @1, @2, @3, @4) ; bn\n"
                "output %5 ; y\n",
                "graph test\n"
                "input %0 f32 1x3x2x2 ; x\n"
                "const @6 f32 1x3x1x1 [-0.744312823,-0.0924345255,-0.6220963] ; bn/scale\n"
                "const @8 f32 1x3x1x1 [-0.916127145,0.127493531,0.819936633] ; bn/shift\n"
                "%7 f32 1x3x2x2 = Mul(%0, @6) ; bn\n"
                "%9 f32 1x3x2x2 = Add(%7, @8) ; bn\n"
                "output %9 ; y\n");
}

static void test_rank_two(void **state) {
    Graph *graph = new_graph(state);
    graph_add_output(graph, batchnorm(graph, "bn", input(graph, "x", "4x3")), "y");
    expect_pass(graph, lower_batchnorm,
                "graph test\n"
                "input %0 f32 4x3 ; x\n"
                "const @1 f32 3 [-0.526313901,-0.0800511837,-0.6220994] ; scale\n"
                "const @2 f32 3 [-0.525538802,0.101356387,0.747317076] ; B\n"
                "const @3 f32 3 [-0.524763703,0.282763839,0.11673367] ; mean\n"
                "const @4 f32 3 [0.5,0.75,1] ; var\n"
                "%5 f32 4x3 = BatchNormalization(%0, @1, @2, @3, @4) ; bn\n"
                "output %5 ; y\n",
                "graph test\n"
                "input %0 f32 4x3 ; x\n"
                "const @6 f32 1x3 [-0.744312823,-0.0924345255,-0.6220963] ; bn/scale\n"
                "const @8 f32 1x3 [-0.916127145,0.127493531,0.819936633] ; bn/shift\n"
                "%7 f32 4x3 = Mul(%0, @6) ; bn\n"
                "%9 f32 4x3 = Add(%7, @8) ; bn\n"
                "output %9 ; y\n");
}

static void test_computed_statistics(void **state) {
    Graph *graph = new_graph(state);
    Value *variance = NODE(graph, OP_Exp, "exp", input(graph, "v", "3"));
    Value *x = input(graph, "x", "1x3x2x2");
    Value *y = NODE(graph, OP_BatchNormalization, "bn", x, input(graph, "scale", "3"), input(graph, "B", "3"),
                    input(graph, "mean", "3"), variance);
    graph_add_output(graph, y, "y");
    expect_pass(graph, lower_batchnorm,
                "graph test\n"
                "input %0 f32 3 ; v\n"
                "input %2 f32 1x3x2x2 ; x\n"
                "input %3 f32 3 ; scale\n"
                "input %4 f32 3 ; B\n"
                "input %5 f32 3 ; mean\n"
                "%1 f32 3 = Exp(%0) ; exp\n"
                "%6 f32 1x3x2x2 = BatchNormalization(%2, %3, %4, %5, %1) ; bn\n"
                "output %6 ; y\n",
                "graph test\n"
                "input %0 f32 3 ; v\n"
                "input %2 f32 1x3x2x2 ; x\n"
                "input %3 f32 3 ; scale\n"
                "input %4 f32 3 ; B\n"
                "input %5 f32 3 ; mean\n"
                "const @11 f32 scalar [9.99999975e-06] ; bn/epsilon\n"
                "%1 f32 3 = Exp(%0) ; exp\n"
                "%7 f32 1x3x1x1 = Reshape(%3) shape=[1,3,1,1] ; bn\n"
                "%8 f32 1x3x1x1 = Reshape(%4) shape=[1,3,1,1] ; bn\n"
                "%9 f32 1x3x1x1 = Reshape(%5) shape=[1,3,1,1] ; bn\n"
                "%10 f32 1x3x1x1 = Reshape(%1) shape=[1,3,1,1] ; bn\n"
                "%12 f32 1x3x1x1 = Add(%10, @11) ; bn\n"
                "%13 f32 1x3x1x1 = Sqrt(%12) ; bn\n"
                "%14 f32 1x3x2x2 = Sub(%2, %9) ; bn\n"
                "%15 f32 1x3x2x2 = Div(%14, %13) ; bn\n"
                "%16 f32 1x3x2x2 = Mul(%15, %7) ; bn\n"
                "%17 f32 1x3x2x2 = Add(%16, %8) ; bn\n"
                "output %17 ; y\n");
}

static void test_statistics_of_the_wrong_size(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x3x2x2");
    Node *node = RAW_NODE(graph, OP_BatchNormalization, "bn", x, weights(graph, "s", "3"), weights(graph, "b", "2"),
                          weights(graph, "m", "3"), weights(graph, "v", "3"));
    node->out[0]->shape = x->shape;
    graph_add_output(graph, node->out[0], "y");
    assert_false(lower_batchnorm(graph));
    assert_int_equal(graph->diag->status, STATUS_INVALID);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PASS_TEST(test_constant_statistics),
        PASS_TEST(test_rank_two),
        PASS_TEST(test_computed_statistics),
        PASS_TEST(test_statistics_of_the_wrong_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
