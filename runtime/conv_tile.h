#ifndef RUNTIME_CONV_TILE_H
#define RUNTIME_CONV_TILE_H

#include <stddef.h>

#include "runtime/conv.h"
#include "runtime/vec.h"

/* Weights are read once a strip, in order, from a cache they outgrow. While the tiles along a strip use one tile's panels, the
 * next tile's are asked for; of panels so long that these would crowd the second-level cache, what comes next. Floats. */
enum { WEIGHTS_AHEAD = 512, LONGEST_PANEL_AHEAD = 32768 };

/* Where the input of a tile lies, in floats. */
struct conv_input {
    size_t block, row, column; /* from one block of 16 channels, kernel row or kernel column to the next */
    size_t panel;              /* from one panel of weights to the next */
    int first_row, end_row;    /* of the kernel: the others read nothing but padding */
};

/* PIXELS output pixels of a row by VECTORS vectors of output channels; `pixel` and `channel` are the input's steps from pixel to
 * pixel and from channel to channel; `one_tap`: the kernel is 1x1. All five are constants where this is called. `lanes` (planar
 * output): those that exist. */
static ALWAYS_INLINE void conv_tile(const struct conv *g, const struct conv_input *at, const float *in, const float *weights,
                                    const float *bias, const float *residual, float *out, int lanes, const int pixels,
                                    const int vectors, const int one_tap, const size_t pixel, const size_t channel) {
    const int first_row = one_tap ? 0 : at->first_row, end_row = one_tap ? 1 : at->end_row;
    const int kernel_height = one_tap ? 1 : g->kernel_height, kernel_width = one_tap ? 1 : g->kernel_width;
    vec acc[TILE_PIXELS][TILE_VECTORS];
    volatile vec total[TILE_PIXELS][TILE_VECTORS]; /* in memory: the sums and the weights need the registers */
    UNROLL_FOR (int n = 0; n < vectors; n++) {
        const vec b = vec_load(bias + n * LANES);
        UNROLL_FOR (int m = 0; m < pixels; m++) acc[m][n] = b;
    }
    const size_t second = (size_t)(LANES / 16) * at->panel + LANES % 16; /* where the second vector's weights are */
    const size_t panels = LANES * TILE_VECTORS > 16 ? LANES * TILE_VECTORS / 16 : 1;
    const size_t ahead = at->panel <= LONGEST_PANEL_AHEAD ? panels * at->panel : WEIGHTS_AHEAD;
    int part = 0, parts = 0;
    for (int first = 0; first < g->in_channels; first += 16, part += 16, in += at->block) {
        if (part == g->sum_channels) {
            UNROLL_FOR (int n = 0; n < vectors; n++)
                UNROLL_FOR (int m = 0; m < pixels; m++) {
                    total[m][n] = parts ? vec_add(total[m][n], acc[m][n]) : acc[m][n];
                    acc[m][n] = vec_zero();
                }
            part = 0;
            parts++;
        }
        const int count = g->in_channels - first < 16 ? g->in_channels - first : 16;
        weights += first_row * kernel_width * count * 16;
        for (int ky = first_row; ky < end_row; ky++)
            for (int kx = 0; kx < kernel_width; kx++) {
                const float *a = in + (size_t)ky * at->row + (size_t)kx * at->column;
                for (int c = 0; c < count; c++, a += channel, weights += 16) {
                    /* Named, not in an array: gcc keeps an array in memory in some of the variants. */
                    const vec b0 = vec_load_once(weights), b1 = vectors == 2 ? vec_load_once(weights + second) : b0;
                    PREFETCH(weights + ahead);
                    if (vectors == 2) PREFETCH(weights + second + ahead);
                    UNROLL_FOR (int m = 0; m < pixels; m++) {
                        const float s = a[(size_t)m * pixel];
                        acc[m][0] = vec_fma(s, b0, acc[m][0]);
                        if (vectors == 2) acc[m][TILE_VECTORS - 1] = vec_fma(s, b1, acc[m][TILE_VECTORS - 1]);
                    }
                }
            }
        weights += (kernel_height - end_row) * kernel_width * count * 16;
    }
    if (parts) {
        UNROLL_FOR (int n = 0; n < vectors; n++)
            UNROLL_FOR (int m = 0; m < pixels; m++) acc[m][n] = vec_add(total[m][n], acc[m][n]);
    }
    const size_t plane = (size_t)g->out_height * (size_t)g->out_width;
    if (g->blocked_out) {
        UNROLL_FOR (int n = 0; n < vectors; n++) {
            const size_t offset = (size_t)(n * LANES / 16) * plane * 16 + (size_t)(n * LANES % 16);
            UNROLL_FOR (int m = 0; m < pixels; m++) {
                const size_t o = offset + (size_t)m * 16;
                const vec v = residual ? vec_add(acc[m][n], vec_load(residual + o)) : acc[m][n];
                vec_store(out + o, vec_clamp(v, g->low, g->high));
            }
        }
    } else {
        float tile[TILE_PIXELS][TILE_VECTORS * LANES];
        UNROLL_FOR (int m = 0; m < pixels; m++)
            UNROLL_FOR (int n = 0; n < vectors; n++) vec_store(&tile[m][n * LANES], acc[m][n]);
        if (residual)
            for (int l = 0; l < vectors * LANES && l < lanes; l++)
                UNROLL_FOR (int m = 0; m < pixels; m++) tile[m][l] += residual[(size_t)l * plane + (size_t)m];
        /* Limited as vectors: one by one they would be branches, which half of all values mispredict. */
        UNROLL_FOR (int m = 0; m < pixels; m++)
            UNROLL_FOR (int n = 0; n < vectors; n++)
                vec_store(&tile[m][n * LANES], vec_clamp(vec_load(&tile[m][n * LANES]), g->low, g->high));
        for (int l = 0; l < vectors * LANES && l < lanes; l++)
            UNROLL_FOR (int m = 0; m < pixels; m++) out[(size_t)l * plane + (size_t)m] = tile[m][l];
    }
}

#endif
