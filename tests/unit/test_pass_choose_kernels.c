#include "passes/choose_kernels.h"
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

/* The images of a batch share the weights, and fill a pass over them. */
static void test_batches_take_large_tiles(void **state) {
    Graph *graph = new_graph(state);
    assert_int_equal(chosen(graph, blocked_conv(graph, "4x512x7x7", "512x512x3x3", 1)), 4);
    assert_int_equal(chosen(graph, blocked_conv(graph, "4x256x14x14", "512x256x3x3", 2)), 4);
}

/* By even and odd rows and columns, where planes are large enough for their tiles; the weights are larger, so little gain is
 * none. */
static void test_stride_two(void **state) {
    Graph *graph = new_graph(state);
    Node *large = blocked_conv(graph, "1x64x56x56", "128x64x3x3", 2);
    assert_int_equal(chosen(graph, large), 4);
    assert_string_equal(kernel_layer(graph, large), "conv3x3:1x64x56x56:1x128x28x28:pads=1,1:stride=2");
    assert_int_equal(chosen(graph, blocked_conv(graph, "1x128x28x28", "256x128x3x3", 2)), 2);
    assert_int_equal(chosen(graph, blocked_conv(graph, "1x256x14x14", "512x256x3x3", 2)), 0);
}

static Node *dilated_conv(Graph *graph, const char *image, const char *filter, int64_t dilation) {
    Node *node = blocked_conv(graph, image, filter, 1);
    set_ints(graph, node, A_DILATIONS, (int64_t[]){dilation, dilation}, 2);
    set_ints(graph, node, A_PADS, (int64_t[]){dilation, dilation, dilation, dilation}, 4);
    assert_true(node_infer(graph, node));
    return node;
}

/* Each image of every second row and column has tiles enough; of every twelfth each is smaller than one, and rows
 * outside the image cost the direct kernel nothing. */
static void test_dilations(void **state) {
    Graph *graph = new_graph(state);
    Node *near = dilated_conv(graph, "1x256x28x28", "256x256x3x3", 2);
    assert_int_equal(chosen(graph, near), 4);
    assert_string_equal(kernel_layer(graph, near), "conv3x3:1x256x28x28:1x256x28x28:pads=2,2:dilations=2,2");
    assert_int_equal(chosen(graph, dilated_conv(graph, "1x256x28x28", "256x256x3x3", 12)), 0);
}

static void test_larger_strides_stay_direct(void **state) {
    Graph *graph = new_graph(state);
    assert_int_equal(chosen(graph, blocked_conv(graph, "1x64x56x56", "64x64x3x3", 3)), 0);
}

/* One such layer's transformed weights are 590 KB; forty would be read from memory by each inference. */
static void test_deep_networks_take_smaller_weights(void **state) {
    Graph *graph = new_graph(state);
    Node *node = blocked_conv(graph, "1x64x8x8", "64x64x3x3", 1);
    assert_int_equal(chosen(graph, node), 4);
    for (int k = 1; k < 40; k++) blocked_conv(graph, "1x64x8x8", "64x64x3x3", 1);
    assert_int_equal(chosen(graph, node), 2);
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

static void test_measured_choices_overrule_the_estimate(void **state) {
    Graph *graph = new_graph(state);
    Node *node = blocked_conv(graph, "1x64x56x56", "64x64x3x3", 1);
    KernelChoice choices[] = {{"conv3x3:1x64x28x28:1x64x28x28:pads=1,1", 0}, {kernel_layer(graph, node), 2}};
    assert_string_equal(choices[1].layer, "conv3x3:1x64x56x56:1x64x56x56:pads=1,1");
    graph->choices = choices;
    graph->choice_count = 1;
    assert_int_equal(chosen(graph, node), 4);
    graph->choice_count = 2;
    assert_int_equal(chosen(graph, node), 2);
    choices[1].winograd = 0;
    assert_int_equal(chosen(graph, node), 0);
}

static void test_nothing_measured_overrules_exact(void **state) {
    Graph *graph = new_graph(state);
    Node *node = blocked_conv(graph, "1x64x56x56", "64x64x3x3", 1);
    graph->choices = &(KernelChoice){kernel_layer(graph, node), 4};
    graph->choice_count = 1;
    graph->exact = true;
    assert_int_equal(chosen(graph, node), 0);
    assert_null(kernel_layer(graph, node));
    graph->exact = false;
    graph->optimize = OPTIMIZE_SIZE;
    assert_int_equal(chosen(graph, node), 0);
    assert_null(kernel_layer(graph, node));
}

static void test_layers_without_a_choice_have_no_name(void **state) {
    Graph *graph = new_graph(state);
    assert_null(kernel_layer(graph, blocked_conv(graph, "1x64x56x56", "64x64x3x3", 3)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PASS_TEST(test_large_planes_take_large_tiles),      PASS_TEST(test_small_planes_with_large_weights_take_small_tiles),
        PASS_TEST(test_batches_take_large_tiles),           PASS_TEST(test_stride_two),
        PASS_TEST(test_deep_networks_take_smaller_weights), PASS_TEST(test_dilations),
        PASS_TEST(test_larger_strides_stay_direct),         PASS_TEST(test_exact_and_memory_stay_direct),
        PASS_TEST(test_planar_values_stay_direct),          PASS_TEST(test_measured_choices_overrule_the_estimate),
        PASS_TEST(test_nothing_measured_overrules_exact),   PASS_TEST(test_layers_without_a_choice_have_no_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
