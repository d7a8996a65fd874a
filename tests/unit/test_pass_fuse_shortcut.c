#include "tests/unit/pass_helpers.h"

static Value *slice(Graph *graph, Value *x, const int64_t *starts, const int64_t *steps, const char *shape) {
    Node *node = RAW_NODE(graph, OP_Slice, "slice", x);
    Shape sizes = dims(shape);
    set_ints(graph, node, A_STARTS, starts, sizes.rank);
    set_ints(graph, node, A_STEPS, steps, sizes.rank);
    set_ints(graph, node, A_SIZES, sizes.dim, sizes.rank);
    return inferred(graph, node);
}
#define AT(...) ((const int64_t[]){__VA_ARGS__})

/* Every second pixel of both axes. */
static Value *every_second(Graph *graph, Value *x, const char *shape) {
    return slice(graph, x, AT(0, 0, 0, 0), AT(1, 1, 2, 2), shape);
}

static Value *pad(Graph *graph, Value *x, const int64_t *pads, double number) {
    Node *node = RAW_NODE(graph, OP_Pad, "pad", x);
    set_ints(graph, node, A_PADS, pads, 2 * x->shape.rank);
    set_float(graph, node, A_VALUE, number);
    return inferred(graph, node);
}
#define ONE_BEFORE_ONE_BEHIND AT(0, 1, 0, 0, 0, 1, 0, 0)

static Value *branch(Graph *graph) {
    Value *b = input(graph, "b", "1x4x2x2"), *w = weights(graph, "w", "4x4x1x1");
    return conv(graph, "conv", b, w, NULL, 0);
}

static void test_slice_and_pad(void **state) {
    Graph *graph = new_graph(state);
    Value *b = branch(graph), *x = input(graph, "x", "1x2x4x4");
    x = pad(graph, every_second(graph, x, "1x2x2x2"), ONE_BEFORE_ONE_BEHIND, 0);
    x = NODE(graph, OP_Relu, "relu", NODE(graph, OP_Add, "add", b, x));
    graph_add_output(graph, x, "y");
    run_pass(graph, fuse_activation);
    expect_pass(graph, fuse_shortcut,
                "graph test\n"
                "input %0 f32 1x4x2x2 ; b\n"
                "input %3 f32 1x2x4x4 ; x\n"
                "const @1 f32 4x4x1x1 ; w\n"
                "%2 f32 1x4x2x2 = Conv(%0, @1, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%4 f32 1x2x2x2 = Slice(%3) starts=[0,0,0,0] steps=[1,1,2,2] sizes=[1,2,2,2] ; slice\n"
                "%5 f32 1x4x2x2 = Pad(%4) pads=[0,1,0,0,0,1,0,0] value=0 ; pad\n"
                "%6 f32 1x4x2x2 = Add(%2, %5) activation=relu ; add + relu\n"
                "output %6 ; y\n",
                "graph test\n"
                "input %0 f32 1x4x2x2 ; b\n"
                "input %3 f32 1x2x4x4 ; x\n"
                "const @1 f32 4x4x1x1 ; w\n"
                "%2 f32 1x4x2x2 = Conv(%0, @1, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%8 f32 1x4x2x2 = AddShortcut(%2, %3) strides=[2,2] pads=[1,1] activation=relu ; slice + pad + add + relu\n"
                "output %8 ; y\n");
    expect_unchanged(graph, fuse_residual);
}

/* The other way round, of a plane that the stride does not divide, with the parameters of an activation. */
static void test_uneven_plane(void **state) {
    Graph *graph = new_graph(state);
    Value *b = branch(graph), *x = input(graph, "x", "1x2x3x4");
    x = pad(graph, slice(graph, x, AT(0, 0, 0, 0), AT(1, 1, 2, 3), "1x2x2x2"), AT(0, 0, 0, 0, 0, 2, 0, 0), 0);
    Node *clip = RAW_NODE(graph, OP_Clip, "clip", NODE(graph, OP_Add, "add", x, b));
    set_float(graph, clip, A_MIN, -0.5);
    set_float(graph, clip, A_MAX, 1.5);
    graph_add_output(graph, inferred(graph, clip), "y");
    run_pass(graph, fuse_activation);
    expect_pass(graph, fuse_shortcut, NULL,
                "graph test\n"
                "input %0 f32 1x4x2x2 ; b\n"
                "input %3 f32 1x2x3x4 ; x\n"
                "const @1 f32 4x4x1x1 ; w\n"
                "%2 f32 1x4x2x2 = Conv(%0, @1, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%8 f32 1x4x2x2 = AddShortcut(%2, %3) strides=[2,3] pads=[0,2] activation=clip activation_alpha=-0.5 "
                "activation_beta=1.5 ; slice + pad + add + clip\n"
                "output %8 ; y\n");
}

/* A pool that only leaves pixels out. */
static void test_pool_and_pad(void **state) {
    Graph *graph = new_graph(state);
    Value *b = branch(graph), *x = pool(graph, OP_AveragePool, "pool", input(graph, "x", "1x1x4x4"), 1, 2, 0);
    x = pad(graph, x, AT(0, 2, 0, 0, 0, 1, 0, 0), 0);
    graph_add_output(graph, NODE(graph, OP_Add, "add", b, x), "y");
    expect_pass(graph, fuse_shortcut,
                "graph test\n"
                "input %0 f32 1x4x2x2 ; b\n"
                "input %3 f32 1x1x4x4 ; x\n"
                "const @1 f32 4x4x1x1 ; w\n"
                "%2 f32 1x4x2x2 = Conv(%0, @1, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%4 f32 1x1x2x2 = AveragePool(%3) kernel_shape=[1,1] strides=[2,2] pads=[0,0,0,0] ; pool\n"
                "%5 f32 1x4x2x2 = Pad(%4) pads=[0,2,0,0,0,1,0,0] value=0 ; pad\n"
                "%6 f32 1x4x2x2 = Add(%2, %5) ; add\n"
                "output %6 ; y\n",
                "graph test\n"
                "input %0 f32 1x4x2x2 ; b\n"
                "input %3 f32 1x1x4x4 ; x\n"
                "const @1 f32 4x4x1x1 ; w\n"
                "%2 f32 1x4x2x2 = Conv(%0, @1, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%7 f32 1x4x2x2 = AddShortcut(%2, %3) strides=[2,2] pads=[2,1] ; pool + pad + add\n"
                "output %7 ; y\n");
}

/* Takes what `shortcut` made from the input `x` as the shortcut of a block, and expects the block to be left alone. */
static void expect_left(Graph *graph, Value *shortcut) {
    graph_add_output(graph, NODE(graph, OP_Add, "add", branch(graph), shortcut), "y");
    expect_unchanged(graph, fuse_shortcut);
}

static void test_other_pads(void **state) {
    Graph *graph = new_graph(state); /* of another number */
    Value *x = every_second(graph, input(graph, "x", "1x2x4x4"), "1x2x2x2");
    expect_left(graph, pad(graph, x, ONE_BEFORE_ONE_BEHIND, 0.5));

    graph = new_graph(state); /* on the plane */
    x = every_second(graph, input(graph, "x", "1x2x4x2"), "1x2x2x1");
    expect_left(graph, pad(graph, x, AT(0, 1, 0, 0, 0, 1, 0, 1), 0));

    graph = new_graph(state); /* that crops channels */
    x = every_second(graph, input(graph, "x", "1x4x4x4"), "1x4x2x2");
    expect_left(graph, pad(graph, x, AT(0, -1, 0, 0, 0, 1, 0, 0), 0));

    graph = new_graph(state); /* by repeating channels */
    x = every_second(graph, input(graph, "x", "1x2x4x4"), "1x2x2x2");
    x = pad(graph, x, ONE_BEFORE_ONE_BEHIND, 0);
    set_string(graph, x->producer, A_MODE, "edge");
    expect_left(graph, x);
}

static void test_other_slices(void **state) {
    Graph *graph = new_graph(state); /* without a stride: the padded image lies where the sum does */
    expect_left(graph, pad(graph, input(graph, "x", "1x2x2x2"), ONE_BEFORE_ONE_BEHIND, 0));

    graph = new_graph(state); /* from the second pixel on */
    Value *x = slice(graph, input(graph, "x", "1x2x4x4"), AT(0, 0, 1, 0), AT(1, 1, 2, 2), "1x2x2x2");
    expect_left(graph, pad(graph, x, ONE_BEFORE_ONE_BEHIND, 0));

    graph = new_graph(state); /* a part of the plane */
    x = every_second(graph, input(graph, "x", "1x2x6x4"), "1x2x2x2");
    expect_left(graph, pad(graph, x, ONE_BEFORE_ONE_BEHIND, 0));

    graph = new_graph(state); /* backwards */
    x = slice(graph, input(graph, "x", "1x2x4x4"), AT(0, 0, 3, 0), AT(1, 1, -2, 2), "1x2x2x2");
    expect_left(graph, pad(graph, x, ONE_BEFORE_ONE_BEHIND, 0));

    graph = new_graph(state); /* every second channel */
    x = slice(graph, input(graph, "x", "1x4x4x4"), AT(0, 0, 0, 0), AT(1, 2, 2, 2), "1x2x2x2");
    expect_left(graph, pad(graph, x, ONE_BEFORE_ONE_BEHIND, 0));
}

static void test_other_pools(void **state) {
    Graph *graph = new_graph(state); /* the mean of four pixels */
    Value *x = pool(graph, OP_AveragePool, "pool", input(graph, "x", "1x2x4x4"), 2, 2, 0);
    expect_left(graph, pad(graph, x, ONE_BEFORE_ONE_BEHIND, 0));

    graph = new_graph(state); /* with a border */
    x = pool(graph, OP_AveragePool, "pool", input(graph, "x", "1x2x2x2"), 1, 2, 1);
    expect_left(graph, pad(graph, x, ONE_BEFORE_ONE_BEHIND, 0));

    graph = new_graph(state); /* of no channel */
    x = pool(graph, OP_AveragePool, "pool", input(graph, "x", "1x0x4x4"), 1, 2, 0);
    expect_left(graph, pad(graph, x, AT(0, 4, 0, 0, 0, 0, 0, 0), 0));
}

static void test_other_readers(void **state) {
    Graph *graph = new_graph(state); /* of the Slice */
    Value *x = every_second(graph, input(graph, "x", "1x2x4x4"), "1x2x2x2");
    graph_add_output(graph, NODE(graph, OP_Neg, "neg", x), "a");
    expect_left(graph, pad(graph, x, ONE_BEFORE_ONE_BEHIND, 0));

    graph = new_graph(state); /* of the Pad */
    x = pad(graph, every_second(graph, input(graph, "x", "1x2x4x4"), "1x2x2x2"), ONE_BEFORE_ONE_BEHIND, 0);
    graph_add_output(graph, x, "a");
    expect_left(graph, x);

    graph = new_graph(state); /* of the branch's result */
    x = pad(graph, every_second(graph, input(graph, "x", "1x2x4x4"), "1x2x2x2"), ONE_BEFORE_ONE_BEHIND, 0);
    Value *b = branch(graph);
    graph_add_output(graph, NODE(graph, OP_Neg, "neg", b), "a");
    graph_add_output(graph, NODE(graph, OP_Add, "add", b, x), "y");
    expect_unchanged(graph, fuse_shortcut);

    graph = new_graph(state); /* a constant is no branch */
    x = pad(graph, every_second(graph, input(graph, "x", "1x2x4x4"), "1x2x2x2"), ONE_BEFORE_ONE_BEHIND, 0);
    graph_add_output(graph, NODE(graph, OP_Add, "add", weights(graph, "c", "1x4x2x2"), x), "y");
    expect_unchanged(graph, fuse_shortcut);
}

/* Where the branch broadcasts, the sum is larger than it; a block that can be skipped needs its Add. */
static void test_other_sums(void **state) {
    Graph *graph = new_graph(state);
    Value *x = pad(graph, every_second(graph, input(graph, "x", "1x2x4x4"), "1x2x2x2"), ONE_BEFORE_ONE_BEHIND, 0);
    graph_add_output(graph, NODE(graph, OP_Add, "add", input(graph, "b", "1x4x1x1"), x), "y");
    expect_unchanged(graph, fuse_shortcut);

    graph = new_graph(state);
    x = pad(graph, every_second(graph, input(graph, "x", "1x2x4x4"), "1x2x2x2"), ONE_BEFORE_ONE_BEHIND, 0);
    x = NODE(graph, OP_Add, "add", branch(graph), x);
    set_int(graph, x->producer, A_BLOCK, 0);
    graph_add_output(graph, x, "y");
    expect_unchanged(graph, fuse_shortcut);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PASS_TEST(test_slice_and_pad), PASS_TEST(test_uneven_plane), PASS_TEST(test_pool_and_pad),  PASS_TEST(test_other_pads),
        PASS_TEST(test_other_slices),  PASS_TEST(test_other_pools),  PASS_TEST(test_other_readers), PASS_TEST(test_other_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
