#include "tests/unit/pass_helpers.h"

#include <math.h>

static Value *small_conv(Graph *graph) {
    return conv(graph, "conv", input(graph, "x", "1x2x4x4"), weights(graph, "w", "3x2x1x1"), NULL, 0);
}

static void test_relu(void **state) {
    Graph *graph = new_graph(state);
    graph_add_output(graph, NODE(graph, OP_Relu, "relu", small_conv(graph)), "y");
    expect_pass(graph, fuse_activation,
                "graph test\n"
                "input %1 f32 1x2x4x4 ; x\n"
                "const @0 f32 3x2x1x1 [-0.527089,-0.261458755,0.00848400593,0.409766436,-0.898912787,-0.260963321] ; w\n"
                "%2 f32 1x3x4x4 = Conv(%1, @0, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%3 f32 1x3x4x4 = Relu(%2) ; relu\n"
                "output %3 ; y\n",
                "graph test\n"
                "input %1 f32 1x2x4x4 ; x\n"
                "const @0 f32 3x2x1x1 [-0.527089,-0.261458755,0.00848400593,0.409766436,-0.898912787,-0.260963321] ; w\n"
                "%2 f32 1x3x4x4 = Conv(%1, @0, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 activation=relu ; conv + relu\n"
                "output %2 ; y\n");
}

static void test_every_activation(void **state) {
    static const struct {
        Op op;
        Activation activation;
    } cases[] = {{OP_Relu, ACT_RELU},
                 {OP_LeakyRelu, ACT_LEAKY_RELU},
                 {OP_Clip, ACT_CLIP},
                 {OP_Sigmoid, ACT_SIGMOID},
                 {OP_Tanh, ACT_TANH},
                 {OP_HardSigmoid, ACT_HARD_SIGMOID},
                 {OP_HardSwish, ACT_HARD_SWISH},
                 {OP_Elu, ACT_ELU},
                 {OP_Celu, ACT_CELU},
                 {OP_Selu, ACT_SELU},
                 {OP_Softplus, ACT_SOFTPLUS},
                 {OP_Softsign, ACT_SOFTSIGN},
                 {OP_Mish, ACT_MISH},
                 {OP_Swish, ACT_SWISH},
                 {OP_Gelu, ACT_GELU},
                 {OP_GeluTanh, ACT_GELU_TANH},
                 {OP_ThresholdedRelu, ACT_THRESHOLDED_RELU}};
    assert_int_equal(sizeof cases / sizeof cases[0], ACT_COUNT - 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Graph *graph = new_graph(state);
        Node *node = RAW_NODE(graph, cases[i].op, "activation", small_conv(graph));
        if (cases[i].op == OP_Clip) set_float(graph, node, A_MAX, 0.5);
        if (cases[i].op == OP_LeakyRelu) set_float(graph, node, A_ALPHA, 0.125);
        if (cases[i].op == OP_HardSigmoid) set_float(graph, node, A_ALPHA, 0.75);
        if (cases[i].op == OP_Elu) set_float(graph, node, A_ALPHA, 2);
        graph_add_output(graph, inferred(graph, node), "y");
        expect_pass(graph, fuse_activation, NULL, NULL);
        assert_ptr_equal(graph->first, graph->last);
        assert_int_equal(attr_int(graph->first, A_ACTIVATION, ACT_NONE), cases[i].activation);
    }
}

/* ONNX's attributes are 32-bit floats, and so are their defaults: LeakyRelu's slope is 0.01f, not 0.01. */
static void test_parameters_that_are_not_given(void **state) {
    static const struct {
        Op op;
        double alpha, beta;
    } cases[] = {{OP_LeakyRelu, (double)0.01f, 0},
                 {OP_HardSigmoid, (double)0.2f, 0.5},
                 {OP_Elu, 1, 0},
                 {OP_Celu, 1, 0},
                 {OP_Swish, 1, 0},
                 {OP_ThresholdedRelu, 1, 0},
                 {OP_Selu, (double)1.67326319217681884765625f, (double)1.05070102214813232421875f},
                 {OP_Clip, -INFINITY, INFINITY}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Graph *graph = new_graph(state);
        Value *alone = NODE(graph, cases[i].op, "alone", input(graph, "x", "2"));
        graph_add_output(graph, alone, "z");
        graph_add_output(graph, NODE(graph, cases[i].op, "fused", small_conv(graph)), "y");
        double alpha, beta;
        activation_parameters(alone->producer, &alpha, &beta);
        assert_true(alpha == cases[i].alpha && beta == cases[i].beta);
        assert_true(fuse_activation(graph));
        const Node *layer = graph->outputs[1]->producer;
        assert_int_equal(layer->op, OP_Conv);
        assert_true(attr_float(layer, A_ACTIVATION_ALPHA, NAN) == cases[i].alpha);
        assert_true(attr_float(layer, A_ACTIVATION_BETA, NAN) == cases[i].beta);
    }
}

static void test_relu6_spelled_out(void **state) {
    Graph *graph = new_graph(state);
    Value *x = NODE(graph, OP_Max, "max", small_conv(graph), constant_f32(graph, "zero", 0));
    graph_add_output(graph, NODE(graph, OP_Min, "min", constant_f32(graph, "six", 6), x), "y");
    expect_pass(graph, fuse_activation,
                "graph test\n"
                "input %1 f32 1x2x4x4 ; x\n"
                "const @0 f32 3x2x1x1 [-0.527089,-0.261458755,0.00848400593,0.409766436,-0.898912787,-0.260963321] ; w\n"
                "const @3 f32 scalar [0] ; zero\n"
                "const @5 f32 scalar [6] ; six\n"
                "%2 f32 1x3x4x4 = Conv(%1, @0, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%4 f32 1x3x4x4 = Max(%2, @3) ; max\n"
                "%6 f32 1x3x4x4 = Min(@5, %4) ; min\n"
                "output %6 ; y\n",
                "graph test\n"
                "input %1 f32 1x2x4x4 ; x\n"
                "const @0 f32 3x2x1x1 [-0.527089,-0.261458755,0.00848400593,0.409766436,-0.898912787,-0.260963321] ; w\n"
                "%2 f32 1x3x4x4 = Conv(%1, @0, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 activation=clip "
                "activation_alpha=0 activation_beta=6 ; conv + max + min\n"
                "output %2 ; y\n");
}

static void test_hard_swish_spelled_out(void **state) {
    Graph *graph = new_graph(state);
    Value *x = small_conv(graph);
    Node *gate = RAW_NODE(graph, OP_HardSigmoid, "gate", x);
    set_float(graph, gate, A_ALPHA, 1.0 / 6);
    graph_add_output(graph, NODE(graph, OP_Mul, "mul", x, inferred(graph, gate)), "y");
    expect_pass(
        graph, fuse_activation,
        "graph test\n"
        "input %1 f32 1x2x4x4 ; x\n"
        "const @0 f32 3x2x1x1 [-0.527089,-0.261458755,0.00848400593,0.409766436,-0.898912787,-0.260963321] ; w\n"
        "%2 f32 1x3x4x4 = Conv(%1, @0, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
        "%3 f32 1x3x4x4 = HardSigmoid(%2) alpha=0.166666667 ; gate\n"
        "%4 f32 1x3x4x4 = Mul(%2, %3) ; mul\n"
        "output %4 ; y\n",
        "graph test\n"
        "input %1 f32 1x2x4x4 ; x\n"
        "const @0 f32 3x2x1x1 [-0.527089,-0.261458755,0.00848400593,0.409766436,-0.898912787,-0.260963321] ; w\n"
        "%2 f32 1x3x4x4 = Conv(%1, @0, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 activation=hard_swish ; conv + mul\n"
        "output %2 ; y\n");
}

static void test_hard_swish_of_relu6(void **state) {
    Graph *graph = new_graph(state);
    Value *x = small_conv(graph);
    Node *clip = RAW_NODE(graph, OP_Clip, "relu6", NODE(graph, OP_Add, "add", x, constant_f32(graph, "three", 3)));
    set_float(graph, clip, A_MIN, 0);
    set_float(graph, clip, A_MAX, 6);
    Value *product = NODE(graph, OP_Mul, "mul", x, inferred(graph, clip));
    graph_add_output(graph, NODE(graph, OP_Div, "div", product, constant_f32(graph, "six", 6)), "y");
    expect_pass(
        graph, fuse_activation,
        "graph test\n"
        "input %1 f32 1x2x4x4 ; x\n"
        "const @0 f32 3x2x1x1 [-0.527089,-0.261458755,0.00848400593,0.409766436,-0.898912787,-0.260963321] ; w\n"
        "const @3 f32 scalar [3] ; three\n"
        "const @7 f32 scalar [6] ; six\n"
        "%2 f32 1x3x4x4 = Conv(%1, @0, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
        "%4 f32 1x3x4x4 = Add(%2, @3) ; add\n"
        "%5 f32 1x3x4x4 = Clip(%4) min=0 max=6 ; relu6\n"
        "%6 f32 1x3x4x4 = Mul(%2, %5) ; mul\n"
        "%8 f32 1x3x4x4 = Div(%6, @7) ; div\n"
        "output %8 ; y\n",
        "graph test\n"
        "input %1 f32 1x2x4x4 ; x\n"
        "const @0 f32 3x2x1x1 [-0.527089,-0.261458755,0.00848400593,0.409766436,-0.898912787,-0.260963321] ; w\n"
        "%2 f32 1x3x4x4 = Conv(%1, @0, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 activation=hard_swish ; conv + div\n"
        "output %2 ; y\n");
}

static void test_add(void **state) {
    Graph *graph = new_graph(state);
    Value *sum = NODE(graph, OP_Add, "add", input(graph, "a", "2"), input(graph, "b", "2"));
    graph_add_output(graph, NODE(graph, OP_Relu, "relu", sum), "y");
    expect_pass(graph, fuse_activation,
                "graph test\n"
                "input %0 f32 2 ; a\n"
                "input %1 f32 2 ; b\n"
                "%2 f32 2 = Add(%0, %1) ; add\n"
                "%3 f32 2 = Relu(%2) ; relu\n"
                "output %3 ; y\n",
                "graph test\n"
                "input %0 f32 2 ; a\n"
                "input %1 f32 2 ; b\n"
                "%2 f32 2 = Add(%0, %1) activation=relu ; add + relu\n"
                "output %2 ; y\n");
}

/* x * tanh(x): the convolution's own result is read twice. */
static void test_second_reader(void **state) {
    Graph *graph = new_graph(state);
    Value *x = small_conv(graph);
    graph_add_output(graph, NODE(graph, OP_Mul, "gated", x, NODE(graph, OP_Tanh, "tanh", x)), "y");
    expect_unchanged(graph, fuse_activation);
}

/* The convolution with the activation fused is all that is left. */
static void expect_fused(Graph *graph, Value *y, Activation activation) {
    graph_add_output(graph, y, "y");
    expect_pass(graph, fuse_activation, NULL, NULL);
    assert_ptr_equal(graph->first, graph->last);
    assert_int_equal(attr_int(graph->first, A_ACTIVATION, ACT_NONE), activation);
}

static void test_swish_and_mish_spelled_out(void **state) {
    Graph *graph = new_graph(state);
    Value *x = small_conv(graph);
    expect_fused(graph, NODE(graph, OP_Mul, "mul", x, NODE(graph, OP_Sigmoid, "sigmoid", x)), ACT_SWISH);
    graph = new_graph(state);
    x = small_conv(graph);
    Value *tangent = NODE(graph, OP_Tanh, "tanh", NODE(graph, OP_Softplus, "softplus", x));
    expect_fused(graph, NODE(graph, OP_Mul, "mul", tangent, x), ACT_MISH);
}

/* 1 + erf(x / sqrt(2)), dividing or multiplying, its one first or last. */
static Value *erf_share(Graph *graph, Value *x, bool divides) {
    Value *scaled = divides ? NODE(graph, OP_Div, "div", x, constant_f32(graph, "root", 1.41421354f))
                            : NODE(graph, OP_Mul, "scale", constant_f32(graph, "inverse", 0.707106769f), x);
    Value *erf = NODE(graph, OP_Erf, "erf", scaled), *one = constant_f32(graph, "one", 1);
    return divides ? NODE(graph, OP_Add, "add", erf, one) : NODE(graph, OP_Add, "add", one, erf);
}

/* 1 + tanh(sqrt(2/pi) (x + factor x^3)) */
static Value *tanh_share(Graph *graph, Value *x, float factor, int spelling) {
    Value *three = constant_f32(graph, "three", 3), *cube = NULL;
    if (spelling == 0) cube = NODE(graph, OP_Pow, "cube", x, three);
    if (spelling == 1) cube = NODE(graph, OP_Mul, "cube", NODE(graph, OP_Mul, "square", x, x), x);
    if (spelling == 2) cube = NODE(graph, OP_Mul, "cube", x, NODE(graph, OP_Pow, "square", x, constant_f32(graph, "two", 2)));
    if (spelling == 3) cube = NODE(graph, OP_Pow, "power", three, x);
    Value *sum = NODE(graph, OP_Add, "sum", x, NODE(graph, OP_Mul, "small", cube, constant_f32(graph, "factor", factor)));
    Value *inner = NODE(graph, OP_Mul, "inner", constant_f32(graph, "root", 0.797884583f), sum);
    return NODE(graph, OP_Add, "add", NODE(graph, OP_Tanh, "tanh", inner), constant_f32(graph, "one", 1));
}

/* x, share(x) and a half, multiplied in each order. */
static Value *product_of(Graph *graph, Value *x, Value *share, float half, int order) {
    Value *factors[] = {x, share, constant_f32(graph, "half", half)};
    Value *first = factors[order % 3], *a = factors[(order + 1) % 3], *b = factors[(order + 2) % 3];
    Value *inner = NODE(graph, OP_Mul, "factors", a, b);
    return order < 3 ? NODE(graph, OP_Mul, "mul", first, inner) : NODE(graph, OP_Mul, "mul", inner, first);
}

static void test_gelu_spelled_out(void **state) {
    for (int order = 0; order < 6; order++) {
        Graph *graph = new_graph(state);
        Value *x = small_conv(graph);
        expect_fused(graph, product_of(graph, x, erf_share(graph, x, order % 2), 0.5f, order), ACT_GELU);
        graph = new_graph(state);
        x = small_conv(graph);
        expect_fused(graph, product_of(graph, x, tanh_share(graph, x, 0.044715f, order % 3), 0.5f, order), ACT_GELU_TANH);
    }
}

static void expect_left_alone(Graph *graph, Value *y) {
    graph_add_output(graph, y, "y");
    expect_unchanged(graph, fuse_activation);
}

static void test_almost_gelu(void **state) {
    Graph *graph = new_graph(state);
    Value *x = small_conv(graph);
    expect_left_alone(graph, product_of(graph, x, erf_share(graph, x, true), 0.25f, 0));
    graph = new_graph(state);
    x = small_conv(graph);
    expect_left_alone(graph, product_of(graph, x, tanh_share(graph, x, 0.05f, 0), 0.5f, 0));
    graph = new_graph(state);
    x = small_conv(graph);
    expect_left_alone(graph, product_of(graph, x, tanh_share(graph, x, 0.044715f, 3), 0.5f, 0)); /* 3^x */
    graph = new_graph(state);
    x = input(graph, "other", "1x3x4x4");
    expect_left_alone(graph, product_of(graph, small_conv(graph), erf_share(graph, x, true), 0.5f, 1));
    graph = new_graph(state);
    x = input(graph, "small", "1x3x1x1"); /* one number a channel, repeated */
    expect_left_alone(graph, NODE(graph, OP_Mul, "mul", small_conv(graph), NODE(graph, OP_Sigmoid, "sigmoid", x)));
}

static void test_second_activation(void **state) {
    Graph *graph = new_graph(state);
    Value *x = NODE(graph, OP_Tanh, "tanh", small_conv(graph));
    graph_add_output(graph, NODE(graph, OP_Sigmoid, "sigmoid", x), "y");
    expect_pass(graph, fuse_activation,
                "graph test\n"
                "input %1 f32 1x2x4x4 ; x\n"
                "const @0 f32 3x2x1x1 [-0.527089,-0.261458755,0.00848400593,0.409766436,-0.898912787,-0.260963321] ; w\n"
                "%2 f32 1x3x4x4 = Conv(%1, @0, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 ; conv\n"
                "%3 f32 1x3x4x4 = Tanh(%2) ; tanh\n"
                "%4 f32 1x3x4x4 = Sigmoid(%3) ; sigmoid\n"
                "output %4 ; y\n",
                "graph test\n"
                "input %1 f32 1x2x4x4 ; x\n"
                "const @0 f32 3x2x1x1 [-0.527089,-0.261458755,0.00848400593,0.409766436,-0.898912787,-0.260963321] ; w\n"
                "%2 f32 1x3x4x4 = Conv(%1, @0, none) kernel_shape=[1,1] pads=[0,0,0,0] group=1 activation=tanh ; conv + tanh\n"
                "%4 f32 1x3x4x4 = Sigmoid(%2) ; sigmoid\n"
                "output %4 ; y\n");
}

static void test_result_that_is_an_output(void **state) {
    Graph *graph = new_graph(state);
    Value *x = small_conv(graph);
    graph_add_output(graph, x, "features");
    graph_add_output(graph, NODE(graph, OP_Relu, "relu", x), "y");
    expect_unchanged(graph, fuse_activation);
}

/* max(min(x, 0), 6) is 6 everywhere, which no Clip says. */
static void test_crossed_bounds(void **state) {
    Graph *graph = new_graph(state);
    Value *x = NODE(graph, OP_Min, "min", input(graph, "x", "2x3"), constant_f32(graph, "low", -6));
    graph_add_output(graph, NODE(graph, OP_Max, "max", x, constant_f32(graph, "high", 6)), "y");
    expect_pass(graph, fuse_activation,
                "graph test\n"
                "input %0 f32 2x3 ; x\n"
                "const @1 f32 scalar [-6] ; low\n"
                "const @3 f32 scalar [6] ; high\n"
                "%2 f32 2x3 = Min(%0, @1) ; min\n"
                "%4 f32 2x3 = Max(%2, @3) ; max\n"
                "output %4 ; y\n",
                "graph test\n"
                "input %0 f32 2x3 ; x\n"
                "%2 f32 2x3 = Clip(%0) max=-6 ; min\n"
                "%4 f32 2x3 = Clip(%2) min=6 ; max\n"
                "output %4 ; y\n");
}

/* Joined, the bounds would go through doubles. */
static void test_clips_of_integers_stay(void **state) {
    Graph *graph = new_graph(state);
    Value *x = value_new(graph, "x", I64, dims("2"));
    graph_add_input(graph, x);
    Node *low = RAW_NODE(graph, OP_Clip, "low", x);
    set_int(graph, low, A_MIN, -INT64_C(9007199254740993));
    Node *high = RAW_NODE(graph, OP_Clip, "high", inferred(graph, low));
    set_int(graph, high, A_MAX, INT64_C(9007199254740993));
    graph_add_output(graph, inferred(graph, high), "y");
    const char *before = graph_print(graph);
    run_pass(graph, fuse_activation);
    assert_string_equal(graph_print(graph), before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PASS_TEST(test_relu),
        PASS_TEST(test_every_activation),
        PASS_TEST(test_parameters_that_are_not_given),
        PASS_TEST(test_relu6_spelled_out),
        PASS_TEST(test_hard_swish_spelled_out),
        PASS_TEST(test_hard_swish_of_relu6),
        PASS_TEST(test_add),
        PASS_TEST(test_second_reader),
        PASS_TEST(test_swish_and_mish_spelled_out),
        PASS_TEST(test_gelu_spelled_out),
        PASS_TEST(test_almost_gelu),
        PASS_TEST(test_second_activation),
        PASS_TEST(test_result_that_is_an_output),
        PASS_TEST(test_crossed_bounds),
        PASS_TEST(test_clips_of_integers_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
