#include "codegen/codegen.h"
#include "codegen/verify_plan.h"
#include "tests/unit/pass_helpers.h"

static void test_table(void **state) {
    (void)state;
    int count;
    const Pass *passes = pipeline(&count);
    assert_true(count > 0);
    for (int i = 0; i < count; i++) {
        assert_non_null(passes[i].run);
        assert_true(strlen(passes[i].help) > 0);
        assert_null(strpbrk(passes[i].name, " _"));
    }
}

static bool whole_pipeline(Graph *graph) {
    return pipeline_run(graph, NULL, NULL);
}

/* Stem with batchnorm, one residual block with a projection, pooling and a classifier. */
static void test_residual_network(void **state) {
    Graph *graph = new_graph(state);
    Value *x = conv(graph, "stem", input(graph, "x", "1x3x8x8"), weights(graph, "w0", "16x3x3x3"), NULL, 1);
    x = NODE(graph, OP_Relu, "relu0", batchnorm(graph, "bn0", x));
    Value *y = conv(graph, "conv1", x, weights(graph, "w1", "32x16x3x3"), NULL, 1);
    y = NODE(graph, OP_Relu, "relu1", batchnorm(graph, "bn1", y));
    y = batchnorm(graph, "bn2", conv(graph, "conv2", y, weights(graph, "w2", "32x32x3x3"), NULL, 1));
    x = batchnorm(graph, "bn3", conv(graph, "shortcut", x, weights(graph, "w3", "32x16x1x1"), NULL, 0));
    x = NODE(graph, OP_Relu, "relu2", NODE(graph, OP_Add, "add", y, x));
    x = reshape(graph, "flatten", pool(graph, OP_AveragePool, "mean", x, 8, 1, 0), "1x32");
    Node *fc = RAW_NODE(graph, OP_Gemm, "fc", x, weights(graph, "w4", "10x32"), weights(graph, "b4", "10"));
    set_int(graph, fc, A_TRANS_B, 1);
    graph_add_output(graph, inferred(graph, fc), "y");
    expect_pass(
        graph, whole_pipeline, NULL,
        "graph test\n"
        "input %1 f32 1x3x8x8 ; x\n"
        "const @39 f32 16x3x3x3 ; stem/folded weight\n"
        "const @38 f32 16 ; stem/folded bias\n"
        "const @41 f32 32x16x3x3 ; conv1/folded weight\n"
        "const @40 f32 32 ; conv1/folded bias\n"
        "const @43 f32 32x32x3x3 ; conv2/folded weight\n"
        "const @42 f32 32 ; conv2/folded bias\n"
        "const @45 f32 32x16x1x1 ; shortcut/folded weight\n"
        "const @44 f32 32 ; shortcut/folded bias\n"
        "const @46 f32 10x32x1x1 ; fc/weight\n"
        "const @47 f32 10 ; fc/bias\n"
        "%2 f32 1x16x8x8 blocked = Conv(%1, @39, @38) kernel_shape=[3,3] pads=[1,1,1,1] group=1 activation=relu ; stem + bn0 + "
        "relu0\n"
        "%10 f32 1x32x8x8 blocked = Conv(%2, @41, @40) kernel_shape=[3,3] pads=[1,1,1,1] group=1 activation=relu winograd=4 ; "
        "conv1 + bn1 + "
        "relu1\n"
        "%18 f32 1x32x8x8 blocked = Conv(%10, @43, @42) kernel_shape=[3,3] pads=[1,1,1,1] group=1 winograd=4 ; conv2 + bn2\n"
        "%25 f32 1x32x8x8 blocked = Conv(%2, @45, @44, %18) kernel_shape=[1,1] pads=[0,0,0,0] group=1 activation=relu ; shortcut "
        "+ bn3 + add + relu2\n"
        "%33 f32 1x32x1x1 = AveragePool(%25) kernel_shape=[8,8] strides=[1,1] pads=[0,0,0,0] ; mean\n"
        "%48 f32 1x10x1x1 = Conv(%33, @46, @47) kernel_shape=[1,1] strides=[1,1] pads=[0,0,0,0] dilations=[1,1] group=1 ; fc\n"
        "%49 f32 1x10 = Reshape(%48) shape=[1,10] ; fc\n"
        "output %49 ; y\n");
}

/* Deeper than any network known: every pass must stay linear. */
static void test_deep_network(void **state) {
    enum { LAYERS = 4000 };
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2x2x2"), *w = weights(graph, "w", "2x2x1x1");
    for (int i = 0; i < LAYERS; i++) {
        Value *y = batchnorm(graph, "bn", conv(graph, "conv", x, w, NULL, 0));
        x = NODE(graph, OP_Relu, "relu", NODE(graph, OP_Add, "add", y, x));
    }
    graph_add_output(graph, x, "y");
    run_pass(graph, whole_pipeline);
    int nodes = 0;
    for (const Node *node = graph->first; node; node = node->next) nodes++;
    assert_int_equal(nodes, LAYERS);
}

/* Random graphs: whatever stands next to what, results stay and a second run of a pass changes nothing. */

typedef struct {
    Graph *graph;
    uint32_t seed;
    Value *values[64]; /* rank 4, all candidates for inputs */
    int count;
} Maker;

static int pick(Maker *m, int below) {
    m->seed = m->seed * 1664525u + 1013904223u;
    return (int)((m->seed >> 10) % (uint32_t)below);
}

static Value *some_value(Maker *m) {
    int recent = m->count < 4 ? m->count : 4;
    return m->values[m->count - 1 - pick(m, recent)];
}

static Value *like(Maker *m, const Value *x) {
    for (int i = m->count - 1; i >= 0; i--) {
        if (m->values[i] != x && shape_equal(&m->values[i]->shape, &x->shape)) return m->values[i];
    }
    return NULL;
}

static Value *make_conv(Maker *m, Value *x) {
    static const int64_t channels[] = {3, 8, 16, 32};
    int64_t in = x->shape.dim[1], out = channels[pick(m, 4)], groups = 1;
    int choice = pick(m, 4);
    if (choice == 0) groups = out = in;
    if (choice == 1 && in % 2 == 0 && out % 2 == 0) groups = 2;
    int64_t kernel = pick(m, 2) ? 1 : 3;
    char shape[64], bias[16];
    snprintf(shape, sizeof shape, "%lldx%lldx%lldx%lld", (long long)out, (long long)(in / groups), (long long)kernel,
             (long long)kernel);
    snprintf(bias, sizeof bias, "%lld", (long long)out);
    Value *w = weights(m->graph, "w", shape);
    bool fits = x->shape.dim[2] >= kernel && x->shape.dim[3] >= kernel;
    return conv(m->graph, "conv", x, w, pick(m, 2) ? weights(m->graph, "b", bias) : NULL, !fits || pick(m, 2) ? kernel / 2 : 0);
}

static Value *make_arithmetic(Maker *m, Value *x) {
    static const Op ops[] = {OP_Add, OP_Sub, OP_Mul, OP_Div, OP_Min, OP_Max};
    Op op = ops[pick(m, 6)];
    Value *other = like(m, x);
    if (other && pick(m, 2) && op != OP_Div) return NODE(m->graph, op, "binary", x, other);
    static const float uniform[] = {0, 1, 6, -0.5f};
    Value *constant = constant_f32(m->graph, "c", uniform[op == OP_Div ? 1 + pick(m, 3) : pick(m, 4)]);
    char shape[32];
    snprintf(shape, sizeof shape, "%lldx1x1", (long long)x->shape.dim[1]);
    if (op != OP_Div && pick(m, 2)) constant = weights(m->graph, "c", shape);
    return op != OP_Div && pick(m, 3) == 0 ? NODE(m->graph, op, "binary", constant, x)
                                           : NODE(m->graph, op, "binary", x, constant);
}

static Value *make_movement(Maker *m, Value *x) {
    switch (pick(m, 4)) {
    case 0: return transpose(m->graph, "transpose", x, TO_NCHW);
    case 1: return transpose(m->graph, "transpose", x, TO_NHWC);
    case 2: {
        Value *other = like(m, x);
        if (!other) return NULL;
        Node *node = RAW_NODE(m->graph, OP_Concat, "concat", x, other);
        set_int(m->graph, node, A_AXIS, 1 + pick(m, 3));
        return inferred(m->graph, node);
    }
    default: {
        char flat[64], shape[64];
        const int64_t *d = x->shape.dim;
        snprintf(flat, sizeof flat, "%lldx%lld", (long long)d[0], (long long)(d[1] * d[2] * d[3]));
        snprintf(shape, sizeof shape, "%lldx%lldx%lldx%lld", (long long)d[0], (long long)d[1], (long long)d[2], (long long)d[3]);
        Value *y = reshape(m->graph, "flat", x, flat);
        if (pick(m, 2)) y = NODE(m->graph, OP_Relu, "relu", y);
        return reshape(m->graph, "image", y, shape);
    }
    }
}

static Value *make_activation(Maker *m, Value *x) {
    static const Op ops[] = {OP_Relu, OP_Sigmoid, OP_HardSwish, OP_Clip, OP_LeakyRelu, OP_Tanh, OP_Abs};
    Node *node = RAW_NODE(m->graph, ops[pick(m, 7)], "activation", x);
    if (node->op == OP_Clip) set_float(m->graph, node, pick(m, 2) ? A_MIN : A_MAX, pick(m, 3) - 1);
    return inferred(m->graph, node);
}

static Value *make_window(Maker *m, Value *x) {
    static const double values[] = {0, 0, 1, -INFINITY};
    bool is_max = pick(m, 2);
    if (pick(m, 2)) x = pad_space(m->graph, "pad", x, 1 + pick(m, 2), values[pick(m, is_max ? 4 : 3)]);
    if (x->shape.dim[2] < 3 || x->shape.dim[3] < 3) return x;
    return pool(m->graph, is_max ? OP_MaxPool : OP_AveragePool, "pool", x, 3, 1 + pick(m, 2), pick(m, 2));
}

static Value *make_gemm(Maker *m, Value *x) {
    char flat[64], shape[64];
    const int64_t *d = x->shape.dim;
    int64_t k = d[1] * d[2] * d[3];
    snprintf(flat, sizeof flat, "%lldx%lld", (long long)d[0], (long long)k);
    snprintf(shape, sizeof shape, "%lldx16", (long long)k);
    Value *y = NODE(m->graph, OP_MatMul, "matmul", reshape(m->graph, "flat", x, flat), weights(m->graph, "w", shape));
    if (pick(m, 2)) y = NODE(m->graph, OP_Add, "bias", y, weights(m->graph, "b", "16"));
    snprintf(flat, sizeof flat, "%lldx4x2x2", (long long)d[0]);
    return reshape(m->graph, "image", y, flat);
}

static Value *make_value(Maker *m, Value *x) {
    switch (pick(m, 8)) {
    case 0:
    case 1: return make_conv(m, x);
    case 2: return batchnorm(m->graph, "bn", x);
    case 3: return make_arithmetic(m, x);
    case 4: return make_movement(m, x);
    case 5: return make_activation(m, x);
    case 6: return make_window(m, x);
    default: return pick(m, 4) ? make_arithmetic(m, x) : make_gemm(m, x);
    }
}

static void make_graph(Maker *m, int nodes) {
    m->values[m->count++] = input(m->graph, "x", pick(m, 2) ? "1x16x5x4" : "2x3x6x6");
    for (int i = 0; i < nodes; i++) {
        Value *x = some_value(m);
        if (shape_count(&x->shape) > 20000) continue;
        Value *y = make_value(m, x);
        if (y && y != x) m->values[m->count++] = y;
    }
    graph_add_output(m->graph, m->values[m->count - 1], "y");
    if (pick(m, 2)) graph_add_output(m->graph, some_value(m), "z");
}

/* On through code generation: the plan is right, and every step has a kernel. */
static void expect_written(Graph *graph) {
    const CodegenOptions options = {
        .name = "net", .model = "net.onnx", .header_name = "net.h", .target = target_find("portable")};
    const Plan *plan = plan_memory(graph);
    FILE *source = tmpfile(), *header = tmpfile();
    assert_non_null(source);
    assert_non_null(header);
    if (!plan || !verify_plan(graph, plan) || !codegen_emit(graph, &options, source, header, NULL))
        fail_msg("%s: %s", graph->diag->where, graph->diag->text);
    assert_true(ftell(source) > 0 && ftell(header) > 0);
    fclose(source);
    fclose(header);
}

static void test_random_graphs(void **state) {
    const double ill_conditioned = 1e-4; /* some of these graphs amplify the rounding of folded weights */
    int count;
    const Pass *passes = pipeline(&count);
    for (uint32_t seed = 1; seed <= 400; seed++) {
        pass_teardown(state);
        pass_setup(state);
        Maker maker = {.graph = new_graph(state), .seed = seed * 2654435761u};
        make_graph(&maker, 4 + (int)(seed % 20));
        for (int i = 0; i < count; i++) expect_pass_within(maker.graph, passes[i].run, ill_conditioned, NULL, NULL);
        expect_written(maker.graph);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PASS_TEST(test_table),
        PASS_TEST(test_residual_network),
        PASS_TEST(test_deep_network),
        PASS_TEST(test_random_graphs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
