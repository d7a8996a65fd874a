#ifndef RUNTIME_CONV_WINOGRAD_H
#define RUNTIME_CONV_WINOGRAD_H

#include "runtime/conv_row_blocked.h"
#include "runtime/threads.h"
#include "runtime/vec_fma_lanes.h"
#include "runtime/winograd_transforms.h"

static ALWAYS_INLINE int winograd_has_pixel(const struct conv *g, int row, int column) {
    return row >= 0 && row < g->in_height && column >= 0 && column < g->in_width;
}

/* One tile and one vector of channels: reads it, zeros where it leaves the image, and writes the value of each position. `scale`:
 * the input scale of these channels, or NULL. `inside`, constant where this is called: the tile is within the image. */
static ALWAYS_INLINE void winograd_input_tile(const struct conv *g, const float *in, const float *scale, int row, int column,
                                              float *out, size_t position, const int m, const int inside) {
    static const float border[16] = {0};
    vec d[6][6];
    UNROLL_FOR (int i = 0; i < m + 2; i++) {
        UNROLL_FOR (int j = 0; j < m + 2; j++) {
            const int is_there = inside || winograd_has_pixel(g, row + i, column + j);
            d[i][j] = vec_load(is_there ? in + ((ptrdiff_t)(row + i) * g->in_width + column + j) * 16 : border);
            if (scale && is_there)
                d[i][j] = vec_clamp(vec_fma_lanes(d[i][j], vec_load(scale), vec_load(scale + 16)), g->in_low, INFINITY);
        }
        winograd_input_1d(d[i], m);
    }
    UNROLL_FOR (int j = 0; j < m + 2; j++) {
        vec c[6];
        UNROLL_FOR (int i = 0; i < m + 2; i++) c[i] = d[i][j];
        winograd_input_1d(c, m);
        UNROLL_FOR (int i = 0; i < m + 2; i++) vec_store(out + (size_t)(i * (m + 2) + j) * position, c[i]);
    }
}

/* Transforms keep whole tiles on the stack: functions of their own, so that theirs and the micro-kernel's are not there at
 * once. */
static NEVER_INLINE void winograd_input_tile_2(const struct conv *g, const float *in, const float *scale, int row, int column,
                                               float *out, size_t position) {
    const int inside = winograd_has_pixel(g, row, column) && winograd_has_pixel(g, row + 2 + 1, column + 2 + 1);
    if (inside)
        winograd_input_tile(g, in, scale, row, column, out, position, 2, 1);
    else
        winograd_input_tile(g, in, scale, row, column, out, position, 2, 0);
}

static NEVER_INLINE void winograd_input_tile_4(const struct conv *g, const float *in, const float *scale, int row, int column,
                                               float *out, size_t position) {
    const int inside = winograd_has_pixel(g, row, column) && winograd_has_pixel(g, row + 4 + 1, column + 4 + 1);
    if (inside)
        winograd_input_tile(g, in, scale, row, column, out, position, 4, 1);
    else
        winograd_input_tile(g, in, scale, row, column, out, position, 4, 0);
}

/* One pixel and one vector of channels of the result. */
static ALWAYS_INLINE void winograd_store(const struct conv *g, vec v, const float *residual, float *out, size_t at) {
    if (residual) v = vec_add(v, vec_load(residual + at));
    vec_store(out + at, vec_clamp(v, g->low, g->high));
}

/* One tile of a planar result: `lanes` channels, a plane apart. */
static ALWAYS_INLINE void winograd_store_planar(const struct conv *g, vec result[4][4], const float *residual, float *out,
                                                int row, int column, int lanes, const int m) {
    const size_t width = (size_t)g->out_width, plane = (size_t)g->out_height * width;
    const int rows = g->out_height - row < m ? g->out_height - row : m,
              columns = g->out_width - column < m ? g->out_width - column : m;
    float pixel[4][4][LANES];
    UNROLL_FOR (int i = 0; i < m; i++)
        UNROLL_FOR (int j = 0; j < m; j++) vec_store(pixel[i][j], result[i][j]);
    for (int l = 0; l < LANES && l < lanes; l++)
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++) {
                const size_t at = (size_t)l * plane + (size_t)(row + i) * width + (size_t)(column + j);
                const float v = residual ? pixel[i][j][l] + residual[at] : pixel[i][j][l];
                out[at] = v < g->low ? g->low : v > g->high ? g->high : v;
            }
}

/* One tile and one vector of channels, of which `lanes` exist: its pixels from the values of the positions, then bias, residual
 * and limits. */
static ALWAYS_INLINE void winograd_output_tile(const struct conv *g, const float *products, size_t position, const float *bias,
                                               const float *residual, float *out, int row, int column, int lanes, const int m) {
    vec half[6][4], result[4][4];
    const vec b = vec_load(bias);
    UNROLL_FOR (int i = 0; i < m + 2; i++) {
        vec p[6];
        UNROLL_FOR (int j = 0; j < m + 2; j++) p[j] = vec_load(products + (size_t)(i * (m + 2) + j) * position);
        winograd_output_1d(p, half[i], m);
    }
    UNROLL_FOR (int j = 0; j < m; j++) {
        vec p[6], o[4];
        UNROLL_FOR (int i = 0; i < m + 2; i++) p[i] = half[i][j];
        winograd_output_1d(p, o, m);
        UNROLL_FOR (int i = 0; i < m; i++) result[i][j] = vec_add(o[i], b);
    }
    if (!g->blocked_out) {
        winograd_store_planar(g, result, residual, out, row, column, lanes, m);
        return;
    }
    const size_t first = ((size_t)row * (size_t)g->out_width + (size_t)column) * 16, step = (size_t)g->out_width * 16;
    if (row + m <= g->out_height && column + m <= g->out_width) {
        UNROLL_FOR (int i = 0; i < m; i++)
            UNROLL_FOR (int j = 0; j < m; j++)
                winograd_store(g, result[i][j], residual, out, first + (size_t)i * step + (size_t)j * 16);
    } else {
        UNROLL_FOR (int i = 0; i < m; i++)
            UNROLL_FOR (int j = 0; j < m; j++)
                if (row + i < g->out_height && column + j < g->out_width)
                    winograd_store(g, result[i][j], residual, out, first + (size_t)i * step + (size_t)j * 16);
    }
}

static NEVER_INLINE void winograd_output_tile_2(const struct conv *g, const float *products, size_t position, const float *bias,
                                                const float *residual, float *out, int row, int column, int lanes) {
    winograd_output_tile(g, products, position, bias, residual, out, row, column, lanes, 2);
}

static NEVER_INLINE void winograd_output_tile_4(const struct conv *g, const float *products, size_t position, const float *bias,
                                                const float *residual, float *out, int row, int column, int lanes) {
    winograd_output_tile(g, products, position, bias, residual, out, row, column, lanes, 4);
}

/* One image, blocked in, blocked or planar out. Weights are transformed, [position][panel][in channel][16]; `m` is 2 or 4,
 * constant where this is called. `scratch` holds (m+2)^2 (tile_block (in_channels + out_channels in whole blocks) + 32) floats.
 * `scale` is the input scale, or NULL. `residual` may be the output itself. */
static ALWAYS_INLINE void conv_winograd(const struct winograd *w, const float *in, const float *scale, const float *weights,
                                        const float *bias, const float *residual, float *out, float *scratch, const int m) {
    static const float no_bias[32] = {0};
    const struct conv *g = &w->conv;
    const int positions = (m + 2) * (m + 2), blocks = (g->in_channels + 15) / 16, panels = (g->out_channels + 15) / 16;
    const int wide = (g->out_width + m - 1) / m, tiles = wide * ((g->out_height + m - 1) / m);
    const size_t in_plane = (size_t)g->in_height * (size_t)g->in_width * 16,
                 out_plane = (size_t)g->out_height * (size_t)g->out_width * 16;
    for (int first = 0; first < tiles; first += w->tile_block) {
        const int count = tiles - first < w->tile_block ? tiles - first : w->tile_block;
        /* An odd number of cache lines from position to position: a tile's values fall in different sets of the cache. */
        const size_t in_position = (size_t)(count * blocks | 1) * 16, out_position = (size_t)(count * panels | 1) * 16;
        float *products = scratch + (size_t)positions * in_position;
        SHARED_FOR
        for (int task = 0; task < blocks * count; task++) {
            const int row = (first + task % count) / wide * m - g->pad_top,
                      column = (first + task % count) % wide * m - g->pad_left;
            for (int l = 0; l < 16; l += LANES)
                (m == 2 ? winograd_input_tile_2 : winograd_input_tile_4)(g, in + (size_t)(task / count) * in_plane + l,
                                                                         scale ? scale + task / count * 32 + l : scale, row,
                                                                         column, scratch + (size_t)task * 16 + l, in_position);
        }
        const struct conv tile_row = {.groups = 1,
                                      .in_channels = g->in_channels,
                                      .out_channels = g->out_channels,
                                      .out_height = 1,
                                      .out_width = count,
                                      .kernel_height = 1,
                                      .kernel_width = 1,
                                      .sum_channels = g->sum_channels,
                                      .blocked_out = 1,
                                      .low = -INFINITY,
                                      .high = INFINITY};
        const struct conv_input at = {(size_t)count * 16, 0, 0, (size_t)g->in_channels * 16};
        const int vectors = LANES * TILE_VECTORS, groups = (panels * 16 + vectors - 1) / vectors;
        SHARED_FOR
        for (int task = 0; task < positions * groups; task++) {
            const int channel = task % groups * vectors;
            const size_t p = (size_t)(task / groups);
            const float *a = scratch + p * in_position,
                        *b = weights + (p * (size_t)panels + (size_t)(channel / 16)) * at.panel + channel % 16;
            float *o = products + p * out_position + (size_t)(channel / 16 * count) * 16 + channel % 16;
            conv_row_blocked(&tile_row, &at, a, b, no_bias, NULL, o, panels * 16 - channel);
        }
        SHARED_FOR
        for (int task = 0; task < panels * count; task++) {
            const int row = (first + task % count) / wide * m, column = (first + task % count) % wide * m;
            const size_t plane = (size_t)(task / count) * out_plane, lane = g->blocked_out ? 1 : out_plane / 16;
            const int lanes = g->out_channels - task / count * 16;
            for (int l = 0; l < 16 && l < lanes; l += LANES)
                (m == 2 ? winograd_output_tile_2
                        : winograd_output_tile_4)(g, products + (size_t)task * 16 + l, out_position, bias + task / count * 16 + l,
                                                  residual ? residual + plane + (size_t)l * lane : residual,
                                                  out + plane + (size_t)l * lane, row, column, lanes - l);
        }
    }
}

#endif
