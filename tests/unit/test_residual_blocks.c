#include "passes/residual_blocks.h"
#include "tests/unit/pass_helpers.h"

static Value *block(Graph *graph, Value *x, const char *scope) {
    char name[64], weight[64];
    snprintf(name, sizeof name, "/%s/conv/Conv", scope);
    snprintf(weight, sizeof weight, "%s.conv.weight", scope);
    Value *y = conv(graph, name, x, weights(graph, weight, "2x2x3x3"), NULL, 1);
    snprintf(name, sizeof name, "/%s/Add", scope);
    return NODE(graph, OP_Add, name, x, y);
}

static Value *strided_slice(Graph *graph, const char *name, Value *x, int64_t first_channel, int64_t channels) {
    Node *node = RAW_NODE(graph, OP_Slice, name, x);
    set_ints(graph, node, A_STARTS, (int64_t[]){0, first_channel, 0, 0}, 4);
    set_ints(graph, node, A_STEPS, (int64_t[]){1, 1, 2, 2}, 4);
    set_ints(graph, node, A_SIZES, (int64_t[]){1, channels, 2, 2}, 4);
    return inferred(graph, node);
}

static Value *strided_conv(Graph *graph, const char *name, Value *x, Value *weight) {
    Node *node = RAW_NODE(graph, OP_Conv, name, x, weight, NULL);
    set_ints(graph, node, A_KERNEL_SHAPE, &weight->shape.dim[2], 2);
    set_ints(graph, node, A_STRIDES, (int64_t[]){2, 2}, 2);
    set_ints(graph, node, A_PADS, (int64_t[]){1, 1, 1, 1}, 4);
    return inferred(graph, node);
}

static ResidualBlocks found(Graph *graph) {
    if (!graph_verify(graph)) fail_msg("%s: %s", graph->diag->where, graph->diag->text);
    return residual_blocks_find(graph);
}

static void test_order_and_names(void **state) {
    Graph *graph = new_graph(state);
    Value *x = block(graph, input(graph, "x", "1x2x4x4"), "layer1/layer1.0");
    x = block(graph, NODE(graph, OP_Relu, "relu", x), "layer1/layer1.1");
    graph_add_output(graph, x, "y");
    ResidualBlocks blocks = found(graph);
    assert_int_equal(blocks.count, 2);
    assert_string_equal(blocks.block[0].name, "layer1.0");
    assert_string_equal(blocks.block[1].name, "layer1.1");
    assert_int_equal(blocks.block[0].shortcut, 0);
    assert_int_equal(blocks.block[0].layers, 1);
    assert_true(blocks.block[0].droppable && !blocks.block[0].projection);
}

/* Names that scopes share, numbers, separators of lists, and none at all. */
static void test_awkward_names(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2x4x4");
    static const char *const scopes[] = {"stage1/block", "stage2/block", "7", "a,b c#"};
    for (int k = 0; k < 4; k++) x = block(graph, x, scopes[k]);
    for (int k = 0; k < 2; k++) x = NODE(graph, OP_Add, "", x, conv(graph, "", x, weights(graph, "w", "2x2x3x3"), NULL, 1));
    graph_add_output(graph, x, "y");
    ResidualBlocks blocks = found(graph);
    static const char *const expected[] = {"stage1/block.conv", "stage2/block.conv", "block7", "a_b_c_", "block#4", "block#5"};
    assert_int_equal(blocks.count, 6);
    for (int k = 0; k < 6; k++) assert_string_equal(blocks.block[k].name, expected[k]);
}

static void test_projection(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2x4x4");
    Value *y = NODE(graph, OP_Relu, "relu", strided_conv(graph, "conv1", x, weights(graph, "w1", "4x2x3x3")));
    y = conv(graph, "conv2", y, weights(graph, "w2", "4x4x3x3"), NULL, 1);
    Node *pad = RAW_NODE(graph, OP_Pad, "pad", strided_slice(graph, "slice", x, 0, 2));
    set_ints(graph, pad, A_PADS, (int64_t[]){0, 1, 0, 0, 0, 1, 0, 0}, 8);
    graph_add_output(graph, NODE(graph, OP_Add, "add", y, inferred(graph, pad)), "y");
    ResidualBlocks blocks = found(graph);
    assert_int_equal(blocks.count, 1);
    assert_true(blocks.block[0].projection && !blocks.block[0].droppable);
    assert_int_equal(blocks.block[0].from.dim[1], 2);
    assert_int_equal(blocks.block[0].to.dim[1], 4);
}

static void expect_none(Graph *graph) {
    assert_int_equal(found(graph).count, 0);
}

/* Some of the channels are another value. */
static void test_slice_of_channels(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x4x4x4");
    Value *y = NODE(graph, OP_Relu, "relu", strided_conv(graph, "conv", x, weights(graph, "w", "2x4x3x3")));
    graph_add_output(graph, NODE(graph, OP_Add, "add", y, strided_slice(graph, "slice", x, 2, 2)), "y");
    expect_none(graph);
}

static void test_two_linear_branches(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2x4x4");
    Value *y = conv(graph, "wide", x, weights(graph, "w1", "3x2x3x3"), NULL, 1);
    graph_add_output(graph, NODE(graph, OP_Add, "add", y, conv(graph, "narrow", x, weights(graph, "w2", "3x2x1x1"), NULL, 0)),
                     "y");
    expect_none(graph);
}

static void test_shared_intermediate(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2x4x4");
    Value *inside = conv(graph, "conv1", x, weights(graph, "w1", "2x2x3x3"), NULL, 1);
    Value *y = conv(graph, "conv2", NODE(graph, OP_Relu, "relu", inside), weights(graph, "w2", "2x2x3x3"), NULL, 1);
    graph_add_output(graph, NODE(graph, OP_Add, "add", y, x), "y");
    graph_add_output(graph, inside, "inside");
    expect_none(graph);
}

static void test_shared_projection(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2x4x4");
    Value *y = NODE(graph, OP_Relu, "relu", conv(graph, "conv", x, weights(graph, "w1", "3x2x3x3"), NULL, 1));
    Value *shortcut = conv(graph, "projection", x, weights(graph, "w2", "3x2x1x1"), NULL, 0);
    graph_add_output(graph, NODE(graph, OP_Add, "add", y, shortcut), "y");
    graph_add_output(graph, NODE(graph, OP_Neg, "neg", shortcut), "z");
    expect_none(graph);
}

static void test_different_forks(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2x4x4");
    Value *relu = NODE(graph, OP_Relu, "relu", x);
    Value *y = conv(graph, "conv", NODE(graph, OP_Sigmoid, "sigmoid", x), weights(graph, "w", "2x2x3x3"), NULL, 1);
    graph_add_output(graph, NODE(graph, OP_Add, "add1", relu, y), "y");
    Value *other = input(graph, "other", "1x2x4x4");
    Value *z = conv(graph, "conv2", NODE(graph, OP_Mul, "mul", x, other), weights(graph, "w", "2x2x3x3"), NULL, 1);
    graph_add_output(graph, NODE(graph, OP_Add, "add2", x, z), "z");
    expect_none(graph);
}

static void test_no_layer_in_the_branch(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2x4x4");
    graph_add_output(graph, NODE(graph, OP_Add, "add", x, NODE(graph, OP_Sigmoid, "sigmoid", x)), "y");
    graph_add_output(graph, NODE(graph, OP_Add, "double", x, x), "z");
    expect_none(graph);
}

/* The outer Add is a long skip connection. */
static void test_nested(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2x4x4");
    Value *y = block(graph, x, "inner1");
    y = block(graph, y, "inner2");
    graph_add_output(graph, NODE(graph, OP_Add, "outer", x, y), "y");
    ResidualBlocks blocks = found(graph);
    assert_int_equal(blocks.count, 2);
    assert_string_equal(blocks.block[1].name, "inner2");
}

static void test_drop(void **state) {
    Graph *graph = new_graph(state);
    Value *x = block(graph, input(graph, "x", "1x2x4x4"), "a");
    graph_add_output(graph, block(graph, NODE(graph, OP_Relu, "relu", x), "b"), "y");
    ResidualBlocks blocks = found(graph);
    residual_block_drop(graph, &blocks.block[0]);
    residual_block_drop(graph, &blocks.block[1]);
    run_pass(graph, remove_dead_code);
    expect_text(graph, "graph test\n"
                       "input %0 f32 1x2x4x4 ; x\n"
                       "%4 f32 1x2x4x4 = Relu(%0) ; relu\n"
                       "output %4 ; y\n");
}

/* The same text as without a factor, in which only the weights' numbers differ. */
static void test_scale_folds(void **state) {
    const char *text[2];
    double first[2];
    for (int k = 0; k < 2; k++) {
        Graph *graph = new_graph(state);
        Value *x = input(graph, "x", "1x2x4x4");
        Value *y = conv(graph, "conv", x, weights(graph, "w", "2x2x3x3"), weights(graph, "b", "2"), 1);
        y = NODE(graph, OP_Relu, "relu", y);
        graph_add_output(graph, NODE(graph, OP_Add, "add", y, x), "y");
        ResidualBlocks blocks = found(graph);
        assert_int_equal(blocks.count, 1);
        if (k) assert_true(residual_block_scale(graph, &blocks.block[0], 0.25));
        run_pass(graph, fold_batchnorm);
        first[k] = constant_float_at(graph->first->in[1], 0);
        text[k] = graph_print(graph);
    }
    assert_true(first[1] == 0.25 * first[0]);
    assert_non_null(strstr(text[1], "= Conv(%0, "));
    assert_null(strstr(text[1], "Mul"));
    assert_non_null(strstr(text[1], "; w\n"));
    assert_non_null(strstr(text[1], "; conv\n"));
}

static void test_mark(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2x4x4");
    graph_add_output(graph, NODE(graph, OP_Relu, "relu", block(graph, x, "a")), "y");
    ResidualBlocks blocks = found(graph);
    residual_block_mark(graph, &blocks.block[0], 0);
    run_pass(graph, fuse_activation);
    expect_pass(graph, fuse_residual,
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "const @1 f32 2x2x3x3 ; a.conv.weight\n"
                "%2 f32 1x2x4x4 = Conv(%0, @1, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; /a/conv/Conv\n"
                "%3 f32 1x2x4x4 = Add(%2, %0) activation=relu block=0 ; /a/Add + relu\n"
                "output %3 ; y\n",
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "const @1 f32 2x2x3x3 ; a.conv.weight\n"
                "%2 f32 1x2x4x4 = Conv(%0, @1, none, %0) kernel_shape=[3,3] pads=[1,1,1,1] group=1 activation=relu block=0 ; "
                "/a/conv/Conv + /a/Add + relu\n"
                "output %2 ; y\n");
}

/* A projection that could take the Add as well is not the branch: the Add waits for the branch's convolution. */
static void test_marked_add_stays_with_its_branch(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2x4x4");
    Value *y = NODE(graph, OP_Sigmoid, "sigmoid", conv(graph, "conv", x, weights(graph, "w1", "2x2x3x3"), NULL, 1));
    Value *shortcut = conv(graph, "projection", x, weights(graph, "w2", "2x2x1x1"), NULL, 0);
    graph_add_output(graph, NODE(graph, OP_Add, "add", shortcut, y), "y");
    ResidualBlocks blocks = found(graph);
    assert_int_equal(blocks.count, 1);
    residual_block_mark(graph, &blocks.block[0], 0);
    expect_unchanged(graph, fuse_residual);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PASS_TEST(test_order_and_names),
        PASS_TEST(test_awkward_names),
        PASS_TEST(test_projection),
        PASS_TEST(test_slice_of_channels),
        PASS_TEST(test_two_linear_branches),
        PASS_TEST(test_shared_intermediate),
        PASS_TEST(test_shared_projection),
        PASS_TEST(test_different_forks),
        PASS_TEST(test_no_layer_in_the_branch),
        PASS_TEST(test_nested),
        PASS_TEST(test_drop),
        PASS_TEST(test_scale_folds),
        PASS_TEST(test_mark),
        PASS_TEST(test_marked_add_stays_with_its_branch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
