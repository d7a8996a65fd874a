/* Each differs in one thing from branches that merge, and must stay as it is. */
#include "tests/unit/branch_helpers.h"

static Value *with_attribute(Graph *graph, Value *x, AttrKey key, const int64_t *numbers, int count) {
    Node *node = RAW_NODE(graph, OP_Conv, "conv", x, weights(graph, "w", "2x4x3x3"));
    set_ints(graph, node, A_KERNEL_SHAPE, (int64_t[]){3, 3}, 2);
    set_ints(graph, node, A_PADS, (int64_t[]){1, 1, 1, 1}, 4);
    set_ints(graph, node, A_STRIDES, (int64_t[]){2, 2}, 2);
    set_ints(graph, node, key, numbers, count);
    return inferred(graph, node);
}

/* Of 5x5 pixels each gives 3x3. */
static void test_other_windows(void **state) {
    static const struct {
        AttrKey key;
        int64_t numbers[4];
        int count;
    } other[] = {{A_PADS, {0, 0, 2, 2}, 4}, {A_DILATIONS, {2, 1}, 2}, {A_STRIDES, {2, 3}, 2}};
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        Graph *graph = new_graph(state);
        Value *x = image(graph);
        Value *a = with_attribute(graph, x, A_GROUP, NULL, 0);
        Node *node = with_attribute(graph, x, other[i].key, other[i].numbers, other[i].count)->producer;
        if (other[i].key == A_DILATIONS) set_ints(graph, node, A_PADS, (int64_t[]){2, 1, 2, 1}, 4);
        if (other[i].key == A_STRIDES) set_ints(graph, node, A_PADS, (int64_t[]){1, 2, 1, 3}, 4);
        graph_add_output(graph, CONCAT(graph, a, inferred(graph, node)), "y");
        expect_unchanged(graph, merge_branches);
    }
}

static void test_other_kernel_size(void **state) {
    Graph *graph = new_graph(state);
    Value *x = image(graph);
    graph_add_output(graph, CONCAT(graph, layer(graph, x, 2, 4, 1, false), layer(graph, x, 2, 4, 3, false)), "y");
    expect_unchanged(graph, merge_branches);
}

static void test_other_input(void **state) {
    Graph *graph = new_graph(state);
    Value *a = layer(graph, image(graph), 2, 4, 1, false), *b = layer(graph, input(graph, "x2", "1x4x5x5"), 2, 4, 1, false);
    graph_add_output(graph, CONCAT(graph, a, b), "y");
    expect_unchanged(graph, merge_branches);
}

static void test_other_activation(void **state) {
    Graph *graph = new_graph(state);
    Value *x = image(graph);
    Value *a = relu(graph, layer(graph, x, 2, 4, 1, false)), *b = layer(graph, x, 2, 4, 1, false);
    graph_add_output(graph, CONCAT(graph, a, b, NODE(graph, OP_Tanh, "tanh", layer(graph, x, 2, 4, 1, false))), "y");
    expect_unchanged(graph, merge_branches);
}

static Value *leaky(Graph *graph, Value *x, double slope) {
    Node *node = RAW_NODE(graph, OP_LeakyRelu, "leaky", x);
    set_float(graph, node, A_ALPHA, slope);
    return inferred(graph, node);
}

static void test_other_slope(void **state) {
    Graph *graph = new_graph(state);
    Value *x = image(graph);
    Value *a = leaky(graph, layer(graph, x, 2, 4, 1, false), 0.1), *b = leaky(graph, layer(graph, x, 2, 4, 1, false), 0.2);
    graph_add_output(graph, CONCAT(graph, a, b), "y");
    expect_unchanged(graph, merge_branches);
}

static void test_shared_intermediate(void **state) {
    Graph *graph = new_graph(state);
    Value *x = image(graph);
    Value *inner = relu(graph, layer(graph, x, 2, 4, 1, true)), *a = relu(graph, layer(graph, inner, 2, 2, 3, true));
    graph_add_output(graph, CONCAT(graph, a, path(graph, x)), "y");
    graph_add_output(graph, NODE(graph, OP_Sigmoid, "reader", inner), "z");
    expect_unchanged(graph, merge_branches);
}

static void test_intermediate_is_output(void **state) {
    Graph *graph = new_graph(state);
    Value *x = image(graph);
    Value *a = path(graph, x);
    graph_add_output(graph, CONCAT(graph, a, path(graph, x)), "y");
    graph_add_output(graph, a->producer->in[0], "inner");
    expect_unchanged(graph, merge_branches);
}

static void test_computed_weights(void **state) {
    Graph *graph = new_graph(state);
    Value *x = image(graph), *w = input(graph, "w", "2x4x1x1");
    graph_add_output(graph, CONCAT(graph, conv(graph, "conv", x, w, NULL, 0), layer(graph, x, 2, 4, 1, false)), "y");
    expect_unchanged(graph, merge_branches);
}

/* A grouped convolution's groups are equally wide; with zeros for the rest it would compute more. */
static void test_unequal_groups(void **state) {
    Graph *graph = new_graph(state);
    Value *x = image(graph);
    Value *a = layer(graph, layer(graph, x, 2, 4, 1, false), 2, 2, 3, false);
    Value *b = layer(graph, layer(graph, x, 3, 4, 1, false), 3, 3, 3, false);
    graph_add_output(graph, CONCAT(graph, a, b), "y");
    expect_unchanged(graph, merge_branches);
}

/* The groups of siblings would interleave. */
static void test_grouped_siblings(void **state) {
    Graph *graph = new_graph(state);
    Value *x = image(graph);
    graph_add_output(graph, CONCAT(graph, layer(graph, x, 2, 2, 1, false), layer(graph, x, 2, 2, 1, false)), "y");
    expect_unchanged(graph, merge_branches);
}

static void test_other_axis(void **state) {
    Graph *graph = new_graph(state);
    Value *x = image(graph);
    Value *operands[] = {layer(graph, x, 2, 4, 1, false), layer(graph, x, 2, 4, 1, false)};
    graph_add_output(graph, concat(graph, operands, 2, 2), "y");
    expect_unchanged(graph, merge_branches);
}

static void test_concat_of_one_twice(void **state) {
    Graph *graph = new_graph(state);
    Value *a = layer(graph, image(graph), 2, 4, 1, false);
    graph_add_output(graph, CONCAT(graph, a, a), "y");
    expect_unchanged(graph, merge_branches);
}

/* Slices in another order than their results, and slices of only a part. */
static void test_other_slices(void **state) {
    static const int64_t first[][2] = {{2, 0}, {1, 2}, {0, 1}, {0, 0}};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        Graph *graph = new_graph(state);
        Value *x = image(graph);
        Value *a = layer(graph, channels(graph, x, first[i][0], 2 - (i == 1)), 2, 2 - (i == 1), 1, false);
        Value *b = layer(graph, channels(graph, x, first[i][1], 2 - (i == 1)), 2, 2 - (i == 1), 1, false);
        graph_add_output(graph, CONCAT(graph, a, b), "y");
        expect_unchanged(graph, merge_branches);
    }
}

static void test_activation_before_add(void **state) {
    Graph *graph = new_graph(state);
    Value *x = image(graph);
    Value *a = relu(graph, layer(graph, path(graph, x), 4, 2, 1, true)),
          *b = relu(graph, layer(graph, path(graph, x), 4, 2, 1, true));
    graph_add_output(graph, NODE(graph, OP_Add, "add", a, b), "y");
    expect_unchanged(graph, merge_branches);
}

/* One pixel added to every pixel is not one convolution's sum. */
static void test_broadcasting_add(void **state) {
    Graph *graph = new_graph(state);
    Value *x = image(graph);
    Value *a = layer(graph, path(graph, x), 4, 2, 1, true), *b = layer(graph, path(graph, x), 4, 2, 1, true);
    Value *mean = pool(graph, OP_AveragePool, "mean", b, 5, 1, 0);
    graph_add_output(graph, NODE(graph, OP_Add, "add", a, mean), "y");
    graph_add_output(graph, NODE(graph, OP_Add, "add", layer(graph, x, 4, 4, 1, false), layer(graph, mean, 4, 4, 1, false)), "z");
    expect_unchanged(graph, merge_branches);
}

/* Both read all channels of one value: nothing lies side by side. */
static void test_added_siblings(void **state) {
    Graph *graph = new_graph(state);
    Value *x = image(graph);
    graph_add_output(graph, NODE(graph, OP_Add, "add", layer(graph, x, 4, 4, 1, false), layer(graph, x, 4, 4, 1, false)), "y");
    expect_unchanged(graph, merge_branches);
}

static void test_partial_sum_is_read(void **state) {
    Graph *graph = new_graph(state);
    Value *x = image(graph);
    Value *a = layer(graph, path(graph, x), 4, 2, 1, true), *b = layer(graph, path(graph, x), 4, 2, 1, true);
    Value *partial = NODE(graph, OP_Add, "add", x, a);
    graph_add_output(graph, NODE(graph, OP_Add, "add", partial, b), "y");
    graph_add_output(graph, partial, "partial");
    expect_unchanged(graph, merge_branches);
}

static void test_added_to_itself(void **state) {
    Graph *graph = new_graph(state);
    Value *a = layer(graph, path(graph, image(graph)), 4, 2, 1, true);
    graph_add_output(graph, NODE(graph, OP_Add, "add", a, a), "y");
    expect_unchanged(graph, merge_branches);
}

/* Inception's reductions: their readers would have to take channels out of the merged result. */
static void test_siblings_read_apart(void **state) {
    Graph *graph = new_graph(state);
    Value *x = image(graph);
    Value *a = layer(graph, layer(graph, x, 2, 4, 1, false), 2, 2, 3, false);
    Value *b = layer(graph, layer(graph, x, 2, 4, 1, false), 2, 2, 1, false);
    graph_add_output(graph, CONCAT(graph, a, b), "y");
    expect_unchanged(graph, merge_branches);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PASS_TEST(test_other_windows),
        PASS_TEST(test_other_kernel_size),
        PASS_TEST(test_other_input),
        PASS_TEST(test_other_activation),
        PASS_TEST(test_other_slope),
        PASS_TEST(test_shared_intermediate),
        PASS_TEST(test_intermediate_is_output),
        PASS_TEST(test_computed_weights),
        PASS_TEST(test_unequal_groups),
        PASS_TEST(test_grouped_siblings),
        PASS_TEST(test_other_axis),
        PASS_TEST(test_concat_of_one_twice),
        PASS_TEST(test_other_slices),
        PASS_TEST(test_activation_before_add),
        PASS_TEST(test_broadcasting_add),
        PASS_TEST(test_added_siblings),
        PASS_TEST(test_partial_sum_is_read),
        PASS_TEST(test_added_to_itself),
        PASS_TEST(test_siblings_read_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
