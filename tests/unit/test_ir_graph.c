#include "test_ops.h"

/* input -> Relu -> Add(relu, relu) -> output */
static Case *diamond(Node **relu, Node **add) {
    Case *c = case_new();
    Value *x = value_new(c->graph, "x", F32, SHAPE(1, 4));
    graph_add_input(c->graph, x);
    *relu = node_new(c->graph, NULL, OP_Relu, "relu", &x, 1, 1);
    assert_true(node_infer(c->graph, *relu));
    Value *twice[] = {(*relu)->out[0], (*relu)->out[0]};
    *add = node_new(c->graph, NULL, OP_Add, "add", twice, 2, 1);
    assert_true(node_infer(c->graph, *add));
    graph_add_output(c->graph, (*add)->out[0], "y");
    return c;
}

static void uses_are_counted_per_slot(void **state) {
    (void)state;
    Node *relu, *add;
    Case *c = diamond(&relu, &add);
    Value *middle = relu->out[0];
    assert_int_equal(middle->user_count, 2);
    assert_null(value_single_user(middle));
    node_set_input(c->graph, add, 1, c->graph->inputs[0]);
    assert_int_equal(middle->user_count, 1);
    assert_ptr_equal(value_single_user(middle), add);
    assert_null(value_single_user(add->out[0])); /* a graph output */
    assert_true(graph_verify(c->graph));
    node_add_input(c->graph, add, middle);
    assert_int_equal(middle->user_count, 2);
    assert_false(graph_verify(c->graph)); /* Add has two inputs */
    case_end(c);
}

static void values_are_replaced_everywhere(void **state) {
    (void)state;
    Node *relu, *add;
    Case *c = diamond(&relu, &add);
    Value *x = c->graph->inputs[0];
    value_replace(c->graph, relu->out[0], x);
    assert_int_equal(relu->out[0]->user_count, 0);
    assert_ptr_equal(add->in[0], x);
    assert_ptr_equal(add->in[1], x);
    node_remove(c->graph, relu);
    assert_int_equal(x->user_count, 2);
    assert_ptr_equal(c->graph->first, add);
    value_replace(c->graph, add->out[0], x);
    assert_ptr_equal(c->graph->outputs[0], x);
    assert_int_equal(x->output_count, 1);
    node_remove(c->graph, add);
    assert_null(c->graph->first);
    assert_null(c->graph->last);
    assert_true(graph_verify(c->graph));
    case_end(c);
}

static void nodes_move(void **state) {
    (void)state;
    Node *relu, *add;
    Case *c = diamond(&relu, &add);
    node_move_before(c->graph, add, relu);
    assert_ptr_equal(c->graph->first, add);
    assert_false(graph_verify(c->graph));
    assert_non_null(strstr(c->diag.text, "before it is computed"));
    memset(&c->diag, 0, sizeof c->diag);
    node_move_before(c->graph, add, NULL);
    assert_true(graph_verify(c->graph));
    case_end(c);
}

static void attributes_convert(void **state) {
    (void)state;
    Node *relu, *add;
    Case *c = diamond(&relu, &add);
    Graph *g = c->graph;
    set_int(g, relu, A_AXIS, 3);
    set_float(g, relu, A_ALPHA, 0.5);
    set_string(g, relu, A_MODE, "edge");
    set_ints(g, relu, A_PADS, (const int64_t[]){1, 2}, 2);
    set_ints(g, relu, A_AXES, NULL, 0);
    assert_int_equal(attr_int(relu, A_AXIS, 9), 3);
    assert_true(attr_float(relu, A_AXIS, 9) == 3.0);
    assert_int_equal(attr_int(relu, A_BETA, 9), 9);
    assert_string_equal(attr_string(relu, A_MODE, "constant"), "edge");
    assert_int_equal(attr_ints_at(relu, A_PADS, 1, 9), 2);
    assert_int_equal(attr_ints_at(relu, A_PADS, 2, 9), 9);
    int count;
    assert_non_null(attr_ints(relu, A_AXES, &count));
    assert_int_equal(count, 0);
    assert_null(attr_ints(relu, A_PERM, &count));
    attrs_copy(g, add, relu);
    attr_remove(relu, A_AXIS);
    assert_null(attr_find(relu, A_AXIS));
    assert_int_equal(relu->attr_count, 4);
    assert_int_equal(attr_int(add, A_AXIS, 9), 3);
    set_float(g, add, A_AXIS, 1e300);
    assert_int_equal(attr_int(add, A_AXIS, 9), INT64_MAX);
    case_end(c);
}

static void constants_read_as_numbers(void **state) {
    (void)state;
    Case *c = case_new();
    double number;
    assert_true(constant_is_uniform(FLOATS(c, SHAPE(3), 2, 2, 2), &number));
    assert_true(number == 2);
    assert_false(constant_is_uniform(FLOATS(c, SHAPE(2), 2, 3), &number));
    assert_false(constant_is_uniform(FLOATS(c, SHAPE(1), NAN), &number));
    assert_false(constant_is_uniform(CONSTANT(c, I64, SHAPE(1), 2), &number));
    assert_false(constant_is_uniform(constant_new(c->graph, "none", F32, SHAPE(0), NULL), &number));
    assert_int_equal(constant_int_at(FLOATS(c, SHAPE(2), 2, -1e30), 1), INT64_MIN);
    for (int type = 0; type < DTYPE_COUNT; type++) {
        Value *one = CONSTANT(c, (Dtype)type, SHAPE(2), 0, 1);
        assert_int_equal(constant_int_at(one, 1), 1);
        assert_true(constant_float_at(one, 1) == 1);
    }
    case_end(c);
}

static void text_is_stable(void **state) {
    (void)state;
    Case *c = case_new();
    Graph *g = c->graph;
    Value *x = value_new(g, "x", F32, SHAPE(1, 16, 8, 8));
    graph_add_input(g, x);
    Value *in[] = {x, ramp(c, F32, SHAPE(16, 16, 3, 3), 0, 1), NULL, x};
    Node *conv = node_new(g, NULL, OP_Conv, "layer1/conv", in, 4, 1);
    set_int(g, conv, A_ACTIVATION, ACT_RELU);
    set_ints(g, conv, A_PADS, (const int64_t[]){1, 1, 1, 1}, 4);
    set_ints(g, conv, A_KERNEL_SHAPE, (const int64_t[]){3, 3}, 2);
    assert_true(node_infer(g, conv));
    conv->out[0]->layout = LAYOUT_BLOCKED;
    Value *sum[] = {conv->out[0], FLOATS(c, SCALAR, 0.5)};
    Node *add = node_new(g, NULL, OP_Add, "add", sum, 2, 1);
    assert_true(node_infer(g, add));
    Node *cast = node_new(g, NULL, OP_Cast, "cast", add->out, 1, 1);
    set_int(g, cast, A_TO, F16);
    assert_true(node_infer(g, cast));
    graph_add_output(g, cast->out[0], "y");
    assert_string_equal(
        graph_print(g),
        "graph case\n"
        "input %0 f32 1x16x8x8 ; x\n"
        "const @1 f32 16x16x3x3 ; ramp\n"
        "const @3 f32 scalar [0.5] ; constant\n"
        "%2 f32 1x16x8x8 blocked = Conv(%0, @1, none, %0) kernel_shape=[3,3] pads=[1,1,1,1] activation=relu ; layer1/conv\n"
        "%4 f32 1x16x8x8 = Add(%2, @3) ; add\n"
        "%5 f16 1x16x8x8 = Cast(%4) to=f16 ; cast\n"
        "output %5 ; y\n");
    assert_true(graph_verify(g));
    case_end(c);
}

static void expect_broken(Case *c, const char *text) {
    assert_false(graph_verify(c->graph));
    if (!strstr(c->diag.text, text)) FAIL_TEST("'%s' does not say '%s'", c->diag.text, text);
    case_end(c);
}

static void broken_invariants_are_found(void **state) {
    (void)state;
    Node *relu, *add;
    Case *c = diamond(&relu, &add);
    assert_true(graph_verify(c->graph));
    set_int(c->graph, relu, A_AXIS, 1);
    expect_broken(c, "attribute 'axis' does not belong to Relu");
    c = diamond(&relu, &add);
    relu->out[0]->shape = SHAPE(1, 5);
    expect_broken(c, "its inputs give f32 1x4");
    c = diamond(&relu, &add);
    relu->out[0]->type = F16;
    expect_broken(c, "output 'relu' is f16");
    c = diamond(&relu, &add);
    relu->out[0]->user_count = 1;
    expect_broken(c, "lists 1 users, but 2 inputs read it");
    c = diamond(&relu, &add);
    relu->out[0]->producer = add;
    expect_broken(c, "");
    c = diamond(&relu, &add);
    add->out[0]->output_count = 2;
    expect_broken(c, "counts 2 graph outputs");
    c = diamond(&relu, &add);
    add->out[0]->layout = LAYOUT_BLOCKED;
    expect_broken(c, "blocked");
    c = diamond(&relu, &add);
    add->in[0] = value_new(c->graph, "stray", F32, SHAPE(1, 4));
    expect_broken(c, "neither producer nor data");
    c = diamond(&relu, &add);
    relu->in_count = 0;
    expect_broken(c, "has 0 inputs");
}

/* 1202-layer networks exist: edits must not search the graph. */
static void long_chains_are_cheap(void **state) {
    (void)state;
    Case *c = case_new();
    Value *x = value_new(c->graph, "x", F32, SHAPE(1, 4));
    graph_add_input(c->graph, x);
    enum { LENGTH = 100000 };
    Value *now = x;
    for (int i = 0; i < LENGTH; i++) {
        Node *node = node_new(c->graph, NULL, OP_Relu, "r", &now, 1, 1);
        assert_true(node_infer(c->graph, node));
        now = node->out[0];
    }
    graph_add_output(c->graph, now, "y");
    assert_true(graph_verify(c->graph));
    while (c->graph->first) {
        Node *node = c->graph->first;
        value_replace(c->graph, node->out[0], node->in[0]);
        node_remove(c->graph, node);
    }
    assert_ptr_equal(c->graph->outputs[0], x);
    case_end(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uses_are_counted_per_slot),
        cmocka_unit_test(values_are_replaced_everywhere),
        cmocka_unit_test(nodes_move),
        cmocka_unit_test(attributes_convert),
        cmocka_unit_test(constants_read_as_numbers),
        cmocka_unit_test(text_is_stable),
        cmocka_unit_test(broken_invariants_are_found),
        cmocka_unit_test(long_chains_are_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
