#include "tests/unit/pass_helpers.h"

/* A convolution to `filter`'s channels that writes blocked, as choose-layout leaves it. */
static Node *blocked_conv(Graph *graph, Value *x, const char *filter, int64_t pad) {
    Value *w = weights(graph, "w", filter), *b = weights(graph, "b", "64"), *y = conv(graph, "conv", x, w, b, pad);
    y->layout = LAYOUT_BLOCKED;
    return y->producer;
}

static Value *blocked_pool(Graph *graph, Value *x) {
    Value *y = pool(graph, OP_MaxPool, "pool", x, 3, 2, 1);
    y->layout = LAYOUT_BLOCKED;
    return y;
}

/* The caller gets planar values. */
static void output_planar(Graph *graph, Value *value) {
    Node *node = RAW_NODE(graph, OP_Reorder, "planar", value);
    set_int(graph, node, A_LAYOUT, LAYOUT_PLANAR);
    graph_add_output(graph, inferred(graph, node), "y");
}

static Node *large_conv(Graph *graph) {
    return blocked_conv(graph, input(graph, "x", "1x3x56x56"), "64x3x1x1", 0);
}

static void test_conv_before_a_pool(void **state) {
    Graph *graph = new_graph(state);
    output_planar(graph, blocked_pool(graph, large_conv(graph)->out[0]));
    expect_pass(graph, depth_first,
                "graph test\n"
                "input %0 f32 1x3x56x56 ; x\n"
                "const @1 f32 64x3x1x1 ; w\n"
                "const @2 f32 64 ; b\n"
                "%3 f32 1x64x56x56 blocked = Conv(%0, @1, @2) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%4 f32 1x64x28x28 blocked = MaxPool(%3) kernel_shape=[3,3] strides=[2,2] pads=[1,1,1,1] ; pool\n"
                "%5 f32 1x64x28x28 = Reorder(%4) layout=planar ; planar\n"
                "output %5 ; y\n",
                "graph test\n"
                "input %0 f32 1x3x56x56 ; x\n"
                "const @1 f32 64x3x1x1 ; w\n"
                "const @2 f32 64 ; b\n"
                "%3 f32 1x64x56x56 blocked = Conv(%0, @1, @2) kernel_shape=[1,1] pads=[0,0,0,0] group=1 depth_first=1 ; conv\n"
                "%4 f32 1x64x28x28 blocked = MaxPool(%3) kernel_shape=[3,3] strides=[2,2] pads=[1,1,1,1] ; pool\n"
                "%5 f32 1x64x28x28 = Reorder(%4) layout=planar ; planar\n"
                "output %5 ; y\n");
}

static bool is_depth_first(const Node *conv) {
    return attr_int(conv, A_DEPTH_FIRST, 0) == 1;
}

static void test_conv_before_a_depthwise_one(void **state) {
    Graph *graph = new_graph(state);
    Node *node = large_conv(graph);
    Value *y = conv(graph, "depthwise", node->out[0], weights(graph, "d", "64x1x3x3"), weights(graph, "c", "64"), 1);
    y->layout = LAYOUT_BLOCKED;
    output_planar(graph, y);
    run_pass(graph, depth_first);
    assert_true(is_depth_first(node));
}

/* What stands between the two is computed before. */
static void test_the_two_become_neighbours(void **state) {
    Graph *graph = new_graph(state);
    Node *node = large_conv(graph);
    Value *other = NODE(graph, OP_Relu, "relu", graph->inputs[0]), *y = blocked_pool(graph, node->out[0]);
    graph_add_output(graph, other, "other");
    output_planar(graph, y);
    run_pass(graph, depth_first);
    assert_true(is_depth_first(node));
    assert_ptr_equal(node->next, y->producer);
}

static void test_small_results_only_for_the_least_memory(void **state) {
    Graph *graph = new_graph(state);
    Node *node = blocked_conv(graph, input(graph, "x", "1x3x28x28"), "64x3x1x1", 0);
    output_planar(graph, blocked_pool(graph, node->out[0]));
    expect_unchanged(graph, depth_first);
    graph->optimize = OPTIMIZE_MEMORY;
    run_pass(graph, depth_first);
    assert_true(is_depth_first(node));
}

static void test_windows_over_most_of_the_image(void **state) {
    Graph *graph = new_graph(state);
    Node *node = large_conv(graph);
    Value *y = pool(graph, OP_MaxPool, "pool", node->out[0], 29, 1, 0);
    y->layout = LAYOUT_BLOCKED;
    output_planar(graph, y);
    expect_unchanged(graph, depth_first);
}

static void test_two_readers(void **state) {
    Graph *graph = new_graph(state);
    Value *x = large_conv(graph)->out[0];
    output_planar(graph, blocked_pool(graph, x));
    output_planar(graph, x);
    expect_unchanged(graph, depth_first);
}

static void test_planar_results(void **state) {
    Graph *graph = new_graph(state);
    Node *node = large_conv(graph);
    node->out[0]->layout = LAYOUT_PLANAR;
    graph_add_output(graph, pool(graph, OP_MaxPool, "pool", node->out[0], 3, 2, 1), "y");
    expect_unchanged(graph, depth_first);
}

static void test_a_residual(void **state) {
    Graph *graph = new_graph(state);
    Node *node = large_conv(graph);
    node_add_input(graph, node, blocked_conv(graph, graph->inputs[0], "64x3x1x1", 0)->out[0]);
    node_move_before(graph, node->in[3]->producer, node);
    output_planar(graph, blocked_pool(graph, node->out[0]));
    expect_unchanged(graph, depth_first);
}

static void test_activations_that_are_no_limits(void **state) {
    Graph *graph = new_graph(state);
    Node *node = large_conv(graph);
    set_int(graph, node, A_ACTIVATION, ACT_SIGMOID);
    output_planar(graph, blocked_pool(graph, node->out[0]));
    expect_unchanged(graph, depth_first);
    set_int(graph, node, A_ACTIVATION, ACT_RELU);
    run_pass(graph, depth_first);
    assert_true(is_depth_first(node));
}

static void test_other_pools(void **state) {
    Graph *graph = new_graph(state);
    Value *y = pool(graph, OP_AveragePool, "pool", large_conv(graph)->out[0], 3, 2, 1);
    y->layout = LAYOUT_BLOCKED;
    output_planar(graph, y);
    expect_unchanged(graph, depth_first);
}

/* Its kernel may be measured, or is Winograd's; neither with --exact. */
static void test_layers_with_a_choice_of_kernels(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x16x56x56"), *y;
    Node *first = RAW_NODE(graph, OP_Reorder, "blocked", x), *node;
    set_int(graph, first, A_LAYOUT, LAYOUT_BLOCKED);
    y = inferred(graph, first);
    y->layout = LAYOUT_BLOCKED;
    node = blocked_conv(graph, y, "64x16x3x3", 1);
    output_planar(graph, blocked_pool(graph, node->out[0]));
    expect_unchanged(graph, depth_first);
    graph->exact = true;
    set_int(graph, node, A_WINOGRAD, 4);
    expect_unchanged(graph, depth_first);
    attr_remove(node, A_WINOGRAD);
    run_pass(graph, depth_first);
    assert_true(is_depth_first(node));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PASS_TEST(test_conv_before_a_pool),
        PASS_TEST(test_conv_before_a_depthwise_one),
        PASS_TEST(test_the_two_become_neighbours),
        PASS_TEST(test_small_results_only_for_the_least_memory),
        PASS_TEST(test_windows_over_most_of_the_image),
        PASS_TEST(test_two_readers),
        PASS_TEST(test_planar_results),
        PASS_TEST(test_a_residual),
        PASS_TEST(test_activations_that_are_no_limits),
        PASS_TEST(test_other_pools),
        PASS_TEST(test_layers_with_a_choice_of_kernels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
