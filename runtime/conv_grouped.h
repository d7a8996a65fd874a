#ifndef RUNTIME_CONV_GROUPED_H
#define RUNTIME_CONV_GROUPED_H

#include "runtime/conv_strip.h"
#include "runtime/vec_math.h"

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
    for (int l = 0; l < LANES; l++) lane[l] = pixel[l / width * width + c];
    return vec_load(lane);
#endif
}

/* PIXELS pixels of a row by one vector of channels; `first_lane` is its place in the block. */
static ALWAYS_INLINE void conv_grouped_tile(const struct conv *g, const float *in, size_t row_floats, const float *weights, const float *bias,
                                            const float *residual, float *out, const int first_lane, const int pixels, const int width) {
    /* Where a group is wider than a vector, all lanes read the same group, which starts before the vector. */
    const int behind = width > LANES ? first_lane % width : 0;
    const size_t pixel = (size_t)g->stride_width * 16;
    vec acc[TILE_PIXELS];
    UNROLL for (int m = 0; m < pixels; m++) acc[m] = vec_load(bias);
    for (int ky = 0; ky < g->kernel_height; ky++)
        for (int kx = 0; kx < g->kernel_width; kx++) {
            const float *a = in + (size_t)(ky * g->dilation_height) * row_floats + (size_t)(kx * g->dilation_width) * 16;
            UNROLL for (int c = 0; c < width; c++, weights += 16) {
                const vec w = vec_load(weights);
                UNROLL for (int m = 0; m < pixels; m++) {
                    if (width > LANES) acc[m] = vec_fma((a - behind)[(size_t)m * pixel + (size_t)c], w, acc[m]);
                    else acc[m] = vec_fma_lanes(vec_group_channel(a + (size_t)m * pixel, width, c), w, acc[m]);
                }
            }
        }
    UNROLL for (int m = 0; m < pixels; m++) {
        if (residual) acc[m] = vec_add(acc[m], vec_load(residual + m * 16));
        vec_store(out + m * 16, vec_clamp(acc[m], g->low, g->high));
    }
}

/* One image, blocked in and out, in groups of `width` channels, a divisor of 16 that is constant where this is called. Weights are
 * [block][kernel row][kernel column][channel of the group][16]. */
static ALWAYS_INLINE void conv_grouped(const struct conv *g, const float *in, const float *weights, const float *bias, const float *residual,
                                       float *out, float *scratch, const int width) {
    enum { PIXELS = TILE_PIXELS < 8 ? TILE_PIXELS : 8 };
    const int copied = g->padded_width != 0;
    const size_t row_floats = (size_t)(copied ? g->padded_width : g->in_width) * 16;
    const size_t in_plane = (size_t)g->in_height * (size_t)g->in_width * 16, out_row = (size_t)g->out_width * 16;
    const size_t block_weights = (size_t)(g->kernel_height * g->kernel_width * width) * 16;
    for (int b = 0; b < g->groups * width / 16; b++, in += in_plane, weights += block_weights, bias += 16)
        for (int first = 0; first < g->out_height; first += g->strip_rows) {
            const int end = first + g->strip_rows < g->out_height ? first + g->strip_rows : g->out_height;
            if (copied) conv_strip(g, in, scratch, first, 1, 16);
            const float *strip = copied ? scratch : in + (size_t)(first * g->stride_height) * row_floats;
            SHARED_FOR
            for (int y = first; y < end; y++)
                for (int l = 0; l < 16; l += LANES) {
                    const float *a = strip + (size_t)((y - first) * g->stride_height) * row_floats + l;
                    size_t o = ((size_t)b * (size_t)g->out_height + (size_t)y) * out_row + (size_t)l;
                    int x = 0;
                    for (; x + PIXELS <= g->out_width; x += PIXELS, o += PIXELS * 16)
                        conv_grouped_tile(g, a + (size_t)(x * g->stride_width) * 16, row_floats, weights + l, bias + l,
                                          residual ? residual + o : residual, out + o, l, PIXELS, width);
                    for (; x < g->out_width; x++, o += 16)
                        conv_grouped_tile(g, a + (size_t)(x * g->stride_width) * 16, row_floats, weights + l, bias + l,
                                          residual ? residual + o : residual, out + o, l, 1, width);
                }
        }
}

#endif
