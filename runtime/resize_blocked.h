#ifndef RUNTIME_RESIZE_BLOCKED_H
#define RUNTIME_RESIZE_BLOCKED_H

#include "runtime/resize.h"
#include "runtime/threads.h"
#include "runtime/vec.h"

/* One vector of channels of one pixel. */
static ALWAYS_INLINE vec resize_pixel(const struct resize *r, const struct resize_tables *t, const float *in, int y, int x) {
    const size_t row_floats = (size_t)r->in_width * 16;
    if (!t->row_weight) return vec_load(in + (size_t)t->row[y] * row_floats + (size_t)t->column[x] * 16);
    vec total = vec_zero();
    for (int s = y * r->row_taps; s < (y + 1) * r->row_taps; s++) {
        const float *row = in + (size_t)t->row[s] * row_floats;
        vec sum = vec_zero();
        for (int c = x * r->column_taps; c < (x + 1) * r->column_taps; c++)
            sum = vec_fma(t->column_weight[c], vec_load(row + (size_t)t->column[c] * 16), sum);
        total = vec_fma(t->row_weight[s], sum, total);
    }
    return total;
}

/* [planes][rows][columns][16]. */
static ALWAYS_INLINE void resize_blocked(const struct resize *r, const struct resize_tables *t, const float *in, float *out) {
    const size_t in_plane = (size_t)r->in_height * (size_t)r->in_width * 16, out_row = (size_t)r->out_width * 16;
    SHARED_FOR
    for (int task = 0; task < r->planes * r->out_height; task++) {
        const float *plane = in + (size_t)(task / r->out_height) * in_plane;
        float *row = out + (size_t)task * out_row;
        for (int x = 0; x < r->out_width; x++)
            for (int l = 0; l < 16; l += LANES)
                vec_store(row + x * 16 + l, resize_pixel(r, t, plane + l, task % r->out_height, x));
    }
}

#endif
