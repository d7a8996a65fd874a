/* A convolution and the layer that reads its result, strip by strip, against the two kernels one after the other: equal bits,
 * over many geometries, and prints a hash of all result bits. */
#include "runtime/conv_strips_grouped.h"
#include "runtime/conv_strips_pool.h"
#include "runtime/pool_planes.h"
#include "tests/kernels/check.h"
#include "tests/kernels/conv_layer.h"

#include <stdio.h>

enum { SEED = 11 };

struct pair {
    int in, channels, height, width, blocked_in, scaled;
    struct window conv, next;
    int width_of_groups; /* of the next layer, a convolution; 0: a pool */
    int next_rows, strip_rows, window_channels, shares;
};

static const struct pair pairs[] = {
    {3, 64, 31, 29, 0, 0, {7, 2, 1, 3}, {3, 2, 1, 1}, 0, 2, 3, 32, 4},
    {3, 64, 31, 29, 0, 0, {7, 2, 1, 3}, {3, 2, 1, 1}, 0, 1, 2, 64, 1},
    {16, 96, 28, 28, 1, 0, {1, 1, 1, 0}, {3, 1, 1, 1}, 1, 3, 5, 32, 2},
    {16, 96, 27, 13, 1, 0, {1, 1, 1, 0}, {3, 2, 1, 1}, 1, 4, 9, 32, 4},
    {24, 48, 17, 19, 1, 0, {1, 1, 1, 0}, {5, 1, 1, 2}, 1, 2, 6, 32, 4},
    {32, 32, 15, 14, 1, 0, {3, 1, 1, 1}, {2, 2, 1, 0}, 0, 3, 2, 32, 3},
    {32, 80, 15, 14, 1, 0, {3, 1, 1, 1}, {3, 1, 2, 2}, 0, 2, 2, 64, 2},
    {16, 16, 1, 9, 1, 0, {1, 1, 1, 0}, {3, 1, 1, 1}, 1, 1, 1, 16, 2},
    {16, 32, 2, 9, 1, 0, {1, 1, 1, 0}, {3, 1, 3, 3}, 1, 1, 2, 32, 4},
    {5, 32, 20, 12, 1, 0, {3, 1, 1, 1}, {3, 1, 2, 2}, 2, 2, 1, 32, 2},
    {40, 64, 12, 11, 1, 1, {1, 1, 1, 0}, {3, 1, 1, 1}, 8, 2, 3, 32, 2},
    {21, 48, 12, 11, 1, 1, {3, 1, 1, 1}, {7, 1, 1, 3}, 8, 3, 3, 32, 2},
    {48, 32, 23, 19, 1, 0, {1, 2, 1, 0}, {3, 2, 1, 0}, 0, 2, 4, 32, 2},
    {16, 32, 16, 10, 1, 0, {3, 1, 4, 4}, {3, 1, 1, 1}, 1, 1, 1, 32, 2},
    {16, 32, 19, 10, 1, 0, {1, 1, 1, 0}, {1, 3, 1, 0}, 1, 2, 4, 32, 2},
    {16, 32, 9, 10, 1, 0, {1, 1, 1, 0}, {3, 2, 1, 4}, 1, 2, 5, 32, 4},
};

static struct conv clipped(const struct window *w, int groups, int in, int out, int height, int width) {
    struct conv g = geometry(w, groups, in, out, height, width);
    g.blocked_out = 1;
    g.low = 0.0f;
    g.high = 1.5f;
    return g;
}

/* What a pair reads, and its scratch. */
struct data {
    float *in, *scale, *weights, *bias, *next_weights, *next_bias, *scratch;
};

static void run_pool_strips(const struct conv_strips *s, const struct pool *p, const struct data *d, float *out, int blocked) {
    if (blocked && s->conv.stride_width == 1)
        conv_strips_pool(s, p, d->in, d->scale, d->weights, d->bias, out, d->scratch, 16, 1);
    else if (blocked)
        conv_strips_pool(s, p, d->in, d->scale, d->weights, d->bias, out, d->scratch, 16, 2);
    else
        conv_strips_pool(s, p, d->in, d->scale, d->weights, d->bias, out, d->scratch, 1, 2);
}

/* Blocked in, at stride 1. */
static void run_grouped_strips(const struct conv_strips *s, const struct conv *g, const struct data *d, float *out) {
#define STRIPS(width, size)                                                                                                      \
    conv_strips_grouped(s, g, d->in, d->scale, d->weights, d->bias, d->next_weights, d->next_bias, out, d->scratch, 16, 1,       \
                        width, size)
    if (g->in_channels == 8)
        STRIPS(8, 0);
    else if (g->in_channels == 2)
        STRIPS(2, 0);
    else if (g->kernel_width == 3)
        STRIPS(1, 3);
    else
        STRIPS(1, 0);
#undef STRIPS
}

static int check(const struct pair *p, uint64_t *bits) {
    const int narrow = p->width_of_groups, stored = stored_channels(p->in, p->blocked_in), reach = window_reach(&p->next);
    struct conv whole = clipped(&p->conv, 1, p->in, p->channels, p->height, p->width);
    choose_strips(&whole, &p->conv, p->strip_rows, p->conv.pad || p->scaled);
    const int height = whole.out_height, width = whole.out_width;
    const struct conv next = clipped(&p->next, narrow ? p->channels / narrow : 1, narrow, narrow, height, width);
    const struct pool pool = {p->channels / 16,
                              {1, height, width},
                              {1, next.out_height, next.out_width},
                              {1, p->next.kernel, p->next.kernel},
                              {1, p->next.stride, p->next.stride},
                              {1, p->next.dilation, p->next.dilation},
                              {0, p->next.pad, p->next.pad},
                              {0, p->next.pad, p->next.pad}};
    struct conv_strips s = {whole, p->window_channels, height,      next.out_height, p->next_rows,
                            reach, p->next.stride,     p->next.pad, p->shares,       0};
    const int rows = (p->next_rows - 1) * p->next.stride + reach;
    s.conv.out_height = rows < height ? rows : height;
    s.share_floats = s.conv.out_height * width * p->window_channels + (strip_floats(&whole, p->blocked_in) + 15) / 16 * 16;
    const size_t taps = (size_t)(p->conv.kernel * p->conv.kernel), next_taps = (size_t)(p->next.kernel * p->next.kernel);
    const size_t results = (size_t)p->channels * (size_t)(next.out_height * next.out_width);
    const size_t of_panels = (size_t)stored_channels(p->channels, 1);
    const struct data d = {filled((size_t)(stored * p->height * p->width)),
                           p->scaled ? filled((size_t)stored * 2) : NULL,
                           filled(of_panels * (size_t)p->in * taps),
                           filled(of_panels),
                           filled((size_t)(p->channels * (narrow ? narrow : 1)) * next_taps),
                           filled((size_t)p->channels),
                           unwritten((size_t)(s.share_floats * p->shares))};
    float *middle = unwritten((size_t)(p->channels * height * width)), *expected = unwritten(results), *out = unwritten(results);
    float *whole_scratch = unwritten((size_t)strip_floats(&whole, p->blocked_in));
    PARALLEL {
        run_dense(&whole, d.in, d.scale, d.weights, d.bias, NULL, middle, whole_scratch, p->blocked_in);
        BARRIER;
        if (narrow)
            run_grouped(&next, middle, d.next_weights, d.next_bias, NULL, expected);
        else
            pool_planes(&pool, middle, expected, 16, POOL_MAX);
        BARRIER;
        if (narrow)
            run_grouped_strips(&s, &next, &d, out);
        else
            run_pool_strips(&s, &pool, &d, out, p->blocked_in);
    }
    *bits = hash(*bits, out, results);
    const int same = memcmp(out, expected, results * sizeof *out) == 0;
    release();
    return same;
}

int main(int argc, char **argv) {
    check_fill(argc, argv);
    uint64_t bits = hash_start;
    check_state = SEED;
    int failed = 0;
    for (size_t k = 0; k < sizeof pairs / sizeof *pairs; k++)
        if (!check(&pairs[k], &bits)) {
            printf("pair %zu: other bits than its two layers (seed %d)\n", k, SEED);
            failed = 1;
        }
    printf("%016llx\n", (unsigned long long)bits);
    return failed;
}
