/* Runs the convolution kernels of runtime/ over many geometries against sums in double, and prints a hash of all result bits. */
#include "runtime/conv_direct.h"
#include "tests/kernels/check.h"
#include "tests/kernels/conv_layer.h"

#include <math.h>
#include <stdio.h>

enum { SEED = 7 };

struct layer {
    int groups, in, out, height, width;
    struct window window;
    int strip_rows, blocked_in, blocked_out, residual, relu, scaled;
};

static const struct layer layers[] = {
    {1, 16, 16, 9, 9, {3, 1, 1, 1}, 4, 1, 1, 0, 1, 0},   {1, 32, 48, 14, 17, {3, 1, 1, 1}, 5, 1, 1, 1, 1, 0},
    {1, 3, 64, 31, 29, {7, 2, 1, 3}, 3, 0, 1, 0, 1, 0},  {1, 48, 32, 13, 13, {1, 2, 1, 0}, 2, 1, 1, 1, 0, 0},
    {1, 32, 20, 6, 30, {1, 1, 1, 0}, 6, 1, 0, 0, 0, 0},  {1, 20, 33, 7, 15, {3, 1, 2, 2}, 7, 0, 0, 1, 1, 0},
    {4, 32, 16, 8, 8, {3, 1, 1, 1}, 8, 1, 1, 0, 1, 0},   {3, 5, 7, 9, 10, {3, 2, 1, 1}, 2, 0, 0, 0, 0, 0},
    {8, 4, 4, 11, 13, {3, 1, 1, 1}, 5, 1, 1, 1, 1, 0},   {4, 8, 8, 12, 9, {3, 2, 1, 1}, 3, 1, 1, 0, 1, 0},
    {32, 1, 1, 10, 21, {5, 1, 1, 2}, 4, 1, 1, 0, 0, 0},  {24, 2, 2, 10, 11, {1, 1, 1, 0}, 3, 1, 1, 0, 1, 0},
    {32, 1, 1, 9, 31, {3, 1, 1, 1}, 1, 1, 1, 1, 1, 0},   {16, 1, 1, 7, 7, {5, 1, 1, 2}, 1, 1, 1, 0, 1, 0},
    {16, 1, 1, 2, 3, {5, 1, 1, 2}, 1, 1, 1, 0, 0, 0},    {16, 1, 1, 13, 12, {3, 2, 1, 1}, 1, 1, 1, 0, 1, 0},
    {16, 1, 1, 14, 15, {5, 2, 1, 2}, 1, 1, 1, 1, 0, 0},  {32, 1, 1, 11, 9, {3, 1, 3, 3}, 1, 1, 1, 0, 0, 0},
    {16, 1, 1, 3, 3, {3, 1, 2, 3}, 1, 1, 1, 0, 0, 0},    {16, 1, 1, 16, 19, {7, 1, 1, 3}, 1, 1, 1, 0, 1, 0},
    {8, 2, 2, 8, 9, {3, 2, 2, 2}, 1, 1, 1, 1, 0, 0},     {1, 512, 40, 1, 1, {1, 1, 1, 0}, 1, 0, 0, 0, 0, 0},
    {1, 48, 32, 9, 11, {1, 1, 1, 0}, 4, 1, 1, 1, 1, 1},  {1, 32, 16, 9, 14, {3, 2, 1, 1}, 3, 1, 1, 0, 0, 1},
    {1, 21, 24, 8, 13, {3, 1, 1, 1}, 5, 0, 0, 0, 1, 1},  {1, 24, 48, 7, 9, {1, 1, 1, 0}, 7, 1, 1, 0, 1, 0},
    {1, 16, 32, 9, 10, {3, 1, 6, 6}, 1, 1, 1, 0, 1, 0},  {1, 5, 16, 7, 12, {3, 1, 4, 4}, 1, 0, 1, 1, 0, 1},
    {1, 16, 16, 5, 6, {3, 2, 3, 5}, 1, 1, 1, 0, 0, 0},   {1, 40, 16, 8, 9, {3, 1, 1, 1}, 3, 1, 1, 0, 0, 1},
    {1, 24, 48, 1, 84, {1, 1, 1, 0}, 1, 1, 1, 1, 1, 0},  {1, 37, 32, 3, 56, {1, 1, 1, 0}, 1, 0, 1, 0, 1, 1},
    {1, 16, 12, 23, 19, {1, 2, 1, 0}, 4, 1, 0, 0, 1, 1}, {1, 16, 32, 20, 16, {3, 1, 1, 1}, 6, 1, 1, 1, 0, 1},
    {1, 16, 32, 6, 7, {1, 1, 1, 1}, 3, 1, 1, 1, 1, 0},   {1, 24, 20, 4, 5, {1, 1, 1, 3}, 2, 1, 0, 0, 0, 1},
    {1, 16, 16, 5, 6, {1, 2, 1, 3}, 1, 1, 1, 0, 1, 0},   {1, 16, 16, 28, 28, {1, 2, 1, 14}, 1, 1, 1, 0, 0, 0},
    {2, 16, 16, 3, 9, {1, 1, 1, 2}, 7, 1, 1, 0, 0, 0},   {1, 5, 16, 4, 4, {1, 1, 1, 2}, 2, 0, 1, 1, 0, 1},
};

/* Weights [m][c][tap] in the order of the kernel that reads them. */
static float *packed(const struct layer *l, int grouped, const float *w, const float *bias, float **packed_bias) {
    const int taps = l->window.kernel * l->window.kernel, panels = (l->out + 15) / 16;
    const size_t panel = (size_t)l->in * (size_t)taps * 16,
                 count = grouped ? (size_t)(l->groups * l->in * taps * l->in) : panel * (size_t)(panels * l->groups);
    float *p = zeros(count);
    *packed_bias = zeros((size_t)(grouped ? l->groups * l->out : l->groups * panels * 16));
    for (int m = 0; m < l->groups * l->out; m++) {
        const int group = m / l->out, within = m % l->out;
        (*packed_bias)[grouped ? m : group * panels * 16 + within] = bias[m];
        for (int c = 0; c < l->in; c++)
            for (int t = 0; t < taps; t++) {
                const int first = c / 16 * 16, width = l->in - first < 16 ? l->in - first : 16;
                const size_t at = grouped ? (size_t)((m / 16 * taps + t) * l->in + c) * 16 + (size_t)(m % 16)
                                          : (size_t)(group * panels + within / 16) * panel +
                                                (size_t)(first * taps + t * width + c - first) * 16 + (size_t)(within % 16);
                p[at] = w[(m * l->in + c) * taps + t];
            }
    }
    return p;
}

/* Channels that an image of the input has in memory. */
static int stored(const struct layer *l) {
    return stored_channels(l->groups * l->in, l->blocked_in);
}

/* The input scale as runtime/conv.h wants it; replaces `in` by what it gives. NULL where the layer has none. */
static float *input_scale(const struct layer *l, float *in, int images) {
    const int unit = l->blocked_in ? 16 : 1, plane = l->height * l->width;
    if (!l->scaled) return NULL;
    float *scale = filled((size_t)stored(l) * 2);
    for (int c = 0; c < l->in; c++)
        for (int p = 0; p < plane * images; p++) {
            float *v = in + (size_t)(p / plane * stored(l) * plane) + place(l->blocked_in, c, p % plane, plane);
            *v = fmaxf(fmaf(*v, scale[c / unit * 2 * unit + c % unit], scale[(c / unit * 2 + 1) * unit + c % unit]), 0.0f);
        }
    return scale;
}

static double expected(const struct layer *l, const float *in, const float *w, const float *bias, const float *residual, int m,
                       int y, int x, const struct conv *g) {
    const int kernel = l->window.kernel;
    double sum = bias[m];
    for (int c = 0; c < l->in; c++)
        for (int t = 0; t < kernel * kernel; t++) {
            const int row = y * l->window.stride - l->window.pad + t / kernel * l->window.dilation,
                      column = x * l->window.stride - l->window.pad + t % kernel * l->window.dilation;
            if (row < 0 || row >= l->height || column < 0 || column >= l->width) continue;
            sum += (double)in[place(l->blocked_in, m / l->out * l->in + c, row * l->width + column, l->height * l->width)] *
                   w[(m * l->in + c) * kernel * kernel + t];
        }
    if (l->residual) sum += residual[place(l->blocked_out, m, y * g->out_width + x, g->out_height * g->out_width)];
    return l->relu && sum < 0 ? 0 : sum;
}

static double check(const struct layer *l, int images, uint64_t *bits) {
    const int taps = l->window.kernel * l->window.kernel, outs = l->groups * l->out,
              grouped = l->groups > 1 && l->in == l->out && l->in < 16 && l->blocked_in;
    struct conv g = geometry(&l->window, l->groups, l->in, l->out, l->height, l->width);
    const int plane = g.out_height * g.out_width;
    g.images = images;
    g.in_image = (size_t)(stored(l) * l->height * l->width);
    g.out_image = (size_t)(outs * plane);
    g.strip_images = l->strip_rows == g.out_height ? 2 : 1;
    g.strips = images;
    g.blocked_out = l->blocked_out;
    if (l->relu) g.low = 0.0f;
    choose_strips(&g, &l->window, l->strip_rows, l->window.pad || l->scaled);
    const size_t outputs = (size_t)images * g.out_image, inputs = (size_t)images * g.in_image;
    float *in = filled(inputs), *w = filled((size_t)(outs * l->in * taps)), *bias = filled((size_t)outs);
    float *residual = filled(outputs), *out = l->residual ? copy_of(residual, outputs) : unwritten(outputs), *packed_bias;
    float *p = packed(l, grouped, w, bias, &packed_bias), *scratch = unwritten((size_t)strip_floats(&g, l->blocked_in));
    float *scaled = copy_of(in, inputs), *scale = input_scale(l, scaled, images);
    const float *r = l->residual ? out : NULL; /* in place, as the compiler plans it */
    if (grouped)
        PARALLEL run_grouped(&g, in, p, packed_bias, r, out);
    else
        PARALLEL run_dense(&g, in, scale, p, packed_bias, r, out, scratch, l->blocked_in);
    double worst = 0;
    for (int m = 0; m < outs * images; m++)
        for (int o = 0; o < plane; o++) {
            const size_t n = (size_t)(m / outs), first = n * g.out_image;
            const double right =
                expected(l, scaled + n * g.in_image, w, bias, residual + first, m % outs, o / g.out_width, o % g.out_width, &g);
            worst = worse(worst, fabs(right - out[first + place(l->blocked_out, m % outs, o, plane)]));
        }
    *bits = hash(*bits, out, outputs);
    if (!l->blocked_in && !l->blocked_out &&
        !l->scaled) { /* the kernel for run-time weights sums in the same order: the same bits */
        float *direct = unwritten(outputs);
        conv_direct(&g, in, w, bias, l->residual ? residual : NULL, direct);
        if (memcmp(direct, out, outputs * sizeof *out) != 0) worst = INFINITY;
    }
    release();
    return worst;
}

int main(int argc, char **argv) {
    check_fill(argc, argv);
    uint64_t bits = hash_start;
    check_state = SEED;
    int failed = 0;
    for (size_t k = 0; k < sizeof layers / sizeof *layers; k++) {
        const double error = check(&layers[k], 1 + (int)(k % 3), &bits);
        if (!(error < 2e-5)) {
            printf("layer %zu: error %g (seed %d)\n", k, error, SEED);
            failed = 1;
        }
    }
    printf("%016llx\n", (unsigned long long)bits);
    return failed;
}
