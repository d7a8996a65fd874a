#ifndef RUNTIME_MAX_POOL_BLOCKED_H
#define RUNTIME_MAX_POOL_BLOCKED_H

#include <math.h>
#include <stddef.h>

#include "runtime/pool_taps.h"
#include "runtime/threads.h"

/* Sixteen channels at a time: [planes][depth][height][width][16]. */
static void max_pool_blocked(const struct pool *p, const float *first, float *result) {
    const size_t row = (size_t)p->in[2] * 16, slice = (size_t)p->in[1] * row;
    const size_t results = (size_t)p->out[0] * (size_t)p->out[1] * (size_t)p->out[2] * 16;
    SHARED_FOR
    for (int plane = 0; plane < p->planes; plane++) {
        const float *in = first + (size_t)plane * (size_t)p->in[0] * slice;
        float *out = result + (size_t)plane * results;
        for (int z = 0; z < p->out[0]; z++) {
            const struct pool_taps tz = pool_taps(p, 0, z);
            for (int y = 0; y < p->out[1]; y++) {
                const struct pool_taps ty = pool_taps(p, 1, y);
                for (int x = 0; x < p->out[2]; x++, out += 16) {
                    const struct pool_taps tx = pool_taps(p, 2, x);
                    float most[16];
                    for (int l = 0; l < 16; l++) most[l] = -INFINITY;
                    for (int kz = tz.first; kz < tz.end; kz++)
                        for (int ky = ty.first; ky < ty.end; ky++) {
                            const float *a = in + (size_t)(tz.start + kz * p->dilation[0]) * slice +
                                             (size_t)(ty.start + ky * p->dilation[1]) * row;
                            for (int kx = tx.first; kx < tx.end; kx++) {
                                const float *tap = a + (size_t)(tx.start + kx * p->dilation[2]) * 16;
                                for (int l = 0; l < 16; l++) most[l] = tap[l] > most[l] ? tap[l] : most[l];
                            }
                        }
                    for (int l = 0; l < 16; l++) out[l] = most[l];
                }
            }
        }
    }
}

#endif
