#include "tests/unit/pass_helpers.h"

static Value *scaled(Graph *graph, Value *x, bool relu) {
    Value *y = NODE(graph, OP_Mul, "bn", x, NUMBERS(graph, "s", "1x2x1x1", 0.5f, -1.5f));
    y = NODE(graph, OP_Add, "bn", y, NUMBERS(graph, "t", "1x2x1x1", 0.25f, 0.75f));
    return relu ? NODE(graph, OP_Relu, "relu", y) : y;
}

static void expect_left_alone(Graph *graph) {
    run_pass(graph, fuse_activation);
    expect_unchanged(graph, fuse_input_scale);
}

static void test_batchnorm_and_relu_before_a_convolution(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2x4x4");
    graph_add_output(graph, conv(graph, "conv", scaled(graph, x, true), weights(graph, "w", "2x2x3x3"), NULL, 1), "y");
    run_pass(graph, fuse_activation);
    expect_pass(graph, fuse_input_scale,
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "const @2 f32 1x2x1x1 [0.5,-1.5] ; s\n"
                "const @4 f32 1x2x1x1 [0.25,0.75] ; t\n"
                "const @1 f32 2x2x3x3 ; w\n"
                "%3 f32 1x2x4x4 = Mul(%0, @2) ; bn\n"
                "%5 f32 1x2x4x4 = Add(%3, @4) activation=relu ; bn + relu\n"
                "%7 f32 1x2x4x4 = Conv(%5, @1, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "output %7 ; y\n",
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "const @1 f32 2x2x3x3 ; w\n"
                "const @8 f32 2 [0.5,-1.5] ; s\n"
                "const @9 f32 2 [0.25,0.75] ; t\n"
                "%7 f32 1x2x4x4 = Conv(%0, @1, none, none, @8, @9) kernel_shape=[3,3] pads=[1,1,1,1] group=1 input_relu=1 ; bn + "
                "relu + conv\n"
                "output %7 ; y\n");
}

/* A block that changes shape reads the activated value twice. */
static void test_two_convolutions(void **state) {
    Graph *graph = new_graph(state);
    Value *y = scaled(graph, input(graph, "x", "1x2x4x4"), false);
    Value *a = conv(graph, "conv", y, weights(graph, "w1", "2x2x3x3"), NULL, 1);
    Value *b = conv(graph, "shortcut", y, weights(graph, "w2", "2x2x1x1"), weights(graph, "b", "2"), 0);
    graph_add_output(graph, NODE(graph, OP_Sub, "sub", a, b), "y");
    expect_pass(graph, fuse_input_scale,
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "const @1 f32 1x2x1x1 [0.5,-1.5] ; s\n"
                "const @3 f32 1x2x1x1 [0.25,0.75] ; t\n"
                "const @5 f32 2x2x3x3 ; w1\n"
                "const @8 f32 2x2x1x1 [-0.520888209,-0.810198426,0.963816404,-0.997971654] ; w2\n"
                "const @7 f32 2 [-0.521663308,-0.991605997] ; b\n"
                "%2 f32 1x2x4x4 = Mul(%0, @1) ; bn\n"
                "%4 f32 1x2x4x4 = Add(%2, @3) ; bn\n"
                "%6 f32 1x2x4x4 = Conv(%4, @5, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "%9 f32 1x2x4x4 = Conv(%4, @8, @7) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; shortcut\n"
                "%10 f32 1x2x4x4 = Sub(%6, %9) ; sub\n"
                "output %10 ; y\n",
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "const @5 f32 2x2x3x3 ; w1\n"
                "const @11 f32 2 [0.5,-1.5] ; s\n"
                "const @12 f32 2 [0.25,0.75] ; t\n"
                "const @8 f32 2x2x1x1 [-0.520888209,-0.810198426,0.963816404,-0.997971654] ; w2\n"
                "const @7 f32 2 [-0.521663308,-0.991605997] ; b\n"
                "%6 f32 1x2x4x4 = Conv(%0, @5, none, none, @11, @12) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; bn + conv\n"
                "%9 f32 1x2x4x4 = Conv(%0, @8, @7, none, @11, @12) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; bn + shortcut\n"
                "%10 f32 1x2x4x4 = Sub(%6, %9) ; sub\n"
                "output %10 ; y\n");
}

static void test_another_reader_keeps_it(void **state) {
    Graph *graph = new_graph(state);
    Value *y = scaled(graph, input(graph, "x", "1x2x4x4"), true);
    Value *a = conv(graph, "conv", y, weights(graph, "w", "2x2x3x3"), NULL, 1);
    graph_add_output(graph, NODE(graph, OP_Add, "add", a, y), "y");
    expect_left_alone(graph);
}

static void test_an_output_keeps_it(void **state) {
    Graph *graph = new_graph(state);
    Value *y = scaled(graph, input(graph, "x", "1x2x4x4"), true);
    graph_add_output(graph, conv(graph, "conv", y, weights(graph, "w", "2x2x3x3"), NULL, 1), "y");
    graph_add_output(graph, y, "z");
    expect_left_alone(graph);
}

static void test_other_activations_and_groups_stay(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2x4x4"), *w = weights(graph, "w", "2x2x1x1");
    Value *y = NODE(graph, OP_Tanh, "tanh", scaled(graph, x, false));
    Node *grouped = RAW_NODE(graph, OP_Conv, "grouped", scaled(graph, x, true), weights(graph, "g", "2x1x1x1"));
    set_int(graph, grouped, A_GROUP, 2);
    Value *a = conv(graph, "conv", y, w, NULL, 0), *b = inferred(graph, grouped);
    graph_add_output(graph, NODE(graph, OP_Sub, "sub", a, b), "y");
    expect_left_alone(graph);
}

/* One number for each column is no scale of channels. */
static void test_constants_of_another_axis_stay(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2x4x4");
    Value *y = NODE(graph, OP_Mul, "mul", x, weights(graph, "s", "1x1x1x4"));
    y = NODE(graph, OP_Add, "add", y, weights(graph, "t", "1x2x1x1"));
    graph_add_output(graph, conv(graph, "conv", y, weights(graph, "w", "2x2x3x3"), NULL, 1), "y");
    expect_left_alone(graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PASS_TEST(test_batchnorm_and_relu_before_a_convolution),
        PASS_TEST(test_two_convolutions),
        PASS_TEST(test_another_reader_keeps_it),
        PASS_TEST(test_an_output_keeps_it),
        PASS_TEST(test_other_activations_and_groups_stay),
        PASS_TEST(test_constants_of_another_axis_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
