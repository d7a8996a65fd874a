#include "tests/unit/pass_helpers.h"

static void test_no_ops(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "2x3");
    Node *cast = RAW_NODE(graph, OP_Cast, "cast", x);
    set_int(graph, cast, A_TO, F32);
    x = reshape(graph, "reshape", inferred(graph, cast), "2x3");
    x = transpose(graph, "transpose", x, (const int64_t[]){0, 1});
    Node *slice = RAW_NODE(graph, OP_Slice, "slice", x);
    set_ints(graph, slice, A_STARTS, (const int64_t[]){0, 0}, 2);
    set_ints(graph, slice, A_STEPS, (const int64_t[]){1, 1}, 2);
    set_ints(graph, slice, A_SIZES, (const int64_t[]){2, 3}, 2);
    Node *pad = RAW_NODE(graph, OP_Pad, "pad", inferred(graph, slice));
    set_ints(graph, pad, A_PADS, (const int64_t[]){0, 0, 0, 0}, 4);
    Node *expand = RAW_NODE(graph, OP_Expand, "expand", inferred(graph, pad));
    set_ints(graph, expand, A_SHAPE, (const int64_t[]){2, 3}, 2);
    x = NODE(graph, OP_Mul, "times_one", inferred(graph, expand), constant_f32(graph, "one", 1));
    x = NODE(graph, OP_Add, "plus_zero", constant_f32(graph, "zero", 0), x);
    graph_add_output(graph, NODE(graph, OP_Relu, "relu", x), "y");
    expect_pass(graph, simplify,
                "graph test\n"
                "input %0 f32 2x3 ; x\n"
                "const @7 f32 scalar [1] ; one\n"
                "const @9 f32 scalar [0] ; zero\n"
                "%1 f32 2x3 = Cast(%0) to=f32 ; cast\n"
                "%2 f32 2x3 = Reshape(%1) shape=[2,3] ; reshape\n"
                "%3 f32 2x3 = Transpose(%2) perm=[0,1] ; transpose\n"
                "%4 f32 2x3 = Slice(%3) starts=[0,0] steps=[1,1] sizes=[2,3] ; slice\n"
                "%5 f32 2x3 = Pad(%4) pads=[0,0,0,0] ; pad\n"
                "%6 f32 2x3 = Expand(%5) shape=[2,3] ; expand\n"
                "%8 f32 2x3 = Mul(%6, @7) ; times_one\n"
                "%10 f32 2x3 = Add(@9, %8) ; plus_zero\n"
                "%11 f32 2x3 = Relu(%10) ; relu\n"
                "output %11 ; y\n",
                "graph test\n"
                "input %0 f32 2x3 ; x\n"
                "%11 f32 2x3 = Relu(%0) ; relu\n"
                "output %11 ; y\n");
}

/* What is left of a residual block without its branch: the ReLU behind the sum, of what a ReLU gave. */
static void test_relu_of_what_is_never_negative(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2x4x4");
    Value *y = pool(graph, OP_MaxPool, "pool", NODE(graph, OP_Relu, "relu1", x), 2, 2, 0);
    graph_add_output(graph, NODE(graph, OP_Relu, "relu2", y), "y");
    graph_add_output(graph, NODE(graph, OP_Relu, "relu3", NODE(graph, OP_Neg, "neg", y)), "z");
    expect_pass(graph, simplify,
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "%1 f32 1x2x4x4 = Relu(%0) ; relu1\n"
                "%2 f32 1x2x2x2 = MaxPool(%1) kernel_shape=[2,2] strides=[2,2] pads=[0,0,0,0] ; pool\n"
                "%3 f32 1x2x2x2 = Relu(%2) ; relu2\n"
                "%4 f32 1x2x2x2 = Neg(%2) ; neg\n"
                "%5 f32 1x2x2x2 = Relu(%4) ; relu3\n"
                "output %3 ; y\n"
                "output %5 ; z\n",
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "%1 f32 1x2x4x4 = Relu(%0) ; relu1\n"
                "%2 f32 1x2x2x2 = MaxPool(%1) kernel_shape=[2,2] strides=[2,2] pads=[0,0,0,0] ; pool\n"
                "%4 f32 1x2x2x2 = Neg(%2) ; neg\n"
                "%5 f32 1x2x2x2 = Relu(%4) ; relu3\n"
                "output %2 ; y\n"
                "output %5 ; z\n");
}

static void test_output_may_become_the_input(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "2x3");
    graph_add_output(graph, reshape(graph, "reshape", x, "2x3"), "y");
    expect_pass(graph, simplify,
                "graph test\n"
                "input %0 f32 2x3 ; x\n"
                "%1 f32 2x3 = Reshape(%0) shape=[2,3] ; reshape\n"
                "output %1 ; y\n",
                "graph test\n"
                "input %0 f32 2x3 ; x\n"
                "output %0 ; y\n");
}

/* A Slice that reverses has the same shape, and an addition that broadcasts another one. */
static void test_look_alikes_are_left(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "2x3");
    Node *slice = RAW_NODE(graph, OP_Slice, "reverse", x);
    set_ints(graph, slice, A_STARTS, (const int64_t[]){1, 0}, 2);
    set_ints(graph, slice, A_STEPS, (const int64_t[]){-1, 1}, 2);
    set_ints(graph, slice, A_SIZES, (const int64_t[]){2, 3}, 2);
    Value *y = NODE(graph, OP_Add, "broadcast", inferred(graph, slice), NUMBERS(graph, "zeros", "2x1x1", 0, 0));
    graph_add_output(graph, NODE(graph, OP_Sub, "negate", constant_f32(graph, "zero", 0), y), "y");
    expect_unchanged(graph, simplify);
}

static void test_reshapes_join_through_activations(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "2x3x1x1");
    x = reshape(graph, "flatten", x, "2x3");
    x = NODE(graph, OP_Relu, "relu", x);
    x = reshape(graph, "unflatten", x, "2x3x1x1");
    graph_add_output(graph, NODE(graph, OP_Neg, "neg", x), "y");
    expect_pass(graph, simplify,
                "graph test\n"
                "input %0 f32 2x3x1x1 ; x\n"
                "%1 f32 2x3 = Reshape(%0) shape=[2,3] ; flatten\n"
                "%2 f32 2x3 = Relu(%1) ; relu\n"
                "%3 f32 2x3x1x1 = Reshape(%2) shape=[2,3,1,1] ; unflatten\n"
                "%4 f32 2x3x1x1 = Neg(%3) ; neg\n"
                "output %4 ; y\n",
                "graph test\n"
                "input %0 f32 2x3x1x1 ; x\n"
                "%2 f32 2x3x1x1 = Relu(%0) ; relu\n"
                "%4 f32 2x3x1x1 = Neg(%2) ; neg\n"
                "output %4 ; y\n");
}

/* A residual block as TensorFlow exports it: everything between the convolutions is channel-last. The one Transpose of the
 * input and the one of the output remain. */
static void test_channel_last_block(void **state) {
    Graph *graph = new_graph(state);
    Value *x = transpose(graph, "in", input(graph, "x", "1x5x4x2"), TO_NCHW);
    Value *shortcut = transpose(graph, "t1", conv(graph, "conv1", x, weights(graph, "w1", "3x2x1x1"), NULL, 0), TO_NHWC);
    Value *y = NODE(graph, OP_Relu, "relu1", shortcut);
    y = transpose(graph, "t3", conv(graph, "conv2", transpose(graph, "t2", y, TO_NCHW), weights(graph, "w2", "3x3x3x3"), NULL, 1),
                  TO_NHWC);
    y = NODE(graph, OP_Add, "bias", y, NUMBERS(graph, "b", "3", 1, 2, 3));
    y = NODE(graph, OP_Add, "add", y, shortcut);
    graph_add_output(graph, NODE(graph, OP_Relu, "relu2", y), "y");
    expect_pass(graph, simplify,
                "graph test\n"
                "input %0 f32 1x5x4x2 ; x\n"
                "const @2 f32 3x2x1x1 [-0.525538802,0.101356387,0.747317076,0.557831883,-0.233047724,0.729880095] ; w1\n"
                "const @6 f32 3x3x3x3 ; w2\n"
                "const @10 f32 3 [1,2,3] ; b\n"
                "%1 f32 1x2x5x4 = Transpose(%0) perm=[0,3,1,2] ; in\n"
                "%3 f32 1x3x5x4 = Conv(%1, @2, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv1\n"
                "%4 f32 1x5x4x3 = Transpose(%3) perm=[0,2,3,1] ; t1\n"
                "%5 f32 1x5x4x3 = Relu(%4) ; relu1\n"
                "%7 f32 1x3x5x4 = Transpose(%5) perm=[0,3,1,2] ; t2\n"
                "%8 f32 1x3x5x4 = Conv(%7, @6, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv2\n"
                "%9 f32 1x5x4x3 = Transpose(%8) perm=[0,2,3,1] ; t3\n"
                "%11 f32 1x5x4x3 = Add(%9, @10) ; bias\n"
                "%12 f32 1x5x4x3 = Add(%11, %4) ; add\n"
                "%13 f32 1x5x4x3 = Relu(%12) ; relu2\n"
                "output %13 ; y\n",
                "graph test\n"
                "input %0 f32 1x5x4x2 ; x\n"
                "const @2 f32 3x2x1x1 [-0.525538802,0.101356387,0.747317076,0.557831883,-0.233047724,0.729880095] ; w1\n"
                "const @6 f32 3x3x3x3 ; w2\n"
                "const @15 f32 1x3x1x1 [1,2,3] ; b\n"
                "%1 f32 1x2x5x4 = Transpose(%0) perm=[0,3,1,2] ; in\n"
                "%3 f32 1x3x5x4 = Conv(%1, @2, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv1\n"
                "%5 f32 1x3x5x4 = Relu(%3) ; relu1\n"
                "%8 f32 1x3x5x4 = Conv(%5, @6, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv2\n"
                "%11 f32 1x3x5x4 = Add(%8, @15) ; bias\n"
                "%12 f32 1x3x5x4 = Add(%11, %3) ; add\n"
                "%13 f32 1x3x5x4 = Relu(%12) ; relu2\n"
                "%18 f32 1x5x4x3 = Transpose(%13) perm=[0,2,3,1] ; relu2\n"
                "output %18 ; y\n");
}

static void test_concat_and_pad_let_transposes_pass(void **state) {
    Graph *graph = new_graph(state);
    Value *a = transpose(graph, "ta", input(graph, "a", "1x2x4x4"), TO_NHWC);
    Value *b = transpose(graph, "tb", input(graph, "b", "1x3x4x4"), TO_NHWC);
    Value *both = concat(graph, (Value *[]){a, b}, 2, 3);
    Node *pad = RAW_NODE(graph, OP_Pad, "pad", both);
    set_ints(graph, pad, A_PADS, (const int64_t[]){0, 1, 2, 0, 0, 3, 4, 0}, 8);
    graph_add_output(graph, transpose(graph, "back", inferred(graph, pad), TO_NCHW), "y");
    expect_pass(graph, simplify,
                "graph test\n"
                "input %0 f32 1x2x4x4 ; a\n"
                "input %2 f32 1x3x4x4 ; b\n"
                "%1 f32 1x4x4x2 = Transpose(%0) perm=[0,2,3,1] ; ta\n"
                "%3 f32 1x4x4x3 = Transpose(%2) perm=[0,2,3,1] ; tb\n"
                "%4 f32 1x4x4x5 = Concat(%1, %3) axis=3 ; concat\n"
                "%5 f32 1x8x10x5 = Pad(%4) pads=[0,1,2,0,0,3,4,0] ; pad\n"
                "%6 f32 1x5x8x10 = Transpose(%5) perm=[0,3,1,2] ; back\n"
                "output %6 ; y\n",
                "graph test\n"
                "input %0 f32 1x2x4x4 ; a\n"
                "input %2 f32 1x3x4x4 ; b\n"
                "%4 f32 1x5x4x4 = Concat(%0, %2) axis=1 ; concat\n"
                "%5 f32 1x5x8x10 = Pad(%4) pads=[0,0,1,2,0,0,3,4] ; pad\n"
                "output %5 ; y\n");
}

static void test_mean_over_the_plane(void **state) {
    Graph *graph = new_graph(state);
    Value *x = transpose(graph, "t", input(graph, "x", "1x3x4x5"), TO_NHWC);
    Node *mean = RAW_NODE(graph, OP_ReduceMean, "mean", x);
    set_ints(graph, mean, A_AXES, (const int64_t[]){1, 2}, 2);
    set_int(graph, mean, A_KEEPDIMS, 0);
    graph_add_output(graph, inferred(graph, mean), "y");
    expect_pass(graph, simplify,
                "graph test\n"
                "input %0 f32 1x3x4x5 ; x\n"
                "%1 f32 1x4x5x3 = Transpose(%0) perm=[0,2,3,1] ; t\n"
                "%2 f32 1x3 = ReduceMean(%1) axes=[1,2] keepdims=0 ; mean\n"
                "output %2 ; y\n",
                "graph test\n"
                "input %0 f32 1x3x4x5 ; x\n"
                "%2 f32 1x3x1x1 = AveragePool(%0) kernel_shape=[4,5] strides=[1,1] pads=[0,0,0,0] dilations=[1,1] ; mean\n"
                "%3 f32 1x3 = Reshape(%2) shape=[1,3] ; mean\n"
                "output %3 ; y\n");
}

/* Two Transposes that are not alike, and one that another reader needs as it is. */
static void test_unlike_transposes_are_left(void **state) {
    Graph *graph = new_graph(state);
    Value *a = transpose(graph, "ta", input(graph, "a", "2x4x4x4"), TO_NHWC);
    Value *b = transpose(graph, "tb", input(graph, "b", "2x4x4x4"), TO_NCHW);
    graph_add_output(graph, NODE(graph, OP_Add, "add", a, b), "y");
    Value *c = transpose(graph, "tc", input(graph, "c", "2x3x4x4"), TO_NHWC);
    graph_add_output(graph, NODE(graph, OP_Relu, "relu", c), "z");
    graph_add_output(graph, reshape(graph, "flat", c, "2x48"), "flat");
    expect_unchanged(graph, simplify);
}

/* A channel shuffle and the activation behind it: the activation moves up to where it can be fused. */
static void test_channel_shuffle(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x4x3x3");
    x = reshape(graph, "split", x, "1x2x2x3x3");
    x = transpose(graph, "swap", x, (const int64_t[]){0, 2, 1, 3, 4});
    x = reshape(graph, "join", x, "1x4x3x3");
    graph_add_output(graph, NODE(graph, OP_Relu, "relu", x), "y");
    expect_pass(graph, simplify,
                "graph test\n"
                "input %0 f32 1x4x3x3 ; x\n"
                "%1 f32 1x2x2x3x3 = Reshape(%0) shape=[1,2,2,3,3] ; split\n"
                "%2 f32 1x2x2x3x3 = Transpose(%1) perm=[0,2,1,3,4] ; swap\n"
                "%3 f32 1x4x3x3 = Reshape(%2) shape=[1,4,3,3] ; join\n"
                "%4 f32 1x4x3x3 = Relu(%3) ; relu\n"
                "output %4 ; y\n",
                "graph test\n"
                "input %0 f32 1x4x3x3 ; x\n"
                "%4 f32 1x4x3x3 = Relu(%0) ; relu\n"
                "%7 f32 1x2x2x3x3 = Reshape(%4) shape=[1,2,2,3,3] ; relu\n"
                "%6 f32 1x2x2x3x3 = Transpose(%7) perm=[0,2,1,3,4] ; relu\n"
                "%5 f32 1x4x3x3 = Reshape(%6) shape=[1,4,3,3] ; relu\n"
                "output %5 ; y\n");
}

static Value *sliced(Graph *graph, const char *name, Value *x, const int64_t *starts, const int64_t *steps,
                     const int64_t *sizes) {
    Node *node = RAW_NODE(graph, OP_Slice, name, x);
    set_ints(graph, node, A_STARTS, starts, 4);
    set_ints(graph, node, A_STEPS, steps, 4);
    set_ints(graph, node, A_SIZES, sizes, 4);
    return inferred(graph, node);
}

/* x[:, :, 1::2, :][:, :, 1:, 1::2] */
static void test_slices_join(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2x7x5");
    Value *y = sliced(graph, "rows", x, (int64_t[]){0, 0, 1, 0}, (int64_t[]){1, 1, 2, 1}, (int64_t[]){1, 2, 3, 5});
    y = sliced(graph, "columns", y, (int64_t[]){0, 0, 1, 1}, (int64_t[]){1, 1, 1, 2}, (int64_t[]){1, 2, 2, 2});
    graph_add_output(graph, y, "y");
    expect_pass(graph, simplify,
                "graph test\n"
                "input %0 f32 1x2x7x5 ; x\n"
                "%1 f32 1x2x3x5 = Slice(%0) starts=[0,0,1,0] steps=[1,1,2,1] sizes=[1,2,3,5] ; rows\n"
                "%2 f32 1x2x2x2 = Slice(%1) starts=[0,0,1,1] steps=[1,1,1,2] sizes=[1,2,2,2] ; columns\n"
                "output %2 ; y\n",
                "graph test\n"
                "input %0 f32 1x2x7x5 ; x\n"
                "%2 f32 1x2x2x2 = Slice(%0) starts=[0,0,3,1] steps=[1,1,2,2] sizes=[1,2,2,2] ; columns\n"
                "output %2 ; y\n");
}

/* How some write a shortcut with more channels. */
static void test_concat_with_zeros(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x1x1x2"), *one = NUMBERS(graph, "one", "1x1x1x2", 0, 0),
          *two = NUMBERS(graph, "two", "1x2x1x2", 0, 0, 0, 0);
    graph_add_output(graph, concat(graph, (Value *[]){one, two, x, one}, 4, -3), "y");
    expect_pass(graph, simplify,
                "graph test\n"
                "input %0 f32 1x1x1x2 ; x\n"
                "const @1 f32 1x1x1x2 [0,0] ; one\n"
                "const @2 f32 1x2x1x2 [0,0,0,0] ; two\n"
                "%3 f32 1x5x1x2 = Concat(@1, @2, %0, @1) axis=-3 ; concat\n"
                "output %3 ; y\n",
                "graph test\n"
                "input %0 f32 1x1x1x2 ; x\n"
                "%4 f32 1x5x1x2 = Pad(%0) pads=[0,3,0,0,0,1,0,0] value=0 ; concat\n"
                "output %4 ; y\n");
}

static void test_other_concats(void **state) {
    Graph *graph = new_graph(state); /* along the plane; with other constants, with two images, of constants */
    Value *x = input(graph, "x", "1x1x1x2"), *z = input(graph, "z", "1x1x1x2"), *zeros = NUMBERS(graph, "0", "1x1x1x2", 0, 0),
          *ones = NUMBERS(graph, "1", "1x1x1x2", 1, 1);
    graph_add_output(graph, concat(graph, (Value *[]){x, zeros}, 2, 3), "a");
    graph_add_output(graph, concat(graph, (Value *[]){x, zeros, ones}, 3, 1), "b");
    graph_add_output(graph, concat(graph, (Value *[]){x, zeros, z}, 3, 1), "c");
    graph_add_output(graph, concat(graph, (Value *[]){ones, zeros}, 2, 1), "d");
    expect_unchanged(graph, simplify);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PASS_TEST(test_no_ops),
        PASS_TEST(test_relu_of_what_is_never_negative),
        PASS_TEST(test_output_may_become_the_input),
        PASS_TEST(test_look_alikes_are_left),
        PASS_TEST(test_reshapes_join_through_activations),
        PASS_TEST(test_channel_last_block),
        PASS_TEST(test_concat_and_pad_let_transposes_pass),
        PASS_TEST(test_mean_over_the_plane),
        PASS_TEST(test_concat_with_zeros),
        PASS_TEST(test_other_concats),
        PASS_TEST(test_unlike_transposes_are_left),
        PASS_TEST(test_channel_shuffle),
        PASS_TEST(test_slices_join),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
