#ifndef RUNTIME_CONV_GROUPED_H
#define RUNTIME_CONV_GROUPED_H

#include "runtime/conv.h"
#include "runtime/vec.h"

/* For every lane, the input of that lane's group: channel `c` of `width` channels. */
static ALWAYS_INLINE vec vec_group_channel(const float *pixel, int first_lane, int width, int c) {
    float lane[LANES];
    for (int l = 0; l < LANES; l++) lane[l] = pixel[(first_lane + l) / width * width + c];
    return vec_load(lane);
}

/* acc + a * b in each lane, fused. */
static ALWAYS_INLINE vec vec_fma_lanes(vec a, vec b, vec acc) {
#if defined(VEC_PLAIN)
    for (int i = 0; i < LANES; i++) acc.lane[i] = fma_f32(a.lane[i], b.lane[i], acc.lane[i]);
    return acc;
#elif defined(__AVX512F__)
    return (vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)acc);
#elif defined(__AVX__) && defined(__FMA__)
    return (vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)acc);
#elif defined(__aarch64__)
    return (vec)vfmaq_f32((float32x4_t)acc, (float32x4_t)a, (float32x4_t)b);
#else
    return acc + a * b;
#endif
}

/* One vector of one output pixel of block `block`. */
static ALWAYS_INLINE void conv_grouped_pixel(const struct conv *g, const float *in, const float *weights, const float *bias,
                                             const float *residual, float *out, int y, int x, int first_lane, const int width) {
    vec acc = vec_load(bias);
    for (int ky = 0; ky < g->kernel_height; ky++) {
        const int row = y * g->stride_height - g->pad_top + ky * g->dilation_height;
        if (row < 0 || row >= g->in_height) continue;
        for (int kx = 0; kx < g->kernel_width; kx++) {
            const int column = x * g->stride_width - g->pad_left + kx * g->dilation_width;
            if (column < 0 || column >= g->in_width) continue;
            const float *pixel = in + ((size_t)row * (size_t)g->in_width + (size_t)column) * 16;
            const float *w = weights + (size_t)(ky * g->kernel_width + kx) * (size_t)width * 16;
            for (int c = 0; c < width; c++)
                acc = vec_fma_lanes(vec_group_channel(pixel, first_lane, width, c), vec_load(w + c * 16), acc);
        }
    }
    if (residual) acc = vec_add(acc, vec_load(residual));
    vec_store(out, vec_clamp(acc, g->low, g->high));
}

/* One image, blocked in and out, in groups of `width` channels, a divisor of 16 that is constant where this is called. Weights are
 * [block][kernel row][kernel column][channel of the group][16]. */
static ALWAYS_INLINE void conv_grouped(const struct conv *g, const float *in, const float *weights, const float *bias, const float *residual,
                                       float *out, const int width) {
    const int blocks = g->groups * width / 16;
    const size_t in_plane = (size_t)g->in_height * (size_t)g->in_width * 16, out_plane = (size_t)g->out_height * (size_t)g->out_width * 16;
    const size_t block_weights = (size_t)(g->kernel_height * g->kernel_width * width) * 16;
    for (int b = 0; b < blocks; b++)
        for (int y = 0; y < g->out_height; y++)
            for (int x = 0; x < g->out_width; x++)
                for (int l = 0; l < 16; l += LANES) {
                    const size_t o = (size_t)b * out_plane + ((size_t)y * (size_t)g->out_width + (size_t)x) * 16 + (size_t)l;
                    conv_grouped_pixel(g, in + (size_t)b * in_plane, weights + (size_t)b * block_weights + l, bias + b * 16 + l,
                                       residual ? residual + o : residual, out + o, y, x, l, width);
                }
}

#endif
