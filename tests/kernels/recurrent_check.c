/* Runs LSTM and GRU over layers that fill their blocks and layers that don't, measures the elementary functions, and prints a
 * hash of all result bits. */
#include "runtime/gru.h"
#include "runtime/lstm.h"
#include "tests/kernels/check.h"

#include <math.h>
#include <stdio.h>

enum { SEED = 5, STEPS = 9 };

static const struct {
    int inputs, hidden, reverse, variant; /* LSTM: coupled; GRU: reset_after */
} layers[] = {{3, 16, 0, 0}, {20, 37, 1, 1}, {300, 5, 0, 1}, {17, 280, 1, 0}};

/* Small enough for gates that are not saturated. */
static float *quarters(size_t count) {
    float *p = filled(count);
    for (size_t i = 0; i < count; i++) p[i] /= 4.0f;
    return p;
}

/* Row u of a gate as a plain dot product, from the packed tables. */
static double products(const float *packed, size_t unit_step, int unit, int count, const double *x) {
    double sum = 0;
    for (int k = 0; k < count; k++) sum += (double)packed[(size_t)k * unit_step + (size_t)(unit % 16)] * x[k];
    return sum;
}

static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

/* The same layer in double precision: y of all steps. */
static void reference(const struct recurrent *g, int gates, const float *x, const float *weights, const float *bias,
                      const float *peephole, double *y) {
    const int hidden = g->hidden, inputs = g->input.in_channels, blocks = g->blocks;
    double *h = calloc((size_t)hidden * 4 + (size_t)inputs, sizeof *h), *c = h + hidden, *next = c + hidden,
           *reset = next + hidden, *in = reset + hidden;
    const float *recurrent = weights + (size_t)(gates * blocks * 16 * inputs);
    for (int step = 0; step < STEPS; step++) {
        const int t = g->reverse ? STEPS - 1 - step : step;
        for (int k = 0; k < inputs; k++) in[k] = (double)x[t * inputs + k];
        for (int pass = 0; pass < 2; pass++) /* GRU: the reset state of all units first */
            for (int u = 0; u < hidden; u++) {
                double s[4], r[4];
                for (int k = 0; k < gates; k++) {
                    s[k] = (double)bias[k * blocks * 16 + u] +
                           products(weights + (size_t)((k * blocks + u / 16) * inputs) * 16, 16, u, inputs, in);
                    r[k] = products(recurrent + (size_t)(u / 16 * hidden * gates + k) * 16, (size_t)gates * 16, u, hidden,
                                    gates == 3 && k == 2 && !g->reset_after ? reset : h);
                }
                if (gates == 4) {
                    const double *const p = c + u;
                    const double i = sigmoid(s[0] + r[0] + (double)peephole[u] * *p);
                    const double f = g->coupled ? 1 - i : sigmoid(s[2] + r[2] + (double)peephole[2 * blocks * 16 + u] * *p);
                    const double cell = f * *p + i * tanh(s[3] + r[3]);
                    next[u] = sigmoid(s[1] + r[1] + (double)peephole[blocks * 16 + u] * cell) * tanh(cell);
                    if (pass) c[u] = cell;
                } else {
                    const double z = sigmoid(s[0] + r[0]), reset_gate = sigmoid(s[1] + r[1]);
                    if (!pass) reset[u] = reset_gate * h[u];
                    const double candidate =
                        g->reset_after ? tanh(s[2] + reset_gate * (r[2] + (double)bias[3 * blocks * 16 + u])) : tanh(s[2] + r[2]);
                    next[u] = (1 - z) * candidate + z * h[u];
                }
            }
        for (int u = 0; u < hidden; u++) y[t * hidden + u] = h[u] = next[u];
    }
    free(h);
}

static double check(size_t layer, int gates, uint64_t *bits) {
    const int inputs = layers[layer].inputs, hidden = layers[layer].hidden, blocks = (hidden + 15) / 16;
    const size_t units = (size_t)blocks * 16;
    const struct recurrent g = {.input = {.groups = 1,
                                          .in_channels = inputs,
                                          .out_channels = gates * blocks * 16,
                                          .in_height = 1,
                                          .in_width = STEPS,
                                          .out_height = 1,
                                          .out_width = STEPS,
                                          .kernel_height = 1,
                                          .kernel_width = 1,
                                          .sum_channels = 256,
                                          .blocked_out = 1,
                                          .low = -INFINITY,
                                          .high = INFINITY},
                                .hidden = hidden,
                                .blocks = blocks,
                                .sum_units = 256,
                                .reverse = layers[layer].reverse,
                                .coupled = layers[layer].variant,
                                .reset_after = layers[layer].variant,
                                .in_step = (size_t)inputs,
                                .out_step = (size_t)hidden,
                                .clip = INFINITY};
    float *x = quarters((size_t)(STEPS * inputs)), *weights = quarters((size_t)gates * units * (size_t)(inputs + hidden)),
          *bias = quarters(4 * units), *peephole = quarters(3 * units);
    float *y = unwritten((size_t)(STEPS * hidden)), *h = unwritten(units), *c = unwritten(units),
          *scratch = unwritten((size_t)(gates * STEPS + 4) * units);
    const struct sequence s = {.x = x, .y = y, .last_h = h, .last_c = c};
    if (gates == 4)
        lstm(&g, &s, weights, bias, peephole, scratch, (size_t)inputs, GATE_SIGMOID, GATE_TANH, GATE_TANH);
    else
        gru(&g, &s, weights, bias, scratch, (size_t)inputs, GATE_SIGMOID, GATE_TANH);
    double *truth = malloc((size_t)(STEPS * hidden) * sizeof *truth), worst = 0;
    reference(&g, gates, x, weights, bias, peephole, truth);
    for (int k = 0; k < STEPS * hidden; k++) worst = worse(worst, fabs(truth[k] - (double)y[k]));
    *bits = hash(*bits, y, (size_t)(STEPS * hidden));
    *bits = hash(*bits, h, (size_t)hidden);
    release();
    free(truth);
    return worst;
}

/* Distance in units of the last place of a float near the truth. */
static double units_apart(float y, double truth) {
    int exponent;
    frexp(truth, &exponent);
    return fabs((double)y - truth) / ldexp(1, exponent - 24 < -149 ? -149 : exponent - 24);
}

/* A sample of all floats from the least to the largest, both signs. */
static int check_functions(uint64_t *bits) {
    enum { STRIDE = 99991 };
    static const double most[3] = {1.1, 2.4, 1.6};
    double worst[3] = {0, 0, 0};
    for (uint32_t first = 0; first < 0x7f800000u - STRIDE * LANES; first += STRIDE * LANES)
        for (uint32_t sign = 0; sign < 2; sign++) {
            float x[LANES], y[3][LANES];
            for (uint32_t l = 0; l < LANES; l++) {
                const uint32_t word = (first + STRIDE * l) | sign << 31;
                memcpy(&x[l], &word, sizeof word);
            }
            vec_store(y[0], vec_exp(vec_load(x)));
            vec_store(y[1], vec_sigmoid(vec_load(x)));
            vec_store(y[2], vec_tanh(vec_load(x)));
            for (int l = 0; l < LANES; l++) {
                const double truth[3] = {exp((double)x[l]), sigmoid((double)x[l]), tanh((double)x[l])};
                for (int k = 0; k < 3; k++) {
                    if (isinf(y[k][l]) && truth[k] > 3.4e38) continue;
                    worst[k] = worse(worst[k], units_apart(y[k][l], truth[k]));
                }
            }
        }
    const float special[16] = {NAN,    INFINITY, -INFINITY, 0.0f,   -0.0f,   1e-38f, -1e-38f, 88.0f,
                               -88.0f, -100.0f,  0.624f,    0.626f, -0.625f, 0.625f, 1.0f,    -1.0f};
    for (int l = 0; l < 16; l += LANES) {
        float y[2][LANES];
        vec_store(y[0], vec_sigmoid(vec_load(special + l)));
        vec_store(y[1], vec_tanh(vec_load(special + l)));
        if (l == 0 && !(isnan(y[0][0]) && isnan(y[1][0]))) return 1;
        for (int k = l == 0; k < LANES; k++) *bits = hash(hash(*bits, &y[0][k], 1), &y[1][k], 1);
    }
#if defined(__FMA__) || defined(__aarch64__)
    for (int k = 0; k < 3; k++)
        if (!(worst[k] <= most[k])) printf("function %d: %g units in the last place\n", k, worst[k]);
    return !(worst[0] <= most[0] && worst[1] <= most[1] && worst[2] <= most[2]);
#else
    (void)most;
    return 0;
#endif
}

int main(int argc, char **argv) {
    check_fill(argc, argv);
    uint64_t bits = hash_start;
    check_state = SEED;
    int failed = check_functions(&bits);
    for (size_t k = 0; k < sizeof layers / sizeof *layers; k++)
        for (int gates = 3; gates <= 4; gates++) {
            const double error = check(k, gates, &bits);
            if (error < 2e-6) continue;
            printf("layer %zu, %d gates: error %g (seed %d)\n", k, gates, error, SEED);
            failed = 1;
        }
    printf("%016llx\n", (unsigned long long)bits);
    return failed;
}
