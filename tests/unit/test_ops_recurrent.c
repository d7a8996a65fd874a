#include "test_ops.h"

/* One unit, two steps, f(x) = min(max(x / 2 + 1/2, 0), 1) and g = h = Relu: every number is exact. */
static Case *layer(Op op, Value *bias_of(Case *)) {
    Case *c = case_new();
    bool lstm = op == OP_LSTM;
    Value *x = FLOATS(c, SHAPE(2, 1, 1), 1, 0.5);
    Value *w = lstm ? FLOATS(c, SHAPE(1, 4, 1), 1, 1, 1, 1) : FLOATS(c, SHAPE(1, 3, 1), 0, 0, 1);
    Value *r = lstm ? FLOATS(c, SHAPE(1, 4, 1), 0, 0, 0, 0.5) : FLOATS(c, SHAPE(1, 3, 1), 0, 0, 1);
    Value *in[] = {x, w, r, bias_of ? bias_of(c) : NULL};
    apply(c, op, in, 4, 2);
    INTS(c, A_ACTIVATIONS, ACT_HARD_SIGMOID, ACT_RELU, ACT_RELU);
    set_doubles(c->graph, c->node, A_ACTIVATION_ALPHAS, (const double[]){0.5, 0, 0}, 3);
    set_doubles(c->graph, c->node, A_ACTIVATION_BETAS, (const double[]){0.5, 0, 0}, 3);
    return c;
}

/* Gates of step 1: all 1, so c = h = 1. Of step 2: 3/4, candidate 1/2 + h / 2 = 1, c = 3/4 + 3/4. */
static void lstm_by_hand(void **state) {
    (void)state;
    Case *c = layer(OP_LSTM, NULL);
    EXPECT(c, F32, SHAPE(2, 1, 1, 1), 1, 1.125);
    case_end(c);
    c = layer(OP_LSTM, NULL);
    set_int(c->graph, c->node, A_INPUT_FORGET, 1); /* f = 1 - i: 0, then 1/4 */
    EXPECT(c, F32, SHAPE(2, 1, 1, 1), 1, 0.75);
    case_end(c);
    c = layer(OP_LSTM, NULL);
    INTS(c, A_SEQUENCE_LENS, 1);
    EXPECT(c, F32, SHAPE(2, 1, 1, 1), 1, 0);
    case_end(c);
}

static Value *recurrent_bias(Case *c) {
    return FLOATS(c, SHAPE(1, 6), 0, 0, 0, 0, 0, 1);
}

/* Update and reset gate are 1/2 throughout. */
static void gru_by_hand(void **state) {
    (void)state;
    Case *c = layer(OP_GRU, NULL);
    EXPECT(c, F32, SHAPE(2, 1, 1, 1), 0.5, 0.625); /* candidates 1, then 1/2 + (1/2)(1/2) */
    case_end(c);
    c = layer(OP_GRU, recurrent_bias);
    set_int(c->graph, c->node, A_LINEAR_BEFORE_RESET, 1);
    EXPECT(c, F32, SHAPE(2, 1, 1, 1), 0.75, 1.0625); /* 1 + 1/2, then 1/2 + (3/4 + 1) / 2 */
    case_end(c);
}

static void text(void **state) {
    (void)state;
    Case *c = layer(OP_GRU, NULL);
    set_string(c->graph, c->node, A_DIRECTION, "reverse");
    assert_true(node_infer(c->graph, c->node));
    assert_non_null(strstr(graph_print(c->graph), "GRU(@0, @1, @2, none) direction=reverse activations=[hard_sigmoid,relu,relu] "
                                                  "activation_alphas=[0.5,0,0] activation_betas=[0.5,0,0] ; node"));
    case_end(c);
}

static void wrong_shapes(void **state) {
    (void)state;
    Case *c = case_new();
    Value *x = ramp(c, F32, SHAPE(2, 1, 3), 0, 1), *r = ramp(c, F32, SHAPE(1, 4, 1), 0, 1);
    APPLY(c, OP_LSTM, x, ramp(c, F32, SHAPE(1, 4, 2), 0, 1), r);
    refused(c, "its input W is 1x4x2, 1x4x3 is needed");
    c = case_new();
    APPLY(c, OP_LSTM, ramp(c, F32, SHAPE(2, 3), 0, 1), ramp(c, F32, SHAPE(1, 4, 2), 0, 1), ramp(c, F32, SHAPE(1, 4, 1), 0, 1));
    refused(c, "its input 0 has 2 dimensions, 3 are needed");
    c = layer(OP_GRU, NULL);
    set_string(c->graph, c->node, A_DIRECTION, "bidirectional");
    refused(c, "its input W is 1x3x1, 2x3x1 is needed");
    c = layer(OP_LSTM, NULL);
    INTS(c, A_SEQUENCE_LENS, 3);
    refused(c, "the length of sequence 0 is 3, of at most 2");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lstm_by_hand),
        cmocka_unit_test(gru_by_hand),
        cmocka_unit_test(text),
        cmocka_unit_test(wrong_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
