#ifndef RUNTIME_MAX_POOL_INDICES_H
#define RUNTIME_MAX_POOL_INDICES_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/pool_taps.h"

/* As pool_planes, for planar images and their maximum, and where it lies in the whole input: row-major, or with `column_major`
 * each plane column-major. Either result may be NULL. */
static void max_pool_indices(const struct pool *p, const float *in, float *out, int64_t *indices, int column_major) {
    const size_t row = (size_t)p->in[2], slice = (size_t)p->in[1] * row, volume = (size_t)p->in[0] * slice;
    for (int plane = 0; plane < p->planes; plane++)
        for (int z = 0; z < p->out[0]; z++) {
            const struct window_taps tz = pool_taps(p, 0, z);
            for (int y = 0; y < p->out[1]; y++) {
                const struct window_taps ty = pool_taps(p, 1, y);
                for (int x = 0; x < p->out[2]; x++) {
                    const struct window_taps tx = pool_taps(p, 2, x);
                    float most = -INFINITY;
                    size_t at = 0;
                    int found = 0;
                    for (int kz = 0; kz < tz.count; kz++)
                        for (int ky = 0; ky < ty.count; ky++)
                            for (int kx = 0; kx < tx.count; kx++) {
                                const size_t d = (size_t)(tz.at + kz * p->dilation[0]), h = (size_t)(ty.at + ky * p->dilation[1]);
                                const size_t w = (size_t)(tx.at + kx * p->dilation[2]);
                                const float v = in[(size_t)plane * volume + d * slice + h * row + w];
                                if (found && !(v > most)) continue;
                                found = 1;
                                most = v;
                                at = column_major ? d + (size_t)p->in[0] * (h + (size_t)p->in[1] * w) : d * slice + h * row + w;
                            }
                    if (out) *out++ = most;
                    if (indices) *indices++ = (int64_t)((size_t)plane * volume + at);
                }
            }
        }
}

#endif
