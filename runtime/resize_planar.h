#ifndef RUNTIME_RESIZE_PLANAR_H
#define RUNTIME_RESIZE_PLANAR_H

#include "runtime/resize.h"
#include "runtime/threads.h"
#include "runtime/vec_math.h"

/* Nearest: a row, or a copy of the one above. */
static ALWAYS_INLINE void resize_nearest(const struct resize *r, const struct resize_tables *t, const float *in, float *out) {
    for (int y = 0; y < r->out_height; y++) {
        const float *from = in + (size_t)t->row[y] * (size_t)r->in_width;
        float *row = out + (size_t)y * (size_t)r->out_width;
        if (y > 0 && t->row[y] == t->row[y - 1])
            memcpy(row, row - r->out_width, (size_t)r->out_width * sizeof *row);
        else
            for (int x = 0; x < r->out_width; x++) row[x] = from[t->column[x]];
    }
}

/* Every row of the input with the output's columns. */
static ALWAYS_INLINE void resize_columns(const struct resize *r, const struct resize_tables *t, const float *in, float *scratch) {
    SHARED_FOR
    for (int y = 0; y < r->in_height; y++)
        for (int x = 0; x < r->out_width; x++) {
            float sum = 0.0f;
            for (int c = x * r->column_taps; c < (x + 1) * r->column_taps; c++)
                sum = fma_f32(t->column_weight[c], in[(size_t)y * (size_t)r->in_width + (size_t)t->column[c]], sum);
            scratch[(size_t)y * (size_t)r->out_width + (size_t)x] = sum;
        }
}

/* One vector of columns, the last `part` of them alone. */
static ALWAYS_INLINE void resize_rows_at(const struct resize *r, const struct resize_tables *t, const float *scratch, float *out,
                                         int y, size_t x, size_t part) {
    const size_t width = (size_t)r->out_width;
    vec sum = vec_zero();
    for (int s = y * r->row_taps; s < (y + 1) * r->row_taps; s++) {
        const float *from = scratch + (size_t)t->row[s] * width + x;
        sum = vec_fma(t->row_weight[s], part == LANES ? vec_load(from) : vec_load_part(from, part), sum);
    }
    if (part == LANES)
        vec_store(out + (size_t)y * width + x, sum);
    else
        vec_store_part(out + (size_t)y * width + x, sum, part);
}

/* [planes][rows][columns]. `scratch`: in_height * out_width floats, not used without weights. */
static ALWAYS_INLINE void resize_planar(const struct resize *r, const struct resize_tables *t, const float *in, float *out,
                                        float *scratch) {
    const size_t in_plane = (size_t)r->in_height * (size_t)r->in_width, width = (size_t)r->out_width,
                 out_plane = (size_t)r->out_height * width;
    if (!t->row_weight) {
        SHARED_FOR
        for (int p = 0; p < r->planes; p++) resize_nearest(r, t, in + (size_t)p * in_plane, out + (size_t)p * out_plane);
        return;
    }
    for (int p = 0; p < r->planes; p++) {
        resize_columns(r, t, in + (size_t)p * in_plane, scratch);
        SHARED_FOR
        for (int y = 0; y < r->out_height; y++) {
            float *plane = out + (size_t)p * out_plane;
            size_t x = 0;
            for (; x + LANES <= width; x += LANES) resize_rows_at(r, t, scratch, plane, y, x, LANES);
            if (x < width) resize_rows_at(r, t, scratch, plane, y, x, width - x);
        }
    }
}

#endif
