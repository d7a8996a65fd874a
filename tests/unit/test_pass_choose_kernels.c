#include "tests/unit/pass_helpers.h"

/* A 3x3 convolution of `channels` to `channels` on size x size pixels, laid out as choose-layout leaves it. */
static Node *blocked_conv(Graph *graph, const char *image, const char *filter, int64_t stride) {
    Value *x = input(graph, "x", image);
    Node *node = RAW_NODE(graph, OP_Conv, "conv", x, weights(graph, "w", filter));
    set_ints(graph, node, A_PADS, (int64_t[]){1, 1, 1, 1}, 4);
    set_ints(graph, node, A_STRIDES, (int64_t[]){stride, stride}, 2);
    assert_true(node_infer(graph, node));
    x->layout = node->out[0]->layout = LAYOUT_BLOCKED;
    return node;
}

static int64_t chosen(Graph *graph, Node *node) {
    assert_true(choose_kernels(graph));
    int64_t m = attr_int(node, A_WINOGRAD, 0);
    assert_true(choose_kernels(graph));
    assert_int_equal(attr_int(node, A_WINOGRAD, 0), m);
    return m;
}

static void test_large_planes_take_large_tiles(void **state) {
    Graph *graph = new_graph(state);
    assert_int_equal(chosen(graph, blocked_conv(graph, "1x64x56x56", "64x64x3x3", 1)), 4);
}

static void test_small_planes_with_large_weights_take_small_tiles(void **state) {
    Graph *graph = new_graph(state);
    assert_int_equal(chosen(graph, blocked_conv(graph, "1x512x7x7", "512x512x3x3", 1)), 2);
}

static void test_strides_stay_direct(void **state) {
    Graph *graph = new_graph(state);
    assert_int_equal(chosen(graph, blocked_conv(graph, "1x64x56x56", "64x64x3x3", 2)), 0);
}

static void test_exact_and_memory_stay_direct(void **state) {
    Graph *graph = new_graph(state);
    Node *node = blocked_conv(graph, "1x64x56x56", "64x64x3x3", 1);
    graph->exact = true;
    assert_int_equal(chosen(graph, node), 0);
    graph->exact = false;
    graph->optimize = OPTIMIZE_MEMORY;
    assert_int_equal(chosen(graph, node), 0);
    graph->optimize = OPTIMIZE_SPEED;
    assert_int_equal(chosen(graph, node), 4);
}

static void test_planar_values_stay_direct(void **state) {
    Graph *graph = new_graph(state);
    Node *node = blocked_conv(graph, "1x64x56x56", "64x64x3x3", 1);
    node->in[0]->layout = LAYOUT_PLANAR;
    assert_int_equal(chosen(graph, node), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PASS_TEST(test_large_planes_take_large_tiles), PASS_TEST(test_small_planes_with_large_weights_take_small_tiles),
        PASS_TEST(test_strides_stay_direct),           PASS_TEST(test_exact_and_memory_stay_direct),
        PASS_TEST(test_planar_values_stay_direct),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
