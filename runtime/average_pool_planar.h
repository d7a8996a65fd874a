#ifndef RUNTIME_AVERAGE_POOL_PLANAR_H
#define RUNTIME_AVERAGE_POOL_PLANAR_H

#include <stddef.h>

#include "runtime/pool_padded_taps.h"
#include "runtime/pool_taps.h"
#include "runtime/threads.h"

/* [planes][depth][height][width]. Each row of the window is summed from left to right, then the rows from top to bottom. */
static void average_pool_planar(const struct pool *p, const float *first, float *result, int count_padding) {
    const size_t row = (size_t)p->in[2], slice = (size_t)p->in[1] * row;
    const size_t results = (size_t)p->out[0] * (size_t)p->out[1] * (size_t)p->out[2];
    SHARED_FOR
    for (int plane = 0; plane < p->planes; plane++) {
        const float *in = first + (size_t)plane * (size_t)p->in[0] * slice;
        float *out = result + (size_t)plane * results;
        for (int z = 0; z < p->out[0]; z++) {
            const struct pool_taps tz = pool_taps(p, 0, z);
            for (int y = 0; y < p->out[1]; y++) {
                const struct pool_taps ty = pool_taps(p, 1, y);
                for (int x = 0; x < p->out[2]; x++) {
                    const struct pool_taps tx = pool_taps(p, 2, x);
                    float total = 0.0f;
                    for (int kz = tz.first; kz < tz.end; kz++)
                        for (int ky = ty.first; ky < ty.end; ky++) {
                            const float *a = in + (size_t)(tz.start + kz * p->dilation[0]) * slice +
                                             (size_t)(ty.start + ky * p->dilation[1]) * row;
                            float part = 0.0f;
                            for (int kx = tx.first; kx < tx.end; kx++) part += a[tx.start + kx * p->dilation[2]];
                            total += part;
                        }
                    const int taps = count_padding
                                         ? pool_padded_taps(p, 0, z) * pool_padded_taps(p, 1, y) * pool_padded_taps(p, 2, x)
                                         : (tz.end - tz.first) * (ty.end - ty.first) * (tx.end - tx.first);
                    *out++ = total / (float)taps;
                }
            }
        }
    }
}

#endif
