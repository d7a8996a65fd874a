#include "tests/unit/pass_helpers.h"

static void test_into_convolution(void **state) {
    Graph *graph = new_graph(state);
    Value *x = pad_space(graph, "pad", input(graph, "x", "1x2x4x4"), 2, 0);
    graph_add_output(graph, conv(graph, "conv", x, weights(graph, "w", "3x2x3x3"), NULL, 1), "y");
    expect_pass(graph, merge_pad,
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "const @2 f32 3x2x3x3 ; w\n"
                "%1 f32 1x2x8x8 = Pad(%0) pads=[0,0,2,2,0,0,2,2] value=0 ; pad\n"
                "%3 f32 1x3x8x8 = Conv(%1, @2, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "output %3 ; y\n",
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "const @2 f32 3x2x3x3 ; w\n"
                "%3 f32 1x3x8x8 = Conv(%0, @2, none) kernel_shape=[3,3] pads=[3,3,3,3] group=1 ; pad + conv\n"
                "output %3 ; y\n");
}

/* Uneven padding, as TensorFlow's SAME gives for stride 2, and a second reader that keeps the Pad. */
static void test_uneven_and_shared(void **state) {
    Graph *graph = new_graph(state);
    Node *pad = RAW_NODE(graph, OP_Pad, "pad", input(graph, "x", "1x2x4x4"));
    set_ints(graph, pad, A_PADS, (const int64_t[]){0, 0, 0, 1, 0, 0, 2, 3}, 8);
    Value *padded = inferred(graph, pad);
    graph_add_output(graph, conv(graph, "conv", padded, weights(graph, "w", "3x2x3x3"), NULL, 0), "y");
    graph_add_output(graph, padded, "padded");
    expect_pass(graph, merge_pad,
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "const @2 f32 3x2x3x3 ; w\n"
                "%1 f32 1x2x6x8 = Pad(%0) pads=[0,0,0,1,0,0,2,3] ; pad\n"
                "%3 f32 1x3x4x6 = Conv(%1, @2, none) kernel_shape=[3,3] pads=[0,0,0,0] group=1 ; conv\n"
                "output %3 ; y\n"
                "output %1 ; padded\n",
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "const @2 f32 3x2x3x3 ; w\n"
                "%1 f32 1x2x6x8 = Pad(%0) pads=[0,0,0,1,0,0,2,3] ; pad\n"
                "%3 f32 1x3x4x6 = Conv(%0, @2, none) kernel_shape=[3,3] pads=[0,1,2,3] group=1 ; conv\n"
                "output %3 ; y\n"
                "output %1 ; padded\n");
}

static void test_two_pads(void **state) {
    Graph *graph = new_graph(state);
    Value *x = pad_space(graph, "pad2", pad_space(graph, "pad1", input(graph, "x", "1x2x4x4"), 1, 0), 1, 0);
    graph_add_output(graph, conv(graph, "conv", x, weights(graph, "w", "3x2x3x3"), NULL, 0), "y");
    expect_pass(graph, merge_pad,
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "const @3 f32 3x2x3x3 ; w\n"
                "%1 f32 1x2x6x6 = Pad(%0) pads=[0,0,1,1,0,0,1,1] value=0 ; pad1\n"
                "%2 f32 1x2x8x8 = Pad(%1) pads=[0,0,1,1,0,0,1,1] value=0 ; pad2\n"
                "%4 f32 1x3x6x6 = Conv(%2, @3, none) kernel_shape=[3,3] pads=[0,0,0,0] group=1 ; conv\n"
                "output %4 ; y\n",
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "const @3 f32 3x2x3x3 ; w\n"
                "%4 f32 1x3x6x6 = Conv(%0, @3, none) kernel_shape=[3,3] pads=[2,2,2,2] group=1 ; pad1 + pad2 + conv\n"
                "output %4 ; y\n");
}

static void test_into_average_pool(void **state) {
    Graph *graph = new_graph(state);
    Value *x = pad_space(graph, "pad", input(graph, "x", "1x2x4x4"), 1, 0);
    graph_add_output(graph, pool(graph, OP_AveragePool, "pool", x, 3, 1, 0), "y");
    expect_pass(
        graph, merge_pad,
        "graph test\n"
        "input %0 f32 1x2x4x4 ; x\n"
        "%1 f32 1x2x6x6 = Pad(%0) pads=[0,0,1,1,0,0,1,1] value=0 ; pad\n"
        "%2 f32 1x2x4x4 = AveragePool(%1) kernel_shape=[3,3] strides=[1,1] pads=[0,0,0,0] ; pool\n"
        "output %2 ; y\n",
        "graph test\n"
        "input %0 f32 1x2x4x4 ; x\n"
        "%2 f32 1x2x4x4 = AveragePool(%0) kernel_shape=[3,3] strides=[1,1] pads=[1,1,1,1] count_include_pad=1 ; pad + pool\n"
        "output %2 ; y\n");
}

/* Keras pads with zeros behind a Relu, where MaxPool's -infinity gives the same. */
static void test_into_max_pool_behind_relu(void **state) {
    Graph *graph = new_graph(state);
    Value *x = NODE(graph, OP_Relu, "relu", input(graph, "x", "1x2x4x4"));
    graph_add_output(graph, pool(graph, OP_MaxPool, "pool", pad_space(graph, "pad", x, 1, 0), 3, 2, 0), "y");
    expect_pass(graph, merge_pad,
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "%1 f32 1x2x4x4 = Relu(%0) ; relu\n"
                "%2 f32 1x2x6x6 = Pad(%1) pads=[0,0,1,1,0,0,1,1] value=0 ; pad\n"
                "%3 f32 1x2x2x2 = MaxPool(%2) kernel_shape=[3,3] strides=[2,2] pads=[0,0,0,0] ; pool\n"
                "output %3 ; y\n",
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "%1 f32 1x2x4x4 = Relu(%0) ; relu\n"
                "%3 f32 1x2x2x2 = MaxPool(%1) kernel_shape=[3,3] strides=[2,2] pads=[1,1,1,1] ; pad + pool\n"
                "output %3 ; y\n");
}

static void test_into_max_pool_infinity(void **state) {
    Graph *graph = new_graph(state);
    Value *x = pad_space(graph, "pad", input(graph, "x", "1x2x4x4"), 1, -INFINITY);
    graph_add_output(graph, pool(graph, OP_MaxPool, "pool", x, 3, 2, 0), "y");
    expect_pass(graph, merge_pad,
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "%1 f32 1x2x6x6 = Pad(%0) pads=[0,0,1,1,0,0,1,1] value=-inf ; pad\n"
                "%2 f32 1x2x2x2 = MaxPool(%1) kernel_shape=[3,3] strides=[2,2] pads=[0,0,0,0] ; pool\n"
                "output %2 ; y\n",
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "%2 f32 1x2x2x2 = MaxPool(%0) kernel_shape=[3,3] strides=[2,2] pads=[1,1,1,1] ; pad + pool\n"
                "output %2 ; y\n");
}

static void test_max_pool_of_negative_numbers(void **state) {
    Graph *graph = new_graph(state);
    Value *x = pad_space(graph, "pad", input(graph, "x", "1x2x4x4"), 1, 0);
    graph_add_output(graph, pool(graph, OP_MaxPool, "pool", x, 3, 2, 0), "y");
    expect_unchanged(graph, merge_pad);
}

static void test_window_of_padding_alone(void **state) {
    Graph *graph = new_graph(state);
    Value *x = pad_space(graph, "pad", NODE(graph, OP_Relu, "relu", input(graph, "x", "1x2x4x4")), 2, 0);
    graph_add_output(graph, pool(graph, OP_MaxPool, "pool", x, 2, 1, 0), "y");
    expect_unchanged(graph, merge_pad);
}

static void test_average_that_does_not_count_its_padding(void **state) {
    Graph *graph = new_graph(state);
    Value *x = pad_space(graph, "pad", input(graph, "x", "1x2x4x4"), 1, 0);
    graph_add_output(graph, pool(graph, OP_AveragePool, "pool", x, 3, 1, 1), "y");
    expect_unchanged(graph, merge_pad);
}

static void test_other_values_modes_and_axes(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2x4x4"), *w = weights(graph, "w", "3x2x3x3");
    graph_add_output(graph, conv(graph, "conv1", pad_space(graph, "ones", x, 1, 1), w, NULL, 0), "a");
    Value *mirrored = pad_space(graph, "mirror", x, 1, 0);
    set_string(graph, mirrored->producer, A_MODE, "reflect");
    graph_add_output(graph, conv(graph, "conv2", mirrored, w, NULL, 0), "b");
    graph_add_output(graph, conv(graph, "conv3", pad_space(graph, "crop", x, -1, 0), weights(graph, "w1", "3x2x1x1"), NULL, 1),
                     "c");
    Node *channels = RAW_NODE(graph, OP_Pad, "channels", x);
    set_ints(graph, channels, A_PADS, (const int64_t[]){0, 1, 1, 1, 0, 1, 1, 1}, 8);
    graph_add_output(graph, conv(graph, "conv4", inferred(graph, channels), weights(graph, "w4", "3x4x3x3"), NULL, 0), "d");
    expect_unchanged(graph, merge_pad);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PASS_TEST(test_into_convolution),
        PASS_TEST(test_uneven_and_shared),
        PASS_TEST(test_two_pads),
        PASS_TEST(test_into_average_pool),
        PASS_TEST(test_into_max_pool_behind_relu),
        PASS_TEST(test_into_max_pool_infinity),
        PASS_TEST(test_max_pool_of_negative_numbers),
        PASS_TEST(test_window_of_padding_alone),
        PASS_TEST(test_average_that_does_not_count_its_padding),
        PASS_TEST(test_other_values_modes_and_axes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
