/* Runs the Winograd kernels over planes that fill their tiles and planes that don't, and prints a hash of all result bits. */
#include "runtime/conv_winograd.h"
#include "tests/kernels/check.h"
#include "tests/kernels/conv_layer.h"

#include <math.h>
#include <stdio.h>

enum { SEED = 11 };

static const struct {
    int in, out, height, width, pad, tile_block, residual, scaled, planar, stride, dilation;
} layers[] = {
    {16, 32, 8, 8, 1, 4, 0, 0, 0, 1, 1},   {32, 48, 7, 9, 1, 14, 1, 0, 0, 1, 1},   {48, 16, 13, 6, 0, 5, 1, 0, 0, 1, 1},
    {16, 16, 3, 3, 1, 1, 0, 0, 0, 1, 1},   {32, 32, 14, 15, 1, 14, 1, 0, 0, 1, 1}, {32, 16, 9, 8, 1, 6, 0, 1, 0, 1, 1},
    {16, 12, 9, 10, 1, 5, 1, 0, 1, 1, 1},  {32, 40, 5, 7, 1, 9, 0, 1, 1, 1, 1},    {24, 16, 6, 7, 1, 4, 0, 1, 0, 1, 1},
    {16, 32, 16, 16, 1, 4, 1, 0, 0, 2, 1}, {32, 48, 13, 18, 0, 3, 0, 0, 0, 2, 1},  {48, 16, 9, 7, 1, 5, 0, 1, 0, 2, 1},
    {24, 20, 11, 12, 1, 9, 1, 1, 1, 2, 1}, {16, 16, 3, 4, 1, 1, 0, 0, 0, 2, 1},    {16, 32, 14, 13, 2, 6, 1, 0, 0, 1, 2},
    {32, 12, 9, 11, 4, 5, 1, 1, 1, 1, 4},  {16, 16, 5, 4, 6, 7, 0, 0, 0, 1, 6},    {24, 16, 12, 9, 1, 14, 0, 1, 0, 1, 3},
};

/* [m is 4][stride is 2][point][tap], as the compiler's codegen/winograd_weights.c has them. */
static const double transform[2][2][6][3] = {
    {{{1, 0, 0}, {.5, .5, .5}, {.5, -.5, .5}, {0, 0, 1}}, {{1, 0}, {1, 1}, {0, 1}}},
    {{{1 / 1.265625, 0, 0},
      {-1 / 1.8984375, -0.75 / 1.8984375, -0.5625 / 1.8984375},
      {-1 / 1.8984375, 0.75 / 1.8984375, -0.5625 / 1.8984375},
      {1 / 7.59375, 1.5 / 7.59375, 2.25 / 7.59375},
      {1 / 7.59375, -1.5 / 7.59375, 2.25 / 7.59375},
      {0, 0, 1}},
     {{1 / 1.125, 0}, {-1 / 1.40625, -0.75 / 1.40625}, {-1 / 3.09375, 0.75 / 3.09375}, {1 / 6.875, 2 / 6.875}, {0, 1}}}};

/* Taps of a phase's filter: at stride 2 those of even or of odd rows and columns. */
static double tap_of(const float *w, int row, int column) {
    return row < 3 && column < 3 ? (double)w[row * 3 + column] : 0.0;
}

static double transformed_tap(const float *w, int i, int j, int odd_row, int odd_column, int m, int stride) {
    const int taps = stride == 1 ? 3 : 2;
    double sum = 0;
    for (int t = 0; t < taps * taps; t++)
        sum += transform[m == 4][stride == 2][i][t / taps] * transform[m == 4][stride == 2][j][t % taps] *
               tap_of(w, odd_row + t / taps * stride, odd_column + t % taps * stride);
    return sum;
}

static float *transformed(const float *w, int in, int out, int m, int stride) {
    const int panels = (out + 15) / 16, n = winograd_points(m, stride), channels = stored_channels(in, stride != 1);
    float *u = zeros((size_t)(n * n * stride * stride * channels * panels * 16)), *panel = u;
    for (int p = 0; p < n * n; p++) {
        const int i = p / n, j = p % n, columns = j == n - 1 ? 1 : stride, phases = winograd_phases(i, j, m, stride);
        for (int k = 0; k < out; k++)
            for (int c = 0; c < in; c++)
                for (int f = 0; f < phases; f++)
                    panel[((k / 16 * phases + f) * channels + c) * 16 + k % 16] =
                        (float)transformed_tap(w + (k * in + c) * 9, i, j, f / columns, f % columns, m, stride);
        panel += panels * phases * channels * 16;
    }
    return u;
}

static double check(size_t layer, int m, uint64_t *bits) {
    const int in = layers[layer].in, out = layers[layer].out, height = layers[layer].height, width = layers[layer].width,
              pad = layers[layer].pad, stride = layers[layer].stride, dilation = layers[layer].dilation;
    const struct window window = {3, stride, dilation, pad};
    const int outs = stored_channels(out, 1), stored = stored_channels(in, 1), images = 1 + (int)(layer % 3),
              n = winograd_points(m, stride);
    struct winograd g = {geometry(&window, 1, in, out, height, width), layers[layer].tile_block, 1 + (int)(layer % 4)};
    const int rows = g.conv.out_height, columns = g.conv.out_width;
    const size_t in_image = (size_t)(stored * height * width), out_image = (size_t)(out * rows * columns);
    g.conv.images = images;
    g.conv.in_image = in_image;
    g.conv.out_image = out_image;
    g.conv.blocked_out = !layers[layer].planar;
    g.conv.low = 0.0f;
    const size_t inputs = (size_t)images * in_image, outputs = (size_t)images * out_image;
    float *x = filled(inputs), *w = filled((size_t)(in * out * 9)), *bias = filled((size_t)outs), *residual = filled(outputs),
          *y = layers[layer].residual ? copy_of(residual, outputs) : unwritten(outputs), *u = transformed(w, in, out, m, stride);
    float *scratch =
        unwritten((size_t)(n * n * ((g.tile_block + g.shares - 1) * (stored * stride * stride + outs) + 32 * g.shares)));
    float *scale = layers[layer].scaled ? filled((size_t)stored * 2) : NULL, *scaled = filled(inputs);
    for (size_t i = 0; i < inputs; i++) {
        const float *s = scale ? scale + i % in_image / (size_t)(height * width * 16) * 32 + i % 16 : NULL;
        scaled[i] = s ? fmaxf(fmaf(x[i], s[0], s[16]), 0.0f) : x[i];
    }
    const float *r = layers[layer].residual ? y : NULL; /* in place, as the compiler plans it */
    if (m == 2 && stride == 1)
        PARALLEL conv_winograd(&g, x, scale, u, bias, r, y, scratch, 2, 1);
    else if (m == 2)
        PARALLEL conv_winograd(&g, x, scale, u, bias, r, y, scratch, 2, 2);
    else if (stride == 1)
        PARALLEL conv_winograd(&g, x, scale, u, bias, r, y, scratch, 4, 1);
    else
        PARALLEL conv_winograd(&g, x, scale, u, bias, r, y, scratch, 4, 2);
    double worst = 0;
    for (int task = 0; task < out * images; task++)
        for (int o = 0; o < rows * columns; o++) {
            const int k = task % out;
            const size_t n = (size_t)(task / out);
            const size_t at = n * out_image + place(g.conv.blocked_out, k, o, rows * columns);
            double sum = (double)bias[k] + (r ? (double)residual[at] : 0.0);
            for (int c = 0; c < in; c++)
                for (int t = 0; t < 9; t++) {
                    const int row = o / columns * stride - pad + t / 3 * dilation,
                              column = o % columns * stride - pad + t % 3 * dilation;
                    if (row >= 0 && row < height && column >= 0 && column < width)
                        sum += (double)scaled[n * in_image + place(1, c, row * width + column, height * width)] *
                               (double)w[(k * in + c) * 9 + t];
                }
            worst = worse(worst, fabs((sum < 0 ? 0 : sum) - (double)y[at]));
            *bits = hash(*bits, y + at, 1);
        }
    release();
    return worst;
}

int main(int argc, char **argv) {
    check_fill(argc, argv);
    uint64_t bits = hash_start;
    check_state = SEED;
    int failed = 0;
    for (size_t k = 0; k < sizeof layers / sizeof *layers; k++)
        for (int m = 2; m <= 4; m += 2) {
            const double error = check(k, m, &bits);
            if (error < 5e-5) continue;
            printf("layer %zu, m %d: error %g (seed %d)\n", k, m, error, SEED);
            failed = 1;
        }
    printf("%016llx\n", (unsigned long long)bits);
    return failed;
}
