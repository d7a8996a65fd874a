/* Runs the vector functions of runtime/ over their whole range against the C library's in double, and prints a hash of all result
 * bits. */
#include "runtime/clip.h"
#include "runtime/conv_scale.h"
#include "runtime/elu.h"
#include "runtime/exp.h"
#include "runtime/log.h"
#include "runtime/product.h"
#include "runtime/sigmoid.h"
#include "runtime/tanh.h"
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
static vec log_lanes(vec x) {
    return vec_log(x);
}
static vec elu_lanes(vec x) {
    return vec_elu(x, 1);
}
static double elu_f64(double x) {
    return x < 0 ? expm1(x) : x;
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
    {"log", log_lanes, log, 0.5, 2, 1, 0},
    {"log", log_lanes, log, 1e-38, 1e-37, 1, 0},
    {"log", log_lanes, log, 2, 1e30, 1, 0},
    {"log", log_lanes, log, 1e-45, 1.2e-38, 1, 0},
    {"elu", elu_lanes, elu_f64, -90, 10, 4, 0},
    {"elu", elu_lanes, elu_f64, -1, 0, 4, 0},
};

static double last_place(double x) {
    const float size = fabsf((float)x);
    return (double)nextafterf(size, INFINITY) - (double)size;
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
    enum { POINTS = 1 << 18 };
    uint64_t bits = hash_start;
    int failures = 0;
    for (size_t f = 0; f < sizeof functions / sizeof *functions; f++) {
        double worst = 0;
        for (int first = 0; first < POINTS; first += LANES) {
            float x[LANES], y[LANES];
            for (int l = 0; l < LANES; l++)
                x[l] = (float)(functions[f].first + (functions[f].last - functions[f].first) * (first + l) / POINTS);
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
        const float e = exp_f32(x), l = log_f32(x), b = elu(x, 1);
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
