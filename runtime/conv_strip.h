#ifndef RUNTIME_CONV_STRIP_H
#define RUNTIME_CONV_STRIP_H

#include <string.h>

#include "runtime/conv_scale.h"
#include "runtime/grid_share.h"

/* Copies the `rows` input rows that output rows from `first_row` on need to `strip`, with the border of zeros around them:
 * `planes` planes whose pixels are `unit` floats (16 blocked, 1 planar). `scale` is the input scale, or NULL. The threads share
 * the rows or the planes, or each copies a strip of its own. */
static void conv_strip(const struct conv *g, const float *in, const float *scale, float *strip, int first_row, int rows,
                       int planes, int unit, int by_rows, int alone) {
    const size_t row_floats = (size_t)g->padded_width * (size_t)unit;
    const int available = g->in_width < g->padded_width - g->pad_left ? g->in_width : g->padded_width - g->pad_left;
    const size_t left = (size_t)g->pad_left * (size_t)unit, middle = (size_t)available * (size_t)unit;
    const struct grid_share mine = thread_grid_share(planes, rows, by_rows, alone);
    for (int p = 0; p < planes; p++) {
        const struct share part = grid_rows(&mine, p);
        for (int of_strip = part.first; of_strip < part.end; of_strip++) {
            const int y = first_row * g->stride_height - g->pad_top + of_strip * g->strip_step;
            float *row = strip + (size_t)(p * rows + of_strip) * row_floats;
            if (y < 0 || y >= g->in_height) continue; /* nobody reads it */
            memset(row, 0, left * sizeof *row);
            const float *from = in + ((size_t)p * (size_t)g->in_height + (size_t)y) * (size_t)g->in_width * (size_t)unit;
            if (!scale)
                memcpy(row + left, from, middle * sizeof *row);
            else if (unit == 16)
                conv_scale_blocked(from, scale + p * 32, row + left, middle, g->in_low);
            else
                conv_scale_planar(from, scale + p * 2, row + left, middle, g->in_low);
            memset(row + left + middle, 0, (row_floats - left - middle) * sizeof *row);
        }
    }
}

#endif
