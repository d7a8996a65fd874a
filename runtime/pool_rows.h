#ifndef RUNTIME_POOL_ROWS_H
#define RUNTIME_POOL_ROWS_H

#include <stddef.h>

#include "runtime/pool_pixel.h"
#include "runtime/pool_taps.h"
#include "runtime/sum_terms.h"
#include "runtime/thread_share.h"

/* Pixels that are pooled together: as many blocked ones as have four vectors, which stay in registers beside the sums of a row;
 * two planar ones, as clang would gather more from memory. */
enum { POOL_TILE_VECTORS = 4, POOL_TILE_PLANAR = 2 };

/* What a window's sum is divided by, along one axis. */
static ALWAYS_INLINE int pool_divisor(const struct pool *p, int axis, int out, const struct window_taps *inside, const int kind) {
    if (kind != POOL_AVERAGE_PADDED) return inside->count;
    const int padded = p->begin[axis] + p->in[axis] + p->end[axis];
    return window_taps(out * p->stride[axis], p->dilation[axis], p->kernel[axis], padded).count;
}

/* Joins the next `taps` taps of a window's row to `to`, for `pixels` neighbours; taps are `column` floats apart, pixels `next`.
 */
static ALWAYS_INLINE void pool_taps_joined(const float *a, float (*to)[16], const size_t column, const size_t next, int taps,
                                           const int pixels, const int unit, const int kind) {
    for (int k = 0; k < taps; k++)
        UNROLL_FOR (int m = 0; m < pixels; m++) pool_join(to[m], a + (size_t)k * column + (size_t)m * next, unit, kind);
}

/* `pixels` neighbours in a row, whose windows have as many taps inside; `in` is the first tap of the first one. Each row of a
 * window is summed from left to right, then the rows from top to bottom, both in parts of SUM_TERMS; a maximum needs no parts. */
static ALWAYS_INLINE void pool_tile(const struct pool *p, const float *in, size_t slice, float *out, int slices, int rows,
                                    int columns, int divisor, const int pixels, const int unit, const int kind) {
    const size_t row = (size_t)p->in[2] * (size_t)unit, column = (size_t)p->dilation[2] * (size_t)unit,
                 next = (size_t)p->stride[2] * (size_t)unit;
    float total[POOL_TILE_VECTORS][16], part[POOL_TILE_VECTORS][16], before[POOL_TILE_VECTORS][16];
    int parts = 0, any_before = 0; /* how many parts the total has; and is there a total of parts before them? */
    UNROLL_FOR (int m = 0; m < pixels; m++) {
        pool_start(total[m], unit, kind);
        pool_start(before[m], unit, kind);
    }
    for (int kz = 0; kz < slices; kz++)
        for (int ky = 0; ky < rows; ky++) {
            const float *a = in + (size_t)(kz * p->dilation[0]) * slice + (size_t)(ky * p->dilation[1]) * row;
            if (kind == POOL_MAX) {
                pool_taps_joined(a, total, column, next, columns, pixels, unit, kind);
                continue;
            }
            for (int first = 0; first < columns; first += SUM_TERMS) {
                const int taps = columns - first < SUM_TERMS ? columns - first : SUM_TERMS;
                UNROLL_FOR (int m = 0; m < pixels; m++) pool_start(part[m], unit, kind);
                pool_taps_joined(a + (size_t)first * column, part, column, next, taps, pixels, unit, kind);
                if (parts == SUM_TERMS) {
                    UNROLL_FOR (int m = 0; m < pixels; m++) {
                        pool_join(before[m], total[m], unit, kind);
                        pool_start(total[m], unit, kind);
                    }
                    parts = 0;
                    any_before = 1;
                }
                UNROLL_FOR (int m = 0; m < pixels; m++) pool_join(total[m], part[m], unit, kind);
                parts++;
            }
        }
    if (any_before)
        UNROLL_FOR (int m = 0; m < pixels; m++) pool_join(total[m], before[m], unit, kind);
    UNROLL_FOR (int m = 0; m < pixels; m++) pool_store(out + m * unit, total[m], divisor, unit, kind);
}

/* The rows of slice `z` of one plane of results. The input's slices lie `slice` floats apart, from row `in_row` of the plane on:
 * the whole plane, or a window of its rows. `unit` and `kind` are constants where this is called. */
static ALWAYS_INLINE void pool_rows(const struct pool *p, const float *in, size_t slice, int in_row, float *out, int z,
                                    struct share rows, const int unit, const int kind) {
    const int tile = unit == 1 ? POOL_TILE_PLANAR : POOL_TILE_VECTORS * LANES / 16, kernel = p->kernel[2];
    const size_t row = (size_t)p->in[2] * (size_t)unit;
    const struct window_taps tz = pool_taps(p, 0, z);
    out += (size_t)rows.first * (size_t)p->out[2] * (size_t)unit;
    for (int y = rows.first; y < rows.end; y++) {
        const struct window_taps ty = pool_taps(p, 1, y);
        const int divisor = pool_divisor(p, 0, z, &tz, kind) * pool_divisor(p, 1, y, &ty, kind);
        const float *a = in + (size_t)tz.at * slice + (size_t)(ty.count ? ty.at - in_row : 0) * row;
        for (int x = 0, pixels; x < p->out[2]; x += pixels, out += pixels * unit) {
            const struct window_taps tx = pool_taps(p, 2, x);
            const float *first = a + (size_t)(tx.at * unit);
            const int last = x + tile - 1, inside = tx.count == kernel && pool_taps(p, 2, last).count == kernel;
            pixels = inside && last < p->out[2] ? tile : 1;
            if (pixels > 1)
                pool_tile(p, first, slice, out, tz.count, ty.count, kernel, divisor * kernel, tile, unit, kind);
            else
                pool_tile(p, first, slice, out, tz.count, ty.count, tx.count, divisor * pool_divisor(p, 2, x, &tx, kind), 1, unit,
                          kind);
        }
    }
}

#endif
