/* What the checks of convolutions share: a layer's geometry, its strips with no more scratch than the compiler plans for them,
 * and the kernels by the constants they are inlined for. */
#ifndef TESTS_KERNELS_CONV_LAYER_H
#define TESTS_KERNELS_CONV_LAYER_H

#include <math.h>

#include "runtime/conv_dense.h"
#include "runtime/conv_grouped.h"

/* Square, and the same in both directions. */
struct window {
    int kernel, stride, dilation, pad;
};

static inline int window_reach(const struct window *w) {
    return (w->kernel - 1) * w->dilation + 1;
}

static inline int result_size(int size, const struct window *w) {
    return (size + 2 * w->pad - window_reach(w)) / w->stride + 1;
}

/* Channels that an image has in memory: a blocked one has whole blocks. */
static inline int stored_channels(int channels, int blocked) {
    return blocked ? (channels + 15) / 16 * 16 : channels;
}

/* Where channel `c`, pixel `p` of an image lies. */
static inline size_t place(int blocked, int c, int p, int plane) {
    return blocked ? ((size_t)(c / 16) * (size_t)plane + (size_t)p) * 16 + (size_t)(c % 16)
                   : (size_t)c * (size_t)plane + (size_t)p;
}

/* Of one image, read in place; `in` and `out` channels of a group. */
static inline struct conv geometry(const struct window *w, int groups, int in, int out, int height, int width) {
    const struct conv g = {.images = 1,
                           .strip_images = 1,
                           .strips = 1,
                           .groups = groups,
                           .in_channels = in,
                           .out_channels = out,
                           .in_height = height,
                           .in_width = width,
                           .out_height = result_size(height, w),
                           .out_width = result_size(width, w),
                           .kernel_height = w->kernel,
                           .kernel_width = w->kernel,
                           .stride_height = w->stride,
                           .stride_width = w->stride,
                           .dilation_height = w->dilation,
                           .dilation_width = w->dilation,
                           .pad_top = w->pad,
                           .pad_left = w->pad,
                           .sum_channels = 32,
                           .low = -INFINITY,
                           .high = INFINITY};
    return g;
}

/* Strips of so many output rows, `copied` or read in place. As codegen/conv_geometry.c has it: the rows between those of one
 * output row's kernel are left out. */
static inline void choose_strips(struct conv *g, const struct window *w, int rows, int copied) {
    g->strip_rows = rows;
    if (!copied) return;
    g->padded_width = (g->out_width - 1) * w->stride + window_reach(w);
    g->strip_step = rows == 1 ? w->dilation : 1;
    g->padded_rows = rows == 1 ? w->kernel : (rows - 1) * w->stride + window_reach(w);
}

/* Floats of scratch that the copied strips take: none to spare. */
static inline int strip_floats(const struct conv *g, int blocked_in) {
    return stored_channels(g->in_channels, blocked_in) * g->padded_rows * g->padded_width * g->strip_images * g->strips;
}

static inline void run_dense(const struct conv *g, const float *in, const float *scale, const float *w, const float *b,
                             const float *r, float *out, float *scratch, int blocked) {
    if (blocked && g->stride_width == 1)
        conv_dense(g, in, scale, w, b, r, out, scratch, 16, 1);
    else if (blocked)
        conv_dense(g, in, scale, w, b, r, out, scratch, 16, 2);
    else if (g->stride_width == 1)
        conv_dense(g, in, scale, w, b, r, out, scratch, 1, 1);
    else
        conv_dense(g, in, scale, w, b, r, out, scratch, 1, 2);
}

/* In as many ways as a generated file has its constants: a depthwise kernel knows its edge. */
static inline void run_grouped(const struct conv *g, const float *in, const float *w, const float *b, const float *r,
                               float *out) {
    switch (g->in_channels) {
    case 1:
        if (g->kernel_width == 3)
            conv_grouped(g, in, w, b, r, out, NULL, 1, 3);
        else if (g->kernel_width == 5)
            conv_grouped(g, in, w, b, r, out, NULL, 1, 5);
        else
            conv_grouped(g, in, w, b, r, out, NULL, 1, 0);
        break;
    case 2: conv_grouped(g, in, w, b, r, out, NULL, 2, 0); break;
    case 4: conv_grouped(g, in, w, b, r, out, NULL, 4, 0); break;
    default: conv_grouped(g, in, w, b, r, out, NULL, 8, 0); break;
    }
}

#endif
