#include "tests/unit/branch_helpers.h"

/* A 1x1 convolution with ReLU, which is fused. */
static Value *reduction(Graph *graph, Value *x, int outputs, int inputs, bool bias) {
    return relu(graph, layer(graph, x, outputs, inputs, 1, bias));
}

static void give(Graph *graph, Value *x, const char *name) {
    graph_add_output(graph, NODE(graph, OP_Exp, "reader", x), name);
}

/* Inception's reductions: different readers, one of them a Concat, into which its operand is computed. */
static void test_reductions(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x4x3x3"), *direct = reduction(graph, x, 16, 4, true);
    Value *narrow = reduction(graph, x, 16, 4, false), *wide = reduction(graph, x, 32, 4, true);
    Value *y = layer(graph, narrow, 16, 16, 3, false), *z = layer(graph, wide, 16, 32, 3, false);
    graph_add_output(graph, CONCAT(graph, direct, y, z), "y");
    run_pass(graph, fuse_activation);
    expect_pass(
        graph, merge_siblings,
        "graph test\n"
        "input %0 f32 1x4x3x3 ; x\n"
        "const @1 f32 16x4x1x1 ; w\n"
        "const @2 f32 16 ; b\n"
        "const @5 f32 16x4x1x1 ; w\n"
        "const @8 f32 32x4x1x1 ; w\n"
        "const @9 f32 32 ; b\n"
        "const @12 f32 16x16x3x3 ; w\n"
        "const @14 f32 16x32x3x3 ; w\n"
        "%3 f32 1x16x3x3 = Conv(%0, @1, @2) kernel_shape=[1,1] pads=[0,0,0,0] group=1 activation=relu ; conv + relu\n"
        "%6 f32 1x16x3x3 = Conv(%0, @5, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 activation=relu ; conv + relu\n"
        "%10 f32 1x32x3x3 = Conv(%0, @8, @9) kernel_shape=[1,1] pads=[0,0,0,0] group=1 activation=relu ; conv + relu\n"
        "%13 f32 1x16x3x3 = Conv(%6, @12, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
        "%15 f32 1x16x3x3 = Conv(%10, @14, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
        "%16 f32 1x48x3x3 = Concat(%3, %13, %15) axis=1 ; concat\n"
        "output %16 ; y\n",
        "graph test\n"
        "input %0 f32 1x4x3x3 ; x\n"
        "const @1 f32 16x4x1x1 ; w\n"
        "const @2 f32 16 ; b\n"
        "const @17 f32 48x4x1x1 ; w + 1 more\n"
        "const @18 f32 48 ; conv + relu/merged bias\n"
        "const @12 f32 16x16x3x3 ; w\n"
        "const @14 f32 16x32x3x3 ; w\n"
        "%3 f32 1x16x3x3 = Conv(%0, @1, @2) kernel_shape=[1,1] pads=[0,0,0,0] group=1 activation=relu ; conv + relu\n"
        "%19 f32 1x48x3x3 = Conv(%0, @17, @18) kernel_shape=[1,1] pads=[0,0,0,0] group=1 activation=relu ; conv + relu + 1 more\n"
        "%20 f32 1x16x3x3 = Slice(%19) starts=[0,0,0,0] steps=[1,1,1,1] sizes=[1,16,3,3] ; conv + relu\n"
        "%21 f32 1x32x3x3 = Slice(%19) starts=[0,16,0,0] steps=[1,1,1,1] sizes=[1,32,3,3] ; conv + relu\n"
        "%13 f32 1x16x3x3 = Conv(%20, @12, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
        "%15 f32 1x16x3x3 = Conv(%21, @14, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
        "%16 f32 1x48x3x3 = Concat(%3, %13, %15) axis=1 ; concat\n"
        "output %16 ; y\n");
}

static int count_convs(const Graph *graph) {
    int count = 0;
    for (const Node *node = graph->first; node; node = node->next) count += node->op == OP_Conv;
    return count;
}

/* Two kinds of siblings of one value, taking turns. */
static void test_two_kinds(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x4x3x3");
    for (int k = 0; k < 6; k++) give(graph, layer(graph, x, 16, 4, k % 2 ? 1 : 3, k > 2), "y");
    expect_pass(graph, merge_siblings, NULL, NULL);
    assert_int_equal(count_convs(graph), 2);
}

/* Beside a convolution that would be merged with one like it. */
static void expect_left(Graph *graph, Value *x, Value *other) {
    give(graph, reduction(graph, x, 16, (int)x->shape.dim[1], true), "y");
    give(graph, other, "z");
    run_pass(graph, fuse_activation);
    expect_unchanged(graph, merge_siblings);
}

static void test_other_activations(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x4x3x3");
    expect_left(graph, x, layer(graph, x, 16, 4, 1, true)); /* none */

    graph = new_graph(state);
    x = input(graph, "x", "1x4x3x3");
    expect_left(graph, x, NODE(graph, OP_Sigmoid, "sigmoid", layer(graph, x, 16, 4, 1, true))); /* a Highway gate */

    graph = new_graph(state); /* two slopes */
    x = input(graph, "x", "1x4x3x3");
    for (int k = 0; k < 2; k++) {
        Node *leaky = RAW_NODE(graph, OP_LeakyRelu, "leaky", layer(graph, x, 16, 4, 1, true));
        set_float(graph, leaky, A_ALPHA, 0.1 + k);
        give(graph, inferred(graph, leaky), "y");
    }
    run_pass(graph, fuse_activation);
    expect_unchanged(graph, merge_siblings);
}

static void test_other_input(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x4x3x3"), *other = input(graph, "other", "1x4x3x3");
    expect_left(graph, x, reduction(graph, other, 16, 4, true));
}

static void test_other_windows(void **state) {
    Graph *graph = new_graph(state); /* kernel */
    Value *x = input(graph, "x", "1x4x3x3");
    expect_left(graph, x, relu(graph, layer(graph, x, 16, 4, 3, true)));

    static const AttrKey keys[] = {A_STRIDES, A_DILATIONS};
    for (int k = 0; k < 2; k++) {
        graph = new_graph(state);
        x = input(graph, "x", "1x4x3x3");
        Value *y = layer(graph, x, 16, 4, 1, true);
        set_ints(graph, y->producer, keys[k], (int64_t[]){1, 2}, 2);
        inferred(graph, y->producer);
        expect_left(graph, x, relu(graph, y));
    }

    graph = new_graph(state);
    x = input(graph, "x", "1x4x3x3");
    Value *w = weights(graph, "w", "16x4x1x1");
    expect_left(graph, x, relu(graph, conv(graph, "conv", x, w, NULL, 1)));

    graph = new_graph(state); /* groups would interleave */
    x = input(graph, "x", "1x4x3x3");
    w = weights(graph, "w", "16x2x1x1");
    expect_left(graph, x, relu(graph, conv(graph, "conv", x, w, NULL, 0)));
}

/* What would be no view: a part of a block, of several images. */
static void test_channels_that_are_no_neighbours(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x4x3x3");
    expect_left(graph, x, reduction(graph, x, 24, 4, true));

    graph = new_graph(state);
    x = input(graph, "x", "2x4x3x3");
    expect_left(graph, x, reduction(graph, x, 16, 4, true));
}

static void test_shared_use(void **state) {
    Graph *graph = new_graph(state); /* of the weights: a head that is applied to several levels */
    Value *x = input(graph, "x", "1x4x3x3"), *other = input(graph, "other", "1x4x5x5");
    Value *w = weights(graph, "w", "16x4x1x1");
    give(graph, relu(graph, conv(graph, "level", other, w, NULL, 0)), "a");
    expect_left(graph, x, relu(graph, conv(graph, "conv", x, w, NULL, 0)));

    graph = new_graph(state); /* of the result: the caller gets it */
    x = input(graph, "x", "1x4x3x3");
    Value *y = reduction(graph, x, 16, 4, true);
    graph_add_output(graph, y, "y");
    expect_left(graph, x, y);

    graph = new_graph(state); /* of the result: a Concat has it, too */
    x = input(graph, "x", "1x4x3x3");
    y = reduction(graph, x, 16, 4, true);
    graph_add_output(graph, CONCAT(graph, y, input(graph, "c", "1x16x3x3")), "a");
    expect_left(graph, x, y);
}

/* A residual, an input scale, weights that are computed. */
static void test_other_operands(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x4x3x3"), *w = weights(graph, "w", "16x4x1x1"), *residual = input(graph, "r", "1x16x3x3");
    expect_left(graph, x, relu(graph, NODE(graph, OP_Conv, "conv", x, w, NULL, residual)));

    graph = new_graph(state);
    x = input(graph, "x", "1x4x3x3");
    w = weights(graph, "w", "16x4x1x1");
    Value *scale = weights(graph, "scale", "4"), *shift = weights(graph, "shift", "4");
    expect_left(graph, x, relu(graph, NODE(graph, OP_Conv, "conv", x, w, NULL, NULL, scale, shift)));

    graph = new_graph(state);
    x = input(graph, "x", "1x4x3x3");
    expect_left(graph, x, relu(graph, conv(graph, "conv", x, input(graph, "w", "16x4x1x1"), NULL, 0)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PASS_TEST(test_reductions),  PASS_TEST(test_two_kinds),      PASS_TEST(test_other_activations),
        PASS_TEST(test_other_input), PASS_TEST(test_other_windows),  PASS_TEST(test_channels_that_are_no_neighbours),
        PASS_TEST(test_shared_use),  PASS_TEST(test_other_operands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
