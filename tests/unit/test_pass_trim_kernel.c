#include "tests/unit/pass_helpers.h"

static Value *dilated(Graph *graph, Value *x, const char *filter, int64_t dilation, int64_t begin, int64_t end) {
    Node *node = RAW_NODE(graph, OP_Conv, "conv", x, weights(graph, "w", filter));
    set_ints(graph, node, A_DILATIONS, (int64_t[]){dilation, dilation}, 2);
    set_ints(graph, node, A_PADS, (int64_t[]){begin, begin, end, end}, 4);
    return inferred(graph, node);
}

/* DeepLab: only the middle tap is ever inside. */
static void test_dilation_of_the_plane(void **state) {
    Graph *graph = new_graph(state);
    graph_add_output(graph, dilated(graph, input(graph, "x", "1x2x5x4"), "3x2x3x3", 5, 5, 5), "y");
    expect_pass(graph, trim_kernel,
                "graph test\n"
                "input %0 f32 1x2x5x4 ; x\n"
                "const @1 f32 3x2x3x3 ; w\n"
                "%2 f32 1x3x5x4 = Conv(%0, @1) pads=[5,5,5,5] dilations=[5,5] ; conv\n"
                "output %2 ; y\n",
                "graph test\n"
                "input %0 f32 1x2x5x4 ; x\n"
                "const @3 f32 3x2x1x1 [0.434019685,0.577502489,0.481555581,-0.335207343,0.380463004,-0.548162699] ; w\n"
                "%2 f32 1x3x5x4 = Conv(%0, @3) kernel_shape=[1,1] pads=[0,0,0,0] dilations=[5,5] ; conv\n"
                "output %2 ; y\n");
}

/* A 3x3 kernel on one pixel, as at the end of a ResNet whose images are small. */
static void test_one_pixel(void **state) {
    Graph *graph = new_graph(state);
    Value *y = conv(graph, "conv", input(graph, "x", "1x2x1x1"), weights(graph, "w", "3x2x3x3"), NULL, 1);
    graph_add_output(graph, y, "y");
    expect_pass(graph, trim_kernel, NULL, NULL);
    assert_int_equal(y->producer->in[1]->shape.dim[2], 1);
    assert_int_equal(y->producer->in[1]->shape.dim[3], 1);
}

/* Columns alone, and from one side: the plane is wide enough for the others. */
static void test_one_axis(void **state) {
    Graph *graph = new_graph(state);
    Node *node = RAW_NODE(graph, OP_Conv, "conv", input(graph, "x", "1x1x6x2"), weights(graph, "w", "1x1x3x5"));
    set_ints(graph, node, A_PADS, (int64_t[]){1, 4, 1, 1}, 4);
    graph_add_output(graph, inferred(graph, node), "y");
    expect_pass(graph, trim_kernel,
                "graph test\n"
                "input %0 f32 1x1x6x2 ; x\n"
                "const @1 f32 1x1x3x5 ; w\n"
                "%2 f32 1x1x6x3 = Conv(%0, @1) pads=[1,4,1,1] ; conv\n"
                "output %2 ; y\n",
                "graph test\n"
                "input %0 f32 1x1x6x2 ; x\n"
                "const @3 f32 1x1x3x3 ; w\n"
                "%2 f32 1x1x6x3 = Conv(%0, @3) kernel_shape=[3,3] pads=[1,2,1,1] ; conv\n"
                "output %2 ; y\n");
}

/* One output reads the tap: a plane one larger than the dilation. */
static void test_every_tap_is_read(void **state) {
    Graph *graph = new_graph(state);
    graph_add_output(graph, dilated(graph, input(graph, "x", "1x1x6x6"), "1x1x3x3", 5, 5, 5), "y");
    expect_unchanged(graph, trim_kernel);
}

/* Without the first tap there would be less than no padding. */
static void test_padding_stays_positive(void **state) {
    Graph *graph = new_graph(state);
    graph_add_output(graph, dilated(graph, input(graph, "x", "1x1x2x2"), "1x1x2x2", 5, 4, 0), "y");
    expect_unchanged(graph, trim_kernel);
}

static void test_run_time_weights(void **state) {
    Graph *graph = new_graph(state);
    graph_add_output(graph, conv(graph, "conv", input(graph, "x", "1x2x1x1"), input(graph, "w", "3x2x3x3"), NULL, 1), "y");
    expect_unchanged(graph, trim_kernel);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PASS_TEST(test_dilation_of_the_plane),
        PASS_TEST(test_one_pixel),
        PASS_TEST(test_one_axis),
        PASS_TEST(test_every_tap_is_read),
        PASS_TEST(test_padding_stays_positive),
        PASS_TEST(test_run_time_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
