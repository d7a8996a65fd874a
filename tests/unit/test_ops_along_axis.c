#include "test_ops.h"

static void extremes(void **state) {
    (void)state;
    static const struct {
        Op op;
        bool last;
        double results[3];
    } rows[] = {
        {OP_ArgMax, false, {1, 0, 0}}, {OP_ArgMax, true, {2, 0, 3}}, {OP_ArgMin, false, {0, 1, 0}}, {OP_ArgMin, true, {0, 3, 3}}};
    for (int i = 0; i < COUNT_OF(rows); i++)
        for (int keep = 0; keep < 2; keep++) {
            Case *c = case_new();
            APPLY(c, rows[i].op, FLOATS(c, SHAPE(3, 4), 1, 5, 5, 2, 9, -3, 0, -3, 4, 4, 4, 4));
            set_int(c->graph, c->node, A_AXIS, i % 2 ? -1 : 1);
            set_int(c->graph, c->node, A_KEEPDIMS, keep);
            set_int(c->graph, c->node, A_SELECT_LAST_INDEX, rows[i].last);
            expect(result(c), I64, keep ? SHAPE(3, 1) : SHAPE(3), rows[i].results, 3);
            case_end(c);
        }
    Case *c = case_new();
    APPLY(c, OP_ArgMax, CONSTANT(c, I64, SHAPE(2, 2, 2), 1, 8, 3, 4, 9, 6, 7, 0)); /* along axis 0, kept */
    EXPECT(c, I64, SHAPE(1, 2, 2), 1, 0, 1, 0);
    APPLY(c, OP_ArgMax, CONSTANT(c, U64, SHAPE(2), 1, -1)); /* 2^64 - 1 */
    EXPECT(c, I64, SHAPE(1), 1);
    case_end(c);
}

/* What ONNX Runtime 1.32 gives. */
static void extremes_of_special_values(void **state) {
    (void)state;
    static const struct {
        double x[4];
        double most, least, last_most, last_least;
    } rows[] = {
        {{NAN, 1, 2, 2}, 0, 0, 0, 0},
        {{1, NAN, 3, 3}, 2, 0, 3, 0},
        {{2, 2, NAN, 1}, 0, 3, 1, 3},
        {{3, 1, 2, NAN}, 0, 1, 0, 1},
        {{-INFINITY, -INFINITY, -INFINITY, -INFINITY}, 0, 0, 3, 3},
        {{0, -0.0, 0, -0.0}, 0, 0, 3, 3},
    };
    for (int i = 0; i < COUNT_OF(rows); i++)
        for (int k = 0; k < 4; k++) {
            const double expected[] = {rows[i].most, rows[i].least, rows[i].last_most, rows[i].last_least};
            Case *c = case_new();
            APPLY(c, k % 2 ? OP_ArgMin : OP_ArgMax, constant(c, F32, SHAPE(4), rows[i].x, 4));
            set_int(c->graph, c->node, A_SELECT_LAST_INDEX, k / 2);
            EXPECT(c, I64, SHAPE(1), expected[k]);
            case_end(c);
        }
}

static void extremes_are_checked(void **state) {
    (void)state;
    Case *c = case_new();
    APPLY(c, OP_ArgMax, FLOATS(c, SHAPE(2), 1, 2));
    set_int(c->graph, c->node, A_AXIS, 1);
    refused(c, "axis 1 is outside");
    c = case_new();
    APPLY(c, OP_ArgMax, constant_new(c->graph, "empty", F32, SHAPE(2, 0), NULL));
    set_int(c->graph, c->node, A_AXIS, 1);
    refused(c, "an empty axis");
    c = case_new();
    APPLY(c, OP_ArgMin, CONSTANT(c, BOOL, SHAPE(1), 1));
    refused(c, "bool");
}

static void running_sums(void **state) {
    (void)state;
    static const struct {
        int exclusive, reverse, axis;
        double results[6];
    } rows[] = {{0, 0, 1, {1, 3, 6, 4, 9, 15}}, {1, 0, 1, {0, 1, 3, 0, 4, 9}},  {0, 1, -1, {6, 5, 3, 15, 11, 6}},
                {1, 1, 1, {5, 3, 0, 11, 6, 0}}, {0, 0, -2, {1, 2, 3, 5, 7, 9}}, {1, 1, 0, {4, 5, 6, 0, 0, 0}}};
    static const Dtype types[] = {F32, F64, I32, I64, U32, U64};
    for (int i = 0; i < COUNT_OF(rows); i++)
        for (int t = 0; t < COUNT_OF(types); t++) {
            Case *c = case_new();
            APPLY(c, OP_CumSum, CONSTANT(c, types[t], SHAPE(2, 3), 1, 2, 3, 4, 5, 6));
            set_int(c->graph, c->node, A_AXIS, rows[i].axis);
            set_int(c->graph, c->node, A_EXCLUSIVE, rows[i].exclusive);
            set_int(c->graph, c->node, A_REVERSE, rows[i].reverse);
            expect(result(c), types[t], SHAPE(2, 3), rows[i].results, 6);
            case_end(c);
        }
    Case *c = case_new();
    APPLY(c, OP_CumSum, CONSTANT(c, I32, SHAPE(2), INT32_MAX, 1));
    EXPECT(c, I32, SHAPE(2), INT32_MAX, INT32_MIN);
    APPLY(c, OP_CumSum, FLOATS(c, SHAPE(3), 1, INFINITY, -INFINITY));
    EXPECT(c, F32, SHAPE(3), 1, INFINITY, NAN);
    APPLY(c, OP_CumSum, constant_new(c->graph, "empty", F32, SHAPE(0, 2), NULL));
    assert_int_equal(shape_count(&result(c)->shape), 0);
    APPLY(c, OP_CumSum, CONSTANT(c, I8, SHAPE(1), 1));
    refused(c, "type i8");
    c = case_new();
    APPLY(c, OP_CumSum, FLOATS(c, SCALAR, 1));
    refused(c, "axis 0 is outside");
}

static void products(void **state) {
    (void)state;
    Case *c = case_new();
    APPLY(c, OP_ReduceProd, FLOATS(c, SHAPE(2, 3), 1, 2, 3, 4, 5, -6));
    INTS(c, A_AXES, 1);
    EXPECT(c, F32, SHAPE(2, 1), 6, -120);
    APPLY(c, OP_ReduceProd, CONSTANT(c, I32, SHAPE(3), 65536, 65536, 3));
    EXPECT(c, I32, SHAPE(1), 0); /* wraps around */
    APPLY(c, OP_ReduceProd, constant_new(c->graph, "empty", F32, SHAPE(0, 2), NULL));
    INTS(c, A_AXES, 0);
    EXPECT(c, F32, SHAPE(1, 2), 1, 1);
    APPLY(c, OP_ReduceProd, FLOATS(c, SHAPE(2), 0, INFINITY));
    EXPECT(c, F32, SHAPE(1), NAN);
    APPLY(c, OP_ReduceProd, CONSTANT(c, BOOL, SHAPE(1), 1));
    refused(c, "bool");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(extremes),
        cmocka_unit_test(extremes_of_special_values),
        cmocka_unit_test(extremes_are_checked),
        cmocka_unit_test(running_sums),
        cmocka_unit_test(products),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
