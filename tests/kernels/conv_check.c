/* Runs the convolution kernels of runtime/ over many geometries against sums in double, and prints a hash of all result bits. */
#include "runtime/conv_dense.h"
#include "runtime/conv_direct.h"
#include "runtime/conv_grouped.h"
#include "tests/kernels/check.h"

#include <math.h>
#include <stdio.h>

enum { SEED = 7 };

struct layer {
    int groups, in, out, height, width, kernel, stride, dilation, pad, strip_rows;
    int blocked_in, blocked_out, residual, relu, scaled;
};

/* Rows of output, and images of the batch that layer `k` is run with. */
static int out_rows(const struct layer *l) {
    return (l->height + 2 * l->pad - (l->kernel - 1) * l->dilation - 1) / l->stride + 1;
}
static int images_of(size_t k) {
    return 1 + (int)(k % 3);
}

static const struct layer layers[] = {
    {1, 16, 16, 9, 9, 3, 1, 1, 1, 4, 1, 1, 0, 1, 0},   {1, 32, 48, 14, 17, 3, 1, 1, 1, 5, 1, 1, 1, 1, 0},
    {1, 3, 64, 31, 29, 7, 2, 1, 3, 3, 0, 1, 0, 1, 0},  {1, 48, 32, 13, 13, 1, 2, 1, 0, 2, 1, 1, 1, 0, 0},
    {1, 32, 20, 6, 30, 1, 1, 1, 0, 6, 1, 0, 0, 0, 0},  {1, 20, 33, 7, 15, 3, 1, 2, 2, 7, 0, 0, 1, 1, 0},
    {4, 32, 16, 8, 8, 3, 1, 1, 1, 8, 1, 1, 0, 1, 0},   {3, 5, 7, 9, 10, 3, 2, 1, 1, 2, 0, 0, 0, 0, 0},
    {8, 4, 4, 11, 13, 3, 1, 1, 1, 5, 1, 1, 1, 1, 0},   {4, 8, 8, 12, 9, 3, 2, 1, 1, 3, 1, 1, 0, 1, 0},
    {32, 1, 1, 10, 21, 5, 1, 1, 2, 4, 1, 1, 0, 0, 0},  {24, 2, 2, 10, 11, 1, 1, 1, 0, 3, 1, 1, 0, 1, 0},
    {32, 1, 1, 9, 31, 3, 1, 1, 1, 1, 1, 1, 1, 1, 0},   {16, 1, 1, 7, 7, 5, 1, 1, 2, 1, 1, 1, 0, 1, 0},
    {16, 1, 1, 2, 3, 5, 1, 1, 2, 1, 1, 1, 0, 0, 0},    {16, 1, 1, 13, 12, 3, 2, 1, 1, 1, 1, 1, 0, 1, 0},
    {16, 1, 1, 14, 15, 5, 2, 1, 2, 1, 1, 1, 1, 0, 0},  {32, 1, 1, 11, 9, 3, 1, 3, 3, 1, 1, 1, 0, 0, 0},
    {16, 1, 1, 3, 3, 3, 1, 2, 3, 1, 1, 1, 0, 0, 0},    {16, 1, 1, 16, 19, 7, 1, 1, 3, 1, 1, 1, 0, 1, 0},
    {8, 2, 2, 8, 9, 3, 2, 2, 2, 1, 1, 1, 1, 0, 0},     {1, 512, 40, 1, 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0},
    {1, 48, 32, 9, 11, 1, 1, 1, 0, 4, 1, 1, 1, 1, 1},  {1, 32, 16, 9, 14, 3, 2, 1, 1, 3, 1, 1, 0, 0, 1},
    {1, 21, 24, 8, 13, 3, 1, 1, 1, 5, 0, 0, 0, 1, 1},  {1, 24, 48, 7, 9, 1, 1, 1, 0, 7, 1, 1, 0, 1, 0},
    {1, 16, 32, 9, 10, 3, 1, 6, 6, 1, 1, 1, 0, 1, 0},  {1, 5, 16, 7, 12, 3, 1, 4, 4, 1, 0, 1, 1, 0, 1},
    {1, 16, 16, 5, 6, 3, 2, 3, 5, 1, 1, 1, 0, 0, 0},   {1, 40, 16, 8, 9, 3, 1, 1, 1, 3, 1, 1, 0, 0, 1},
    {1, 24, 48, 1, 84, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0},  {1, 37, 32, 3, 56, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1},
    {1, 16, 12, 23, 19, 1, 2, 1, 0, 4, 1, 0, 0, 1, 1}, {1, 16, 32, 20, 16, 3, 1, 1, 1, 6, 1, 1, 1, 0, 1},
};

/* Where channel `c`, pixel `p` of an image lies. */
static size_t place(int blocked, int c, int p, int plane) {
    return blocked ? ((size_t)(c / 16) * (size_t)plane + (size_t)p) * 16 + (size_t)(c % 16)
                   : (size_t)c * (size_t)plane + (size_t)p;
}

/* Channels of the input: a blocked one is stored in whole blocks. */
static size_t stored(const struct layer *l) {
    const size_t channels = (size_t)(l->groups * l->in);
    return l->blocked_in ? (channels + 15) / 16 * 16 : channels;
}

static void run_dense(const struct conv *g, const float *in, const float *scale, const float *w, const float *b, const float *r,
                      float *out, float *s, int blocked) {
    if (blocked && g->stride_width == 1)
        conv_dense(g, in, scale, w, b, r, out, s, 16, 1);
    else if (blocked)
        conv_dense(g, in, scale, w, b, r, out, s, 16, 2);
    else if (g->stride_width == 1)
        conv_dense(g, in, scale, w, b, r, out, s, 1, 1);
    else
        conv_dense(g, in, scale, w, b, r, out, s, 1, 2);
}

static void run_grouped(const struct conv *g, const float *in, const float *w, const float *b, const float *r, float *out,
                        float *s) {
    switch (g->in_channels) {
    case 1: /* by the kernel's edge where the generated file has it as a constant */
        if (g->kernel_width == 3)
            conv_grouped(g, in, w, b, r, out, s, 1, 3);
        else if (g->kernel_width == 5)
            conv_grouped(g, in, w, b, r, out, s, 1, 5);
        else
            conv_grouped(g, in, w, b, r, out, s, 1, 0);
        break;
    case 2: conv_grouped(g, in, w, b, r, out, s, 2, 0); break;
    case 4: conv_grouped(g, in, w, b, r, out, s, 4, 0); break;
    default: conv_grouped(g, in, w, b, r, out, s, 8, 0); break;
    }
}

/* Weights [m][c][tap] in the order of the kernel that reads them. */
static float *packed(const struct layer *l, int grouped, const float *w, const float *bias, float **packed_bias) {
    const int taps = l->kernel * l->kernel, panels = (l->out + 15) / 16;
    const size_t panel = (size_t)l->in * (size_t)taps * 16,
                 count = grouped ? (size_t)(l->groups * l->in * taps * l->in) : panel * (size_t)(panels * l->groups);
    float *p = aligned_alloc(64, (count * sizeof *p + 63) / 64 * 64);
    *packed_bias = aligned_alloc(64, (size_t)(l->groups * panels) * 64);
    memset(p, 0, count * sizeof *p);
    memset(*packed_bias, 0, (size_t)(l->groups * panels) * 64);
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

/* The input scale as runtime/conv.h wants it; replaces `in` by what it gives. NULL where the layer has none. */
static float *input_scale(const struct layer *l, float *in, int images) {
    const int unit = l->blocked_in ? 16 : 1, plane = l->height * l->width;
    if (!l->scaled) return NULL;
    float *scale = filled(stored(l) * 2);
    for (int c = 0; c < l->in; c++)
        for (int p = 0; p < plane * images; p++) {
            float *v = in + (size_t)(p / plane) * stored(l) * (size_t)plane + place(l->blocked_in, c, p % plane, plane);
            *v = fmaxf(fmaf(*v, scale[c / unit * 2 * unit + c % unit], scale[(c / unit * 2 + 1) * unit + c % unit]), 0.0f);
        }
    return scale;
}

static double expected(const struct layer *l, const float *in, const float *w, const float *bias, const float *residual, int m,
                       int y, int x, int ow, int oplane) {
    double sum = bias[m];
    for (int c = 0; c < l->in; c++)
        for (int t = 0; t < l->kernel * l->kernel; t++) {
            const int row = y * l->stride - l->pad + t / l->kernel * l->dilation,
                      column = x * l->stride - l->pad + t % l->kernel * l->dilation;
            if (row < 0 || row >= l->height || column < 0 || column >= l->width) continue;
            sum += (double)in[place(l->blocked_in, m / l->out * l->in + c, row * l->width + column, l->height * l->width)] *
                   w[(m * l->in + c) * l->kernel * l->kernel + t];
        }
    if (l->residual) sum += residual[place(l->blocked_out, m, y * ow + x, oplane)];
    return l->relu && sum < 0 ? 0 : sum;
}

static double check(const struct layer *l, int images, uint64_t *bits) {
    const int window = (l->kernel - 1) * l->dilation + 1, oh = out_rows(l), ow = (l->width + 2 * l->pad - window) / l->stride + 1;
    const int taps = l->kernel * l->kernel, grouped = l->groups > 1 && l->in == l->out && l->in < 16 && l->blocked_in;
    const size_t out_image = (size_t)(l->groups * l->out * oh * ow), in_image = stored(l) * (size_t)(l->height * l->width);
    struct conv g = {.images = images,
                     .in_image = in_image,
                     .out_image = out_image,
                     .groups = l->groups,
                     .in_channels = l->in,
                     .out_channels = l->out,
                     .in_height = l->height,
                     .in_width = l->width,
                     .out_height = oh,
                     .out_width = ow,
                     .kernel_height = l->kernel,
                     .kernel_width = l->kernel,
                     .stride_height = l->stride,
                     .stride_width = l->stride,
                     .dilation_height = l->dilation,
                     .dilation_width = l->dilation,
                     .pad_top = l->pad,
                     .pad_left = l->pad,
                     .sum_channels = 32,
                     .strip_rows = l->strip_rows,
                     .strip_images = l->strip_rows == oh ? 2 : 1,
                     .strips = images,
                     .blocked_out = l->blocked_out,
                     .low = l->relu ? 0.0f : -INFINITY,
                     .high = INFINITY};
    if (l->pad || l->scaled) {
        g.padded_width = (ow - 1) * l->stride + window;
        g.strip_step = l->strip_rows == 1 ? l->dilation : 1;
        g.padded_rows = l->strip_rows == 1 ? l->kernel : (l->strip_rows - 1) * l->stride + window;
    }
    const size_t outputs = (size_t)images * out_image, inputs = (size_t)images * in_image;
    float *in = filled(inputs), *w = filled((size_t)(l->groups * l->out * l->in * taps));
    float *bias = filled((size_t)(l->groups * l->out)), *residual = filled(outputs), *out = filled(outputs), *packed_bias;
    float *scratch = filled((stored(l) + 16) * (size_t)(g.padded_rows + 1) * (size_t)(g.padded_width + 1) *
                            (size_t)(g.strip_images * g.strips));
    float *p = packed(l, grouped, w, bias, &packed_bias);
    memcpy(out, residual, outputs * sizeof *out);
    float *scaled = filled(inputs);
    memcpy(scaled, in, inputs * sizeof *in);
    float *scale = input_scale(l, scaled, images);
    const float *r = l->residual ? out : NULL; /* in place, as the compiler plans it */
    if (grouped)
        PARALLEL run_grouped(&g, in, p, packed_bias, r, out, scratch);
    else
        PARALLEL run_dense(&g, in, scale, p, packed_bias, r, out, scratch, l->blocked_in);
    double worst = 0;
    for (int m = 0; m < l->groups * l->out * images; m++)
        for (int o = 0; o < oh * ow; o++) {
            const size_t n = (size_t)(m / (l->groups * l->out)), first = n * out_image;
            const int channel = m % (l->groups * l->out);
            const double e =
                fabs(expected(l, scaled + n * in_image, w, bias, residual + first, channel, o / ow, o % ow, ow, oh * ow) -
                     out[first + place(l->blocked_out, channel, o, oh * ow)]);
            if (!(e <= worst)) worst = e;
        }
    *bits = hash(*bits, out, outputs);
    if (!l->blocked_in && !l->blocked_out &&
        !l->scaled) { /* the kernel for run-time weights sums in the same order: the same bits */
        float *direct = filled(outputs);
        conv_direct(&g, in, w, bias, l->residual ? residual : NULL, direct);
        if (memcmp(direct, out, outputs * sizeof *out) != 0) worst = INFINITY;
        free(direct);
    }
    float *all[] = {in, w, bias, residual, out, packed_bias, scratch, p, scaled, scale};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) free(all[k]);
    return worst;
}

int main(void) {
    uint64_t bits = hash_start;
    check_state = SEED;
    int failed = 0;
    for (size_t k = 0; k < sizeof layers / sizeof *layers; k++) {
        const double error = check(&layers[k], images_of(k), &bits);
        if (!(error < 2e-5)) {
            printf("layer %zu: error %g (seed %d)\n", k, error, SEED);
            failed = 1;
        }
    }
    printf("%016llx\n", (unsigned long long)bits);
    return failed;
}
