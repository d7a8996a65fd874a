#ifndef RUNTIME_MAX_POOL_BLOCKED_ROWS_H
#define RUNTIME_MAX_POOL_BLOCKED_ROWS_H

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

#endif
