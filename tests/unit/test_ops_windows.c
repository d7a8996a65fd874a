#include "test_ops.h"

#include "ir/window.h"

static void convolutions(void **state) {
    (void)state;
    Case *c = case_new();
    Value *image = ramp(c, F32, SHAPE(1, 1, 3, 3), 0, 1);
    APPLY(c, OP_Conv, image, FLOATS(c, SHAPE(1, 1, 2, 2), 1, 1, 1, 1));
    EXPECT(c, F32, SHAPE(1, 1, 2, 2), 8, 12, 20, 24);
    APPLY(c, OP_Conv, image, FLOATS(c, SHAPE(1, 1, 3, 3), 1, 1, 1, 1, 1, 1, 1, 1, 1), FLOATS(c, SHAPE(1), 100));
    INTS(c, A_PADS, 1, 1, 1, 1);
    INTS(c, A_STRIDES, 2, 2);
    EXPECT(c, F32, SHAPE(1, 1, 2, 2), 108, 112, 120, 124);
    APPLY(c, OP_Conv, image, FLOATS(c, SHAPE(1, 1, 2, 2), 1, 0, 0, 1));
    INTS(c, A_DILATIONS, 2, 2);
    EXPECT(c, F32, SHAPE(1, 1, 1, 1), 8);
    case_end(c);
}

static void convolution_axes_and_groups(void **state) {
    (void)state;
    Case *c = case_new();
    APPLY(c, OP_Conv, ramp(c, F32, SHAPE(1, 1, 5), 0, 1), FLOATS(c, SHAPE(1, 1, 2), 1, 10));
    INTS(c, A_PADS, 0, 1);
    EXPECT(c, F32, SHAPE(1, 1, 5), 10, 21, 32, 43, 4);
    APPLY(c, OP_Conv, ramp(c, F32, SHAPE(1, 1, 2, 2, 2), 0, 1), FLOATS(c, SHAPE(1, 1, 2, 1, 1), 1, 10));
    EXPECT(c, F32, SHAPE(1, 1, 1, 2, 2), 40, 51, 62, 73);
    APPLY(c, OP_Conv, FLOATS(c, SHAPE(1, 2, 1, 2), 1, 2, 3, 4), FLOATS(c, SHAPE(4, 1, 1, 1), 1, 2, 3, 4));
    set_int(c->graph, c->node, A_GROUP, 2);
    EXPECT(c, F32, SHAPE(1, 4, 1, 2), 1, 2, 2, 4, 9, 12, 12, 16);
    /* Two images, more maps than a tile of rows and more positions than a panel of columns: ones everywhere. */
    APPLY(c, OP_Conv, ramp(c, F32, SHAPE(2, 3, 3, 7), 1, 0), ramp(c, F32, SHAPE(7, 3, 1, 1), 1, 0));
    Value *sums = result(c);
    double number;
    assert_int_equal(shape_count(&sums->shape), 2 * 7 * 3 * 7);
    assert_true(constant_is_uniform(sums, &number) && number == 3);
    case_end(c);
}

static void convolution_epilogue(void **state) {
    (void)state;
    Case *c = case_new();
    Value *x = FLOATS(c, SHAPE(1, 1, 1, 3), -3, 1, 2), *one = FLOATS(c, SHAPE(1, 1, 1, 1), 1);
    APPLY(c, OP_Conv, x, one, FLOATS(c, SHAPE(1), 0.5), FLOATS(c, SHAPE(1, 1, 1, 3), 1, -4, 1));
    set_int(c->graph, c->node, A_ACTIVATION, ACT_RELU);
    EXPECT(c, F32, SHAPE(1, 1, 1, 3), 0, 0, 3.5);
    APPLY(c, OP_Conv, x, one, NULL, x);
    set_int(c->graph, c->node, A_ACTIVATION, ACT_LEAKY_RELU);
    set_float(c->graph, c->node, A_ACTIVATION_ALPHA, 0.5);
    EXPECT(c, F32, SHAPE(1, 1, 1, 3), -3, 2, 4);
    case_end(c);
}

static void convolution_shapes_are_checked(void **state) {
    (void)state;
    Case *c = case_new();
    APPLY(c, OP_Conv, ramp(c, F32, SHAPE(1, 3, 4, 4), 0, 1), ramp(c, F32, SHAPE(2, 4, 1, 1), 0, 1));
    refused(c, "weight 2x4x1x1 does not fit an input of 3 channels");
    c = case_new();
    APPLY(c, OP_Conv, ramp(c, F32, SHAPE(1, 3, 4, 4), 0, 1), ramp(c, F32, SHAPE(2, 3, 1), 0, 1));
    refused(c, "its weight 2x3x1");
    c = case_new();
    APPLY(c, OP_Conv, ramp(c, F32, SHAPE(1, 1, 2, 2), 0, 1), ramp(c, F32, SHAPE(1, 1, 3, 3), 0, 1));
    refused(c, "larger than the input");
    c = case_new();
    APPLY(c, OP_Conv, ramp(c, F32, SHAPE(1, 1, 3, 3), 0, 1), ramp(c, F32, SHAPE(1, 1, 3, 3), 0, 1), FLOATS(c, SHAPE(2), 0, 0));
    refused(c, "its bias is 2");
    c = case_new();
    APPLY(c, OP_Conv, ramp(c, F32, SHAPE(1, 2, 1, 1), 0, 1), ramp(c, F32, SHAPE(1, 2, 1, 1), 0, 1));
    set_int(c->graph, c->node, A_READ_CHANNELS, 3);
    refused(c, "it reads 3 channels of the 2 that its weights have");
    c = case_new();
    APPLY(c, OP_Conv, ramp(c, F32, SHAPE(1, 1, 3, 3), 0, 1), ramp(c, F32, SHAPE(1, 1, 3, 3), 0, 1), NULL, FLOATS(c, SHAPE(1), 0));
    refused(c, "its residual is 1");
    c = case_new();
    APPLY(c, OP_Conv, ramp(c, F32, SHAPE(1, 1, 3, 3), 0, 1), ramp(c, F32, SHAPE(1, 1, 3, 3), 0, 1));
    INTS(c, A_STRIDES, 0, 1);
    refused(c, "strides has the entry 0");
    c = case_new();
    APPLY(c, OP_Conv, ramp(c, F32, SHAPE(1, 1, 3, 3), 0, 1), ramp(c, F32, SHAPE(1, 1, 3, 3), 0, 1));
    INTS(c, A_PADS, 1, 1);
    refused(c, "pads has 2 entries, 4 are needed");
    c = case_new();
    APPLY(c, OP_Conv, ramp(c, F32, SHAPE(1, 1, 3, 3), 0, 1), ramp(c, F32, SHAPE(1, 1, 3, 3), 0, 1));
    INTS(c, A_KERNEL_SHAPE, 3, 2);
    refused(c, "kernel_shape says 2");
    c = case_new();
    APPLY(c, OP_Conv, ramp(c, F32, SHAPE(1, 1, 1, 1, 1, 1), 0, 1), ramp(c, F32, SHAPE(1, 1, 1, 1, 1, 1), 0, 1));
    refused(c, "at most 3 are supported");
    c = case_new();
    APPLY(c, OP_Conv, ramp(c, F32, SHAPE(1, 1, 3, 3), 0, 1), ramp(c, F32, SHAPE(1, 1, 1, 1), 0, 1));
    INTS(c, A_PADS, 1 << 29, 1 << 29, 1 << 29, 1 << 29);
    refused(c, "2^40");
}

/* Whatever the attributes' values, nothing overflows: sanitizers watch. */
static void window_extremes_are_refused(void **state) {
    (void)state;
    static const struct {
        AttrKey key;
        int64_t values[4];
        int count;
        const char *words;
    } rows[] = {
        {A_PADS,
         {INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX},
         4,
         "has 4294967297 elements along spatial axis 0, padding included"},
        {A_PADS, {0, 0, 0, INT32_MAX}, 4, "has 2147483650 elements along spatial axis 1, padding included"},
        {A_PADS, {0, 0, 0, (int64_t)1 << 62}, 4, "pads has the entry 4611686018427387904"},
        {A_PADS, {0, 0, INT64_MIN, 0}, 4, "pads has the entry -9223372036854775808"},
        {A_STRIDES, {1, INT64_MAX}, 2, "strides has the entry 9223372036854775807"},
        {A_DILATIONS, {1, INT32_MAX}, 2, "is larger than the input's"},
        {A_DILATIONS, {1, (int64_t)1 << 31}, 2, "dilations has the entry 2147483648"},
    };
    for (int i = 0; i < COUNT_OF(rows); i++) {
        Case *c = case_new();
        APPLY(c, OP_Conv, ramp(c, F32, SHAPE(1, 1, 3, 3), 0, 1), ramp(c, F32, SHAPE(1, 1, 1, 3), 0, 1));
        set_ints(c->graph, c->node, rows[i].key, rows[i].values, rows[i].count);
        refused(c, rows[i].words);
    }
}

static void windows_reach(void **state) {
    (void)state;
    Case *c = case_new();
    APPLY(c, OP_MaxPool, ramp(c, F32, SHAPE(1, 1, 5), 0, 1));
    INTS(c, A_KERNEL_SHAPE, 2);
    INTS(c, A_STRIDES, 4);
    INTS(c, A_PADS, 1, 0);
    set_int(c->graph, c->node, A_CEIL_MODE, 1);
    assert_true(node_infer(c->graph, c->node));
    Window w = window_of(c->node);
    assert_int_equal(w.out[2], 2);
    assert_int_equal(window_span(&w, 2), 6); /* two windows, 4 apart, of 2: all of the padded input */
    assert_int_equal(window_span(&w, 0), 1);
    assert_true(window_fits(&w, 1 << 27));
    assert_false(window_fits(&w, 1 << 28)); /* 6 times 2^28 does not leave half of an int to spare */
    assert_false(window_refuse(c->graph, c->node, &w, 1 << 28));
    assert_non_null(strstr(c->diag.text, "reach over 6 elements along spatial axis 0"));
    case_end(c);
    static const struct {
        int64_t in, extent, stride;
        bool upper;
        int64_t begin, end;
    } same[] = {
        {5, 3, 2, true, 1, 1}, {6, 3, 2, true, 0, 1}, {6, 3, 2, false, 1, 0}, {4, 1, 3, true, 0, 0}, {0, 3, 1, true, 1, 1}};
    for (int i = 0; i < COUNT_OF(same); i++) {
        int64_t begin, end;
        window_pad_same(same[i].in, same[i].extent, same[i].stride, same[i].upper, &begin, &end);
        assert_int_equal(begin, same[i].begin);
        assert_int_equal(end, same[i].end);
    }
}

static void max_pools(void **state) {
    (void)state;
    Case *c = case_new();
    Value *image = ramp(c, F32, SHAPE(1, 1, 4, 4), 0, 1);
    APPLY(c, OP_MaxPool, image);
    INTS(c, A_KERNEL_SHAPE, 3, 3);
    INTS(c, A_STRIDES, 2, 2);
    INTS(c, A_PADS, 1, 1, 1, 1);
    EXPECT(c, F32, SHAPE(1, 1, 2, 2), 5, 7, 13, 15);
    APPLY(c, OP_MaxPool, image);
    INTS(c, A_KERNEL_SHAPE, 3, 3);
    INTS(c, A_STRIDES, 2, 2);
    set_int(c->graph, c->node, A_CEIL_MODE, 1);
    EXPECT(c, F32, SHAPE(1, 1, 2, 2), 10, 11, 14, 15);
    APPLY(c, OP_MaxPool, image);
    INTS(c, A_KERNEL_SHAPE, 2, 2);
    INTS(c, A_DILATIONS, 2, 3);
    EXPECT(c, F32, SHAPE(1, 1, 2, 1), 11, 15);
    APPLY(c, OP_MaxPool, FLOATS(c, SHAPE(1, 1, 3), -5, -7, -6)); /* padding never wins */
    INTS(c, A_KERNEL_SHAPE, 3);
    INTS(c, A_PADS, 2, 2);
    EXPECT(c, F32, SHAPE(1, 1, 5), -5, -5, -5, -6, -6);
    APPLY(c, OP_MaxPool, CONSTANT(c, I8, SHAPE(1, 1, 3), -5, -7, -6));
    INTS(c, A_KERNEL_SHAPE, 2);
    EXPECT(c, I8, SHAPE(1, 1, 2), -5, -6);
    /* ceil_mode: the last window would start in the right padding, so there is none (ONNX 19). */
    APPLY(c, OP_MaxPool, FLOATS(c, SHAPE(1, 1, 3), 1, 2, 3));
    INTS(c, A_KERNEL_SHAPE, 1);
    INTS(c, A_STRIDES, 2);
    INTS(c, A_PADS, 0, 1);
    set_int(c->graph, c->node, A_CEIL_MODE, 1);
    EXPECT(c, F32, SHAPE(1, 1, 2), 1, 3);
    case_end(c);
}

static void max_pool_indices(void **state) {
    (void)state;
    for (int order = 0; order < 2; order++) {
        Case *c = case_new();
        Value *x = FLOATS(c, SHAPE(1, 2, 2, 3), 1, 9, 2, 3, 4, 5, 7, 0, 0, 0, 0, 8);
        apply(c, OP_MaxPool, &x, 1, 2);
        INTS(c, A_KERNEL_SHAPE, 2, 3);
        set_int(c->graph, c->node, A_STORAGE_ORDER, order);
        Value *indices = c->node->out[1];
        EXPECT(c, F32, SHAPE(1, 2, 1, 1), 9, 8);
        expect(indices, I64, SHAPE(1, 2, 1, 1), order ? (const double[]){2, 11} : (const double[]){1, 11}, 2);
        case_end(c);
    }
}

static void average_pools(void **state) {
    (void)state;
    Case *c = case_new();
    Value *row = FLOATS(c, SHAPE(1, 1, 3), 3, 6, 12);
    APPLY(c, OP_AveragePool, row);
    INTS(c, A_KERNEL_SHAPE, 2);
    INTS(c, A_PADS, 1, 1);
    EXPECT(c, F32, SHAPE(1, 1, 4), 3, 4.5, 9, 12);
    APPLY(c, OP_AveragePool, row);
    INTS(c, A_KERNEL_SHAPE, 2);
    INTS(c, A_PADS, 1, 1);
    set_int(c->graph, c->node, A_COUNT_INCLUDE_PAD, 1);
    EXPECT(c, F32, SHAPE(1, 1, 4), 1.5, 4.5, 9, 6);
    APPLY(c, OP_AveragePool, row); /* what ceil_mode lets stick out is not counted */
    INTS(c, A_KERNEL_SHAPE, 2);
    INTS(c, A_STRIDES, 2);
    set_int(c->graph, c->node, A_CEIL_MODE, 1);
    set_int(c->graph, c->node, A_COUNT_INCLUDE_PAD, 1);
    EXPECT(c, F32, SHAPE(1, 1, 2), 4.5, 12);
    APPLY(c, OP_AveragePool, ramp(c, F32, SHAPE(1, 2, 2, 2, 2), 0, 1));
    INTS(c, A_KERNEL_SHAPE, 2, 2, 2);
    EXPECT(c, F32, SHAPE(1, 2, 1, 1, 1), 3.5, 11.5);
    APPLY(c, OP_AveragePool, row);
    refused(c, "kernel_shape is missing");
    c = case_new();
    APPLY(c, OP_AveragePool, CONSTANT(c, I8, SHAPE(1, 1, 1), 1));
    INTS(c, A_KERNEL_SHAPE, 1);
    refused(c, "i8");
}

static void local_response_normalisation(void **state) {
    (void)state;
    Case *c = case_new();
    APPLY(c, OP_LRN, FLOATS(c, SHAPE(1, 3, 1), 1, 2, 3));
    set_int(c->graph, c->node, A_SIZE, 3);
    set_float(c->graph, c->node, A_ALPHA, 3);
    set_float(c->graph, c->node, A_BETA, 1);
    EXPECT(c, F32, SHAPE(1, 3, 1), 1.0 / 6, 2.0 / 15, 3.0 / 14);
    APPLY(c, OP_LRN, FLOATS(c, SHAPE(1, 3, 1), 1, 2, 3)); /* an even size reaches one further behind */
    set_int(c->graph, c->node, A_SIZE, 2);
    set_float(c->graph, c->node, A_ALPHA, 2);
    set_float(c->graph, c->node, A_BETA, 1);
    EXPECT(c, F32, SHAPE(1, 3, 1), 1.0 / 6, 2.0 / 14, 3.0 / 10);
    APPLY(c, OP_LRN, FLOATS(c, SHAPE(1, 3, 1), 1, 2, 3));
    refused(c, "size 0");
}

static void batch_normalisation(void **state) {
    (void)state;
    Case *c = case_new();
    Value *x = FLOATS(c, SHAPE(1, 2, 2), 1, 2, 3, 4);
    APPLY(c, OP_BatchNormalization, x, FLOATS(c, SHAPE(2), 1, 2), FLOATS(c, SHAPE(2), 0, 1), FLOATS(c, SHAPE(2), 1, 3),
          FLOATS(c, SHAPE(2), 3, 0));
    set_float(c->graph, c->node, A_EPSILON, 1);
    EXPECT(c, F32, SHAPE(1, 2, 2), 0, 0.5, 1, 3);
    APPLY(c, OP_BatchNormalization, x, FLOATS(c, SHAPE(3), 1, 2, 3), FLOATS(c, SHAPE(2), 0, 1), FLOATS(c, SHAPE(2), 1, 3),
          FLOATS(c, SHAPE(2), 3, 0));
    refused(c, "input 1 is 3, but there are 2 channels");
}

/* Option A: every second pixel, whether the stride divides the plane or not, and zeros for the channels that are new. */
static void strided_padded_shortcuts(void **state) {
    (void)state;
    Case *c = case_new();
    Value *branch = ramp(c, F32, SHAPE(1, 3, 2, 2), -6, 1), *x = ramp(c, F32, SHAPE(1, 1, 3, 4), 0, 1);
    APPLY(c, OP_AddShortcut, branch, x);
    INTS(c, A_STRIDES, 2, 2);
    INTS(c, A_PADS, 1, 1);
    EXPECT(c, F32, SHAPE(1, 3, 2, 2), -6, -5, -4, -3, -2, 1, 8, 11, 2, 3, 4, 5);
    APPLY(c, OP_AddShortcut, branch, x);
    INTS(c, A_STRIDES, 2, 3);
    INTS(c, A_PADS, 0, 2);
    set_int(c->graph, c->node, A_ACTIVATION, ACT_RELU);
    EXPECT(c, F32, SHAPE(1, 3, 2, 2), 0, 0, 4, 8, 0, 0, 0, 1, 2, 3, 4, 5);
    Value *two = ramp(c, F32, SHAPE(2, 2, 1), 0, 1);
    APPLY(c, OP_AddShortcut, two, FLOATS(c, SHAPE(2, 1, 2), 10, 20, 30, 40));
    INTS(c, A_STRIDES, 5);
    INTS(c, A_PADS, 1, 0);
    EXPECT(c, F32, SHAPE(2, 2, 1), 0, 11, 2, 33);
    APPLY(c, OP_AddShortcut, branch, x);
    INTS(c, A_STRIDES, 1, 2);
    INTS(c, A_PADS, 1, 1);
    refused(c, "its shortcut 1x1x3x4, strided and padded, does not have the shape 1x3x2x2");
    const int64_t wrong[][4] = {{2, 2, 1, 2}, {2, 2, -1, 3}, {0, 2, 1, 1}, {2, 2, INT64_MAX, INT64_MAX}};
    for (int k = 0; k < 4; k++) {
        c = case_new();
        APPLY(c, OP_AddShortcut, ramp(c, F32, SHAPE(1, 3, 2, 2), 0, 1), ramp(c, F32, SHAPE(1, 1, 3, 4), 0, 1));
        INTS(c, A_STRIDES, wrong[k][0], wrong[k][1]);
        INTS(c, A_PADS, wrong[k][2], wrong[k][3]);
        refused(c, "its shortcut");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strided_padded_shortcuts),
        cmocka_unit_test(convolutions),
        cmocka_unit_test(convolution_axes_and_groups),
        cmocka_unit_test(convolution_epilogue),
        cmocka_unit_test(convolution_shapes_are_checked),
        cmocka_unit_test(window_extremes_are_refused),
        cmocka_unit_test(windows_reach),
        cmocka_unit_test(max_pools),
        cmocka_unit_test(max_pool_indices),
        cmocka_unit_test(average_pools),
        cmocka_unit_test(local_response_normalisation),
        cmocka_unit_test(batch_normalisation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
