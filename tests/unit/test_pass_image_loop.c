#include "tests/unit/pass_helpers.h"

/* Weights of 4 numbers for images of 32: the first convolution is cheaper image by image, the fully connected layer is not. */
static void test_loop_up_to_large_weights(void **state) {
    Graph *graph = new_graph(state);
    Value *x = conv(graph, "conv", input(graph, "x", "2x2x4x4"), weights(graph, "w", "2x2x1x1"), NULL, 0);
    x = reshape(graph, "flatten", NODE(graph, OP_Relu, "relu", x), "2x32x1x1");
    graph_add_output(graph, conv(graph, "fc", x, weights(graph, "v", "40x32x1x1"), NULL, 0), "y");
    expect_pass(graph, image_loop,
                "graph test\n"
                "input %1 f32 2x2x4x4 ; x\n"
                "const @0 f32 2x2x1x1 [-0.527089,-0.261458755,0.00848400593,0.409766436] ; w\n"
                "const @5 f32 40x32x1x1 ; v\n"
                "%2 f32 2x2x4x4 = Conv(%1, @0, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%3 f32 2x2x4x4 = Relu(%2) ; relu\n"
                "%4 f32 2x32x1x1 = Reshape(%3) shape=[2,32,1,1] ; flatten\n"
                "%6 f32 2x40x1x1 = Conv(%4, @5, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; fc\n"
                "output %6 ; y\n",
                "graph test\n"
                "input %1 f32 2x2x4x4 ; x\n"
                "const @0 f32 2x2x1x1 [-0.527089,-0.261458755,0.00848400593,0.409766436] ; w\n"
                "const @5 f32 40x32x1x1 ; v\n"
                "%7 f32 1x2x4x4 = TakeImage(%1) images=2 ; x/image\n"
                "%2 f32 1x2x4x4 = Conv(%7, @0, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%3 f32 1x2x4x4 = Relu(%2) ; relu\n"
                "%8 f32 2x2x4x4 = StackImages(%3) images=2 ; relu\n"
                "%4 f32 2x32x1x1 = Reshape(%8) shape=[2,32,1,1] ; flatten\n"
                "%6 f32 2x40x1x1 = Conv(%4, @5, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; fc\n"
                "output %6 ; y\n");
}

/* All of it, with two results: what the caller gets is stacked where it is computed. */
static void test_results_of_the_loop(void **state) {
    Graph *graph = new_graph(state);
    Value *x = NODE(graph, OP_Relu, "relu", input(graph, "x", "3x2x2"));
    Value *doubled = NODE(graph, OP_Add, "doubled", x, x);
    graph_add_output(graph, doubled, "y");
    graph_add_output(graph, NODE(graph, OP_Mul, "mul", doubled, weights(graph, "s", "2x1")), "z");
    expect_pass(graph, image_loop,
                "graph test\n"
                "input %0 f32 3x2x2 ; x\n"
                "const @3 f32 2x1 [-0.524763703,0.282763839] ; s\n"
                "%1 f32 3x2x2 = Relu(%0) ; relu\n"
                "%2 f32 3x2x2 = Add(%1, %1) ; doubled\n"
                "%4 f32 3x2x2 = Mul(%2, @3) ; mul\n"
                "output %2 ; y\n"
                "output %4 ; z\n",
                "graph test\n"
                "input %0 f32 3x2x2 ; x\n"
                "const @3 f32 2x1 [-0.524763703,0.282763839] ; s\n"
                "%5 f32 1x2x2 = TakeImage(%0) images=3 ; x/image\n"
                "%1 f32 1x2x2 = Relu(%5) ; relu\n"
                "%2 f32 1x2x2 = Add(%1, %1) ; doubled\n"
                "%4 f32 1x2x2 = Mul(%2, @3) ; mul\n"
                "%6 f32 3x2x2 = StackImages(%2) images=3 ; doubled\n"
                "%7 f32 3x2x2 = StackImages(%4) images=3 ; mul\n"
                "output %6 ; y\n"
                "output %7 ; z\n");
}

static Value *slice(Graph *graph, Value *x, const char *starts, const char *sizes) {
    Node *node = RAW_NODE(graph, OP_Slice, "slice", x);
    Shape from = dims(starts), to = dims(sizes);
    set_ints(graph, node, A_STARTS, from.dim, from.rank);
    set_ints(graph, node, A_STEPS, (int64_t[]){1, 1, 1, 1}, to.rank);
    set_ints(graph, node, A_SIZES, to.dim, to.rank);
    return inferred(graph, node);
}

/* Operators that keep the images apart, on every attribute that names the batch. */
static void test_attributes_that_name_the_batch(void **state) {
    Graph *graph = new_graph(state);
    Value *x = pad_space(graph, "pad", input(graph, "x", "2x2x4x4"), 1, 0);
    x = slice(graph, x, "0x0x1x0", "2x2x4x6");
    x = transpose(graph, "transpose", x, TO_NHWC);
    x = NODE(graph, OP_Relu, "relu", reshape(graph, "reshape", CONCAT(graph, x, x), "2x96"));
    graph_add_output(graph, x, "y");
    expect_pass(graph, image_loop, NULL, NULL);
    assert_int_equal(graph->first->op, OP_TakeImage);
    assert_int_equal(graph->last->op, OP_StackImages);
}

/* With --optimize memory the loop goes on, whatever the weights are. */
static void test_memory_first(void **state) {
    Graph *graph = new_graph(state);
    graph->optimize = OPTIMIZE_MEMORY;
    graph_add_output(graph, conv(graph, "fc", input(graph, "x", "2x8x1x1"), weights(graph, "v", "40x8x1x1"), NULL, 0), "y");
    expect_pass(graph, image_loop, NULL, NULL);
    assert_int_equal(graph->last->op, OP_StackImages);
}

static void test_one_image(void **state) {
    Graph *graph = new_graph(state);
    graph_add_output(graph, NODE(graph, OP_Relu, "relu", input(graph, "x", "1x2x4x4")), "y");
    expect_unchanged(graph, image_loop);
}

static void test_inputs_of_different_batches(void **state) {
    Graph *graph = new_graph(state);
    Value *a = input(graph, "a", "2x3"), *b = input(graph, "b", "1x3");
    graph_add_output(graph, NODE(graph, OP_Add, "add", a, b), "y");
    expect_unchanged(graph, image_loop);
}

static void test_large_weights_alone(void **state) {
    Graph *graph = new_graph(state);
    graph_add_output(graph, conv(graph, "fc", input(graph, "x", "2x8x1x1"), weights(graph, "v", "40x8x1x1"), NULL, 0), "y");
    expect_unchanged(graph, image_loop);
}

/* What mixes images ends the loop before it. */
static void test_operators_across_images(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "2x2x4x4"), *sliced = input(graph, "z", "2x2x4x4");
    graph_add_output(graph, transpose(graph, "transpose", x, (const int64_t[]){1, 0, 2, 3}), "a");
    graph_add_output(graph, concat(graph, (Value *[]){x, x}, 2, 0), "b");
    graph_add_output(graph, slice(graph, sliced, "1x0x0x0", "1x2x4x4"), "c");
    expect_unchanged(graph, image_loop);
}

static void test_numbers_of_each_image(void **state) {
    Graph *graph = new_graph(state);
    graph_add_output(graph, NODE(graph, OP_Mul, "mul", input(graph, "x", "2x3"), weights(graph, "s", "2x1")), "y");
    expect_unchanged(graph, image_loop);
}

/* A block that can be skipped at run time is skipped for all images. */
static void test_blocks_that_can_be_skipped(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "2x2x4x4"), *sum = NODE(graph, OP_Add, "add", NODE(graph, OP_Relu, "relu", x), x);
    set_int(graph, sum->producer, A_BLOCK, 0);
    graph_add_output(graph, sum, "y");
    expect_unchanged(graph, image_loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PASS_TEST(test_loop_up_to_large_weights),
        PASS_TEST(test_results_of_the_loop),
        PASS_TEST(test_attributes_that_name_the_batch),
        PASS_TEST(test_memory_first),
        PASS_TEST(test_one_image),
        PASS_TEST(test_inputs_of_different_batches),
        PASS_TEST(test_large_weights_alone),
        PASS_TEST(test_operators_across_images),
        PASS_TEST(test_numbers_of_each_image),
        PASS_TEST(test_blocks_that_can_be_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
