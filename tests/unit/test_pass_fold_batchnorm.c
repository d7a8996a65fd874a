#include "tests/unit/pass_helpers.h"

static void test_behind_convolution(void **state) {
    Graph *graph = new_graph(state);
    Value *x = conv(graph, "conv", input(graph, "x", "1x2x4x4"), weights(graph, "w", "3x2x3x3"), NULL, 1);
    graph_add_output(graph, batchnorm(graph, "bn", x), "y");
    expect_pass(graph, fold_batchnorm,
                "graph test\n"
                "input %1 f32 1x2x4x4 ; x\n"
                "const @0 f32 3x2x3x3 ; w\n"
                "const @3 f32 3 [-0.524763703,0.282763839,0.11673367] ; scale\n"
                "const @4 f32 3 [-0.523988605,0.46417141,-0.513849854] ; B\n"
                "const @5 f32 3 [-0.523213506,0.64557898,0.85556674] ; mean\n"
                "const @6 f32 3 [0.5,0.75,1] ; var\n"
                "%2 f32 1x3x4x4 = Conv(%1, @0, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "%7 f32 1x3x4x4 = BatchNormalization(%2, @3, @4, @5, @6) ; bn\n"
                "output %7 ; y\n",
                "graph test\n"
                "input %1 f32 1x2x4x4 ; x\n"
                "const @9 f32 3x2x3x3 ; conv/folded weight\n"
                "const @8 f32 3 [-0.912276089,0.253386408,-0.613722801] ; conv/folded bias\n"
                "%2 f32 1x3x4x4 = Conv(%1, @9, @8) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv + bn\n"
                "output %2 ; y\n");
}

static void test_behind_grouped_convolution_with_bias(void **state) {
    Graph *graph = new_graph(state);
    Value *x = conv(graph, "conv", input(graph, "x", "2x4x3x3"), weights(graph, "w", "6x2x1x1"), weights(graph, "b", "6"), 0);
    graph_add_output(graph, batchnorm(graph, "bn", x), "y");
    expect_pass(graph, fold_batchnorm,
                "graph test\n"
                "input %2 f32 2x4x3x3 ; x\n"
                "const @1 f32 6x2x1x1 ; w\n"
                "const @0 f32 6 [-0.527089,-0.261458755,0.00848400593,0.409766436,-0.898912787,-0.260963321] ; b\n"
                "const @4 f32 6 [-0.523988605,0.46417141,-0.513849854,0.70589745,0.432817221,-0.279276371] ; scale\n"
                "const @5 f32 6 [-0.523213506,0.64557898,0.85556674,0.779930115,-0.234250188,-0.783854723] ; B\n"
                "const @6 f32 6 [-0.522438407,0.826986432,0.224983215,0.853962898,-0.901317716,0.711567044] ; mean\n"
                "const @7 f32 6 [0.5,0.75,1,1.25,1.5,1.75] ; var\n"
                "%3 f32 2x6x3x3 = Conv(%2, @1, @0) kernel_shape=[1,1] pads=[0,0,0,0] group=2 ; conv\n"
                "%8 f32 2x6x3x3 = BatchNormalization(%3, @4, @5, @6, @7) ; bn\n"
                "output %8 ; y\n",
                "graph test\n"
                "input %2 f32 2x4x3x3 ; x\n"
                "const @10 f32 6x2x1x1 ; conv/folded weight\n"
                "const @9 f32 6 [-0.519767284,0.0621991307,0.96681428,0.499477208,-0.2334003,-0.578541398] ; conv/folded bias\n"
                "%3 f32 2x6x3x3 = Conv(%2, @10, @9) kernel_shape=[1,1] pads=[0,0,0,0] group=2 ; conv + bn\n"
                "output %3 ; y\n");
}

/* Caffe2's spelling, and stochastic depth's scale: every link goes into the weights. */
static void test_arithmetic_behind_convolution(void **state) {
    Graph *graph = new_graph(state);
    Value *x = conv(graph, "conv", input(graph, "x", "1x2x4x4"), weights(graph, "w", "2x2x1x1"), NULL, 0);
    x = NODE(graph, OP_Mul, "mul", x, NUMBERS(graph, "s", "1x2x1x1", 2, 3));
    x = NODE(graph, OP_Add, "add", NUMBERS(graph, "t", "2x1x1", 4, 5), x);
    x = NODE(graph, OP_Sub, "sub", constant_f32(graph, "c", 0.5f), x);
    x = NODE(graph, OP_Sub, "sub2", x, constant_f32(graph, "d", 0.25f));
    graph_add_output(graph, NODE(graph, OP_Div, "div", x, constant_f32(graph, "survival", 0.8f)), "y");
    expect_pass(
        graph, fold_batchnorm,
        "graph test\n"
        "input %1 f32 1x2x4x4 ; x\n"
        "const @0 f32 2x2x1x1 [-0.527089,-0.261458755,0.00848400593,0.409766436] ; w\n"
        "const @3 f32 1x2x1x1 [2,3] ; s\n"
        "const @5 f32 2x1x1 [4,5] ; t\n"
        "const @7 f32 scalar [0.5] ; c\n"
        "const @9 f32 scalar [0.25] ; d\n"
        "const @11 f32 scalar [0.800000012] ; survival\n"
        "%2 f32 1x2x4x4 = Conv(%1, @0, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
        "%4 f32 1x2x4x4 = Mul(%2, @3) ; mul\n"
        "%6 f32 1x2x4x4 = Add(@5, %4) ; add\n"
        "%8 f32 1x2x4x4 = Sub(@7, %6) ; sub\n"
        "%10 f32 1x2x4x4 = Sub(%8, @9) ; sub2\n"
        "%12 f32 1x2x4x4 = Div(%10, @11) ; div\n"
        "output %12 ; y\n",
        "graph test\n"
        "input %1 f32 1x2x4x4 ; x\n"
        "const @21 f32 2x2x1x1 [1.31772244,0.653646886,-0.0318150222,-1.53662407] ; conv + mul + add + sub + sub2/folded weight\n"
        "const @20 f32 2 [-4.6875,-5.9375] ; conv + mul + add + sub + sub2/folded bias\n"
        "%2 f32 1x2x4x4 = Conv(%1, @21, @20) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv + mul + add + sub + sub2 + div\n"
        "output %2 ; y\n");
}

static void test_before_unpadded_convolution(void **state) {
    Graph *graph = new_graph(state);
    Value *x = batchnorm(graph, "bn", input(graph, "x", "1x4x4x4"));
    graph_add_output(graph, conv(graph, "conv", x, weights(graph, "w", "6x2x3x3"), weights(graph, "b", "6"), 0), "y");
    expect_pass(graph, fold_batchnorm,
                "graph test\n"
                "input %0 f32 1x4x4x4 ; x\n"
                "const @1 f32 4 [-0.526313901,-0.0800511837,-0.6220994,0.483799219] ; scale\n"
                "const @2 f32 4 [-0.525538802,0.101356387,0.747317076,0.557831883] ; B\n"
                "const @3 f32 4 [-0.524763703,0.282763839,0.11673367,0.631864667] ; mean\n"
                "const @4 f32 4 [0.5,0.75,1,1.25] ; var\n"
                "const @7 f32 6x2x3x3 ; w\n"
                "const @6 f32 6 [-0.522438407,0.826986432,0.224983215,0.853962898,-0.901317716,0.711567044] ; b\n"
                "%5 f32 1x4x4x4 = BatchNormalization(%0, @1, @2, @3, @4) ; bn\n"
                "%8 f32 1x6x2x2 = Conv(%5, @7, @6) kernel_shape=[3,3] pads=[0,0,0,0] group=2 ; conv\n"
                "output %8 ; y\n",
                "graph test\n"
                "input %0 f32 1x4x4x4 ; x\n"
                "const @10 f32 6x2x3x3 ; conv/folded weight\n"
                "const @9 f32 6 [-1.84992158,-1.91151667,1.5327729,0.405476451,-1.31983268,3.77484035] ; conv/folded bias\n"
                "%8 f32 1x6x2x2 = Conv(%0, @10, @9) kernel_shape=[3,3] pads=[0,0,0,0] group=2 ; bn + conv\n"
                "output %8 ; y\n");
}

/* Where the window leaves the image the shift would be missing: only a pure scale may go in. */
static void test_before_padded_convolution(void **state) {
    Graph *graph = new_graph(state);
    Value *x = NODE(graph, OP_Sub, "mean", input(graph, "x", "1x3x4x4"), NUMBERS(graph, "m", "3x1x1", 1, 2, 3));
    x = NODE(graph, OP_Div, "std", x, NUMBERS(graph, "s", "3x1x1", 4, 5, 8));
    graph_add_output(graph, conv(graph, "conv", x, weights(graph, "w", "2x3x3x3"), NULL, 1), "y");
    expect_pass(graph, fold_batchnorm,
                "graph test\n"
                "input %0 f32 1x3x4x4 ; x\n"
                "const @1 f32 3x1x1 [1,2,3] ; m\n"
                "const @3 f32 3x1x1 [4,5,8] ; s\n"
                "const @5 f32 2x3x3x3 ; w\n"
                "%2 f32 1x3x4x4 = Sub(%0, @1) ; mean\n"
                "%4 f32 1x3x4x4 = Div(%2, @3) ; std\n"
                "%6 f32 1x2x4x4 = Conv(%4, @5, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; conv\n"
                "output %6 ; y\n",
                "graph test\n"
                "input %0 f32 1x3x4x4 ; x\n"
                "const @1 f32 3x1x1 [1,2,3] ; m\n"
                "const @7 f32 2x3x3x3 ; conv/folded weight\n"
                "%2 f32 1x3x4x4 = Sub(%0, @1) ; mean\n"
                "%6 f32 1x2x4x4 = Conv(%2, @7, none) kernel_shape=[3,3] pads=[1,1,1,1] group=1 ; std + conv\n"
                "output %6 ; y\n");
}

static void test_behind_gemm(void **state) {
    Graph *graph = new_graph(state);
    Node *gemm = RAW_NODE(graph, OP_Gemm, "fc", input(graph, "x", "2x3"), weights(graph, "w", "4x3"), weights(graph, "c", "4"));
    set_int(graph, gemm, A_TRANS_B, 1);
    set_float(graph, gemm, A_ALPHA, 0.5);
    set_float(graph, gemm, A_BETA, 2);
    graph_add_output(graph, batchnorm(graph, "bn", inferred(graph, gemm)), "y");
    expect_pass(graph, fold_batchnorm,
                "graph test\n"
                "input %0 f32 2x3 ; x\n"
                "const @1 f32 4x3 ; w\n"
                "const @2 f32 4 [-0.525538802,0.101356387,0.747317076,0.557831883] ; c\n"
                "const @4 f32 4 [-0.523988605,0.46417141,-0.513849854,0.70589745] ; scale\n"
                "const @5 f32 4 [-0.523213506,0.64557898,0.85556674,0.779930115] ; B\n"
                "const @6 f32 4 [-0.522438407,0.826986432,0.224983215,0.853962898] ; mean\n"
                "const @7 f32 4 [0.5,0.75,1,1.25] ; var\n"
                "%3 f32 2x4 = Gemm(%0, @1, @2) alpha=0.5 beta=2 transB=1 ; fc\n"
                "%8 f32 2x4 = BatchNormalization(%3, @4, @5, @6, @7) ; bn\n"
                "output %8 ; y\n",
                "graph test\n"
                "input %0 f32 2x3 ; x\n"
                "const @10 f32 4x3 ; fc/folded weight\n"
                "const @9 f32 4 [-0.131478965,0.310983658,0.203160048,0.945160568] ; fc/folded bias\n"
                "%3 f32 2x4 = Gemm(%0, @10, @9) transB=1 ; fc + bn\n"
                "output %3 ; y\n");
}

static void test_behind_matmul(void **state) {
    Graph *graph = new_graph(state);
    Value *x = NODE(graph, OP_MatMul, "fc", input(graph, "x", "2x3"), weights(graph, "w", "3x4"));
    graph_add_output(graph, batchnorm(graph, "bn", x), "y");
    expect_pass(graph, fold_batchnorm,
                "graph test\n"
                "input %0 f32 2x3 ; x\n"
                "const @1 f32 3x4 ; w\n"
                "const @3 f32 4 [-0.524763703,0.282763839,0.11673367,0.631864667] ; scale\n"
                "const @4 f32 4 [-0.523988605,0.46417141,-0.513849854,0.70589745] ; B\n"
                "const @5 f32 4 [-0.523213506,0.64557898,0.85556674,0.779930115] ; mean\n"
                "const @6 f32 4 [0.5,0.75,1,1.25] ; var\n"
                "%2 f32 2x4 = MatMul(%0, @1) ; fc\n"
                "%7 f32 2x4 = BatchNormalization(%2, @3, @4, @5, @6) ; bn\n"
                "output %7 ; y\n",
                "graph test\n"
                "input %0 f32 2x3 ; x\n"
                "const @9 f32 3x4 ; fc/folded weight\n"
                "const @8 f32 4 [-0.912276089,0.253386408,-0.613722801,0.265116304] ; fc/folded bias\n"
                "%2 f32 2x4 = Gemm(%0, @9, @8) ; fc + bn\n"
                "output %2 ; y\n");
}

static void test_convolution_with_another_reader(void **state) {
    Graph *graph = new_graph(state);
    Value *x = conv(graph, "conv", input(graph, "x", "1x2x4x4"), weights(graph, "w", "3x2x3x3"), NULL, 1);
    graph_add_output(graph, batchnorm(graph, "bn", x), "y");
    graph_add_output(graph, NODE(graph, OP_Relu, "relu", x), "z");
    expect_unchanged(graph, fold_batchnorm);
}

/* A constant along the width looks like one along the channels, where both are three. */
static void test_constant_along_another_axis(void **state) {
    Graph *graph = new_graph(state);
    Value *x = conv(graph, "conv", input(graph, "x", "1x2x3x3"), weights(graph, "w", "3x2x1x1"), NULL, 0);
    graph_add_output(graph, NODE(graph, OP_Mul, "mul", x, NUMBERS(graph, "s", "3", 1, 2, 3)), "y");
    expect_unchanged(graph, fold_batchnorm);
}

static void test_statistics_that_are_not_finite(void **state) {
    Graph *graph = new_graph(state);
    Value *x = conv(graph, "conv", input(graph, "x", "1x2x3x3"), weights(graph, "w", "3x2x1x1"), NULL, 0);
    x = NODE(graph, OP_Mul, "mul", x, constant_f32(graph, "s", NAN));
    graph_add_output(graph, x, "y");
    expect_unchanged(graph, fold_batchnorm);
}

static void test_activation_between(void **state) {
    Graph *graph = new_graph(state);
    Value *x = conv(graph, "conv", input(graph, "x", "1x2x3x3"), weights(graph, "w", "3x2x1x1"), NULL, 0);
    graph_add_output(graph, batchnorm(graph, "bn", NODE(graph, OP_Relu, "relu", x)), "y");
    expect_unchanged(graph, fold_batchnorm);
}

/* Stochastic depth's factor, behind what it commutes with. The values in between are no longer the model's. */
static void test_factor_behind_activation(void **state) {
    Graph *graph = new_graph(state);
    Value *x = conv(graph, "conv", input(graph, "x", "1x2x4x4"), weights(graph, "w", "2x2x1x1"), NULL, 0);
    x = pool(graph, OP_MaxPool, "pool", NODE(graph, OP_Relu, "relu", x), 2, 2, 0);
    graph_add_output(graph, NODE(graph, OP_Mul, "mul", x, NUMBERS(graph, "p", "1", 0.5f)), "y");
    expect_pass(graph, fold_batchnorm,
                "graph test\n"
                "input %1 f32 1x2x4x4 ; x\n"
                "const @0 f32 2x2x1x1 [-0.527089,-0.261458755,0.00848400593,0.409766436] ; w\n"
                "const @5 f32 1 [0.5] ; p\n"
                "%2 f32 1x2x4x4 = Conv(%1, @0, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%3 f32 1x2x4x4 = Relu(%2) ; relu\n"
                "%4 f32 1x2x2x2 = MaxPool(%3) kernel_shape=[2,2] strides=[2,2] pads=[0,0,0,0] ; pool\n"
                "%6 f32 1x2x2x2 = Mul(%4, @5) ; mul\n"
                "output %6 ; y\n",
                "graph test\n"
                "input %1 f32 1x2x4x4 ; x\n"
                "const @7 f32 2x2x1x1 [-0.2635445,-0.130729377,0.00424200296,0.204883218] ; conv/folded weight\n"
                "%2 f32 1x2x4x4 = Conv(%1, @7, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv + mul\n"
                "%3 f32 1x2x4x4 = Relu(%2) ; relu\n"
                "%4 f32 1x2x2x2 = MaxPool(%3) kernel_shape=[2,2] strides=[2,2] pads=[0,0,0,0] ; pool\n"
                "output %4 ; y\n");
    assert_string_equal(graph->outputs[0]->name, "mul");
    assert_string_equal(graph->first->out[0]->name, "conv/scaled");
}

static void test_factors_that_do_not_commute(void **state) {
    Graph *graph = new_graph(state);
    Value *w = weights(graph, "w", "2x2x1x1"), *x = input(graph, "x", "1x2x4x4");
    Value *a = NODE(graph, OP_Relu, "relu", conv(graph, "conv1", x, w, NULL, 0));
    graph_add_output(graph, NODE(graph, OP_Mul, "negative", a, constant_f32(graph, "p", -0.5f)), "a");
    Value *b = NODE(graph, OP_Sigmoid, "sigmoid", conv(graph, "conv2", x, w, NULL, 0));
    graph_add_output(graph, NODE(graph, OP_Mul, "curved", b, constant_f32(graph, "p", 0.5f)), "b");
    Value *c = conv(graph, "conv3", x, w, NULL, 0);
    graph_add_output(graph, NODE(graph, OP_Neg, "neg", c), "c");
    graph_add_output(graph, NODE(graph, OP_Mul, "shared", NODE(graph, OP_Relu, "relu3", c), constant_f32(graph, "p", 0.5f)), "d");
    expect_unchanged(graph, fold_batchnorm);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PASS_TEST(test_behind_convolution),
        PASS_TEST(test_behind_grouped_convolution_with_bias),
        PASS_TEST(test_arithmetic_behind_convolution),
        PASS_TEST(test_before_unpadded_convolution),
        PASS_TEST(test_before_padded_convolution),
        PASS_TEST(test_behind_gemm),
        PASS_TEST(test_behind_matmul),
        PASS_TEST(test_convolution_with_another_reader),
        PASS_TEST(test_constant_along_another_axis),
        PASS_TEST(test_statistics_that_are_not_finite),
        PASS_TEST(test_activation_between),
        PASS_TEST(test_factor_behind_activation),
        PASS_TEST(test_factors_that_do_not_commute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
