#include "tests/unit/pass_helpers.h"

/* 8 channels become 24, depthwise, a bias, a gate, and 8 again: 32 between the convolutions. */
static Value *expanded(Graph *graph) {
    Value *x = input(graph, "x", "1x8x4x4"), *weight = weights(graph, "w1", "24x8x1x1"), *bias = weights(graph, "b1", "24");
    return conv(graph, "expand", x, weight, bias, 0);
}

static Value *depthwise(Graph *graph, Value *x) {
    return conv(graph, "depthwise", x, weights(graph, "w2", "24x1x3x3"), NULL, 1);
}

static Value *projected(Graph *graph, const char *name, Value *x) {
    return conv(graph, name, x, weights(graph, "w3", "8x24x1x1"), NULL, 0);
}

static void test_between_convolutions(void **state) {
    Graph *graph = new_graph(state);
    graph_add_output(graph, projected(graph, "project", depthwise(graph, expanded(graph))), "y");
    expect_pass(graph, pad_channels,
                "graph test\n"
                "input %0 f32 1x8x4x4 ; x\n"
                "const @1 f32 24x8x1x1 ; w1\n"
                "const @2 f32 24 ; b1\n"
                "const @4 f32 24x1x3x3 ; w2\n"
                "const @6 f32 8x24x1x1 ; w3\n"
                "%3 f32 1x24x4x4 = Conv(%0, @1, @2) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; expand\n"
                "%5 f32 1x24x4x4 = Conv(%3, @4, none) kernel_shape=[3,3] pads=[1,1,1,1] group=24 ; depthwise\n"
                "%7 f32 1x8x4x4 = Conv(%5, @6, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; project\n"
                "output %7 ; y\n",
                "graph test\n"
                "input %0 f32 1x8x4x4 ; x\n"
                "const @8 f32 32x8x1x1 ; w1\n"
                "const @9 f32 32 ; b1\n"
                "const @10 f32 32x1x3x3 ; w2\n"
                "const @11 f32 8x32x1x1 ; w3\n"
                "%3 f32 1x32x4x4 = Conv(%0, @8, @9) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; expand\n"
                "%5 f32 1x32x4x4 = Conv(%3, @10, none) kernel_shape=[3,3] pads=[1,1,1,1] group=32 ; depthwise\n"
                "%7 f32 1x8x4x4 = Conv(%5, @11, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 read_channels=24 ; project\n"
                "output %7 ; y\n");
}

/* A gate by channel, made from the image's means: both are padded. Constants by channel are too, with ones where they divide. */
static void test_gate_and_constants(void **state) {
    Graph *graph = new_graph(state);
    Value *x = expanded(graph);
    Value *means = pool(graph, OP_AveragePool, "means", x, 4, 1, 0);
    Value *squeezed = conv(graph, "squeeze", means, weights(graph, "ws", "4x24x1x1"), NULL, 0);
    Value *gate = NODE(graph, OP_Sigmoid, "gate", conv(graph, "excite", squeezed, weights(graph, "we", "24x4x1x1"), NULL, 0));
    Value *gated = NODE(graph, OP_Mul, "gated", x, gate);
    Value *scaled = NODE(graph, OP_Div, "scaled", gated, weights(graph, "scale", "24x1x1"));
    Value *shifted = NODE(graph, OP_Add, "shifted", scaled, weights(graph, "shift", "1x24x1x1"));
    graph_add_output(graph, projected(graph, "project", NODE(graph, OP_Mul, "doubled", shifted, weights(graph, "two", "1"))),
                     "y");
    expect_pass(graph, pad_channels, NULL, NULL);
    assert_int_equal(x->shape.dim[1], 32);
    assert_int_equal(gate->shape.dim[1], 32);
    assert_int_equal(shifted->shape.dim[1], 32);
    assert_int_equal(squeezed->shape.dim[1], 4);
}

/* The means are read by a Reshape too: they lose the new channels again. */
static void test_slice_of_one_pixel(void **state) {
    Graph *graph = new_graph(state);
    Value *means = pool(graph, OP_AveragePool, "means", depthwise(graph, expanded(graph)), 4, 1, 0);
    graph_add_output(graph, reshape(graph, "flat", means, "1x24"), "y");
    expect_pass(graph, pad_channels, NULL,
                "graph test\n"
                "input %0 f32 1x8x4x4 ; x\n"
                "const @8 f32 32x8x1x1 ; w1\n"
                "const @9 f32 32 ; b1\n"
                "const @10 f32 32x1x3x3 ; w2\n"
                "%3 f32 1x32x4x4 = Conv(%0, @8, @9) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; expand\n"
                "%5 f32 1x32x4x4 = Conv(%3, @10, none) kernel_shape=[3,3] pads=[1,1,1,1] group=32 ; depthwise\n"
                "%6 f32 1x32x1x1 = AveragePool(%5) kernel_shape=[4,4] strides=[1,1] pads=[0,0,0,0] ; means\n"
                "%11 f32 1x24x1x1 = Slice(%6) starts=[0,0,0,0] steps=[1,1,1,1] sizes=[1,24,1,1] ; means/channels\n"
                "%7 f32 1x24 = Reshape(%11) shape=[1,24] ; flat\n"
                "output %7 ; y\n");
}

/* A DenseNet's transition: behind the pool the Slice costs a quarter of what the image before it saves. */
static void test_slice_behind_a_pool(void **state) {
    Graph *graph = new_graph(state);
    Value *pooled = pool(graph, OP_AveragePool, "half", expanded(graph), 2, 2, 0);
    graph_add_output(graph, CONCAT(graph, pooled, input(graph, "y", "1x4x2x2")), "z");
    expect_pass(graph, pad_channels,
                "graph test\n"
                "input %0 f32 1x8x4x4 ; x\n"
                "input %5 f32 1x4x2x2 ; y\n"
                "const @1 f32 24x8x1x1 ; w1\n"
                "const @2 f32 24 ; b1\n"
                "%3 f32 1x24x4x4 = Conv(%0, @1, @2) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; expand\n"
                "%4 f32 1x24x2x2 = AveragePool(%3) kernel_shape=[2,2] strides=[2,2] pads=[0,0,0,0] ; half\n"
                "%6 f32 1x28x2x2 = Concat(%4, %5) axis=1 ; concat\n"
                "output %6 ; z\n",
                "graph test\n"
                "input %0 f32 1x8x4x4 ; x\n"
                "input %5 f32 1x4x2x2 ; y\n"
                "const @7 f32 32x8x1x1 ; w1\n"
                "const @8 f32 32 ; b1\n"
                "%3 f32 1x32x4x4 = Conv(%0, @7, @8) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; expand\n"
                "%4 f32 1x32x2x2 = AveragePool(%3) kernel_shape=[2,2] strides=[2,2] pads=[0,0,0,0] ; half\n"
                "%9 f32 1x24x2x2 = Slice(%4) starts=[0,0,0,0] steps=[1,1,1,1] sizes=[1,24,2,2] ; half/channels\n"
                "%6 f32 1x28x2x2 = Concat(%9, %5) axis=1 ; concat\n"
                "output %6 ; z\n");
}

static Value *pad_to(Graph *graph, const char *name, Value *x, int64_t before, int64_t behind) {
    Node *node = RAW_NODE(graph, OP_Pad, name, x);
    set_ints(graph, node, A_PADS, (int64_t[]){0, before, 0, 0, 0, behind, 0, 0}, 8);
    return inferred(graph, node);
}

/* A shortcut from 24 to 28 channels (BlazeFace): both are 32, whose new ones are zeros, and nothing is left of the Pad. */
static void test_shortcut_of_more_channels(void **state) {
    Graph *graph = new_graph(state);
    Value *x = expanded(graph), *y = depthwise(graph, x);
    y = conv(graph, "widen", y, weights(graph, "w4", "28x24x1x1"), NULL, 0);
    y = NODE(graph, OP_Add, "add", y, pad_to(graph, "pad", x, 0, 4));
    graph_add_output(graph, conv(graph, "project", y, weights(graph, "w3", "8x28x1x1"), NULL, 0), "y");
    expect_pass(graph, pad_channels, NULL,
                "graph test\n"
                "input %0 f32 1x8x4x4 ; x\n"
                "const @12 f32 32x8x1x1 ; w1\n"
                "const @13 f32 32 ; b1\n"
                "const @14 f32 32x1x3x3 ; w2\n"
                "const @15 f32 32x32x1x1 ; w4\n"
                "const @16 f32 8x32x1x1 ; w3\n"
                "%3 f32 1x32x4x4 = Conv(%0, @12, @13) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; expand\n"
                "%5 f32 1x32x4x4 = Conv(%3, @14, none) kernel_shape=[3,3] pads=[1,1,1,1] group=32 ; depthwise\n"
                "%7 f32 1x32x4x4 = Conv(%5, @15, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 read_channels=24 ; widen\n"
                "%9 f32 1x32x4x4 = Add(%7, %3) ; add\n"
                "%11 f32 1x8x4x4 = Conv(%9, @16, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 read_channels=28 ; project\n"
                "output %11 ; y\n");
}

/* From `channels` to more: is the operand padded, and what does the Pad add behind it? */
static void expect_pad(Graph *graph, Value *x, int64_t before, int64_t behind, bool padded, int64_t added) {
    const int64_t channels = x->shape.dim[1];
    char shape[32];
    Value *y = pad_to(graph, "pad", x, before, behind);
    snprintf(shape, sizeof shape, "8x%dx1x1", (int)y->shape.dim[1]);
    graph_add_output(graph, projected(graph, "project", x), "x");
    graph_add_output(graph, conv(graph, "widened", y, weights(graph, "w4", shape), NULL, 0), "y");
    run_pass(graph, pad_channels);
    assert_int_equal(x->shape.dim[1], padded ? whole_blocks(channels) : channels);
    assert_int_equal(attr_ints_at(y->producer, A_PADS, 5, -1), added);
}

static void test_pads_of_channels(void **state) {
    Graph *graph = new_graph(state);
    expect_pad(graph, expanded(graph), 0, 24, true, 16); /* 48, of which 32 */
    graph = new_graph(state);
    expect_pad(graph, expanded(graph), 8, 8, true, 8); /* 40 become 48: there is room for 32 behind 8 */
    graph = new_graph(state);
    expect_pad(graph, expanded(graph), 4, 4, false, 4); /* in 32 channels there is no room for 32 behind 4 */
    graph = new_graph(state);
    expect_pad(graph, NODE(graph, OP_Sigmoid, "gate", expanded(graph)), 0, 24, false, 24); /* new channels would be halves */
    graph = new_graph(state);
    expect_pad(graph, NODE(graph, OP_Relu, "relu", expanded(graph)), 0, 24, true, 16);
}

/* Of option A: the branch and the sum are padded, and the shortcut where its new channels are zeros. */
static void test_strided_shortcut(void **state) {
    Graph *graph = new_graph(state);
    Value *x = expanded(graph);
    Value *half = pool(graph, OP_AveragePool, "half", x, 2, 2, 0);
    Value *y = conv(graph, "widen", half, weights(graph, "w4", "28x24x1x1"), NULL, 0);
    Node *sum = RAW_NODE(graph, OP_AddShortcut, "sum", y, x);
    set_ints(graph, sum, A_STRIDES, (int64_t[]){2, 2}, 2);
    set_ints(graph, sum, A_PADS, (int64_t[]){0, 4}, 2);
    graph_add_output(graph, conv(graph, "project", inferred(graph, sum), weights(graph, "w3", "8x28x1x1"), NULL, 0), "y");
    run_pass(graph, pad_channels);
    assert_int_equal(x->shape.dim[1], 32);
    assert_int_equal(sum->out[0]->shape.dim[1], 32);
    assert_int_equal(attr_ints_at(sum, A_PADS, 1, -1), 0);
}

/* One pixel that a convolution in wide groups reads as it was. */
static void test_pixel_read_by_groups(void **state) {
    Graph *graph = new_graph(state);
    Value *means = pool(graph, OP_AveragePool, "means", expanded(graph), 4, 1, 0);
    graph_add_output(graph, conv(graph, "groups", means, weights(graph, "wg", "6x8x1x1"), NULL, 0), "y");
    graph_add_output(graph, projected(graph, "project", means), "z");
    run_pass(graph, pad_channels);
    assert_int_equal(means->shape.dim[1], 32);
    expect_unchanged(graph, pad_channels);
}

/* One that keeps its size would be sliced whole. */
static void test_pool_of_the_same_size(void **state) {
    Graph *graph = new_graph(state);
    Value *pooled = pool(graph, OP_AveragePool, "mean", expanded(graph), 3, 1, 1);
    graph_add_output(graph, CONCAT(graph, pooled, input(graph, "y", "1x4x4x4")), "z");
    expect_unchanged(graph, pad_channels);
}

/* A fully connected layer: nothing to gain. */
static void test_pixel_of_a_convolution(void **state) {
    Graph *graph = new_graph(state);
    Value *y = conv(graph, "fc", input(graph, "x", "1x8x1x1"), weights(graph, "w", "24x8x1x1"), NULL, 0);
    graph_add_output(graph, reshape(graph, "flat", y, "1x24"), "y");
    expect_unchanged(graph, pad_channels);
}

/* A residual that can't have the new channels keeps the sum, and all that leads to it, as it is. */
static void test_residual_from_outside(void **state) {
    Graph *graph = new_graph(state);
    Value *sum = NODE(graph, OP_Add, "sum", depthwise(graph, expanded(graph)), input(graph, "residual", "1x24x4x4"));
    graph_add_output(graph, projected(graph, "project", sum), "y");
    expect_unchanged(graph, pad_channels);
}

static void test_residual_from_inside(void **state) {
    Graph *graph = new_graph(state);
    Value *x = expanded(graph), *sum = NODE(graph, OP_Add, "sum", depthwise(graph, x), x);
    graph_add_output(graph, projected(graph, "project", sum), "y");
    expect_pass(graph, pad_channels, NULL, NULL);
    assert_int_equal(sum->shape.dim[1], 32);
}

static void test_graph_output(void **state) {
    Graph *graph = new_graph(state);
    graph_add_output(graph, depthwise(graph, expanded(graph)), "y");
    expect_unchanged(graph, pad_channels);
}

static void test_reader_of_channels(void **state) {
    Graph *graph = new_graph(state);
    Value *x = depthwise(graph, expanded(graph));
    graph_add_output(graph, NODE(graph, OP_ReduceMean, "all", x), "mean"); /* would count the zeros */
    graph_add_output(graph, projected(graph, "project", x), "y");
    expect_unchanged(graph, pad_channels);
}

/* 17 would grow by more than a third; 32 has nothing to gain. */
static void test_not_worth_it(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x8x4x4");
    Value *many = conv(graph, "c17", x, weights(graph, "w1", "17x8x1x1"), NULL, 0);
    Value *whole = conv(graph, "c32", many, weights(graph, "w2", "32x17x1x1"), NULL, 0);
    graph_add_output(graph, conv(graph, "c8", whole, weights(graph, "w3", "8x32x1x1"), NULL, 0), "y");
    expect_unchanged(graph, pad_channels);
}

/* Weights that are computed at run time can't be given zeros. */
static void test_run_time_weights(void **state) {
    Graph *graph = new_graph(state);
    Value *x = conv(graph, "c", input(graph, "x", "1x8x4x4"), weights(graph, "w1", "24x8x1x1"), NULL, 0);
    graph_add_output(graph, conv(graph, "d", x, input(graph, "w2", "8x24x1x1"), NULL, 0), "y");
    expect_unchanged(graph, pad_channels);
}

/* A constant image differs from pixel to pixel. */
static void test_constant_image(void **state) {
    Graph *graph = new_graph(state);
    Value *sum = NODE(graph, OP_Add, "sum", expanded(graph), weights(graph, "image", "24x4x4"));
    graph_add_output(graph, projected(graph, "project", sum), "y");
    expect_unchanged(graph, pad_channels);
}

/* The scale that a reader applies to its input gets zeros for the new channels. */
static void test_input_scale(void **state) {
    Graph *graph = new_graph(state);
    Value *y = conv(graph, "conv1", input(graph, "x", "1x3x2x2"), weights(graph, "w1", "12x3x1x1"), NULL, 0);
    Node *node = RAW_NODE(graph, OP_Conv, "conv2", y, weights(graph, "w2", "2x12x1x1"), NULL, NULL, weights(graph, "s", "12"),
                          weights(graph, "t", "12"));
    set_int(graph, node, A_INPUT_RELU, 1);
    graph_add_output(graph, inferred(graph, node), "y");
    expect_pass(graph, pad_channels,
                "graph test\n"
                "input %1 f32 1x3x2x2 ; x\n"
                "const @0 f32 12x3x1x1 ; w1\n"
                "const @3 f32 2x12x1x1 ; w2\n"
                "const @4 f32 12 ; s\n"
                "const @5 f32 12 ; t\n"
                "%2 f32 1x12x2x2 = Conv(%1, @0, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv1\n"
                "%6 f32 1x2x2x2 = Conv(%2, @3, none, none, @4, @5) input_relu=1 ; conv2\n"
                "output %6 ; y\n",
                "graph test\n"
                "input %1 f32 1x3x2x2 ; x\n"
                "const @7 f32 16x3x1x1 ; w1\n"
                "const @8 f32 2x16x1x1 ; w2\n"
                "const @9 f32 16 ; s\n"
                "const @10 f32 16 ; t\n"
                "%2 f32 1x16x2x2 = Conv(%1, @7, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv1\n"
                "%6 f32 1x2x2x2 = Conv(%2, @8, none, none, @9, @10) input_relu=1 read_channels=12 ; conv2\n"
                "output %6 ; y\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PASS_TEST(test_shortcut_of_more_channels),
        PASS_TEST(test_pads_of_channels),
        PASS_TEST(test_strided_shortcut),
        PASS_TEST(test_pixel_read_by_groups),
        PASS_TEST(test_between_convolutions),
        PASS_TEST(test_gate_and_constants),
        PASS_TEST(test_slice_of_one_pixel),
        PASS_TEST(test_pixel_of_a_convolution),
        PASS_TEST(test_residual_from_outside),
        PASS_TEST(test_residual_from_inside),
        PASS_TEST(test_graph_output),
        PASS_TEST(test_reader_of_channels),
        PASS_TEST(test_not_worth_it),
        PASS_TEST(test_slice_behind_a_pool),
        PASS_TEST(test_pool_of_the_same_size),
        PASS_TEST(test_run_time_weights),
        PASS_TEST(test_constant_image),
        PASS_TEST(test_input_scale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
