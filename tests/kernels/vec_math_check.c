/* Runs the vector functions of runtime/ over their whole range against the C library's in double, and prints a hash of all result
 * bits. */
#include "runtime/clip.h"
#include "runtime/conv_scale.h"
#include "runtime/product.h"
#include "runtime/sigmoid.h"
#include "runtime/tanh.h"
#include "runtime/vec_elu.h"
#include "runtime/vec_first.h"
#include "runtime/vec_gelu.h"
#include "runtime/vec_log.h"
#include "runtime/vec_mish.h"
#include "runtime/vec_sin_cos.h"
#include "runtime/vec_softplus.h"
#include "runtime/vec_softsign.h"
#include "runtime/vec_swish.h"
#include "runtime/vec_thresholded_relu.h"
#include "tests/kernels/check.h"

#include <math.h>
#include <stdio.h>

typedef vec function(vec x);

static double sigmoid_f64(double x) {
    return 1 / (1 + exp(-x));
}
static vec exp_lanes(vec x) {
    return vec_exp(x);
}
static vec sigmoid_lanes(vec x) {
    return vec_sigmoid(x);
}
static vec tanh_lanes(vec x) {
    return vec_tanh(x);
}
#define LANES_OF(name, result)                                                                                                   \
    static vec name##_lanes(vec x) {                                                                                             \
        return result;                                                                                                           \
    }
LANES_OF(log, vec_log(x))
LANES_OF(expm1, vec_expm1(x))
LANES_OF(softplus, vec_softplus(x))
LANES_OF(softsign, vec_softsign(x))
LANES_OF(erf, vec_erf(x))
LANES_OF(gelu, vec_gelu(x))
LANES_OF(gelu_tanh, vec_gelu_tanh(x))
LANES_OF(mish, vec_mish(x))
LANES_OF(swish, vec_swish(x, 1.0f))
LANES_OF(elu, vec_elu(x, 1.0f))
LANES_OF(selu, vec_selu(x, 1.5f, 1.25f))
LANES_OF(celu, vec_celu(x, 2.0f))
LANES_OF(sin, vec_sin(x))
LANES_OF(cos, vec_cos(x))
LANES_OF(floor, vec_floor(x))
LANES_OF(ceil, vec_ceil(x))
LANES_OF(round, vec_round(x))
LANES_OF(sign, vec_sign(x))
LANES_OF(abs, vec_abs(x))
LANES_OF(thresholded_relu, vec_thresholded_relu(x, 0.5f))

static double softplus_f64(double x) {
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}
static double softsign_f64(double x) {
    return x / (1 + fabs(x));
}
static double gelu_f64(double x) {
    return 0.5 * x * erfc(-x / sqrt(2));
}
static double gelu_tanh_f64(double x) {
    return x / (1 + exp(-2 * sqrt(2 / acos(-1)) * (x + 0.044715 * x * x * x)));
}
static double mish_f64(double x) {
    return x * tanh(softplus_f64(x));
}
static double swish_f64(double x) {
    return x * sigmoid_f64(x);
}
static double elu_f64(double x) {
    return x < 0 ? expm1(x) : x;
}
static double selu_f64(double x) {
    return 1.25 * (x < 0 ? 1.5 * expm1(x) : x);
}
static double celu_f64(double x) {
    return x < 0 ? 2 * expm1(x / 2) : x;
}

static const struct {
    const char *name;
    function *lanes;
    double (*truth)(double);
    double first, last; /* arguments */
    double units;       /* of the last place that it may be wrong by */
    double tiny;        /* and this much beside */
} functions[] = {
    {"exp", exp_lanes, exp, -86.9, 88.72, 1.5, 0},
    {"exp", exp_lanes, exp, -200, -80, 1.5, 2e-38},
    {"sigmoid", sigmoid_lanes, sigmoid_f64, -80, 100, 2.6, 0},
    {"sigmoid", sigmoid_lanes, sigmoid_f64, -1000, 1000, 2.6, 2e-38},
    {"tanh", tanh_lanes, tanh, -20, 20, 2, 0},
    {"tanh", tanh_lanes, tanh, -1e-3, 1e-3, 2, 0},
    {"log", log_lanes, log, 1e-3, 4, 1, 0},
    {"log", log_lanes, log, 4, 3e38, 1, 0},
    {"log", log_lanes, log, 1.5e-45, 1e-37, 1, 0},
    {"expm1", expm1_lanes, expm1, -1, -1e-6, 1.7, 0},
    {"expm1", expm1_lanes, expm1, -100, 88, 3, 0},
    {"softplus", softplus_lanes, softplus_f64, -80, 100, 2.6, 0},
    {"softplus", softplus_lanes, softplus_f64, -1000, 1000, 2.6, 2e-38},
    {"softsign", softsign_lanes, softsign_f64, -100, 100, 1.6, 0},
    {"erf", erf_lanes, erf, -5, 5, 1.3, 0},
    {"erf", erf_lanes, erf, -1e-3, 1e-3, 1.3, 0},
    {"gelu", gelu_lanes, gelu_f64, -1, 40, 4, 0},
    {"gelu", gelu_lanes, gelu_f64, -5, -1, 4, 5e-8},
    {"gelu", gelu_lanes, gelu_f64, -100, -5, 4, 1e-8},
    {"gelu_tanh", gelu_tanh_lanes, gelu_tanh_f64, -1, 40, 4, 0},
    {"gelu_tanh", gelu_tanh_lanes, gelu_tanh_f64, -100, -1, 4, 5e-8},
    {"mish", mish_lanes, mish_f64, -80, 100, 4.2, 0},
    {"mish", mish_lanes, mish_f64, -1000, 1000, 4.2, 2e-36},
    {"swish", swish_lanes, swish_f64, -80, 100, 3.2, 0},
    {"swish", swish_lanes, swish_f64, -1000, 1000, 3.2, 2e-36},
    {"elu", elu_lanes, elu_f64, -100, 100, 1.7, 0},
    {"selu", selu_lanes, selu_f64, -100, 100, 3, 0},
    {"celu", celu_lanes, celu_f64, -100, 100, 1.7, 0},
    {"sin", sin_lanes, sin, -10, 10, 2, 0},
    {"sin", sin_lanes, sin, -12867, 12867, 2.5, 0},
    {"sin", sin_lanes, sin, -3e38, 3e38, 2.5, 0},
    {"cos", cos_lanes, cos, -10, 10, 2, 0},
    {"cos", cos_lanes, cos, -12867, 12867, 2.5, 0},
    {"cos", cos_lanes, cos, -2e5, 2e5, 2.5, 0},
    {"floor", floor_lanes, floor, -5, 5, 0, 0},
    {"floor", floor_lanes, floor, -9e6, 9e6, 0, 0},
    {"ceil", ceil_lanes, ceil, -5, 5, 0, 0},
    {"ceil", ceil_lanes, ceil, -9e6, 9e6, 0, 0},
    {"round", round_lanes, rint, -4, 4, 0, 0}, /* every half */
    {"round", round_lanes, rint, -9e6, 9e6, 0, 0},
    {"log", log_lanes, log, 0.5, 2, 1, 0},
    {"log", log_lanes, log, 1e-38, 1e-37, 1, 0},
    {"log", log_lanes, log, 2, 1e30, 1, 0},
    {"log", log_lanes, log, 1e-45, 1.2e-38, 1, 0},
    {"elu", elu_lanes, elu_f64, -90, 10, 4, 0},
    {"elu", elu_lanes, elu_f64, -1, 0, 4, 0},
};

enum { WALKED_CLOSELY = 6 }; /* what the gates of recurrent layers are made of: by more points */

static double last_place(double x) {
    const float size = fabsf((float)x);
    return (double)nextafterf(size, INFINITY) - (double)size;
}

enum { SPECIAL_VALUES = 9 };
static const float special_values[SPECIAL_VALUES] = {INFINITY, -INFINITY, NAN, 0.0f, -0.0f, 1e-40f, -1e-40f, 3e38f, -3e38f};

/* What each function makes of special_values; the sign of a zero counts. */
static const struct {
    const char *name;
    function *lanes;
    float results[SPECIAL_VALUES];
} special_results[] = {
    {"log", log_lanes, {INFINITY, NAN, NAN, -INFINITY, -INFINITY, -92.103409f, NAN, 88.5968475f, NAN}},
    {"softplus", softplus_lanes, {INFINITY, 0, NAN, 0.693147182f, 0.693147182f, 0.693147182f, 0.693147182f, 3e38f, 0}},
    {"softsign", softsign_lanes, {NAN, NAN, NAN, 0, -0.0f, 1e-40f, -1e-40f, 1, -1}},
    {"erf", erf_lanes, {1, -1, NAN, 0, -0.0f, 1.12837918e-40f, -1.12837918e-40f, 1, -1}},
    {"gelu", gelu_lanes, {INFINITY, NAN, NAN, 0, -0.0f, 5e-41f, -5e-41f, 3e38f, -0.0f}},
    {"gelu_tanh", gelu_tanh_lanes, {INFINITY, NAN, NAN, 0, -0.0f, 5e-41f, -5e-41f, 3e38f, -0.0f}},
    {"elu", elu_lanes, {INFINITY, -1, NAN, 0, -0.0f, 1e-40f, -1e-40f, 3e38f, -1}},
    {"celu", celu_lanes, {INFINITY, -2, NAN, 0, -0.0f, 1e-40f, -1e-40f, 3e38f, -2}},
    {"sin", sin_lanes, {NAN, NAN, NAN, 0, -0.0f, 1e-40f, -1e-40f, 0.874904871f, -0.874904871f}},
    {"cos", cos_lanes, {NAN, NAN, NAN, 1, 1, 1, 1, -0.484294802f, -0.484294802f}},
    {"floor", floor_lanes, {INFINITY, -INFINITY, NAN, 0, -0.0f, 0, -1, 3e38f, -3e38f}},
    {"ceil", ceil_lanes, {INFINITY, -INFINITY, NAN, 0, -0.0f, 1, -0.0f, 3e38f, -3e38f}},
    {"round", round_lanes, {INFINITY, -INFINITY, NAN, 0, -0.0f, 0, -0.0f, 3e38f, -3e38f}},
    {"sign", sign_lanes, {1, -1, NAN, 0, 0, 1, -1, 1, -1}},
    {"abs", abs_lanes, {INFINITY, INFINITY, NAN, 0, 0, 1e-40f, 1e-40f, 3e38f, 3e38f}},
    {"thresholded_relu", thresholded_relu_lanes, {INFINITY, 0, 0, 0, 0, 0, 0, 3e38f, 0}},
};

/* Returns how many are wrong. In every lane, and as one element. */
static int special_failures(void) {
    int failures = 0;
    for (size_t f = 0; f < sizeof special_results / sizeof *special_results; f++)
        for (int k = 0; k < SPECIAL_VALUES; k++) {
            const float should = special_results[f].results[k];
            const vec y = special_results[f].lanes(vec_set(special_values[k]));
            float lanes[LANES];
            vec_store(lanes, y);
            int good = vec_first(y) == lanes[0] || isnan(should);
            for (int l = 0; l < LANES; l++)
                good = good &&
                       (isnan(should) ? isnan(lanes[l]) != 0
                                      : fabsf(lanes[l] - should) <= 2e-7f * fabsf(should) + 1e-45f || lanes[l] == should) &&
                       (isnan(should) || !signbit(lanes[l]) == !signbit(should));
            if (good) continue;
            printf("%s of %g gives %g, not %g\n", special_results[f].name, (double)special_values[k], (double)lanes[0],
                   (double)should);
            failures++;
        }
    return failures;
}

/* Beside each multiple of pi/2, where most of what sin or cos is would be lost by a reduction that is not exact enough. */
static int quarter_turn_failures(void) {
    double worst = 0;
    for (int n = 1; n < 16384; n++) {
        const float nearest = (float)(n * acos(0));
        for (int side = -1; side <= 1; side++) {
            const float x = side < 0 ? nextafterf(nearest, 0) : side > 0 ? nextafterf(nearest, INFINITY) : nearest;
            const double s = fabs((double)vec_first(vec_sin(vec_set(x))) - sin((double)x)) / last_place(sin((double)x));
            const double c = fabs((double)vec_first(vec_cos(vec_set(x))) - cos((double)x)) / last_place(cos((double)x));
            worst = s > worst ? s : worst;
            worst = c > worst ? c : worst;
        }
    }
    if (worst > 2) printf("beside multiples of pi/2 sin or cos is wrong by %.2f units in the last place\n", worst);
    return worst > 2;
}

/* x * x - y, of which x * x rounds to y: 0 but where a compiler joined the two. Zeros keep their signs. */
static int products_are_rounded(void) {
    const volatile float x = 1 + 0x1p-12f, y = 1 + 0x1p-11f, zero = 0;
    float lanes[LANES], signs[LANES], negative[LANES];
    vec_store(lanes, vec_sub(vec_mul(vec_set(x), vec_set(x)), vec_set(y)));
    vec_store(signs, vec_mul(vec_set(-zero), vec_set(y)));
    vec_store(negative, vec_neg(vec_set(zero)));
    int good = product(x, x) - y == 0 && signbit(product(-zero, y)) && !signbit(product(zero, y));
    for (int l = 0; l < LANES; l++) good = good && lanes[l] == 0 && signbit(signs[l]) && signbit(negative[l]);
    return good;
}

/* A zero keeps its sign within limits of zero, and a NaN stays, on every target. */
static int limits_keep_what_is_within(void) {
    const volatile float zero = 0, nan = NAN;
    float low[LANES], high[LANES], none[LANES];
    vec_store(low, vec_clamp(vec_set(-zero), 0, INFINITY));
    vec_store(high, vec_clamp(vec_set(zero), -1, -0.0f));
    vec_store(none, vec_clamp(vec_set(nan), 0, 6));
    int good = 1;
    for (int l = 0; l < LANES; l++) good = good && signbit(low[l]) && !signbit(high[l]) && isnan(none[l]);
    return good;
}

static int same_number(float a, float b) {
    return isnan(a) ? isnan(b) : memcmp(&a, &b, sizeof a) == 0;
}

/* Vectors limit special values as one element is limited, where the bounds cross and where they are no numbers, too; and a scale
 * does what is left of a row as it does whole vectors. */
static int vectors_limit_as_elements_do(void) {
    enum { COUNT = 19 };
    const float x[COUNT] = {NAN,  INFINITY, -INFINITY, 0.0f,  -0.0f,  1e-40f, -1e-40f, 6.0f,  7.0f, -0.5f,
                            0.5f, 2.0f,     -1.0f,     3e38f, -3e38f, -0.0f,  NAN,     -7.0f, 1.0f};
    const float bounds[][2] = {{0, 6}, {2, -1}, {-0.0f, 0.0f}, {0.0f, -0.0f}, {INFINITY, -INFINITY}, {NAN, 1}, {0, NAN}};
    const float scale[2] = {1.0f, -0.0f};
    float scaled[COUNT];
    int good = 1;
    for (size_t b = 0; b < sizeof bounds / sizeof *bounds; b++)
        for (int i = 0; i < COUNT; i++) {
            float y[LANES];
            vec_store(y, vec_clamp(vec_set(x[i]), bounds[b][0], bounds[b][1]));
            for (int l = 0; l < LANES; l++) good = good && same_number(y[l], clip(x[i], bounds[b][0], bounds[b][1]));
        }
    for (size_t count = 1; count <= COUNT; count++) {
        conv_scale_planar(x, scale, scaled, count, 0.0f);
        for (size_t i = 0; i < count; i++) good = good && same_number(scaled[i], x[i] < 0.0f ? 0.0f : x[i]);
    }
    float block[16], scales[32], of_block[16];
    for (int l = 0; l < 16; l++) {
        block[l] = x[l];
        scales[l] = scale[0];
        scales[16 + l] = scale[1];
    }
    conv_scale_blocked(block, scales, of_block, 16, 0.0f);
    for (int l = 0; l < 16; l++) good = good && same_number(of_block[l], x[l] < 0.0f ? 0.0f : x[l]);
    return good;
}

int main(void) {
    uint64_t bits = hash_start;
    int failures = special_failures() + quarter_turn_failures();
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++) {
        const int points = f < WALKED_CLOSELY ? 1 << 18 : 1 << 15;
        double worst = 0;
        for (int first = 0; first < points; first += LANES) {
            float x[LANES], y[LANES];
            for (int l = 0; l < LANES; l++)
                x[l] = (float)(functions[f].first + (functions[f].last - functions[f].first) * (first + l) / points);
            vec_store(y, functions[f].lanes(vec_load(x)));
            bits = hash(bits, y, LANES);
            for (int l = 0; l < LANES; l++) {
                const double truth = functions[f].truth((double)x[l]), error = fabs((double)y[l] - truth);
                const double units = error <= functions[f].tiny ? 0 : error / last_place(truth);
                worst = units > worst ? units : worst;
            }
        }
        if (worst > functions[f].units) {
            printf("%s is wrong by %.2f units in the last place\n", functions[f].name, worst);
            failures++;
        }
    }
    const float special[] = {INFINITY, -INFINITY, NAN, 0.0f, -0.0f, 88.8f, 1e30f, -1e30f};
    for (size_t k = 0; k < sizeof special / sizeof *special; k++) {
        const float x = special[k];
        const float e = vec_first(vec_exp(vec_set(x))), l = vec_first(vec_log(vec_set(x))), b = vec_first(vec_elu(vec_set(x), 1));
        const int right = isnan(x) ? isnan(e) && isnan(sigmoid_f32(x)) && isnan(tanh_f32(x)) && isnan(l) && isnan(b)
                          : x == 0 ? e == 1 && sigmoid_f32(x) == 0.5f && tanh_f32(x) == 0 && isinf(l) && l < 0 && b == x
                          : x > 0 ? isinf(e) && sigmoid_f32(x) == 1 && tanh_f32(x) == 1 && isinf(l) == isinf(x) && l > 4 && b == x
                                  : e == 0 && sigmoid_f32(x) <= 2e-38f && tanh_f32(x) == -1 && isnan(l) && b == -1;
        if (!right) {
            printf("%g: exp %g, sigmoid %g, tanh %g, log %g, elu %g\n", (double)x, (double)e, (double)sigmoid_f32(x),
                   (double)tanh_f32(x), (double)l, (double)b);
            failures++;
        }
    }
    if (!limits_keep_what_is_within()) {
        puts("vec_clamp changes a zero or a NaN");
        failures++;
    }
    if (!vectors_limit_as_elements_do()) {
        puts("vec_clamp or conv_scale_planar limits a special value otherwise than one element");
        failures++;
    }
    if (!products_are_rounded()) {
        printf("a product is not rounded before a sum\n");
        failures++;
    }
    printf("%016llx\n", (unsigned long long)bits);
    return failures != 0;
}
