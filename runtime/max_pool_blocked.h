#ifndef RUNTIME_MAX_POOL_BLOCKED_H
#define RUNTIME_MAX_POOL_BLOCKED_H

#include <math.h>
#include <stddef.h>

#include "runtime/pool_taps.h"
#include "runtime/thread_share.h"

/* The rows of slice `z` of one plane of results, sixteen channels at a time. The input's slices lie `slice` floats apart, from
 * row `in_row` of the plane on: the whole plane, or a window of its rows. */
static void max_pool_blocked_rows(const struct pool *p, const float *in, size_t slice, int in_row, float *out, int z,
                                  struct share rows) {
    const size_t row = (size_t)p->in[2] * 16;
    const struct pool_taps tz = pool_taps(p, 0, z);
    out += (size_t)rows.first * (size_t)p->out[2] * 16;
    for (int y = rows.first; y < rows.end; y++) {
        const struct pool_taps ty = pool_taps(p, 1, y);
        for (int x = 0; x < p->out[2]; x++, out += 16) {
            const struct pool_taps tx = pool_taps(p, 2, x);
            float most[16];
            for (int l = 0; l < 16; l++) most[l] = -INFINITY;
            for (int kz = tz.first; kz < tz.end; kz++)
                for (int ky = ty.first; ky < ty.end; ky++) {
                    const float *a = in + (size_t)(tz.start + kz * p->dilation[0]) * slice +
                                     (size_t)(ty.start + ky * p->dilation[1] - in_row) * row;
                    for (int kx = tx.first; kx < tx.end; kx++) {
                        const float *tap = a + (size_t)(tx.start + kx * p->dilation[2]) * 16;
                        for (int l = 0; l < 16; l++) most[l] = tap[l] > most[l] ? tap[l] : most[l];
                    }
                }
            for (int l = 0; l < 16; l++) out[l] = most[l];
        }
    }
}

/* [planes][depth][height][width][16]. */
static void max_pool_blocked(const struct pool *p, const float *in, float *out) {
    const size_t slice = (size_t)p->in[1] * (size_t)p->in[2] * 16, plane = (size_t)p->in[0] * slice;
    const size_t result_slice = (size_t)p->out[1] * (size_t)p->out[2] * 16, result_plane = (size_t)p->out[0] * result_slice;
    const struct share rows = {0, p->out[1]};
    SHARED_FOR
    for (int k = 0; k < p->planes; k++)
        for (int z = 0; z < p->out[0]; z++)
            max_pool_blocked_rows(p, in + (size_t)k * plane, slice, 0, out + (size_t)k * result_plane + (size_t)z * result_slice,
                                  z, rows);
}

#endif
