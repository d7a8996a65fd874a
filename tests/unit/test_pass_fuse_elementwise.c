#include "tests/unit/pass_helpers.h"

/* y = h t + x (1 - t), each time for an image and for vectors. */

typedef Value *Blend(Graph *graph, Value *h, Value *t, Value *x);

static Value *subtracted(Graph *graph, Value *h, Value *t, Value *x) {
    Value *transformed = NODE(graph, OP_Mul, "transformed", h, t);
    Value *carry = NODE(graph, OP_Sub, "carry", constant_f32(graph, "one", 1), t);
    return NODE(graph, OP_Add, "gate", transformed, NODE(graph, OP_Mul, "carried", x, carry));
}

static Value *negated(Graph *graph, Value *h, Value *t, Value *x) {
    Value *transformed = NODE(graph, OP_Mul, "transformed", h, t);
    Value *carry = NODE(graph, OP_Add, "carry", NODE(graph, OP_Neg, "negated", t), constant_f32(graph, "one", 1));
    return NODE(graph, OP_Add, "gate", transformed, NODE(graph, OP_Mul, "carried", x, carry));
}

static Value *rewritten(Graph *graph, Value *h, Value *t, Value *x) {
    return NODE(graph, OP_Add, "gate", x, NODE(graph, OP_Mul, "moved", t, NODE(graph, OP_Sub, "difference", h, x)));
}

/* `before` and `after` have a # for the shape. */
static void expect_gate(void **state, Blend *blend, const char *before, const char *after) {
    static const char *const shapes[] = {"1x2x4x4", "3x8"};
    for (int i = 0; i < 2; i++) {
        char texts[2][2000];
        const char *s = shapes[i], *const patterns[] = {before, after};
        for (int k = 0; k < 2; k++) {
            char *to = texts[k];
            for (const char *c = patterns[k]; *c; c++)
                if (*c == '#')
                    to += sprintf(to, "%s", s);
                else
                    *to++ = *c;
            *to = 0;
        }
        Graph *graph = new_graph(state);
        Value *h = input(graph, "h", s), *t = input(graph, "t", s), *x = input(graph, "x", s);
        graph_add_output(graph, blend(graph, h, t, x), "y");
        expect_pass(graph, fuse_elementwise, texts[0], texts[1]);
    }
}

static void test_gate_subtracted(void **state) {
    expect_gate(state, subtracted,
                "graph test\n"
                "input %0 f32 # ; h\n"
                "input %1 f32 # ; t\n"
                "input %2 f32 # ; x\n"
                "const @4 f32 scalar [1] ; one\n"
                "%3 f32 # = Mul(%0, %1) ; transformed\n"
                "%5 f32 # = Sub(@4, %1) ; carry\n"
                "%6 f32 # = Mul(%2, %5) ; carried\n"
                "%7 f32 # = Add(%3, %6) ; gate\n"
                "output %7 ; y\n",
                "graph test\n"
                "input %0 f32 # ; h\n"
                "input %1 f32 # ; t\n"
                "input %2 f32 # ; x\n"
                "const @4 f32 scalar [1] ; one\n"
                "%10 f32 # = Expression(%0, %1, %2, @4) formula=[a * b + c * (d - b)] ; transformed + carry + carried + gate\n"
                "output %10 ; y\n");
}

static void test_gate_negated(void **state) {
    expect_gate(state, negated,
                "graph test\n"
                "input %0 f32 # ; h\n"
                "input %1 f32 # ; t\n"
                "input %2 f32 # ; x\n"
                "const @5 f32 scalar [1] ; one\n"
                "%3 f32 # = Mul(%0, %1) ; transformed\n"
                "%4 f32 # = Neg(%1) ; negated\n"
                "%6 f32 # = Add(%4, @5) ; carry\n"
                "%7 f32 # = Mul(%2, %6) ; carried\n"
                "%8 f32 # = Add(%3, %7) ; gate\n"
                "output %8 ; y\n",
                "graph test\n"
                "input %0 f32 # ; h\n"
                "input %1 f32 # ; t\n"
                "input %2 f32 # ; x\n"
                "const @5 f32 scalar [1] ; one\n"
                "%12 f32 # = Expression(%0, %1, %2, @5) formula=[a * b + c * (-b + d)] ; "
                "transformed + negated + carry + carried + gate\n"
                "output %12 ; y\n");
}

static void test_gate_rewritten(void **state) {
    expect_gate(state, rewritten,
                "graph test\n"
                "input %0 f32 # ; h\n"
                "input %1 f32 # ; t\n"
                "input %2 f32 # ; x\n"
                "%3 f32 # = Sub(%0, %2) ; difference\n"
                "%4 f32 # = Mul(%1, %3) ; moved\n"
                "%5 f32 # = Add(%2, %4) ; gate\n"
                "output %5 ; y\n",
                "graph test\n"
                "input %0 f32 # ; h\n"
                "input %1 f32 # ; t\n"
                "input %2 f32 # ; x\n"
                "%7 f32 # = Expression(%2, %1, %0) formula=[a + b * (c - a)] ; difference + moved + gate\n"
                "output %7 ; y\n");
}

static void test_a_channels_gate_residual_and_relu(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2x4x4"), *gate = input(graph, "gate", "1x2x1x1"), *shortcut = input(graph, "s", "1x2x4x4");
    Value *sum = NODE(graph, OP_Add, "add", NODE(graph, OP_Mul, "mul", x, gate), shortcut);
    graph_add_output(graph, NODE(graph, OP_Relu, "relu", sum), "y");
    run_pass(graph, fuse_activation);
    expect_pass(graph, fuse_elementwise,
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "input %1 f32 1x2x1x1 ; gate\n"
                "input %2 f32 1x2x4x4 ; s\n"
                "%3 f32 1x2x4x4 = Mul(%0, %1) ; mul\n"
                "%4 f32 1x2x4x4 = Add(%3, %2) activation=relu ; add + relu\n"
                "output %4 ; y\n",
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "input %1 f32 1x2x1x1 ; gate\n"
                "input %2 f32 1x2x4x4 ; s\n"
                "%6 f32 1x2x4x4 = Expression(%0, %1, %2) formula=[Relu(a * b + c)] ; mul + add + relu\n"
                "output %6 ; y\n");
}

static void test_silu(void **state) {
    Graph *graph = new_graph(state);
    Value *x = NODE(graph, OP_Sqrt, "x", input(graph, "in", "2x8"));
    graph_add_output(graph, NODE(graph, OP_Mul, "mul", x, NODE(graph, OP_Sigmoid, "sigmoid", x)), "y");
    expect_pass(graph, fuse_elementwise,
                "graph test\n"
                "input %0 f32 2x8 ; in\n"
                "%1 f32 2x8 = Sqrt(%0) ; x\n"
                "%2 f32 2x8 = Sigmoid(%1) ; sigmoid\n"
                "%3 f32 2x8 = Mul(%1, %2) ; mul\n"
                "output %3 ; y\n",
                "graph test\n"
                "input %0 f32 2x8 ; in\n"
                "%1 f32 2x8 = Sqrt(%0) ; x\n"
                "%4 f32 2x8 = Expression(%1) formula=[a * Sigmoid(a)] ; sigmoid + mul\n"
                "output %4 ; y\n");
}

/* One name is enough for the two nodes that lower-batchnorm makes. */
static void test_batchnorm(void **state) {
    Graph *graph = new_graph(state);
    Value *x = batchnorm(graph, "bn", input(graph, "x", "1x2x4x4"));
    graph_add_output(graph, NODE(graph, OP_Relu, "relu", x), "y");
    run_pass(graph, lower_batchnorm);
    run_pass(graph, fuse_activation);
    expect_pass(graph, fuse_elementwise, NULL,
                "graph test\n"
                "input %0 f32 1x2x4x4 ; x\n"
                "const @7 f32 1x2x1x1 [-0.744312823,-0.0924345255] ; bn/scale\n"
                "const @9 f32 1x2x1x1 [-0.916127145,0.127493531] ; bn/shift\n"
                "%11 f32 1x2x4x4 = Expression(%0, @7, @9) formula=[Relu(a * b + c)] ; bn + relu\n"
                "output %11 ; y\n");
}

static void test_every_operator(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "2x8"), *slope = input(graph, "slope", "8");
    static const Op unary[] = {OP_LeakyRelu, OP_Tanh, OP_HardSigmoid, OP_HardSwish, OP_Clip, OP_Neg};
    Value *y = x;
    for (size_t i = 0; i < sizeof unary / sizeof unary[0]; i++) {
        Node *node = RAW_NODE(graph, unary[i], "unary", y);
        if (node->op == OP_Clip) set_float(graph, node, A_MAX, 0.5);
        y = inferred(graph, node);
    }
    y = NODE(graph, OP_Div, "div", NODE(graph, OP_PRelu, "prelu", y, slope), constant_f32(graph, "two", 2));
    graph_add_output(graph, y, "y");
    expect_pass(
        graph, fuse_elementwise, NULL,
        "graph test\n"
        "input %0 f32 2x8 ; x\n"
        "input %1 f32 8 ; slope\n"
        "const @9 f32 scalar [2] ; two\n"
        "%17 f32 2x8 = Expression(%0, %1, @9) "
        "formula=[PRelu(-Clip(HardSwish(HardSigmoid(Tanh(LeakyRelu(a, 0.00999999978)), 0.200000003, 0.5)), -inf, 0.5), b) "
        "/ c] ; unary + prelu + div\n"
        "output %17 ; y\n");
}

/* The same tree, joined from either end: operands and steps are numbered alike. */
static void test_equal_trees_are_equal(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "2x8"), *y = input(graph, "y", "2x8"), *z = input(graph, "z", "2x8");
    Value *right = NODE(graph, OP_Mul, "right", y, z), *left = NODE(graph, OP_Sub, "left", x, z);
    graph_add_output(graph, NODE(graph, OP_Add, "first", left, right), "u");
    left = NODE(graph, OP_Sub, "left", x, z);
    right = NODE(graph, OP_Mul, "right", y, z);
    graph_add_output(graph, NODE(graph, OP_Add, "second", left, right), "v");
    expect_pass(graph, fuse_elementwise, NULL,
                "graph test\n"
                "input %0 f32 2x8 ; x\n"
                "input %1 f32 2x8 ; y\n"
                "input %2 f32 2x8 ; z\n"
                "%10 f32 2x8 = Expression(%0, %2, %1) formula=[a - b + c * b] ; right + left + first\n"
                "%12 f32 2x8 = Expression(%0, %2, %1) formula=[a - b + c * b] ; left + right + second\n"
                "output %10 ; u\n"
                "output %12 ; v\n");
}

static void test_most_operands(void **state) {
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g"};
    Graph *graph = new_graph(state);
    Value *sum = input(graph, names[0], "8");
    for (int k = 1; k < 7; k++) sum = NODE(graph, OP_Add, names[k], sum, input(graph, names[k], "8"));
    graph_add_output(graph, sum, "y");
    expect_pass(graph, fuse_elementwise, NULL,
                "graph test\n"
                "input %0 f32 8 ; a\n"
                "input %1 f32 8 ; b\n"
                "input %3 f32 8 ; c\n"
                "input %5 f32 8 ; d\n"
                "input %7 f32 8 ; e\n"
                "input %9 f32 8 ; f\n"
                "input %11 f32 8 ; g\n"
                "%16 f32 8 = Expression(%0, %1, %3, %5, %7, %9) formula=[a + b + c + d + e + f] ; b + c + d + e + f\n"
                "%12 f32 8 = Add(%16, %11) ; g\n"
                "output %12 ; y\n");
}

static void test_most_steps(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "8");
    for (int k = 0; k < 13; k++) x = NODE(graph, OP_Neg, "neg", x);
    graph_add_output(graph, x, "y");
    expect_pass(graph, fuse_elementwise, NULL,
                "graph test\n"
                "input %0 f32 8 ; x\n"
                "%24 f32 8 = Expression(%0) formula=[------------a] ; neg\n"
                "%13 f32 8 = Neg(%24) ; neg\n"
                "output %13 ; y\n");
}

/* What waits for the reader must not need more memory than its result would. */
static void test_other_work_between(void **state) {
    Graph *graph = new_graph(state);
    Value *a = input(graph, "a", "2x8"), *b = input(graph, "b", "2x8"), *z = input(graph, "z", "2x8");
    Value *product = NODE(graph, OP_Mul, "two images", a, b);
    graph_add_output(graph, NODE(graph, OP_Add, "add", product, NODE(graph, OP_Sqrt, "root", z)), "y");
    expect_unchanged(graph, fuse_elementwise);
    graph = new_graph(state);
    a = input(graph, "a", "2x8");
    z = input(graph, "z", "2x8");
    product = NODE(graph, OP_Mul, "one image", a, input(graph, "b", "8"));
    graph_add_output(graph, NODE(graph, OP_Add, "add", product, NODE(graph, OP_Sqrt, "root", z)), "y");
    expect_pass(graph, fuse_elementwise, NULL,
                "graph test\n"
                "input %0 f32 2x8 ; a\n"
                "input %1 f32 2x8 ; z\n"
                "input %2 f32 8 ; b\n"
                "%4 f32 2x8 = Sqrt(%1) ; root\n"
                "%6 f32 2x8 = Expression(%0, %2, %4) formula=[a * b + c] ; one image + add\n"
                "output %6 ; y\n");
}

static void test_second_reader(void **state) {
    static const Op readers[] = {OP_Sqrt, OP_Neg}; /* one that could be joined, one that couldn't */
    for (int k = 0; k < 2; k++) {
        Graph *graph = new_graph(state);
        Value *x = input(graph, "x", "2x8"), *product = NODE(graph, OP_Mul, "mul", x, input(graph, "t", "2x8"));
        graph_add_output(graph, NODE(graph, OP_Add, "add", product, x), "y");
        graph_add_output(graph, NODE(graph, readers[k], "reader", product), "z");
        expect_unchanged(graph, fuse_elementwise);
    }
}

static void test_read_twice_by_one(void **state) {
    Graph *graph = new_graph(state);
    Value *sum = NODE(graph, OP_Add, "add", input(graph, "x", "2x8"), input(graph, "t", "2x8"));
    graph_add_output(graph, NODE(graph, OP_Mul, "square", sum, sum), "y");
    expect_unchanged(graph, fuse_elementwise);
}

static void test_result_that_is_an_output(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "2x8"), *product = NODE(graph, OP_Mul, "mul", x, input(graph, "t", "2x8"));
    graph_add_output(graph, NODE(graph, OP_Add, "add", product, x), "y");
    graph_add_output(graph, product, "z");
    expect_unchanged(graph, fuse_elementwise);
}

static void test_other_types(void **state) {
    static const Dtype types[] = {F64, F16, I32};
    for (int k = 0; k < 3; k++) {
        Graph *graph = new_graph(state);
        Value *in[2];
        for (int i = 0; i < 2; i++) {
            Node *cast = RAW_NODE(graph, OP_Cast, "cast", input(graph, "x", "2x8"));
            set_int(graph, cast, A_TO, types[k]);
            in[i] = inferred(graph, cast);
        }
        graph_add_output(graph, NODE(graph, OP_Add, "add", NODE(graph, OP_Mul, "mul", in[0], in[1]), in[0]), "y");
        expect_unchanged(graph, fuse_elementwise);
    }
}

/* Computed once a channel, and not once a pixel. */
static void test_smaller_result(void **state) {
    Graph *graph = new_graph(state);
    Value *gate = NODE(graph, OP_Sigmoid, "sigmoid", input(graph, "gate", "1x2x1x1"));
    graph_add_output(graph, NODE(graph, OP_Mul, "mul", input(graph, "x", "1x2x4x4"), gate), "y");
    expect_unchanged(graph, fuse_elementwise);
    graph = new_graph(state); /* a rank more */
    Value *sum = NODE(graph, OP_Add, "add", input(graph, "a", "4x4"), input(graph, "b", "4x4"));
    graph_add_output(graph, NODE(graph, OP_Mul, "mul", sum, input(graph, "c", "1x4x4")), "y");
    expect_unchanged(graph, fuse_elementwise);
}

static void test_layouts_apart(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x16x4x4"), *sum = NODE(graph, OP_Add, "add", x, x);
    Node *reorder = RAW_NODE(graph, OP_Reorder, "reorder", sum);
    set_int(graph, reorder, A_LAYOUT, LAYOUT_BLOCKED);
    Value *blocked = inferred(graph, reorder);
    blocked->layout = LAYOUT_BLOCKED;
    Value *product = NODE(graph, OP_Mul, "mul", blocked, blocked);
    product->layout = LAYOUT_BLOCKED;
    Value *last = NODE(graph, OP_Relu, "relu", product);
    last->layout = LAYOUT_BLOCKED;
    reorder = RAW_NODE(graph, OP_Reorder, "back", last);
    set_int(graph, reorder, A_LAYOUT, LAYOUT_PLANAR);
    graph_add_output(graph, inferred(graph, reorder), "y");
    expect_pass(graph, fuse_elementwise, NULL,
                "graph test\n"
                "input %0 f32 1x16x4x4 ; x\n"
                "%1 f32 1x16x4x4 = Add(%0, %0) ; add\n"
                "%2 f32 1x16x4x4 blocked = Reorder(%1) layout=blocked ; reorder\n"
                "%6 f32 1x16x4x4 blocked = Expression(%2) formula=[Relu(a * a)] ; mul + relu\n"
                "%5 f32 1x16x4x4 = Reorder(%6) layout=planar ; back\n"
                "output %5 ; y\n");
}

static void test_operators_without_a_vector_form(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "2x8"), *slope = input(graph, "slope", "2x8"), *power = NODE(graph, OP_Pow, "power", x, slope);
    graph_add_output(graph, NODE(graph, OP_Sqrt, "sqrt", NODE(graph, OP_Add, "add", power, x)), "y");
    expect_unchanged(graph, fuse_elementwise);
}

static void test_activation_fused_before(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "2x8");
    Node *add = RAW_NODE(graph, OP_Add, "add", NODE(graph, OP_Mul, "mul", x, x), x);
    set_int(graph, add, A_ACTIVATION, ACT_ELU);
    set_float(graph, add, A_ACTIVATION_ALPHA, 1);
    graph_add_output(graph, inferred(graph, add), "y");
    expect_pass(graph, fuse_elementwise,
                "graph test\n"
                "input %0 f32 2x8 ; x\n"
                "%1 f32 2x8 = Mul(%0, %0) ; mul\n"
                "%2 f32 2x8 = Add(%1, %0) activation=elu activation_alpha=1 ; add\n"
                "output %2 ; y\n",
                "graph test\n"
                "input %0 f32 2x8 ; x\n"
                "%3 f32 2x8 = Expression(%0) formula=[Elu(a * a + a, 1)] ; mul + add\n"
                "output %3 ; y\n");
}

/* The end of a block that can be skipped at run time. */
static void test_marked_blocks(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x2x4x4");
    Node *add = RAW_NODE(graph, OP_Add, "add", NODE(graph, OP_Mul, "mul", x, input(graph, "gate", "1x2x1x1")), x);
    set_int(graph, add, A_BLOCK, 0);
    graph_add_output(graph, NODE(graph, OP_Neg, "neg", inferred(graph, add)), "y");
    expect_unchanged(graph, fuse_elementwise);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PASS_TEST(test_gate_subtracted),
        PASS_TEST(test_gate_negated),
        PASS_TEST(test_gate_rewritten),
        PASS_TEST(test_a_channels_gate_residual_and_relu),
        PASS_TEST(test_silu),
        PASS_TEST(test_batchnorm),
        PASS_TEST(test_every_operator),
        PASS_TEST(test_equal_trees_are_equal),
        PASS_TEST(test_most_operands),
        PASS_TEST(test_most_steps),
        PASS_TEST(test_other_work_between),
        PASS_TEST(test_second_reader),
        PASS_TEST(test_read_twice_by_one),
        PASS_TEST(test_result_that_is_an_output),
        PASS_TEST(test_other_types),
        PASS_TEST(test_smaller_result),
        PASS_TEST(test_layouts_apart),
        PASS_TEST(test_operators_without_a_vector_form),
        PASS_TEST(test_activation_fused_before),
        PASS_TEST(test_marked_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
