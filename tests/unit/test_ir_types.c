#include "test_ops.h"

static int64_t count(Shape shape) {
    return shape_count(&shape);
}
static int64_t product(Shape shape, int from, int to) {
    return shape_product(&shape, from, to);
}
static bool broadcast(Shape a, Shape b, Shape *result) {
    return shape_broadcast(&a, &b, result);
}

static void counts_are_checked(void **state) {
    (void)state;
    int64_t result;
    assert_true(checked_mul(3, 4, &result));
    assert_int_equal(result, 12);
    assert_false(checked_mul(INT64_MAX, 2, &result));
    assert_false(checked_mul(-1, 2, &result));
    assert_false(checked_add(INT64_MAX, 1, &result));
    assert_int_equal(count(SHAPE(2, 3, 4)), 24);
    assert_int_equal(count(SHAPE(2, 0, 4)), 0);
    assert_int_equal(count(SHAPE(2, -3)), -1);
    assert_int_equal(count(SHAPE(INT64_MAX, INT64_MAX)), -1);
    assert_int_equal(count(SHAPE(0, INT64_MAX, INT64_MAX)), -1); /* partial products must fit, too */
    assert_int_equal(count(SHAPE((int64_t)1 << 40)), (int64_t)1 << 40);
    assert_int_equal(count(SHAPE(((int64_t)1 << 40) + 1)), -1);
    Shape scalar = SCALAR;
    assert_int_equal(shape_count(&scalar), 1);
}

static void shapes_broadcast(void **state) {
    (void)state;
    Shape result;
    char text[64];
    assert_true(broadcast(SHAPE(2, 1, 4), SHAPE(3, 1), &result));
    assert_string_equal(shape_text(&result, text, sizeof text), "2x3x4");
    assert_true(broadcast(SHAPE(1), SHAPE(0), &result));
    assert_int_equal(result.dim[0], 0);
    assert_false(broadcast(SHAPE(2), SHAPE(3), &result));
    assert_false(broadcast(SHAPE(2), SHAPE(0), &result));
    Shape scalar = SCALAR;
    assert_string_equal(shape_text(&scalar, text, sizeof text), "scalar");
    assert_int_equal(product(SHAPE(2, 3, 4), 1, 3), 12);
    char small[4];
    Shape wide = SHAPE(100, 200);
    assert_string_equal(shape_text(&wide, small, sizeof small), "100");
}

/* Every half that is no NaN survives the way there and back. */
static void halves_round_trip(void **state) {
    (void)state;
    for (unsigned bits = 0; bits < 0x10000; bits++) {
        float wide = f16_to_f32((uint16_t)bits), brain = bf16_to_f32((uint16_t)bits);
        if (!isnan(wide)) assert_int_equal(f32_to_f16(wide), bits);
        if (!isnan(brain)) assert_int_equal(f32_to_bf16(brain), bits);
    }
    assert_true(isnan(f16_to_f32(f32_to_f16(NAN))));
    assert_true(isnan(bf16_to_f32(f32_to_bf16(NAN))));
}

static void halves_round_to_nearest_even(void **state) {
    (void)state;
    assert_int_equal(f32_to_f16(1.0f + 0x1p-11f), 0x3c00);     /* tie to even, down */
    assert_int_equal(f32_to_f16(1.0f + 3 * 0x1p-11f), 0x3c02); /* tie to even, up */
    assert_int_equal(f32_to_f16(65519.996f), 0x7bff);
    assert_int_equal(f32_to_f16(65520.0f), 0x7c00);
    assert_int_equal(f32_to_f16(0x1p-25f), 0);
    assert_int_equal(f32_to_f16(-0x1.8p-25f), 0x8001);
    assert_int_equal(f32_to_bf16(1.0f + 0x1p-8f), 0x3f80);
    assert_int_equal(f32_to_bf16(3.4e38f), 0x7f80);
}

static void tensors_round_once(void **state) {
    (void)state;
    Case *c = case_new();
    Tensor *tensor = tensor_new(&c->arena, F16, SHAPE(4));
    tensor->f[0] = 1 + 0x1p-11 + 0x1p-40; /* a way over f32 would round to the tie first, then down */
    tensor->f[1] = 65519.99999;
    tensor->f[2] = 0x1p-25 + 0x1p-60;
    tensor->f[3] = -1e30;
    const uint16_t *bits = tensor_to_bytes(&c->arena, tensor);
    assert_int_equal(bits[0], 0x3c01);
    assert_int_equal(bits[1], 0x7bff);
    assert_int_equal(bits[2], 1);
    assert_int_equal(bits[3], 0xfc00);
    tensor_round(tensor);
    assert_true(tensor->f[0] == 1 + 0x1p-10);
    Tensor *whole = tensor_new(&c->arena, U8, SHAPE(2));
    whole->i[0] = 257;
    whole->i[1] = -1;
    tensor_round(whole);
    assert_int_equal(whole->i[0], 1);
    assert_int_equal(whole->i[1], 255);
    case_end(c);
}

static void arena_serves_zeroed_aligned_memory(void **state) {
    (void)state;
    Arena arena;
    arena_init(&arena, NULL);
    char *kept = arena_printf(&arena, "%s-%d", "kept", 7);
    for (size_t size = 1; size < ((size_t)1 << 22); size = size * 3 + 1) {
        unsigned char *memory = arena_alloc(&arena, size, 1);
        assert_int_equal((uintptr_t)memory % 64, 0);
        for (size_t i = 0; i < size; i += 97) assert_int_equal(memory[i], 0);
        memset(memory, 255, size);
    }
    assert_string_equal(kept, "kept-7");
    assert_string_equal(arena_strndup(&arena, "abcdef", 3), "abc");
    arena_free(&arena);
}

static void arena_reports_exhaustion(void **state) {
    (void)state;
    Arena arena;
    jmp_buf exhausted;
    volatile int caught = 0;
    arena_init(&arena, &exhausted);
    if (!setjmp(exhausted))
        arena_alloc(&arena, SIZE_MAX / 2, 4);
    else
        caught++;
    if (!setjmp(exhausted))
        arena_alloc(&arena, SIZE_MAX - 8, 1);
    else
        caught++;
    assert_int_equal(caught, 2);
    arena_free(&arena);
}

static void diagnostics_keep_the_first_failure(void **state) {
    (void)state;
    Diag diag = {0};
    assert_false(fail_at(&diag, STATUS_INVALID, "conv1", "Conv", "bad %d", 1));
    assert_false(fail(&diag, STATUS_FILE, "second"));
    assert_int_equal(diag.status, STATUS_INVALID);
    assert_string_equal(diag.where, "node 'conv1' (Conv)");
    assert_string_equal(diag.text, "bad 1");
    for (int i = 0; i < 40; i++) note(&diag, "note %d", i / 2);
    assert_int_equal(diag.note_count, DIAG_NOTES);
    assert_string_equal(diag.notes[1], "note 1");
    Diag nameless = {0};
    fail_at(&nameless, STATUS_INVALID, "", "Relu", "x");
    assert_string_equal(nameless.where, "a Relu node");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_checked),       cmocka_unit_test(shapes_broadcast),
        cmocka_unit_test(halves_round_trip),        cmocka_unit_test(halves_round_to_nearest_even),
        cmocka_unit_test(tensors_round_once),       cmocka_unit_test(arena_serves_zeroed_aligned_memory),
        cmocka_unit_test(arena_reports_exhaustion), cmocka_unit_test(diagnostics_keep_the_first_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
