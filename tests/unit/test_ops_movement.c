#include "test_ops.h"

#include "ir/resize.h"

static void reshapes(void **state) {
    (void)state;
    Case *c = case_new();
    APPLY(c, OP_Reshape, ramp(c, I64, SHAPE(2, 3), 0, 1));
    INTS(c, A_SHAPE, 3, 1, 2);
    EXPECT(c, I64, SHAPE(3, 1, 2), 0, 1, 2, 3, 4, 5);
    APPLY(c, OP_Reshape, FLOATS(c, SHAPE(1, 1), 5));
    set_ints(c->graph, c->node, A_SHAPE, NULL, 0);
    EXPECT(c, F32, SCALAR, 5);
    APPLY(c, OP_Reshape, ramp(c, F32, SHAPE(2, 3), 0, 1));
    INTS(c, A_SHAPE, 4, 2);
    refused(c, "can't reshape 2x3 to 4x2");
    c = case_new();
    APPLY(c, OP_Reshape, ramp(c, F32, SHAPE(2, 3), 0, 1));
    INTS(c, A_SHAPE, -1, 2);
    refused(c, "impossible");
}

static void transposes(void **state) {
    (void)state;
    Case *c = case_new();
    Value *x = ramp(c, F32, SHAPE(1, 2, 3), 0, 1);
    APPLY(c, OP_Transpose, x);
    EXPECT(c, F32, SHAPE(3, 2, 1), 0, 3, 1, 4, 2, 5);
    APPLY(c, OP_Transpose, x);
    INTS(c, A_PERM, 1, 0, 2);
    EXPECT(c, F32, SHAPE(2, 1, 3), 0, 1, 2, 3, 4, 5);
    APPLY(c, OP_Transpose, x);
    INTS(c, A_PERM, 0, 0, 2);
    refused(c, "no permutation");
}

static void concatenations(void **state) {
    (void)state;
    Case *c = case_new();
    Value *a = ramp(c, F32, SHAPE(2, 1), 0, 1), *b = ramp(c, F32, SHAPE(2, 2), 10, 1);
    APPLY(c, OP_Concat, a, b, a);
    set_int(c->graph, c->node, A_AXIS, -1);
    EXPECT(c, F32, SHAPE(2, 4), 0, 10, 11, 0, 1, 12, 13, 1);
    APPLY(c, OP_Concat, a);
    EXPECT(c, F32, SHAPE(2, 1), 0, 1);
    APPLY(c, OP_Concat, a, b);
    set_int(c->graph, c->node, A_AXIS, 0);
    refused(c, "can't join 2x1 and 2x2 along axis 0");
}

static void slices(void **state) {
    (void)state;
    Case *c = case_new();
    Value *x = ramp(c, I32, SHAPE(3, 4), 0, 1);
    APPLY(c, OP_Slice, x);
    INTS(c, A_STARTS, 2, 1);
    INTS(c, A_STEPS, -2, 2);
    INTS(c, A_SIZES, 2, 2);
    EXPECT(c, I32, SHAPE(2, 2), 9, 11, 1, 3);
    APPLY(c, OP_Slice, x);
    INTS(c, A_STARTS, 3, 0);
    INTS(c, A_STEPS, 1, INT64_MAX);
    INTS(c, A_SIZES, 0, 1);
    assert_int_equal(shape_count(&result(c)->shape), 0);
    APPLY(c, OP_Slice, x);
    INTS(c, A_STARTS, 0, 2);
    INTS(c, A_STEPS, 1, 1);
    INTS(c, A_SIZES, 3, 3);
    refused(c, "takes 3 elements from 2 in steps of 1 out of 4 along axis 1");
    c = case_new();
    APPLY(c, OP_Slice, ramp(c, F32, SHAPE(4), 0, 1));
    INTS(c, A_STARTS, 0);
    INTS(c, A_STEPS, INT64_MAX);
    INTS(c, A_SIZES, 4);
    refused(c, "takes 4 elements");
}

static void gathers(void **state) {
    (void)state;
    Case *c = case_new();
    Value *x = ramp(c, F32, SHAPE(3, 2), 0, 1);
    APPLY(c, OP_Gather, x, CONSTANT(c, I64, SHAPE(2), -1, 0));
    EXPECT(c, F32, SHAPE(2, 2), 4, 5, 0, 1);
    APPLY(c, OP_Gather, x, CONSTANT(c, I32, SCALAR, 1));
    set_int(c->graph, c->node, A_AXIS, 1);
    EXPECT(c, F32, SHAPE(3), 1, 3, 5);
    APPLY(c, OP_Gather, x, FLOATS(c, SHAPE(1), 1));
    refused(c, "indices are f32");
}

static void expansions(void **state) {
    (void)state;
    Case *c = case_new();
    APPLY(c, OP_Expand, FLOATS(c, SHAPE(2, 1), 1, 2));
    INTS(c, A_SHAPE, 2, 2, 2);
    EXPECT(c, F32, SHAPE(2, 2, 2), 1, 1, 2, 2, 1, 1, 2, 2);
    APPLY(c, OP_Expand, FLOATS(c, SHAPE(2), 1, 2));
    INTS(c, A_SHAPE, 1);
    refused(c, "2 does not broadcast to 1");
    c = case_new();
    APPLY(c, OP_Reorder, FLOATS(c, SHAPE(2), 1, 2));
    set_int(c->graph, c->node, A_LAYOUT, LAYOUT_PLANAR);
    EXPECT(c, F32, SHAPE(2), 1, 2);
    case_end(c);
}

static void paddings(void **state) {
    (void)state;
    static const struct {
        const char *mode;
        double results[8];
    } rows[] = {
        {"constant", {0, 0, 0, 1, 2, 3, 0, 0}},
        {"edge", {1, 1, 1, 1, 2, 3, 3, 3}},
        {"reflect", {2, 3, 2, 1, 2, 3, 2, 1}},
        {"wrap", {1, 2, 3, 1, 2, 3, 1, 2}},
    };
    for (int i = 0; i < COUNT_OF(rows); i++) {
        Case *c = case_new();
        APPLY(c, OP_Pad, FLOATS(c, SHAPE(3), 1, 2, 3));
        INTS(c, A_PADS, 3, 2);
        set_string(c->graph, c->node, A_MODE, rows[i].mode);
        expect(result(c), F32, SHAPE(8), rows[i].results, 8);
        case_end(c);
    }
    Case *c = case_new();
    Value *x = ramp(c, I64, SHAPE(2, 3), 1, 1);
    APPLY(c, OP_Pad, x);
    INTS(c, A_PADS, 1, -1, 0, 1);
    set_int(c->graph, c->node, A_VALUE, 9);
    EXPECT(c, I64, SHAPE(3, 3), 9, 9, 9, 2, 3, 9, 5, 6, 9);
    APPLY(c, OP_Pad, x);
    INTS(c, A_PADS, 0, -2, 0, -2);
    refused(c, "can't pad 3 elements by -2 and -2");
    c = case_new();
    APPLY(c, OP_Pad, FLOATS(c, SHAPE(1), 1));
    INTS(c, A_PADS, 1, 1);
    set_string(c->graph, c->node, A_MODE, "mirror");
    refused(c, "unknown mode 'mirror'");
    c = case_new();
    APPLY(c, OP_Pad, FLOATS(c, SHAPE(1), 1));
    INTS(c, A_PADS, INT64_MAX, INT64_MAX);
    refused(c, "can't pad");
}

static Case *resize(const char *mode, const char *coordinates, Dtype type, int64_t in, int64_t out) {
    Case *c = case_new();
    APPLY(c, OP_Resize, ramp(c, type, SHAPE(1, 1, in), 0, 10));
    INTS(c, A_SHAPE, 1, 1, out);
    set_string(c->graph, c->node, A_MODE, mode);
    set_string(c->graph, c->node, A_COORDINATE_MODE, coordinates);
    return c;
}

static void nearest_resizes(void **state) {
    (void)state;
    static const struct {
        const char *rounding;
        double results[5];
    } rows[] = {
        /* coordinates 0, 0.5, 1, 1.5, 2 */
        {"round_prefer_floor", {0, 0, 10, 10, 20}},
        {"round_prefer_ceil", {0, 10, 10, 20, 20}},
        {"floor", {0, 0, 10, 10, 20}},
        {"ceil", {0, 10, 10, 20, 20}},
    };
    for (int i = 0; i < COUNT_OF(rows); i++) {
        Case *c = resize("nearest", "align_corners", I64, 3, 5);
        set_string(c->graph, c->node, A_NEAREST_MODE, rows[i].rounding);
        expect(result(c), I64, SHAPE(1, 1, 5), rows[i].results, 5);
        case_end(c);
    }
    Case *c = resize("nearest", "asymmetric", F32, 2, 4); /* Upsample */
    set_string(c->graph, c->node, A_NEAREST_MODE, "floor");
    EXPECT(c, F32, SHAPE(1, 1, 4), 0, 0, 10, 10);
    case_end(c);
    c = resize("nearest", "asymmetric", F32, 3, 2); /* coordinates 0 and 1.5 */
    set_string(c->graph, c->node, A_NEAREST_MODE, RESIZE_NEAREST_10);
    EXPECT(c, F32, SHAPE(1, 1, 2), 0, 20);
    case_end(c);
    c = resize("nearest", "asymmetric", F32, 2, 3); /* 0, 0.67 and 1.33 */
    set_string(c->graph, c->node, A_NEAREST_MODE, RESIZE_NEAREST_10);
    EXPECT(c, F32, SHAPE(1, 1, 3), 0, 0, 10);
    case_end(c);
    c = resize("nearest", "tf_half_pixel_for_nn", F32, 2, 4);
    set_string(c->graph, c->node, A_NEAREST_MODE, "floor");
    EXPECT(c, F32, SHAPE(1, 1, 4), 0, 0, 10, 10);
    case_end(c);
}

static void interpolating_resizes(void **state) {
    (void)state;
    Case *c = resize("linear", "half_pixel", F32, 2, 4);
    EXPECT(c, F32, SHAPE(1, 1, 4), 0, 2.5, 7.5, 10);
    case_end(c);
    c = resize("linear", "align_corners", F32, 2, 5);
    EXPECT(c, F32, SHAPE(1, 1, 5), 0, 2.5, 5, 7.5, 10);
    case_end(c);
    c = resize("linear", "pytorch_half_pixel", F32, 2, 1);
    EXPECT(c, F32, SHAPE(1, 1, 1), 0);
    case_end(c);
    c = resize("cubic", "pytorch_half_pixel", F32, 3, 1); /* coordinate 0 */
    EXPECT(c, F32, SHAPE(1, 1, 1), 0);
    case_end(c);
    c = resize("linear", "align_corners", F32, 3, 4); /* 3 by 1.5 is 4, and its last pixel stands on the input's */
    resize_set_scales(c->graph, c->node, (const double[]){1, 1, 1.5}, 3);
    EXPECT(c, F32, SHAPE(1, 1, 4), 0, 20.0 / 3, 40.0 / 3, 20);
    case_end(c);
    c = resize("linear", "half_pixel", F32, 3, 3); /* what keeps its size is copied, whatever the scale */
    resize_set_scales(c->graph, c->node, (const double[]){1, 1, 1.25}, 3);
    EXPECT(c, F32, SHAPE(1, 1, 3), 0, 10, 20);
    case_end(c);
    c = resize("linear", "half_pixel", U8, 2, 4); /* integers are cut off */
    EXPECT(c, U8, SHAPE(1, 1, 4), 0, 2, 7, 10);
    case_end(c);
    c = resize("linear", "half_pixel", F32, 4, 2);
    set_int(c->graph, c->node, A_ANTIALIAS, 1);
    EXPECT(c, F32, SHAPE(1, 1, 2), 6.25, 23.75);
    case_end(c);
    c = resize("cubic", "half_pixel", F32, 4, 2);
    EXPECT(c, F32, SHAPE(1, 1, 2), 4.0625, 25.9375);
    case_end(c);
    c = resize("cubic", "half_pixel", F32, 4, 2);
    set_int(c->graph, c->node, A_EXCLUDE_OUTSIDE, 1);
    set_float(c->graph, c->node, A_CUBIC_COEFF_A, -0.5);
    EXPECT(c, F32, SHAPE(1, 1, 2), 4.117647059, 25.882352941);
    case_end(c);
}

static void resize_regions(void **state) {
    (void)state;
    Case *c = resize("linear", "tf_crop_and_resize", F32, 4, 3);
    resize_set_roi(c->graph, c->node, (const double[]){0, 0, 0.5, 1, 1, 1.5}, 6);
    set_float(c->graph, c->node, A_EXTRAPOLATION_VALUE, -1);
    EXPECT(c, F32, SHAPE(1, 1, 3), 15, 30, -1);
    case_end(c);
    c = resize("linear", "half_pixel", F32, 3, 4);
    resize_set_scales(c->graph, c->node, (const double[]){1, 1, 1.5}, 3);
    assert_true(resize_scale(c->node, 2) == 1.5);
    EXPECT(c, F32, SHAPE(1, 1, 4), 0, 5, 35.0 / 3, 55.0 / 3);
    case_end(c);
}

static void resize_tables(void **state) {
    (void)state;
    Case *c = resize("linear", "half_pixel", F32, 2, 4);
    ResizeTaps taps;
    assert_true(node_infer(c->graph, c->node));
    assert_true(resize_taps(c->node, 0, &c->arena, &taps));
    assert_true(taps.identity && taps.taps == 1 && taps.index[0] == 0 && taps.weight[0] == 1);
    assert_true(resize_taps(c->node, 2, &c->arena, &taps));
    assert_false(taps.identity);
    assert_int_equal(taps.taps, 2);
    assert_int_equal(taps.out, 4);
    assert_null(taps.outside);
    for (int i = 0; i < 8; i++) assert_true(taps.index[i] >= 0 && taps.index[i] < 2);
    case_end(c);
}

static void resizes_are_checked(void **state) {
    (void)state;
    Case *c = resize("bilinear", "half_pixel", F32, 2, 4);
    refused(c, "unknown mode 'bilinear'");
    c = resize("linear", "half_pixels", F32, 2, 4);
    refused(c, "unknown coordinate_transformation_mode 'half_pixels'");
    c = resize("linear", "half_pixel", F32, 2, 4);
    resize_set_scales(c->graph, c->node, (const double[]){1, 1, NAN}, 3);
    refused(c, "scale nan");
    c = resize("linear", "half_pixel", F32, 2, 4);
    resize_set_scales(c->graph, c->node, (const double[]){1, 1, 1e-30}, 3);
    refused(c, "don't fit");
    c = resize("linear", "half_pixel", F32, 2, 4);
    INTS(c, A_SHAPE, 1, 4);
    refused(c, "has 2 sizes");
    c = resize("linear", "half_pixel", F32, 2, -4);
    refused(c, "can't resize 2 elements to -4");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reshapes),       cmocka_unit_test(transposes),      cmocka_unit_test(concatenations),
        cmocka_unit_test(slices),         cmocka_unit_test(gathers),         cmocka_unit_test(expansions),
        cmocka_unit_test(paddings),       cmocka_unit_test(nearest_resizes), cmocka_unit_test(interpolating_resizes),
        cmocka_unit_test(resize_regions), cmocka_unit_test(resize_tables),   cmocka_unit_test(resizes_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
