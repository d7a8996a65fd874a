#ifndef RUNTIME_POOL_PLANES_H
#define RUNTIME_POOL_PLANES_H

#include "runtime/pool_rows.h"

/* [planes][depth][height][width][unit]: blocked by 16 channels where `unit` is 16, planar where it is 1. */
static ALWAYS_INLINE void pool_planes(const struct pool *p, const float *in, float *out, const int unit, const int kind) {
    const size_t slice = (size_t)p->in[1] * (size_t)p->in[2] * (size_t)unit, plane = (size_t)p->in[0] * slice;
    const size_t result_slice = (size_t)p->out[1] * (size_t)p->out[2] * (size_t)unit,
                 result_plane = (size_t)p->out[0] * result_slice;
    const struct share planes = thread_share(p->planes, 0), rows = {0, p->out[1]};
    for (int k = planes.first; k < planes.end; k++)
        for (int z = 0; z < p->out[0]; z++)
            pool_rows(p, in + (size_t)k * plane, slice, 0, out + (size_t)k * result_plane + (size_t)z * result_slice, z, rows,
                      unit, kind);
}

#endif
