#ifndef RUNTIME_CONV_GROUPED_H
#define RUNTIME_CONV_GROUPED_H

#include "runtime/conv.h"
#include "runtime/grid_share.h"
#include "runtime/vec_fma_lanes.h"
#include "runtime/window_taps.h"

/* For every lane, channel `c` of that lane's group of `width` channels; `pixel` points at the vector's first lane. */
static ALWAYS_INLINE vec vec_group_channel(const float *pixel, const int width, const int c) {
    if (width == 1) return vec_load(pixel);
#if defined(VEC_AVX512)
    const __m512i lane = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __m512i from = _mm512_add_epi32(_mm512_and_epi32(lane, _mm512_set1_epi32(-width)), _mm512_set1_epi32(c));
    return (vec)_mm512_permutexvar_ps(from, (__m512)vec_load(pixel));
#elif defined(VEC_AVX2)
    const __m256i lane = _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0);
    const __m256i from = _mm256_add_epi32(_mm256_and_si256(lane, _mm256_set1_epi32(-width)), _mm256_set1_epi32(c));
    return (vec)_mm256_permutevar8x32_ps((__m256)vec_load(pixel), from);
#else
    float lane[LANES];
    UNROLL_FOR (int l = 0; l < LANES; l++) lane[l] = pixel[l / width * width + c];
    return vec_load(lane);
#endif
}

/* Taps are unrolled where registers hold the sums; plain C99 is for small machines. */
#ifdef VEC_PLAIN
enum { UNROLL_TAPS = 0 };
#else
enum { UNROLL_TAPS = 1 };
#endif

/* One tap of `pixels` pixels, `pixel` floats apart; the first lane of the vector is `behind` lanes into its group. */
static ALWAYS_INLINE void conv_grouped_tap(vec *acc, const float *in, const float *weights, const size_t pixel, const int behind,
                                           const int pixels, const int width) {
    UNROLL_FOR (int c = 0; c < width; c++) {
        const vec w = vec_load(weights + c * 16);
        UNROLL_FOR (int m = 0; m < pixels; m++) {
            if (width > LANES)
                acc[m] = vec_fma((in - behind)[(size_t)m * pixel + (size_t)c], w, acc[m]);
            else
                acc[m] = vec_fma_lanes(vec_group_channel(in + (size_t)m * pixel, width, c), w, acc[m]);
        }
    }
}

/* `pixels` pixels of a row by one vector of channels, over `rows` by `columns` taps, of which `in` and `weights` are the first.
 * Where `size` is not 0 it stands for both. `first_lane` is the vector's place in the block. */
static ALWAYS_INLINE void conv_grouped_tile(const struct conv *g, const float *in, const float *weights, const float *bias,
                                            const float *residual, float *out, const int first_lane, const int pixels,
                                            const int width, const int size, int rows, int columns) {
    /* Where a group is wider than a vector, all lanes read the same group, which starts before the vector. */
    const int behind = width > LANES ? first_lane % width : 0;
    const size_t pixel = (size_t)g->stride_width * 16, row = (size_t)(g->dilation_height * g->in_width) * 16;
    const size_t column = (size_t)g->dilation_width * 16, tap = (size_t)width * 16,
                 tap_row = (size_t)(size ? size : g->kernel_width) * tap;
    vec acc[TILE_PIXELS];
    UNROLL_FOR (int m = 0; m < pixels; m++) acc[m] = vec_load(bias);
    if (size) {
        UNROLL_FOR (int ky = 0; ky < size; ky++)
            UNROLL_FOR (int kx = 0; kx < size; kx++)
                conv_grouped_tap(acc, in + (size_t)ky * row + (size_t)kx * column,
                                 weights + (size_t)ky * tap_row + (size_t)kx * tap, pixel, behind, pixels, width);
    } else {
        for (int ky = 0; ky < rows; ky++)
            for (int kx = 0; kx < columns; kx++)
                conv_grouped_tap(acc, in + (size_t)ky * row + (size_t)kx * column,
                                 weights + (size_t)ky * tap_row + (size_t)kx * tap, pixel, behind, pixels, width);
    }
    UNROLL_FOR (int m = 0; m < pixels; m++) {
        if (residual) acc[m] = vec_add(acc[m], vec_load(residual + m * 16));
        vec_store(out + m * 16, vec_clamp(acc[m], g->low, g->high));
    }
}

/* The pixels [x, end) of a row, whose windows all have these taps. `in` is the row's first pixel, `before` floats behind the
 * first tap of output pixel 0. Returns `end`. */
static ALWAYS_INLINE int conv_grouped_pixels(const struct conv *g, const float *in, const float *weights, const float *bias,
                                             const float *residual, float *out, int x, const int end, const int first_lane,
                                             const int width, const int size, int rows, int columns, const ptrdiff_t before) {
    enum { PIXELS = TILE_PIXELS < 8 ? TILE_PIXELS : 8 };
#define CONV_TILES(pixels)                                                                                                       \
    for (; x + (pixels) <= end; x += (pixels))                                                                                   \
    conv_grouped_tile(g, in + ((ptrdiff_t)x * g->stride_width * 16 - before), weights, bias,                                     \
                      residual ? residual + x * 16 : residual, out + x * 16, first_lane, pixels, width, size, rows, columns)
    CONV_TILES(PIXELS);
#if TILE_PIXELS > 4
    CONV_TILES(4);
    CONV_TILES(2);
#endif
    CONV_TILES(1);
#undef CONV_TILES
    return x;
}

/* One row of output pixels by one vector of channels; `in` is the plane from its row `in_row` on. `size` is the kernel's edge
 * where it is square and known when this is compiled, else 0. Windows that hang over the edge take the taps inside alone. */
static ALWAYS_INLINE void conv_grouped_row(const struct conv *g, const float *in, const int in_row, const float *weights,
                                           const float *bias, const float *residual, float *out, const int y,
                                           const int first_lane, const int width, const int size) {
    const int kernel_height = size ? size : g->kernel_height, kernel_width = size ? size : g->kernel_width;
    const int top = y * g->stride_height - g->pad_top, reach = (kernel_width - 1) * g->dilation_width;
    const struct window_taps rows = window_taps(top, g->dilation_height, kernel_height, g->in_height);
    const float *a = in + (size_t)(rows.count ? rows.at - in_row : 0) * (size_t)g->in_width * 16;
    const float *w = weights + (size_t)(rows.first * g->kernel_width * width) * 16;
    /* Pixels [left, right) have all columns of their windows inside. */
    const int inside = g->in_width + g->pad_left - reach;
    int left = (g->pad_left + g->stride_width - 1) / g->stride_width, right = inside > 0 ? (inside - 1) / g->stride_width + 1 : 0;
    if (right > g->out_width) right = g->out_width;
    if (left > right) left = right;
    for (int x = 0; x < g->out_width;) {
        if (x == left && left < right) {
            const ptrdiff_t before = (ptrdiff_t)g->pad_left * 16;
            if (UNROLL_TAPS && size && rows.count == size)
                x = conv_grouped_pixels(g, a, w, bias, residual, out, x, right, first_lane, width, size, size, size, before);
            else
                x = conv_grouped_pixels(g, a, w, bias, residual, out, x, right, first_lane, width, 0, rows.count, kernel_width,
                                        before);
            continue;
        }
        const int start = x * g->stride_width - g->pad_left;
        const struct window_taps columns = window_taps(start, g->dilation_width, kernel_width, g->in_width);
        conv_grouped_tile(g, a + columns.at * 16, w + columns.first * width * 16, bias, residual ? residual + x * 16 : residual,
                          out + x * 16, first_lane, 1, width, 0, rows.count, columns.count);
        x++;
    }
}

/* The rows of `mine`, of which 0 is the output's row `first`, counted through all images. The input's planes lie `in_plane`
 * floats apart, from row `in_row` of the image on: whole images, or a window of one's rows. The rest as conv_grouped has it. */
static ALWAYS_INLINE void conv_grouped_rows(const struct conv *g, const float *in, const size_t in_plane, const int in_row,
                                            const float *weights, const float *bias, const float *residual, float *out,
                                            const struct grid_share *mine, const int first, const int width, const int size) {
    const size_t out_row = (size_t)g->out_width * 16;
    const size_t block_weights = (size_t)(g->kernel_height * g->kernel_width * width) * 16;
    for (int block = 0; block < mine->blocks; block++) {
        const struct share rows = grid_rows(mine, block);
        const float *w = weights + (size_t)block * block_weights;
        for (int task = first + rows.first; task < first + rows.end; task++) {
            const int image = task / g->out_height, y = task % g->out_height;
            const float *a = in + (size_t)image * g->in_image + (size_t)block * in_plane;
            const size_t o = (size_t)image * g->out_image + (size_t)(block * g->out_height + y) * out_row;
            for (int l = 0; l < 16; l += LANES)
                conv_grouped_row(g, a + l, in_row, w + l, bias + block * 16 + l, residual ? residual + o + l : residual,
                                 out + o + l, y, l, width, size);
        }
    }
}

/* Blocked in and out, in groups of `width` channels, a divisor of 16; `width` and `size` are constants where this is
 * called. Weights are [block][kernel row][kernel column][channel of the group][16]. No scratch is needed. */
static ALWAYS_INLINE void conv_grouped(const struct conv *g, const float *in, const float *weights, const float *bias,
                                       const float *residual, float *out, float *scratch, const int width, const int size) {
    const size_t in_plane = (size_t)g->in_height * (size_t)g->in_width * 16;
    const struct grid_share mine = thread_grid_share(g->groups * width / 16, g->images * g->out_height, 1, 0);
    (void)scratch;
    conv_grouped_rows(g, in, in_plane, 0, weights, bias, residual, out, &mine, 0, width, size);
}

#endif
