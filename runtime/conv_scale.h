#ifndef RUNTIME_CONV_SCALE_H
#define RUNTIME_CONV_SCALE_H

#include "runtime/conv.h"
#include "runtime/vec_fma_lanes.h"

/* The input scale of `count` floats: pixels of one block of 16 channels. */
static void conv_scale_blocked(const float *in, const float *scale, float *out, size_t count, float low) {
    for (int l = 0; l < 16; l += LANES) {
        const vec s = vec_load(scale + l), shift = vec_load(scale + 16 + l);
        for (size_t i = (size_t)l; i < count; i += 16)
            vec_store(out + i, vec_clamp(vec_fma_lanes(vec_load(in + i), s, shift), low, INFINITY));
    }
}

/* The same of `count` pixels of one channel. */
static void conv_scale_planar(const float *in, const float *scale, float *out, size_t count, float low) {
    float shifts[LANES];
    for (int l = 0; l < LANES; l++) shifts[l] = scale[1];
    const vec shift = vec_load(shifts);
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        vec_store(out + i, vec_clamp(vec_fma(scale[0], vec_load(in + i), shift), low, INFINITY));
    for (; i < count; i++) {
        const float v = fma_f32(scale[0], in[i], scale[1]);
        out[i] = v < low ? low : v;
    }
}

#endif
