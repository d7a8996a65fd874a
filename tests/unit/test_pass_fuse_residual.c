#include "tests/unit/pass_helpers.h"

static void test_identity_shortcut(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2x4x4");
    Value *y = conv(graph, "conv", x, weights(graph, "w", "2x2x3x3"), NULL, 1);
    y = NODE(graph, OP_Add, "add", y, x);
    graph_add_output(graph, NODE(graph, OP_Relu, "relu", y), "y");
    run_pass(graph, fuse_activation);
    expect_pass(
        graph, fuse_residual,
        "graph test\n"
        "input %0 f32 1x2x4x4 ; x\n"
        "const @1 f32 2x2x3x3 ; w\n"
        "%2 f32 1x2x4x4 = Conv(%0, @1, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
        "%3 f32 1x2x4x4 = Add(%2, %0) activation=relu ; add + relu\n"
        "output %3 ; y\n",
        "graph test\n"
        "input %0 f32 1x2x4x4 ; x\n"
        "const @1 f32 2x2x3x3 ; w\n"
        "%2 f32 1x2x4x4 = Conv(%0, @1, none, %0) kernel_shape=[3,3] pads=[1,1,1,1] group=1 activation=relu ; conv + add + relu\n"
        "output %2 ; y\n");
}

/* Both operands are convolutions: the later one adds, when the other result is ready. */
static void test_projection_shortcut(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2x4x4");
    Value *main_path = conv(graph, "conv", x, weights(graph, "w1", "3x2x3x3"), NULL, 1);
    Value *shortcut = conv(graph, "downsample", x, weights(graph, "w2", "3x2x1x1"), weights(graph, "b", "3"), 0);
    graph_add_output(graph, NODE(graph, OP_Add, "add", main_path, shortcut), "y");
    expect_pass(graph, fuse_residual,
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "const @1 f32 3x2x3x3 ; w1\n"
                "const @4 f32 3x2x1x1 [-0.523988605,0.46417141,-0.513849854,0.70589745,0.432817221,-0.279276371] ; w2\n"
                "const @3 f32 3 [-0.524763703,0.282763839,0.11673367] ; b\n"
                "%2 f32 1x3x4x4 = Conv(%0, @1, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "%5 f32 1x3x4x4 = Conv(%0, @4, @3) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; downsample\n"
                "%6 f32 1x3x4x4 = Add(%2, %5) ; add\n"
                "output %6 ; y\n",
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "const @1 f32 3x2x3x3 ; w1\n"
                "const @4 f32 3x2x1x1 [-0.523988605,0.46417141,-0.513849854,0.70589745,0.432817221,-0.279276371] ; w2\n"
                "const @3 f32 3 [-0.524763703,0.282763839,0.11673367] ; b\n"
                "%2 f32 1x3x4x4 = Conv(%0, @1, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "%5 f32 1x3x4x4 = Conv(%0, @4, @3, %2) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; downsample + add\n"
                "output %5 ; y\n");
}

/* The shortcut is computed after the convolution, which then moves behind it. */
static void test_convolution_moves(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2x4x4");
    Value *y = conv(graph, "conv", x, weights(graph, "w", "2x2x3x3"), NULL, 1);
    Value *shortcut = NODE(graph, OP_Sigmoid, "sigmoid", x);
    Node *add = RAW_NODE(graph, OP_Add, "add", shortcut, y);
    set_int(graph, add, A_ACTIVATION, ACT_LEAKY_RELU);
    set_float(graph, add, A_ACTIVATION_ALPHA, 0.25);
    graph_add_output(graph, inferred(graph, add), "y");
    expect_pass(graph, fuse_residual,
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "const @1 f32 2x2x3x3 ; w\n"
                "%2 f32 1x2x4x4 = Conv(%0, @1, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "%3 f32 1x2x4x4 = Sigmoid(%0) ; sigmoid\n"
                "%4 f32 1x2x4x4 = Add(%3, %2) activation=leaky_relu activation_alpha=0.25 ; add\n"
                "output %4 ; y\n",
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "const @1 f32 2x2x3x3 ; w\n"
                "%3 f32 1x2x4x4 = Sigmoid(%0) ; sigmoid\n"
                "%2 f32 1x2x4x4 = Conv(%0, @1, none, %3) kernel_shape=[3,3] pads=[1,1,1,1] group=1 activation=leaky_relu "
                "activation_alpha=0.25 ; conv + add\n"
                "output %2 ; y\n");
}

static void test_chain_of_blocks(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2x4x4");
    for (int i = 0; i < 3; i++) {
        Value *y = conv(graph, "conv", x, weights(graph, "w", "2x1x3x3"), NULL, 1);
        x = NODE(graph, OP_Add, "add", x, y);
    }
    graph_add_output(graph, x, "y");
    expect_pass(graph, fuse_residual,
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "const @1 f32 2x1x3x3 ; w\n"
                "const @4 f32 2x1x3x3 ; w\n"
                "const @7 f32 2x1x3x3 ; w\n"
                "%2 f32 1x2x4x4 = Conv(%0, @1, none) kernel_shape=[3,3] pads=[1,1,1,1] group=2 ; conv\n"
                "%3 f32 1x2x4x4 = Add(%0, %2) ; add\n"
                "%5 f32 1x2x4x4 = Conv(%3, @4, none) kernel_shape=[3,3] pads=[1,1,1,1] group=2 ; conv\n"
                "%6 f32 1x2x4x4 = Add(%3, %5) ; add\n"
                "%8 f32 1x2x4x4 = Conv(%6, @7, none) kernel_shape=[3,3] pads=[1,1,1,1] group=2 ; conv\n"
                "%9 f32 1x2x4x4 = Add(%6, %8) ; add\n"
                "output %9 ; y\n",
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "const @1 f32 2x1x3x3 ; w\n"
                "const @4 f32 2x1x3x3 ; w\n"
                "const @7 f32 2x1x3x3 ; w\n"
                "%2 f32 1x2x4x4 = Conv(%0, @1, none, %0) kernel_shape=[3,3] pads=[1,1,1,1] group=2 ; conv + add\n"
                "%5 f32 1x2x4x4 = Conv(%2, @4, none, %2) kernel_shape=[3,3] pads=[1,1,1,1] group=2 ; conv + add\n"
                "%8 f32 1x2x4x4 = Conv(%5, @7, none, %5) kernel_shape=[3,3] pads=[1,1,1,1] group=2 ; conv + add\n"
                "output %8 ; y\n");
}

/* act(conv(x)) + x is not act(conv(x) + x). */
static void test_activation_between(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2x4x4");
    Value *y = NODE(graph, OP_Relu, "relu", conv(graph, "conv", x, weights(graph, "w", "2x2x3x3"), NULL, 1));
    graph_add_output(graph, NODE(graph, OP_Add, "add", y, x), "y");
    run_pass(graph, fuse_activation);
    expect_unchanged(graph, fuse_residual);
}

static void test_broadcast_and_constant(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2x4x4"), *w = weights(graph, "w", "2x2x3x3");
    graph_add_output(graph, NODE(graph, OP_Add, "add1", conv(graph, "conv1", x, w, NULL, 1), input(graph, "s", "1x2x1x1")), "a");
    graph_add_output(graph, NODE(graph, OP_Add, "add2", conv(graph, "conv2", x, w, NULL, 1), weights(graph, "c", "1x2x4x4")),
                     "b");
    expect_unchanged(graph, fuse_residual);
}

static void test_second_reader(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2x4x4");
    Value *y = conv(graph, "conv", x, weights(graph, "w", "2x2x3x3"), NULL, 1);
    graph_add_output(graph, NODE(graph, OP_Add, "add", y, x), "a");
    graph_add_output(graph, NODE(graph, OP_Neg, "neg", y), "b");
    Value *z = conv(graph, "twice", x, weights(graph, "w", "2x2x3x3"), NULL, 1);
    graph_add_output(graph, NODE(graph, OP_Add, "double", z, z), "c");
    expect_unchanged(graph, fuse_residual);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PASS_TEST(test_identity_shortcut), PASS_TEST(test_projection_shortcut), PASS_TEST(test_convolution_moves),
        PASS_TEST(test_chain_of_blocks),   PASS_TEST(test_activation_between),  PASS_TEST(test_broadcast_and_constant),
        PASS_TEST(test_second_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
