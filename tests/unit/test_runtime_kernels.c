/* The kernels of runtime/ against plain loops. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/clip.h"
#include "runtime/clip_f64.h"
#include "runtime/divide_i32.h"
#include "runtime/divide_i64.h"
#include "runtime/float_to_i64.h"
#include "runtime/float_to_u64.h"
#include "runtime/floored_mod.h"
#include "runtime/gather_index.h"
#include "runtime/hard_swish.h"
#include "runtime/leaky_relu.h"
#include "runtime/long_sum.h"
#include "runtime/lrn.h"
#include "runtime/matmul.h"
#include "runtime/max_pool_indices.h"
#include "runtime/maximum.h"
#include "runtime/minimum.h"
#include "runtime/pool_planes.h"
#include "runtime/power_i64.h"
#include "runtime/relu.h"
#include "runtime/remainder_i64.h"
#include "runtime/resize_blocked.h"
#include "runtime/resize_planar.h"
#include "runtime/saturate.h"
#include "runtime/sigmoid.h"
#include "runtime/softmax_columns.h"
#include "runtime/softmax_rows.h"
#include "runtime/softmax_short_rows.h"
#include "runtime/sum.h"
#include "runtime/tanh.h"
#include "runtime/to_blocked.h"
#include "runtime/to_planar.h"
#include "runtime/vec_elu.h"
#include "runtime/vec_first.h"

enum { LENGTH = 2 * 32 * 9 * 11 };

/* Repeatable numbers between -2 and 2. */
static void fill(float *x, size_t count) {
    uint32_t state = 12345;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        x[i] = (float)(state >> 8) / 4194304.0f - 2.0f;
    }
}

static void assert_near(double actual, double expected, double tolerance) {
    if (fabs(actual - expected) > tolerance * (1 + fabs(expected))) fail_msg("%.9g is not %.9g", actual, expected);
}

static void activations_agree_with_their_formulas(void **state) {
    (void)state;
    for (float x = -4; x <= 4; x += 0.25f) {
        double d = (double)x, line = d / 6 + 0.5;
        assert_near((double)relu(x), d < 0 ? 0 : d, 0);
        assert_near((double)leaky_relu(x, 0.25f), d < 0 ? d / 4 : d, 0);
        assert_near((double)clip(x, -1, 2), d < -1 ? -1 : d > 2 ? 2 : d, 0);
        assert_near((double)sigmoid_f32(x), 1 / (1 + exp(-d)), 2e-7);
        assert_near((double)tanh_f32(x), tanh(d), 2e-7);
        assert_near((double)vec_first(vec_elu(vec_set(x), 2)), d < 0 ? 2 * expm1(d) : d, 1e-6);
        assert_near((double)hard_swish(x), d * (line < 0 ? 0 : line > 1 ? 1 : line), 1e-6);
    }
}

static void nan_passes_through(void **state) {
    (void)state;
    assert_true(isnan(relu(NAN)) && isnan(clip(NAN, 0, 1)) && isnan(clip_f64((double)NAN, 0, 1)) &&
                isnan(hard_sigmoid(NAN, 1, 0)));
    assert_true(isnan(minimum(NAN, 1)) && isnan(minimum(1, NAN)) && isnan(maximum(NAN, 1)) && isnan(maximum(1, NAN)));
}

static void the_upper_bound_of_clip_wins(void **state) {
    (void)state;
    assert_true(clip(0, 2, 1) == 1 && clip_f64(5, 2, 1) == 1);
    assert_true(minimum(1, 2) == 1 && maximum(1, 2) == 2);
}

static void integers_never_trap(void **state) {
    (void)state;
    assert_int_equal(divide_i32(-7, 2), -3);
    assert_int_equal(divide_i32(7, 0), 0);
    assert_int_equal(divide_i32(INT32_MIN, -1), INT32_MIN);
    assert_true(divide_i64(INT64_MIN, -1) == INT64_MIN && divide_i64(1, 0) == 0 && divide_i64(9, -2) == -4);
    for (int64_t a = -9; a <= 9; a++)
        for (int64_t b = -4; b <= 4; b++) {
            const int64_t rest = remainder_i64(a, b, 0), floored = remainder_i64(a, b, 1);
            assert_true(b ? rest == a % b : rest == 0 && floored == 0);
            if (b) assert_true(floored * b >= 0 && floored * floored < b * b && (a - floored) % b == 0);
        }
    assert_true(remainder_i64(INT64_MIN, -1, 0) == 0 && remainder_i64(INT64_MIN, -1, 1) == 0);
    assert_true(power_i64(3, 4) == 81 && power_i64(-1, -3) == -1 && power_i64(2, -1) == 0 && power_i64(7, 0) == 1);
}

static void floored_remainders_have_the_divisors_sign(void **state) {
    (void)state;
    assert_true(floored_mod(-7.5, 2) == 0.5 && floored_mod(7.5, -2) == -0.5 && floored_mod(-7.5, -2) == -1.5);
    assert_true(signbit(floored_mod(6, -2)) && !signbit(floored_mod(-6, 2)));
    assert_true(isinf(floored_mod(-3, (double)INFINITY)) && isnan(floored_mod(1, 0)) && isnan(floored_mod((double)INFINITY, 2)));
}

static void conversions_saturate(void **state) {
    (void)state;
    assert_true(float_to_i64(-1.9) == -1 && float_to_i64(1e30) == INT64_MAX && float_to_i64(-1e30) == INT64_MIN);
    assert_true(float_to_u64(-5) == 0 && float_to_u64(1e30) == UINT64_MAX && float_to_u64(9.5e18) == 9500000000000000000u);
    assert_true(saturate(300, -128, 127) == 127 && saturate(-300, -128, 127) == -128);
    assert_true(float_to_i64((double)NAN) == 0 && float_to_u64((double)NAN) == 0 && saturate((double)NAN, 1, 2) == 0);
}

static void gathered_indices_stay_inside(void **state) {
    (void)state;
    assert_int_equal(gather_index(-1, 5), 4);
    assert_int_equal(gather_index(3, 5), 3);
    assert_int_equal(gather_index(99, 5), 4);
    assert_int_equal(gather_index(INT64_MIN, 5), 0);
}

static void sum_adds_everything(void **state) {
    (void)state;
    float x[100];
    fill(x, 100);
    for (size_t count = 0; count <= 100; count++) {
        double expected = 0;
        for (size_t i = 0; i < count; i++) expected += (double)x[i];
        assert_near((double)sum(x, count), expected, 1e-5);
    }
    /* 2^24 + 1 is no float: one sum would stay at 2^24, and so would sixteen */
    enum { MANY = 1 << 16 };
    float *small = malloc(MANY * sizeof *small);
    struct long_sum total = {0.0f, 0.0f, 0};
    assert_non_null(small);
    for (size_t i = 0; i < MANY; i++) small[i] = 1.0f;
    small[0] = 33554432.0f;
    for (size_t i = 0; i < MANY; i++) long_sum_add(&total, small[i]);
    assert_near((double)sum(small, MANY), 33554432.0 + MANY - 1, 1e-5);
    assert_near((double)long_sum_total(&total), 33554432.0 + MANY - 1, 1e-5);
    free(small);
}

static void reordering_there_and_back_is_identity(void **state) {
    (void)state;
    float x[LENGTH], blocked[LENGTH], back[LENGTH];
    fill(x, LENGTH);
    to_blocked(x, blocked, 4, 99);
    assert_true(blocked[99 * 16 + 16 * 5 + 3] == x[(16 + 3) * 99 + 5]);
    to_planar(blocked, back, 4, 99);
    assert_memory_equal(x, back, sizeof x);
}

static const struct pool windows[] = {
    {.planes = 64,
     .in = {1, 9, 11},
     .out = {1, 5, 6},
     .kernel = {1, 3, 3},
     .stride = {1, 2, 2},
     .dilation = {1, 1, 1},
     .begin = {0, 1, 1},
     .end = {0, 1, 1}},
    {.planes = 64,
     .in = {1, 9, 11},
     .out = {1, 4, 8},
     .kernel = {1, 3, 2},
     .stride = {1, 2, 1},
     .dilation = {1, 2, 3},
     .begin = {0, 2, 0},
     .end = {0, 0, 0}},
    {.planes = 64,
     .in = {1, 9, 11},
     .out = {1, 1, 1},
     .kernel = {1, 9, 11},
     .stride = {1, 1, 1},
     .dilation = {1, 1, 1},
     .begin = {0, 0, 0},
     .end = {0, 0, 0}},
    {.planes = 64,
     .in = {3, 3, 11},
     .out = {2, 2, 4},
     .kernel = {2, 2, 4},
     .stride = {1, 1, 3},
     .dilation = {1, 1, 1},
     .begin = {0, 0, 1},
     .end = {0, 0, 2}},
};

typedef struct {
    double most, total;
    int64_t at, taps, padded;
} Expected;

static Expected plain_pool(const struct pool *p, const float *x, int plane, const int *o) {
    Expected expected = {.most = -(double)INFINITY};
    for (int kz = 0; kz < p->kernel[0]; kz++)
        for (int ky = 0; ky < p->kernel[1]; ky++)
            for (int kx = 0; kx < p->kernel[2]; kx++) {
                const int k[3] = {kz, ky, kx};
                int64_t at = plane, inside = 1, padded = 1;
                for (int i = 0; i < 3; i++) {
                    int c = o[i] * p->stride[i] - p->begin[i] + k[i] * p->dilation[i];
                    inside = inside && c >= 0 && c < p->in[i];
                    padded = padded && c < p->in[i] + p->end[i];
                    at = at * p->in[i] + c;
                }
                expected.padded += padded;
                if (!inside) continue;
                expected.taps++;
                expected.total += (double)x[at];
                if ((double)x[at] > expected.most) {
                    expected.most = (double)x[at];
                    expected.at = at;
                }
            }
    return expected;
}

static void check_pool(const struct pool *p) {
    float x[LENGTH], blocked[LENGTH], most[LENGTH], lanes[LENGTH], lanes_back[LENGTH], mean[LENGTH], padded[LENGTH],
        found[LENGTH];
    int64_t indices[LENGTH];
    struct pool blocks = *p;
    blocks.planes = p->planes / 16;
    size_t pixels = (size_t)(p->out[0] * p->out[1] * p->out[2]);
    fill(x, LENGTH);
    to_blocked(x, blocked, 4, 99);
    pool_planes(p, x, most, 1, POOL_MAX);
    max_pool_indices(p, x, found, indices, 0);
    pool_planes(&blocks, blocked, lanes, 16, POOL_MAX);
    to_planar(lanes, lanes_back, 4, pixels);
    pool_planes(p, x, mean, 1, POOL_AVERAGE);
    pool_planes(p, x, padded, 1, POOL_AVERAGE_PADDED);
    for (size_t i = 0; i < 64 * pixels; i++) {
        int at = (int)(i % pixels);
        int o[3] = {at / (p->out[1] * p->out[2]), at / p->out[2] % p->out[1], at % p->out[2]};
        Expected expected = plain_pool(p, x, (int)(i / pixels), o);
        assert_true((double)most[i] == expected.most && most[i] == found[i] && most[i] == lanes_back[i]);
        assert_int_equal(indices[i], expected.at);
        assert_near((double)mean[i], expected.total / (double)expected.taps, 1e-5);
        assert_near((double)padded[i], expected.total / (double)expected.padded, 1e-5);
    }
    pool_planes(&blocks, blocked, lanes, 16, POOL_AVERAGE_PADDED);
    to_planar(lanes, lanes_back, 4, pixels);
    assert_memory_equal(lanes_back, padded, 64 * pixels * sizeof *padded);
}

static void pools_agree_with_plain_loops(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof windows / sizeof *windows; k++) check_pool(&windows[k]);
}

/* Windows wholly in the padding, on either side or around the input, included. */
static void window_taps_are_those_inside(void **state) {
    (void)state;
    for (int size = 1; size < 6; size++)
        for (int taps = 1; taps < 5; taps++)
            for (int dilation = 1; dilation < 4; dilation++)
                for (int start = -15; start < 10; start++) {
                    int first = 0, count = 0;
                    for (int k = taps - 1; k >= 0; k--) {
                        int at = start + k * dilation;
                        if (at < 0 || at >= size) continue;
                        first = k;
                        count++;
                    }
                    const struct window_taps found = window_taps(start, dilation, taps, size);
                    assert_int_equal(found.count, count);
                    assert_int_equal(found.first, first);
                    assert_int_equal(found.at, count ? start + first * dilation : 0);
                }
}

static void pool_indices_can_be_column_major(void **state) {
    (void)state;
    const struct pool p = {
        .planes = 2, .in = {1, 2, 3}, .out = {1, 1, 1}, .kernel = {1, 2, 3}, .stride = {1, 1, 1}, .dilation = {1, 1, 1}};
    const float x[12] = {0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 9, 0};
    int64_t indices[2];
    max_pool_indices(&p, x, NULL, indices, 1);
    assert_int_equal(indices[0], 4);
    assert_int_equal(indices[1], 6 + 3);
}

/* Of one axis of [outer][count][inner]: the kernel that lower_softmax.c chooses. */
static void softmax(const float *x, float *y, size_t outer, size_t count, size_t inner, int logarithm) {
    if (inner > 1)
        softmax_columns(x, y, outer, count, inner, logarithm);
    else if (count > SOFTMAX_SHORT_ROW)
        softmax_rows(x, y, outer, count, logarithm);
    else
        softmax_short_rows(x, y, outer, count, logarithm);
}

static const struct {
    size_t outer, count, inner;
} softmaxes[] = {{2, 7, 3},  {1, 3, 16}, {2, 5, 37}, {1, 1, 1},    {5, 2, 1},  {37, 9, 1},
                 {1, 32, 1}, {3, 33, 1}, {2, 64, 1}, {1, 4099, 1}, {1, 700, 5}};

static void softmax_sums_to_one(void **state) {
    (void)state;
    enum { MOST = 4099 };
    float x[MOST], y[MOST], logs[MOST];
    for (size_t s = 0; s < sizeof softmaxes / sizeof *softmaxes; s++) {
        const size_t outer = softmaxes[s].outer, count = softmaxes[s].count, inner = softmaxes[s].inner;
        fill(x, outer * count * inner);
        x[0] = 800; /* exp of it overflows */
        softmax(x, y, outer, count, inner, 0);
        softmax(x, logs, outer, count, inner, 1);
        for (size_t o = 0; o < outer; o++)
            for (size_t i = 0; i < inner; i++) {
                double total = 0, most = -INFINITY, power = 0;
                for (size_t k = 0; k < count; k++) most = fmax(most, (double)x[(o * count + k) * inner + i]);
                for (size_t k = 0; k < count; k++) power += exp((double)x[(o * count + k) * inner + i] - most);
                for (size_t k = 0; k < count; k++) {
                    size_t at = (o * count + k) * inner + i;
                    double shifted = (double)x[at] - most;
                    assert_near((double)y[at], exp(shifted) / power, 5e-7);
                    assert_near((double)logs[at], shifted - log(power), 5e-7);
                    total += (double)y[at];
                }
                assert_near(total, 1, 1e-6);
            }
    }
}

/* -infinity is a class that can't be; NaN and +infinity leave their vector no meaning, and no other. */
static void softmax_of_special_values(void **state) {
    (void)state;
    enum { ROWS = 5, MOST = 100 };
    const size_t counts[] = {3, 17, 40, MOST};
    for (size_t c = 0; c < 4; c++)
        for (int columns = 0; columns < 2; columns++) {
            const size_t count = counts[c], step = columns ? ROWS : 1, next = columns ? 1 : count;
            float x[ROWS * MOST], y[ROWS * MOST], logs[ROWS * MOST];
            fill(x, ROWS * count);
            x[step] = -INFINITY;           /* row 0 */
            x[next + 2 * step] = INFINITY; /* row 1 */
            x[2 * next + step] = NAN;      /* row 2 */
            for (size_t k = 0; k < count; k++) x[3 * next + k * step] = -INFINITY;
            softmax(x, y, columns ? 1 : ROWS, count, step, 0);
            softmax(x, logs, columns ? 1 : ROWS, count, step, 1);
            for (size_t row = 0; row < ROWS; row++)
                for (size_t k = 0; k < count; k++) {
                    const float power = y[row * next + k * step], log_power = logs[row * next + k * step];
                    if (row == 0 && k == 1)
                        assert_true(power == 0 && isinf(log_power) && log_power < 0);
                    else if (row == 1 || row == 2 || row == 3)
                        assert_true(isnan(power) && isnan(log_power));
                    else
                        assert_true(power > 0 && power < 1 && log_power < 0);
                }
        }
}

static void lrn_normalises_over_neighbours(void **state) {
    (void)state;
    enum { CHANNELS = 6, PIXELS = 5 };
    float x[2 * CHANNELS * PIXELS], y[2 * CHANNELS * PIXELS];
    const struct lrn p = {
        .images = 2, .channels = CHANNELS, .size = 4, .pixels = PIXELS, .alpha = 0.5f, .beta = 0.75f, .bias = 2.0f};
    fill(x, 2 * CHANNELS * PIXELS);
    lrn(&p, x, y);
    for (int n = 0; n < 2; n++)
        for (int c = 0; c < CHANNELS; c++)
            for (int i = 0; i < PIXELS; i++) {
                double squares = 0;
                for (int w = c - 1; w <= c + 2; w++) {
                    if (w < 0 || w >= CHANNELS) continue;
                    double v = (double)x[(n * CHANNELS + w) * PIXELS + i];
                    squares += v * v;
                }
                int at = (n * CHANNELS + c) * PIXELS + i;
                assert_near((double)y[at], (double)x[at] / pow(2 + 0.5 / 4 * squares, 0.75), 1e-6);
            }
}

static void check_matmul(int transposed) {
    enum { ROWS = 5, DEPTH = 7, COLUMNS = 37 };
    float a[ROWS * DEPTH], b[DEPTH * COLUMNS], y[ROWS * COLUMNS];
    fill(a, ROWS * DEPTH);
    fill(b, DEPTH * COLUMNS);
    for (int i = 0; i < ROWS * COLUMNS; i++) y[i] = 1;
    const struct matmul g = {.rows = ROWS,
                             .columns = COLUMNS,
                             .depth = DEPTH,
                             .a_row = transposed ? 1 : DEPTH,
                             .a_column = transposed ? ROWS : 1,
                             .b_row = transposed ? 1 : COLUMNS,
                             .b_column = transposed ? DEPTH : 1,
                             .alpha = 0.5f};
    matmul(&g, a, b, y);
    for (size_t m = 0; m < ROWS; m++)
        for (size_t n = 0; n < COLUMNS; n++) {
            double total = 0;
            for (size_t k = 0; k < DEPTH; k++)
                total += (double)a[m * g.a_row + k * g.a_column] * (double)b[k * g.b_row + n * g.b_column];
            assert_near((double)y[m * COLUMNS + n], 1 + total / 2, 1e-5);
        }
}

static void matmul_adds_scaled_products(void **state) {
    (void)state;
    check_matmul(0);
    check_matmul(1);
}

/* Two blocks of 3x5 pixels to 7x21, with two taps or one: both layouts, and the definition. */
static void resizing_agrees_with_its_definition(void **state) {
    (void)state;
    enum { IN = 15, OUT = 7 * 21, CHANNELS = 32 };
    static float in[CHANNELS * IN], blocked_in[CHANNELS * IN], out[CHANNELS * OUT], blocked_out[CHANNELS * OUT],
        unblocked[CHANNELS * OUT];
    static float scratch[3 * 21];
    int32_t row[14], column[42];
    float row_weight[14], column_weight[42];
    fill(in, CHANNELS * IN);
    fill(row_weight, 14);
    fill(column_weight, 42);
    to_blocked(in, blocked_in, 2, IN);
    for (int k = 0; k < 14; k++) row[k] = k * 5 % 3;
    for (int k = 0; k < 42; k++) column[k] = k * 7 % 5;
    for (int taps = 1; taps <= 2; taps++) {
        const struct resize_tables t = {row, column, taps == 2 ? row_weight : NULL, taps == 2 ? column_weight : NULL};
        const struct resize planar = {CHANNELS, 3, 5, 7, 21, taps, taps}, blocked = {2, 3, 5, 7, 21, taps, taps};
        resize_planar(&planar, &t, in, out, scratch);
        resize_blocked(&blocked, &t, blocked_in, blocked_out);
        to_planar(blocked_out, unblocked, 2, OUT);
        assert_memory_equal(out, unblocked, sizeof out);
        for (int k = 0; k < CHANNELS * OUT; k++) {
            double sum = 0;
            int y = k % OUT / 21 * taps, x = k % 21 * taps;
            for (int s = y; s < y + taps; s++)
                for (int c = x; c < x + taps; c++)
                    sum += (taps == 2 ? (double)row_weight[s] * (double)column_weight[c] : 1) *
                           (double)in[k / OUT * IN + row[s] * 5 + column[c]];
            assert_near((double)out[k], sum, 1e-6);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activations_agree_with_their_formulas),
        cmocka_unit_test(resizing_agrees_with_its_definition),
        cmocka_unit_test(nan_passes_through),
        cmocka_unit_test(the_upper_bound_of_clip_wins),
        cmocka_unit_test(integers_never_trap),
        cmocka_unit_test(floored_remainders_have_the_divisors_sign),
        cmocka_unit_test(conversions_saturate),
        cmocka_unit_test(gathered_indices_stay_inside),
        cmocka_unit_test(sum_adds_everything),
        cmocka_unit_test(reordering_there_and_back_is_identity),
        cmocka_unit_test(pools_agree_with_plain_loops),
        cmocka_unit_test(window_taps_are_those_inside),
        cmocka_unit_test(pool_indices_can_be_column_major),
        cmocka_unit_test(softmax_sums_to_one),
        cmocka_unit_test(softmax_of_special_values),
        cmocka_unit_test(lrn_normalises_over_neighbours),
        cmocka_unit_test(matmul_adds_scaled_products),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
