#include "kernels/layout.h"
#include "tests/unit/pass_helpers.h"

/* The stem reads the caller's planar image, blocked inside, one pixel and the last convolution planar again: no Reorder at all.
 */
static void test_residual_network(void **state) {
    Graph *graph = new_graph(state);
    Value *x = conv(graph, "stem", input(graph, "x", "1x3x4x4"), weights(graph, "w0", "16x3x3x3"), NULL, 1);
    x = NODE(graph, OP_Relu, "relu", x);
    Value *y = conv(graph, "conv1", x, weights(graph, "w1", "16x16x3x3"), NULL, 1);
    y = NODE(graph, OP_Add, "add", y, x);
    y = pool(graph, OP_AveragePool, "mean", y, 4, 1, 0);
    y = conv(graph, "fc", y, weights(graph, "w2", "10x16x1x1"), NULL, 0);
    graph_add_output(graph, reshape(graph, "flatten", y, "1x10"), "y");
    run_pass(graph, fuse_activation);
    run_pass(graph, fuse_residual);
    expect_pass(
        graph, choose_layout,
        "graph test\n"
        "input %1 f32 1x3x4x4 ; x\n"
        "const @0 f32 16x3x3x3 ; w0\n"
        "const @4 f32 16x16x3x3 ; w1\n"
        "const @8 f32 10x16x1x1 ; w2\n"
        "%2 f32 1x16x4x4 = Conv(%1, @0, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 activation=relu ; stem + relu\n"
        "%5 f32 1x16x4x4 = Conv(%2, @4, none, %2) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv1 + add\n"
        "%7 f32 1x16x1x1 = AveragePool(%5) kernel_shape=[4,4] strides=[1,1] pads=[0,0,0,0] ; mean\n"
        "%9 f32 1x10x1x1 = Conv(%7, @8, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; fc\n"
        "%10 f32 1x10 = Reshape(%9) shape=[1,10] ; flatten\n"
        "output %10 ; y\n",
        "graph test\n"
        "input %1 f32 1x3x4x4 ; x\n"
        "const @0 f32 16x3x3x3 ; w0\n"
        "const @4 f32 16x16x3x3 ; w1\n"
        "const @8 f32 10x16x1x1 ; w2\n"
        "%2 f32 1x16x4x4 blocked = Conv(%1, @0, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 activation=relu ; stem + relu\n"
        "%5 f32 1x16x4x4 blocked = Conv(%2, @4, none, %2) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv1 + add\n"
        "%7 f32 1x16x1x1 = AveragePool(%5) kernel_shape=[4,4] strides=[1,1] pads=[0,0,0,0] ; mean\n"
        "%9 f32 1x10x1x1 = Conv(%7, @8, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; fc\n"
        "%10 f32 1x10 = Reshape(%9) shape=[1,10] ; flatten\n"
        "output %10 ; y\n");
}

/* A planar reader waits behind a pool: a quarter of the image is converted, not all of it written and pooled planar. */
static void test_blocked_up_to_a_pool(void **state) {
    Graph *graph = new_graph(state);
    Value *x = conv(graph, "conv1", input(graph, "x", "1x3x4x4"), weights(graph, "w", "16x3x3x3"), NULL, 1);
    x = pool(graph, OP_AveragePool, "half", x, 2, 2, 0);
    graph_add_output(graph, reshape(graph, "flat", x, "1x64"), "y");
    expect_pass(graph, choose_layout,
                "graph test\n"
                "input %1 f32 1x3x4x4 ; x\n"
                "const @0 f32 16x3x3x3 ; w\n"
                "%2 f32 1x16x4x4 = Conv(%1, @0, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv1\n"
                "%3 f32 1x16x2x2 = AveragePool(%2) kernel_shape=[2,2] strides=[2,2] pads=[0,0,0,0] ; half\n"
                "%4 f32 1x64 = Reshape(%3) shape=[1,64] ; flat\n"
                "output %4 ; y\n",
                "graph test\n"
                "input %1 f32 1x3x4x4 ; x\n"
                "const @0 f32 16x3x3x3 ; w\n"
                "%2 f32 1x16x4x4 blocked = Conv(%1, @0, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv1\n"
                "%3 f32 1x16x2x2 blocked = AveragePool(%2) kernel_shape=[2,2] strides=[2,2] pads=[0,0,0,0] ; half\n"
                "%5 f32 1x16x2x2 = Reorder(%3) layout=planar ; half/planar\n"
                "%4 f32 1x64 = Reshape(%5) shape=[1,64] ; flat\n"
                "output %4 ; y\n");
}

/* Only a planar reader waits for it. */
static void test_output_is_written_planar(void **state) {
    Graph *graph = new_graph(state);
    Value *x = conv(graph, "conv1", input(graph, "x", "1x3x4x4"), weights(graph, "w", "16x3x3x3"), NULL, 1);
    graph_add_output(graph, NODE(graph, OP_Exp, "exp", x), "y");
    expect_pass(graph, choose_layout,
                "graph test\n"
                "input %1 f32 1x3x4x4 ; x\n"
                "const @0 f32 16x3x3x3 ; w\n"
                "%2 f32 1x16x4x4 = Conv(%1, @0, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv1\n"
                "%3 f32 1x16x4x4 = Exp(%2) ; exp\n"
                "output %3 ; y\n",
                "graph test\n"
                "input %1 f32 1x3x4x4 ; x\n"
                "const @0 f32 16x3x3x3 ; w\n"
                "%2 f32 1x16x4x4 = Conv(%1, @0, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv1\n"
                "%3 f32 1x16x4x4 = Exp(%2) ; exp\n"
                "output %3 ; y\n");
}

/* Depthwise kernels take blocked images only: one Reorder for two readers, one for the caller. */
static void test_depthwise(void **state) {
    Graph *graph = new_graph(state);
    Value *x = NODE(graph, OP_Relu, "relu", input(graph, "x", "1x16x4x4"));
    Value *a = conv(graph, "depthwise1", x, weights(graph, "w1", "16x1x3x3"), NULL, 1);
    Value *b = conv(graph, "depthwise2", x, weights(graph, "w2", "16x4x3x3"), NULL, 1);
    graph_add_output(graph, a, "a");
    graph_add_output(graph, b, "b");
    graph_add_output(graph, NODE(graph, OP_Add, "add", a, b), "y");
    expect_pass(graph, choose_layout,
                "graph test\n"
                "input %0 f32 1x16x4x4 ; x\n"
                "const @2 f32 16x1x3x3 ; w1\n"
                "const @4 f32 16x4x3x3 ; w2\n"
                "%1 f32 1x16x4x4 = Relu(%0) ; relu\n"
                "%3 f32 1x16x4x4 = Conv(%1, @2, none) kernel_shape=[3,3] pads=[1,1,1,1] group=16 ; depthwise1\n"
                "%5 f32 1x16x4x4 = Conv(%1, @4, none) kernel_shape=[3,3] pads=[1,1,1,1] group=4 ; depthwise2\n"
                "%6 f32 1x16x4x4 = Add(%3, %5) ; add\n"
                "output %3 ; a\n"
                "output %5 ; b\n"
                "output %6 ; y\n",
                "graph test\n"
                "input %0 f32 1x16x4x4 ; x\n"
                "const @2 f32 16x1x3x3 ; w1\n"
                "const @4 f32 16x4x3x3 ; w2\n"
                "%1 f32 1x16x4x4 = Relu(%0) ; relu\n"
                "%9 f32 1x16x4x4 blocked = Reorder(%1) layout=blocked ; relu/blocked\n"
                "%3 f32 1x16x4x4 blocked = Conv(%9, @2, none) kernel_shape=[3,3] pads=[1,1,1,1] group=16 ; depthwise1\n"
                "%7 f32 1x16x4x4 = Reorder(%3) layout=planar ; depthwise1/planar\n"
                "%5 f32 1x16x4x4 blocked = Conv(%9, @4, none) kernel_shape=[3,3] pads=[1,1,1,1] group=4 ; depthwise2\n"
                "%8 f32 1x16x4x4 = Reorder(%5) layout=planar ; depthwise2/planar\n"
                "%6 f32 1x16x4x4 = Add(%7, %8) ; add\n"
                "output %7 ; a\n"
                "output %8 ; b\n"
                "output %6 ; y\n");
}

static void test_groups_across_blocks_stay_planar(void **state) {
    Graph *graph = new_graph(state);
    Value *x = conv(graph, "conv1", input(graph, "x", "1x3x4x4"), weights(graph, "w1", "48x3x1x1"), NULL, 0);
    x = conv(graph, "groups_of_24", x, weights(graph, "w2", "48x24x3x3"), NULL, 1);
    x = conv(graph, "conv3", x, weights(graph, "w3", "16x48x1x1"), NULL, 0);
    graph_add_output(graph, x, "y");
    expect_pass(graph, choose_layout,
                "graph test\n"
                "input %1 f32 1x3x4x4 ; x\n"
                "const @0 f32 48x3x1x1 ; w1\n"
                "const @3 f32 48x24x3x3 ; w2\n"
                "const @5 f32 16x48x1x1 ; w3\n"
                "%2 f32 1x48x4x4 = Conv(%1, @0, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv1\n"
                "%4 f32 1x48x4x4 = Conv(%2, @3, none) kernel_shape=[3,3] pads=[1,1,1,1] group=2 ; groups_of_24\n"
                "%6 f32 1x16x4x4 = Conv(%4, @5, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv3\n"
                "output %6 ; y\n",
                "graph test\n"
                "input %1 f32 1x3x4x4 ; x\n"
                "const @0 f32 48x3x1x1 ; w1\n"
                "const @3 f32 48x24x3x3 ; w2\n"
                "const @5 f32 16x48x1x1 ; w3\n"
                "%2 f32 1x48x4x4 = Conv(%1, @0, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv1\n"
                "%4 f32 1x48x4x4 = Conv(%2, @3, none) kernel_shape=[3,3] pads=[1,1,1,1] group=2 ; groups_of_24\n"
                "%6 f32 1x16x4x4 = Conv(%4, @5, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv3\n"
                "output %6 ; y\n");
}

static void test_concat(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x3x4x4");
    Value *a = conv(graph, "a", x, weights(graph, "wa", "16x3x1x1"), NULL, 0);
    Value *b = conv(graph, "b", x, weights(graph, "wb", "32x3x1x1"), NULL, 0);
    Value *c = pool(graph, OP_MaxPool, "pool", CONCAT(graph, a, b), 2, 2, 0);
    graph_add_output(graph, conv(graph, "c", c, weights(graph, "wc", "8x48x1x1"), NULL, 0), "y");
    expect_pass(graph, choose_layout,
                "graph test\n"
                "input %0 f32 1x3x4x4 ; x\n"
                "const @1 f32 16x3x1x1 ; wa\n"
                "const @3 f32 32x3x1x1 ; wb\n"
                "const @7 f32 8x48x1x1 ; wc\n"
                "%2 f32 1x16x4x4 = Conv(%0, @1, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; a\n"
                "%4 f32 1x32x4x4 = Conv(%0, @3, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; b\n"
                "%5 f32 1x48x4x4 = Concat(%2, %4) axis=1 ; concat\n"
                "%6 f32 1x48x2x2 = MaxPool(%5) kernel_shape=[2,2] strides=[2,2] pads=[0,0,0,0] ; pool\n"
                "%8 f32 1x8x2x2 = Conv(%6, @7, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; c\n"
                "output %8 ; y\n",
                "graph test\n"
                "input %0 f32 1x3x4x4 ; x\n"
                "const @1 f32 16x3x1x1 ; wa\n"
                "const @3 f32 32x3x1x1 ; wb\n"
                "const @7 f32 8x48x1x1 ; wc\n"
                "%2 f32 1x16x4x4 blocked = Conv(%0, @1, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; a\n"
                "%4 f32 1x32x4x4 blocked = Conv(%0, @3, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; b\n"
                "%5 f32 1x48x4x4 blocked = Concat(%2, %4) axis=1 ; concat\n"
                "%6 f32 1x48x2x2 blocked = MaxPool(%5) kernel_shape=[2,2] strides=[2,2] pads=[0,0,0,0] ; pool\n"
                "%8 f32 1x8x2x2 = Conv(%6, @7, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; c\n"
                "output %8 ; y\n");
}

/* 24 channels are not whole blocks: what goes into the Concat is written planar at once. */
static void test_concat_of_part_blocks(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x3x4x4");
    Value *a = conv(graph, "a", x, weights(graph, "wa", "16x3x1x1"), NULL, 0);
    Value *b = conv(graph, "b", x, weights(graph, "wb", "24x3x1x1"), NULL, 0);
    graph_add_output(graph, conv(graph, "c", CONCAT(graph, a, b), weights(graph, "wc", "8x40x1x1"), NULL, 0), "y");
    expect_unchanged(graph, choose_layout);
}

/* Squeeze and excitation: the gate has one pixel and multiplies a blocked image. */
/* A CIFAR ResNet's shortcut: every second pixel, and channels of zeros around its own, which then start inside a block. */
static void test_sliced_and_padded_shortcut(void **state) {
    Graph *graph = new_graph(state);
    Value *x = conv(graph, "conv1", input(graph, "x", "1x3x4x4"), weights(graph, "w1", "16x3x1x1"), NULL, 0);
    Node *slice = RAW_NODE(graph, OP_Slice, "slice", x);
    set_ints(graph, slice, A_STARTS, (int64_t[]){0, 0, 0, 0}, 4);
    set_ints(graph, slice, A_STEPS, (int64_t[]){1, 1, 2, 2}, 4);
    set_ints(graph, slice, A_SIZES, (int64_t[]){1, 16, 2, 2}, 4);
    Node *pad = RAW_NODE(graph, OP_Pad, "pad", inferred(graph, slice));
    set_ints(graph, pad, A_PADS, (int64_t[]){0, 8, 0, 0, 0, 8, 0, 0}, 8);
    Value *y = NODE(graph, OP_Relu, "relu", inferred(graph, pad));
    graph_add_output(graph, conv(graph, "conv2", y, weights(graph, "w2", "3x32x1x1"), NULL, 0), "y");
    expect_pass(graph, choose_layout,
                "graph test\n"
                "input %1 f32 1x3x4x4 ; x\n"
                "const @0 f32 16x3x1x1 ; w1\n"
                "const @6 f32 3x32x1x1 ; w2\n"
                "%2 f32 1x16x4x4 = Conv(%1, @0, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv1\n"
                "%3 f32 1x16x2x2 = Slice(%2) starts=[0,0,0,0] steps=[1,1,2,2] sizes=[1,16,2,2] ; slice\n"
                "%4 f32 1x32x2x2 = Pad(%3) pads=[0,8,0,0,0,8,0,0] ; pad\n"
                "%5 f32 1x32x2x2 = Relu(%4) ; relu\n"
                "%7 f32 1x3x2x2 = Conv(%5, @6, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv2\n"
                "output %7 ; y\n",
                "graph test\n"
                "input %1 f32 1x3x4x4 ; x\n"
                "const @0 f32 16x3x1x1 ; w1\n"
                "const @6 f32 3x32x1x1 ; w2\n"
                "%2 f32 1x16x4x4 blocked = Conv(%1, @0, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv1\n"
                "%3 f32 1x16x2x2 blocked = Slice(%2) starts=[0,0,0,0] steps=[1,1,2,2] sizes=[1,16,2,2] ; slice\n"
                "%4 f32 1x32x2x2 blocked = Pad(%3) pads=[0,8,0,0,0,8,0,0] ; pad\n"
                "%5 f32 1x32x2x2 blocked = Relu(%4) ; relu\n"
                "%7 f32 1x3x2x2 = Conv(%5, @6, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv2\n"
                "output %7 ; y\n");
}

static void test_gate(void **state) {
    Graph *graph = new_graph(state);
    Value *x = conv(graph, "conv", input(graph, "x", "1x3x4x4"), weights(graph, "w0", "16x3x3x3"), NULL, 1);
    Value *gate = pool(graph, OP_AveragePool, "squeeze", x, 4, 1, 0);
    gate = NODE(graph, OP_Sigmoid, "sigmoid", conv(graph, "excite", gate, weights(graph, "w1", "16x16x1x1"), NULL, 0));
    x = NODE(graph, OP_Mul, "scale", x, gate);
    graph_add_output(graph, conv(graph, "project", x, weights(graph, "w2", "8x16x1x1"), NULL, 0), "y");
    expect_pass(graph, choose_layout,
                "graph test\n"
                "input %1 f32 1x3x4x4 ; x\n"
                "const @0 f32 16x3x3x3 ; w0\n"
                "const @4 f32 16x16x1x1 ; w1\n"
                "const @8 f32 8x16x1x1 ; w2\n"
                "%2 f32 1x16x4x4 = Conv(%1, @0, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "%3 f32 1x16x1x1 = AveragePool(%2) kernel_shape=[4,4] strides=[1,1] pads=[0,0,0,0] ; squeeze\n"
                "%5 f32 1x16x1x1 = Conv(%3, @4, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; excite\n"
                "%6 f32 1x16x1x1 = Sigmoid(%5) ; sigmoid\n"
                "%7 f32 1x16x4x4 = Mul(%2, %6) ; scale\n"
                "%9 f32 1x8x4x4 = Conv(%7, @8, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; project\n"
                "output %9 ; y\n",
                "graph test\n"
                "input %1 f32 1x3x4x4 ; x\n"
                "const @0 f32 16x3x3x3 ; w0\n"
                "const @4 f32 16x16x1x1 ; w1\n"
                "const @8 f32 8x16x1x1 ; w2\n"
                "%2 f32 1x16x4x4 blocked = Conv(%1, @0, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "%3 f32 1x16x1x1 = AveragePool(%2) kernel_shape=[4,4] strides=[1,1] pads=[0,0,0,0] ; squeeze\n"
                "%5 f32 1x16x1x1 = Conv(%3, @4, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; excite\n"
                "%6 f32 1x16x1x1 = Sigmoid(%5) ; sigmoid\n"
                "%7 f32 1x16x4x4 blocked = Mul(%2, %6) ; scale\n"
                "%9 f32 1x8x4x4 = Conv(%7, @8, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; project\n"
                "output %9 ; y\n");
}

static void test_residual_from_the_caller(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x16x4x4");
    Value *y = NODE(graph, OP_Add, "add", conv(graph, "conv1", x, weights(graph, "w1", "16x16x3x3"), NULL, 1), x);
    graph_add_output(graph, conv(graph, "conv2", y, weights(graph, "w2", "16x16x1x1"), NULL, 0), "y");
    run_pass(graph, fuse_residual);
    expect_pass(graph, choose_layout,
                "graph test\n"
                "input %0 f32 1x16x4x4 ; x\n"
                "const @1 f32 16x16x3x3 ; w1\n"
                "const @4 f32 16x16x1x1 ; w2\n"
                "%2 f32 1x16x4x4 = Conv(%0, @1, none, %0) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv1 + add\n"
                "%5 f32 1x16x4x4 = Conv(%2, @4, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv2\n"
                "output %5 ; y\n",
                "graph test\n"
                "input %0 f32 1x16x4x4 ; x\n"
                "const @1 f32 16x16x3x3 ; w1\n"
                "const @4 f32 16x16x1x1 ; w2\n"
                "%6 f32 1x16x4x4 blocked = Reorder(%0) layout=blocked ; x/blocked\n"
                "%2 f32 1x16x4x4 blocked = Conv(%6, @1, none, %6) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv1 + add\n"
                "%5 f32 1x16x4x4 = Conv(%2, @4, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv2\n"
                "output %5 ; y\n");
}

static void test_planar_network_is_left(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x16x4x4");
    x = NODE(graph, OP_Mul, "mul", x, weights(graph, "s", "16x1x1"));
    x = NODE(graph, OP_Relu, "relu", x);
    graph_add_output(graph, transpose(graph, "t", x, TO_NHWC), "y");
    expect_unchanged(graph, choose_layout);
}

static Value *add_shortcut(Graph *graph, Value *branch, Value *x, int64_t before, int64_t behind) {
    Node *node = RAW_NODE(graph, OP_AddShortcut, "sum", branch, x);
    set_ints(graph, node, A_STRIDES, (int64_t[]){2, 2}, 2);
    set_ints(graph, node, A_PADS, (int64_t[]){before, behind}, 2);
    return inferred(graph, node);
}

/* Channels may move inside their blocks, as from 16 to 32 with 8 zeros on each side. */
static void test_padded_shortcut(void **state) {
    Graph *graph = new_graph(state);
    Value *x = conv(graph, "stem", input(graph, "x", "1x3x4x4"), weights(graph, "w0", "16x3x1x1"), NULL, 0);
    Value *y = pool(graph, OP_MaxPool, "half", conv(graph, "conv1", x, weights(graph, "w1", "32x16x1x1"), NULL, 0), 2, 2, 0);
    y = conv(graph, "conv2", add_shortcut(graph, y, x, 8, 8), weights(graph, "w2", "16x32x1x1"), NULL, 0);
    graph_add_output(graph, y, "y");
    run_pass(graph, choose_layout);
    for (const Node *node = graph->first; node->next; node = node->next) assert_int_equal(node->out[0]->layout, LAYOUT_BLOCKED);
    expect_unchanged(graph, choose_layout);

    graph = new_graph(state); /* 8 channels fill no block: the sum reads and writes planar values */
    x = conv(graph, "stem", input(graph, "x", "1x3x4x4"), weights(graph, "w0", "8x3x1x1"), NULL, 0);
    y = pool(graph, OP_MaxPool, "half", conv(graph, "conv1", x, weights(graph, "w1", "16x8x1x1"), NULL, 0), 2, 2, 0);
    y = add_shortcut(graph, y, x, 4, 4);
    graph_add_output(graph, conv(graph, "conv2", y, weights(graph, "w2", "16x16x1x1"), NULL, 0), "y");
    run_pass(graph, choose_layout);
    assert_int_equal(y->layout, LAYOUT_PLANAR);
    for (int k = 0; k < 2; k++) assert_int_equal(y->producer->in[k]->layout, LAYOUT_PLANAR);
}

static void expect_kernels(const Graph *graph) {
    for (const Node *node = graph->first; node; node = node->next)
        if (!accepts_layouts(node))
            fail_msg("%s (%s) has no kernel for the layouts of its operands", node->name, op_info(node->op)->name);
}

/* A blocked image of 32 channels, 4x4, that a convolution of the caller's image makes and another one reads. */
static Value *blocked_image(Graph *graph) {
    Value *x = conv(graph, "stem", input(graph, "x", "1x3x4x4"), weights(graph, "w0", "32x3x3x3"), NULL, 1);
    graph_add_output(graph, conv(graph, "conv", x, weights(graph, "w1", "16x32x3x3"), NULL, 1), "image");
    return x;
}

static Value *pad(Graph *graph, Value *x, const int64_t *pads) {
    Node *node = RAW_NODE(graph, OP_Pad, "pad", x);
    set_ints(graph, node, A_PADS, pads, 8);
    return inferred(graph, node);
}

/* Whatever channels and pixels go or come, each node has a kernel for what it reads. */
static void test_pads_and_slices(void **state) {
    static const int64_t amounts[] = {-31, -17, -16, -4, 0, 2, 4, 16};
    enum { AMOUNTS = sizeof amounts / sizeof *amounts };
    for (int begin = 0; begin < AMOUNTS; begin++)
        for (int end = 0; end < AMOUNTS; end++)
            for (int64_t crop = -2; crop <= 1; crop++) {
                const int64_t before = amounts[begin], behind = amounts[end], channels = 32 + before + behind, size = 4 + crop;
                if (channels < 1) continue;
                Graph *graph = new_graph(state);
                Value *x = blocked_image(graph);
                Value *y =
                    pad(graph, x,
                        (int64_t[]){0, before, crop < -1 ? -2 : 0, crop, 0, behind, crop < -1 ? -1 : crop, crop < -1 ? -1 : 0});
                graph_add_output(graph, NODE(graph, OP_Relu, "relu", y), "y");
                if (before <= 0 && behind <= 0 && crop <= 0) {
                    Node *slice = RAW_NODE(graph, OP_Slice, "slice", x);
                    set_ints(graph, slice, A_STARTS, (int64_t[]){0, -before, 0, 0}, 4);
                    set_ints(graph, slice, A_STEPS, (int64_t[]){1, 1, 1, 1}, 4);
                    set_ints(graph, slice, A_SIZES, (int64_t[]){1, channels, crop ? 1 : size, size + crop / 2}, 4);
                    graph_add_output(graph, NODE(graph, OP_Relu, "relu", inferred(graph, slice)), "sliced");
                }
                run_pass(graph, choose_layout);
                expect_kernels(graph);
            }
}

/* Of whole blocks, one pixel is the same in both layouts: no Reorder on the way to it. */
static void test_crop_to_one_pixel(void **state) {
    Graph *graph = new_graph(state);
    Value *x = blocked_image(graph);
    graph_add_output(graph, pad(graph, x, (int64_t[]){0, 0, -2, -2, 0, 0, -1, -1}), "y");
    run_pass(graph, choose_layout);
    for (const Node *node = graph->first; node; node = node->next) assert_int_not_equal(node->op, OP_Reorder);
    expect_kernels(graph);
}

/* Groups of 3 channels cross the blocks, of one pixel too. */
static void test_narrow_groups(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x48x1x1");
    const Node *across = conv(graph, "across", x, weights(graph, "w3", "48x3x1x1"), NULL, 0)->producer;
    const Node *inside = conv(graph, "inside", x, weights(graph, "w4", "48x4x1x1"), NULL, 0)->producer;
    assert_false(has_narrow_groups(across));
    assert_int_equal(layout_rule(across), RULE_PLANAR);
    assert_true(has_narrow_groups(inside));
    assert_int_equal(layout_rule(inside), RULE_LANES);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PASS_TEST(test_pads_and_slices),
        PASS_TEST(test_crop_to_one_pixel),
        PASS_TEST(test_narrow_groups),
        PASS_TEST(test_padded_shortcut),
        PASS_TEST(test_blocked_up_to_a_pool),
        PASS_TEST(test_residual_network),
        PASS_TEST(test_output_is_written_planar),
        PASS_TEST(test_depthwise),
        PASS_TEST(test_groups_across_blocks_stay_planar),
        PASS_TEST(test_concat),
        PASS_TEST(test_concat_of_part_blocks),
        PASS_TEST(test_gate),
        PASS_TEST(test_sliced_and_padded_shortcut),
        PASS_TEST(test_residual_from_the_caller),
        PASS_TEST(test_planar_network_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
