#include "test_ops.h"

static Case *reduction(Op op, Dtype type, int keep) {
    Case *c = case_new();
    APPLY(c, op, ramp(c, type, SHAPE(2, 3, 2), -5, 1));
    set_int(c->graph, c->node, A_KEEPDIMS, keep);
    return c;
}

static void reductions(void **state) {
    (void)state;
    Case *c = reduction(OP_ReduceSum, F32, 0);
    INTS(c, A_AXES, 1);
    EXPECT(c, F32, SHAPE(2, 2), -9, -6, 9, 12);
    case_end(c);
    c = reduction(OP_ReduceMean, F32, 1);
    INTS(c, A_AXES, -1, 1);
    EXPECT(c, F32, SHAPE(2, 1, 1), -2.5, 3.5);
    case_end(c);
    c = reduction(OP_ReduceMax, F32, 1); /* no axes: all of them */
    EXPECT(c, F32, SHAPE(1, 1, 1), 6);
    case_end(c);
    c = reduction(OP_ReduceMin, I64, 0);
    EXPECT(c, I64, SCALAR, -5);
    case_end(c);
    c = reduction(OP_ReduceMin, F32, 0); /* an empty list: none of them */
    set_ints(c->graph, c->node, A_AXES, NULL, 0);
    assert_int_equal(shape_count(&result(c)->shape), 12);
    case_end(c);
    c = reduction(OP_ReduceMean, I32, 0);
    INTS(c, A_AXES, 2);
    EXPECT(c, I32, SHAPE(2, 3), -4, -2, 0, 1, 3, 5); /* integers truncate */
    case_end(c);
    c = reduction(OP_ReduceSum, F32, 0);
    INTS(c, A_AXES, 3);
    refused(c, "axis 3 is outside the 3 axes");
}

static void reductions_of_special_values(void **state) {
    (void)state;
    Case *c = case_new();
    APPLY(c, OP_ReduceMax, FLOATS(c, SHAPE(3), 1, NAN, 2));
    EXPECT(c, F32, SHAPE(1), NAN);
    APPLY(c, OP_ReduceMin, FLOATS(c, SHAPE(3), 1, NAN, 2));
    EXPECT(c, F32, SHAPE(1), NAN);
    APPLY(c, OP_ReduceSum, constant_new(c->graph, "empty", F32, SHAPE(0, 2), NULL));
    INTS(c, A_AXES, 0);
    EXPECT(c, F32, SHAPE(1, 2), 0, 0);
    APPLY(c, OP_ReduceMax, constant_new(c->graph, "empty", F32, SHAPE(0), NULL));
    EXPECT(c, F32, SHAPE(1), -INFINITY);
    APPLY(c, OP_ReduceSum, CONSTANT(c, I8, SHAPE(2), 100, 100));
    EXPECT(c, I8, SHAPE(1), -56);
    APPLY(c, OP_ReduceMax, CONSTANT(c, BOOL, SHAPE(2), 0, 1));
    EXPECT(c, BOOL, SHAPE(1), 1);
    case_end(c);
}

static void softmaxes(void **state) {
    (void)state;
    Case *c = case_new();
    Value *x = FLOATS(c, SHAPE(2, 2), 1000, 1000, 0, 0.69314718);
    APPLY(c, OP_Softmax, x);
    EXPECT(c, F32, SHAPE(2, 2), 0.5, 0.5, 1.0 / 3, 2.0 / 3);
    APPLY(c, OP_LogSoftmax, x);
    set_int(c->graph, c->node, A_AXIS, 1);
    EXPECT(c, F32, SHAPE(2, 2), -0.69314718, -0.69314718, -1.09861229, -0.40546511);
    APPLY(c, OP_Softmax, x);
    set_int(c->graph, c->node, A_AXIS, 0);
    EXPECT(c, F32, SHAPE(2, 2), 1, 1, 0, 0);
    APPLY(c, OP_Softmax, FLOATS(c, SCALAR, 7));
    EXPECT(c, F32, SCALAR, 1);
    APPLY(c, OP_Softmax, FLOATS(c, SHAPE(2), 1, NAN));
    EXPECT(c, F32, SHAPE(2), NAN, NAN);
    APPLY(c, OP_Softmax, x);
    set_int(c->graph, c->node, A_AXIS, 2);
    refused(c, "axis 2 is outside");
}

static void gemms(void **state) {
    (void)state;
    for (int mask = 0; mask < 4; mask++) {
        Case *c = case_new();
        bool trans_a = mask & 1, trans_b = mask & 2;
        Value *a = trans_a ? FLOATS(c, SHAPE(3, 2), 1, 4, 2, 5, 3, 6) : FLOATS(c, SHAPE(2, 3), 1, 2, 3, 4, 5, 6);
        Value *b = trans_b ? FLOATS(c, SHAPE(2, 3), 1, 0, 1, 0, 1, 1) : FLOATS(c, SHAPE(3, 2), 1, 0, 0, 1, 1, 1);
        APPLY(c, OP_Gemm, a, b, FLOATS(c, SHAPE(2), 1, 2));
        set_int(c->graph, c->node, A_TRANS_A, trans_a);
        set_int(c->graph, c->node, A_TRANS_B, trans_b);
        set_float(c->graph, c->node, A_ALPHA, 2);
        set_float(c->graph, c->node, A_BETA, 10);
        EXPECT(c, F32, SHAPE(2, 2), 18, 30, 30, 42);
        case_end(c);
    }
    Case *c = case_new();
    APPLY(c, OP_Gemm, CONSTANT(c, I32, SHAPE(1, 2), 3, 4), CONSTANT(c, I32, SHAPE(2, 1), 5, 6), CONSTANT(c, I32, SCALAR, 1));
    EXPECT(c, I32, SHAPE(1, 1), 40);
    APPLY(c, OP_Gemm, FLOATS(c, SHAPE(1, 2), 3, 4), FLOATS(c, SHAPE(1, 2), 5, 6));
    refused(c, "2 columns meet 1 rows");
    c = case_new();
    APPLY(c, OP_Gemm, FLOATS(c, SHAPE(1, 1), 3), FLOATS(c, SHAPE(1, 1), 5), FLOATS(c, SHAPE(2), 5, 6));
    refused(c, "addend 2 does not broadcast to 1x1");
    c = case_new();
    APPLY(c, OP_Gemm, FLOATS(c, SHAPE(1), 3), FLOATS(c, SHAPE(1, 1), 5));
    refused(c, "multiplies matrices");
}

static void matrix_products(void **state) {
    (void)state;
    Case *c = case_new();
    Value *matrix = FLOATS(c, SHAPE(2, 3), 1, 2, 3, 4, 5, 6), *vector = FLOATS(c, SHAPE(3), 1, 0, 2);
    APPLY(c, OP_MatMul, matrix, vector);
    EXPECT(c, F32, SHAPE(2), 7, 16);
    APPLY(c, OP_MatMul, FLOATS(c, SHAPE(2), 1, 10), matrix);
    EXPECT(c, F32, SHAPE(3), 41, 52, 63);
    APPLY(c, OP_MatMul, vector, vector);
    EXPECT(c, F32, SCALAR, 5);
    APPLY(c, OP_MatMul, ramp(c, F32, SHAPE(2, 1, 1, 2), 0, 1), ramp(c, F32, SHAPE(2, 2, 1), 0, 1));
    EXPECT(c, F32, SHAPE(2, 2, 1, 1), 1, 3, 3, 13);
    APPLY(c, OP_MatMul, CONSTANT(c, I64, SHAPE(1, 2), 0x1p62, 1), CONSTANT(c, I64, SHAPE(2, 1), 4, 7));
    EXPECT(c, I64, SHAPE(1, 1), 7);
    /* More rows than a tile, more columns than a panel. */
    APPLY(c, OP_MatMul, ramp(c, F32, SHAPE(13, 5), 1, 0), ramp(c, F32, SHAPE(5, 11), 2, 0));
    double number;
    assert_true(constant_is_uniform(result(c), &number) && number == 10);
    APPLY(c, OP_MatMul, constant_new(c->graph, "empty", F32, SHAPE(2, 0), NULL),
          constant_new(c->graph, "empty", F32, SHAPE(0, 1), NULL));
    EXPECT(c, F32, SHAPE(2, 1), 0, 0);
    APPLY(c, OP_MatMul, matrix, matrix);
    refused(c, "can't multiply 2x3 by 2x3");
    c = case_new();
    APPLY(c, OP_MatMul, FLOATS(c, SCALAR, 1), FLOATS(c, SHAPE(1), 1));
    refused(c, "can't multiply scalar by 1");
    c = case_new();
    APPLY(c, OP_MatMul, CONSTANT(c, I8, SHAPE(1), 1), CONSTANT(c, I8, SHAPE(1), 1));
    refused(c, "type i8");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reductions),      cmocka_unit_test(reductions_of_special_values),
        cmocka_unit_test(softmaxes),       cmocka_unit_test(gemms),
        cmocka_unit_test(matrix_products),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
