#ifndef RUNTIME_POOL_PIXEL_H
#define RUNTIME_POOL_PIXEL_H

#include <math.h>

#include "runtime/pool.h"
#include "runtime/vec_math.h"

/* What is done to a pixel of `unit` channels: a block of 16, in vectors, or one. `unit` and `kind` are constants where these are
 * called. */

/* What nothing has joined yet. */
static ALWAYS_INLINE void pool_start(float *to, const int unit, const int kind) {
    const float none = kind == POOL_MAX ? -INFINITY : 0.0f;
    if (VECTORS_IN_REGISTERS && unit == 16)
        UNROLL_FOR (int l = 0; l < 16; l += LANES) vec_store(to + l, vec_set(none));
    else
        for (int l = 0; l < unit; l++) to[l] = none;
}

/* The maximum or the sum of both. Of equals the maximum is `to`, and a NaN is left out. */
static ALWAYS_INLINE void pool_join(float *to, const float *from, const int unit, const int kind) {
    if (VECTORS_IN_REGISTERS && unit == 16)
        UNROLL_FOR (int l = 0; l < 16; l += LANES) {
            const vec so_far = vec_load(to + l), tap = vec_load(from + l);
            vec_store(to + l, kind == POOL_MAX ? vec_max(tap, so_far) : vec_add(so_far, tap));
        }
    else
        for (int l = 0; l < unit; l++) to[l] = kind != POOL_MAX ? to[l] + from[l] : from[l] > to[l] ? from[l] : to[l];
}

/* A sum is divided by `taps`. */
static ALWAYS_INLINE void pool_store(float *to, const float *from, int taps, const int unit, const int kind) {
    if (VECTORS_IN_REGISTERS && unit == 16)
        UNROLL_FOR (int l = 0; l < 16; l += LANES) {
            const vec v = vec_load(from + l);
            vec_store(to + l, kind == POOL_MAX ? v : vec_div(v, vec_set((float)taps)));
        }
    else
        for (int l = 0; l < unit; l++) to[l] = kind == POOL_MAX ? from[l] : from[l] / (float)taps;
}

#endif
