/* The conversions of halves in runtime/ against those of ir/, whose tests know the formats: every half, and floats around each.
 */
#include "ir/tensor.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* ir/types.h has functions of these names. */
#define f16_to_f32 runtime_f16_to_f32
#define f32_to_f16 runtime_f32_to_f16
#define bf16_to_f32 runtime_bf16_to_f32
#define f32_to_bf16 runtime_f32_to_bf16
#include "runtime/bf16_to_f32.h"
#include "runtime/f16_to_f32.h"
#include "runtime/f32_to_bf16.h"
#include "runtime/f32_to_f16.h"
#include "runtime/f64_to_f32_odd.h"
#undef f16_to_f32
#undef f32_to_f16
#undef bf16_to_f32
#undef f32_to_bf16

static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Signalling NaNs may become quiet in between. */
static void assert_same(float a, float b) {
    if (isnan(a) || isnan(b))
        assert_true(isnan(a) && isnan(b) && signbit(a) == signbit(b));
    else
        assert_int_equal(bits_of(a), bits_of(b));
}

static void assert_narrowed(float value) {
    const uint16_t half = runtime_f32_to_f16(value), brain = runtime_f32_to_bf16(value);
    if (isnan(value)) {
        assert_true(isnan(f16_to_f32(half)) && isnan(bf16_to_f32(brain)));
        return;
    }
    assert_int_equal(half, f32_to_f16(value));
    assert_int_equal(brain, f32_to_bf16(value));
}

/* All floats whose upper half is given, as far as rounding can tell them apart. */
static void test_every_half(void **state) {
    (void)state;
    static const uint32_t low[] = {0,      1,      0x0fff, 0x1000, 0x1001, 0x1fff, 0x2000,
                                   0x3000, 0x7fff, 0x8000, 0x8001, 0xefff, 0xf000, 0xffff};
    for (uint32_t half = 0; half <= 0xffff; half++) {
        assert_same(runtime_f16_to_f32((uint16_t)half), f16_to_f32((uint16_t)half));
        assert_same(runtime_bf16_to_f32((uint16_t)half), bf16_to_f32((uint16_t)half));
        for (size_t k = 0; k < sizeof low / sizeof *low; k++) assert_narrowed(float_of(half << 16 | low[k]));
    }
}

/* A double near the middle between two halves is rounded once. */
static void test_doubles(void **state) {
    (void)state;
    Arena arena;
    arena_init(&arena, NULL);
    for (uint32_t half = 0; half < 0x7c00; half++)
        for (int step = -1; step <= 1; step++)
            for (int sign = -1; sign <= 1; sign += 2) {
                const double middle = ((double)f16_to_f32((uint16_t)half) + (double)f16_to_f32((uint16_t)(half + 1))) / 2;
                if (isinf(middle)) continue;
                Tensor value = {.type = F16, .shape = {.rank = 0}, .count = 1, .f = (double[]){sign * (middle + step * 0x1p-60)}};
                const uint16_t *expected = tensor_to_bytes(&arena, &value);
                assert_int_equal(runtime_f32_to_f16(f64_to_f32_odd(value.f[0])), *expected);
            }
    assert_same(f64_to_f32_odd(1e300), float_of(0x7f7fffff));
    assert_same(f64_to_f32_odd(-INFINITY), -INFINITY);
    assert_true(isnan(f64_to_f32_odd(NAN)));
    arena_free(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_half), cmocka_unit_test(test_doubles)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
