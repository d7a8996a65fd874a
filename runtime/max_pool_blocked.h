#ifndef RUNTIME_MAX_POOL_BLOCKED_H
#define RUNTIME_MAX_POOL_BLOCKED_H

#include "runtime/max_pool_blocked_rows.h"

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
