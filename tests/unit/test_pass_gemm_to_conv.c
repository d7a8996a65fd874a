#include "tests/unit/pass_helpers.h"

static Value *gemm(Graph *graph, const char *name, Value *a, Value *b, Value *c, bool transposed, double alpha, double beta) {
    Node *node = RAW_NODE(graph, OP_Gemm, name, a, b, c);
    set_int(graph, node, A_TRANS_B, transposed);
    set_float(graph, node, A_ALPHA, alpha);
    set_float(graph, node, A_BETA, beta);
    return inferred(graph, node);
}

static void test_gemm(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "2x3");
    graph_add_output(graph, gemm(graph, "fc", x, weights(graph, "w", "3x4"), weights(graph, "c", "4"), false, 0.5, 3), "y");
    expect_pass(graph, gemm_to_conv,
                "graph test\n"
                "input %0 f32 2x3 ; x\n"
                "const @2 f32 3x4 ; w\n"
                "const @1 f32 4 [-0.526313901,-0.0800511837,-0.6220994,0.483799219] ; c\n"
                "%3 f32 2x4 = Gemm(%0, @2, @1) alpha=0.5 beta=3 transB=0 ; fc\n"
                "output %3 ; y\n",
                "graph test\n"
                "input %0 f32 2x3 ; x\n"
                "const @5 f32 4x3x1x1 ; fc/weight\n"
                "const @6 f32 4 [-1.5789417,-0.240153551,-1.8662982,1.45139766] ; fc/bias\n"
                "%4 f32 2x3x1x1 = Reshape(%0) shape=[2,3,1,1] ; fc/image\n"
                "%7 f32 2x4x1x1 = Conv(%4, @5, @6) kernel_shape=[1,1] strides=[1,1] pads=[0,0,0,0] dilations=[1,1] group=1 ; fc\n"
                "%8 f32 2x4 = Reshape(%7) shape=[2,4] ; fc\n"
                "output %8 ; y\n");
}

/* The head of a VGG: the weights already lie as the convolution wants them. */
static void test_flattened_image(void **state) {
    Graph *graph = new_graph(state);
    Value *x = reshape(graph, "flatten", NODE(graph, OP_Relu, "relu", input(graph, "x", "2x3x2x2")), "2x12");
    Value *w = weights(graph, "w", "4x12");
    graph_add_output(graph, gemm(graph, "fc", x, w, weights(graph, "c", "4"), true, 1, 1), "y");
    expect_pass(graph, gemm_to_conv,
                "graph test\n"
                "input %0 f32 2x3x2x2 ; x\n"
                "const @3 f32 4x12 ; w\n"
                "const @4 f32 4 [-0.523988605,0.46417141,-0.513849854,0.70589745] ; c\n"
                "%1 f32 2x3x2x2 = Relu(%0) ; relu\n"
                "%2 f32 2x12 = Reshape(%1) shape=[2,12] ; flatten\n"
                "%5 f32 2x4 = Gemm(%2, @3, @4) alpha=1 beta=1 transB=1 ; fc\n"
                "output %5 ; y\n",
                "graph test\n"
                "input %0 f32 2x3x2x2 ; x\n"
                "const @6 f32 4x3x2x2 ; fc/weight\n"
                "const @7 f32 4 [-0.523988605,0.46417141,-0.513849854,0.70589745] ; fc/bias\n"
                "%1 f32 2x3x2x2 = Relu(%0) ; relu\n"
                "%2 f32 2x12 = Reshape(%1) shape=[2,12] ; flatten\n"
                "%8 f32 2x4x1x1 = Conv(%1, @6, @7) kernel_shape=[2,2] strides=[1,1] pads=[0,0,0,0] dilations=[1,1] group=1 ; fc\n"
                "%9 f32 2x4 = Reshape(%8) shape=[2,4] ; fc\n"
                "output %9 ; y\n");
    assert_ptr_equal(graph->last->prev->in[1]->data, w->data);
}

/* Weights beyond a first-level cache are read once for all rows: these become pixels. */
static void test_rows_that_share_large_weights(void **state) {
    Graph *graph = new_graph(state);
    Value *x = reshape(graph, "flatten", NODE(graph, OP_Relu, "relu", input(graph, "x", "2x32x2x2")), "2x128");
    graph_add_output(graph, gemm(graph, "fc", x, weights(graph, "w", "160x128"), NULL, true, 1, 1), "y");
    expect_pass(graph, gemm_to_conv,
                "graph test\n"
                "input %0 f32 2x32x2x2 ; x\n"
                "const @3 f32 160x128 ; w\n"
                "%1 f32 2x32x2x2 = Relu(%0) ; relu\n"
                "%2 f32 2x128 = Reshape(%1) shape=[2,128] ; flatten\n"
                "%4 f32 2x160 = Gemm(%2, @3, none) alpha=1 beta=1 transB=1 ; fc\n"
                "output %4 ; y\n",
                "graph test\n"
                "input %0 f32 2x32x2x2 ; x\n"
                "const @7 f32 160x128x1x1 ; fc/weight\n"
                "%1 f32 2x32x2x2 = Relu(%0) ; relu\n"
                "%2 f32 2x128 = Reshape(%1) shape=[2,128] ; flatten\n"
                "%5 f32 2x128x1x1 = Reshape(%2) shape=[2,128,1,1] ; fc/image\n"
                "%6 f32 1x128x1x2 = Transpose(%5) perm=[3,1,2,0] ; fc/row\n"
                "%8 f32 1x160x1x2 = Conv(%6, @7) kernel_shape=[1,1] strides=[1,1] pads=[0,0,0,0] dilations=[1,1] group=1 ; fc\n"
                "%9 f32 2x160x1x1 = Transpose(%8) perm=[3,1,2,0] ; fc/rows\n"
                "%10 f32 2x160 = Reshape(%9) shape=[2,160] ; fc\n"
                "output %10 ; y\n");
}

static void test_flattened_channel_last_image(void **state) {
    Graph *graph = new_graph(state);
    Value *x = transpose(graph, "to_nhwc", input(graph, "x", "2x3x2x5"), TO_NHWC);
    x = reshape(graph, "flatten", x, "2x30");
    graph_add_output(graph, gemm(graph, "fc", x, weights(graph, "w", "30x4"), NULL, false, 1, 1), "y");
    expect_pass(graph, gemm_to_conv,
                "graph test\n"
                "input %0 f32 2x3x2x5 ; x\n"
                "const @3 f32 30x4 ; w\n"
                "%1 f32 2x2x5x3 = Transpose(%0) perm=[0,2,3,1] ; to_nhwc\n"
                "%2 f32 2x30 = Reshape(%1) shape=[2,30] ; flatten\n"
                "%4 f32 2x4 = Gemm(%2, @3, none) alpha=1 beta=1 transB=0 ; fc\n"
                "output %4 ; y\n",
                "graph test\n"
                "input %0 f32 2x3x2x5 ; x\n"
                "const @5 f32 4x3x2x5 ; fc/weight\n"
                "%1 f32 2x2x5x3 = Transpose(%0) perm=[0,2,3,1] ; to_nhwc\n"
                "%2 f32 2x30 = Reshape(%1) shape=[2,30] ; flatten\n"
                "%6 f32 2x4x1x1 = Conv(%0, @5) kernel_shape=[2,5] strides=[1,1] pads=[0,0,0,0] dilations=[1,1] group=1 ; fc\n"
                "%7 f32 2x4 = Reshape(%6) shape=[2,4] ; fc\n"
                "output %7 ; y\n");
}

static void test_matmul_and_add(void **state) {
    Graph *graph = new_graph(state);
    Value *x = NODE(graph, OP_MatMul, "matmul", input(graph, "x", "2x5x3"), weights(graph, "w", "3x4"));
    graph_add_output(graph, NODE(graph, OP_Add, "add", weights(graph, "b", "4"), x), "y");
    expect_pass(graph, gemm_to_conv,
                "graph test\n"
                "input %0 f32 2x5x3 ; x\n"
                "const @1 f32 3x4 ; w\n"
                "const @3 f32 4 [-0.524763703,0.282763839,0.11673367,0.631864667] ; b\n"
                "%2 f32 2x5x4 = MatMul(%0, @1) ; matmul\n"
                "%4 f32 2x5x4 = Add(@3, %2) ; add\n"
                "output %4 ; y\n",
                "graph test\n"
                "input %0 f32 2x5x3 ; x\n"
                "const @6 f32 4x3x1x1 ; matmul/weight\n"
                "const @7 f32 4 [-0.524763703,0.282763839,0.11673367,0.631864667] ; matmul/bias\n"
                "%5 f32 10x3x1x1 = Reshape(%0) shape=[10,3,1,1] ; matmul/image\n"
                "%8 f32 10x4x1x1 = Conv(%5, @6, @7) kernel_shape=[1,1] strides=[1,1] pads=[0,0,0,0] dilations=[1,1] group=1 ; "
                "matmul + add\n"
                "%9 f32 2x5x4 = Reshape(%8) shape=[2,5,4] ; matmul\n"
                "output %9 ; y\n");
}

static void test_computed_weights_or_transposed_input(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "2x3");
    graph_add_output(graph, gemm(graph, "fc1", x, input(graph, "w", "3x4"), NULL, false, 1, 1), "a");
    Node *node = RAW_NODE(graph, OP_Gemm, "fc2", x, weights(graph, "w2", "2x4"));
    set_int(graph, node, A_TRANS_A, 1);
    graph_add_output(graph, inferred(graph, node), "b");
    expect_unchanged(graph, gemm_to_conv);
}

static void test_bias_of_a_row_each(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "2x3");
    graph_add_output(graph, gemm(graph, "fc", x, weights(graph, "w", "3x4"), weights(graph, "c", "2x1"), false, 1, 1), "y");
    expect_unchanged(graph, gemm_to_conv);
}

/* A layer on each: Reshapes and activation end up as two convolutions in a row. */
static void test_two_layers_with_simplify(void **state) {
    Graph *graph = new_graph(state);
    Value *x = NODE(graph, OP_Relu, "relu",
                    gemm(graph, "fc1", input(graph, "x", "2x3"), weights(graph, "w1", "3x4"), NULL, false, 1, 1));
    graph_add_output(graph, gemm(graph, "fc2", x, weights(graph, "w2", "4x2"), NULL, false, 1, 1), "y");
    run_pass(graph, gemm_to_conv);
    run_pass(graph, simplify);
    expect_pass(
        graph, fuse_activation,
        "graph test\n"
        "input %1 f32 2x3 ; x\n"
        "const @7 f32 4x3x1x1 ; fc1/weight\n"
        "const @11 f32 2x4x1x1 "
        "[-0.523988605,-0.513849854,0.432817221,-0.00217783451,0.46417141,0.70589745,-0.279276371,-0.5583992] ; fc2/weight\n"
        "%6 f32 2x3x1x1 = Reshape(%1) shape=[2,3,1,1] ; fc1/image\n"
        "%8 f32 2x4x1x1 = Conv(%6, @7) kernel_shape=[1,1] strides=[1,1] pads=[0,0,0,0] dilations=[1,1] group=1 ; fc1\n"
        "%3 f32 2x4x1x1 = Relu(%8) ; relu\n"
        "%12 f32 2x2x1x1 = Conv(%3, @11) kernel_shape=[1,1] strides=[1,1] pads=[0,0,0,0] dilations=[1,1] group=1 ; fc2\n"
        "%13 f32 2x2 = Reshape(%12) shape=[2,2] ; fc2\n"
        "output %13 ; y\n",
        "graph test\n"
        "input %1 f32 2x3 ; x\n"
        "const @7 f32 4x3x1x1 ; fc1/weight\n"
        "const @11 f32 2x4x1x1 "
        "[-0.523988605,-0.513849854,0.432817221,-0.00217783451,0.46417141,0.70589745,-0.279276371,-0.5583992] ; fc2/weight\n"
        "%6 f32 2x3x1x1 = Reshape(%1) shape=[2,3,1,1] ; fc1/image\n"
        "%8 f32 2x4x1x1 = Conv(%6, @7) kernel_shape=[1,1] strides=[1,1] pads=[0,0,0,0] dilations=[1,1] group=1 activation=relu ; "
        "fc1 + relu\n"
        "%12 f32 2x2x1x1 = Conv(%8, @11) kernel_shape=[1,1] strides=[1,1] pads=[0,0,0,0] dilations=[1,1] group=1 ; fc2\n"
        "%13 f32 2x2 = Reshape(%12) shape=[2,2] ; fc2\n"
        "output %13 ; y\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PASS_TEST(test_gemm),
        PASS_TEST(test_flattened_image),
        PASS_TEST(test_rows_that_share_large_weights),
        PASS_TEST(test_flattened_channel_last_image),
        PASS_TEST(test_matmul_and_add),
        PASS_TEST(test_computed_weights_or_transposed_input),
        PASS_TEST(test_bias_of_a_row_each),
        PASS_TEST(test_two_layers_with_simplify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
