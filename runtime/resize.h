#ifndef RUNTIME_RESIZE_H
#define RUNTIME_RESIZE_H

#include <stdint.h>

/* An image's rows and columns drawn anew: out[y][x] = the sum over s of row_weight[y][s] times the sum over t of
 * column_weight[x][t] in[row[y][s]][column[x][t]], each sum from 0 and by fused multiply-adds. */
struct resize {
    int planes; /* images times channels, or times blocks of 16 channels */
    int in_height, in_width, out_height, out_width;
    int row_taps, column_taps;
};

struct resize_tables {
    const int32_t *row, *column;             /* [out][taps]: which of the input's */
    const float *row_weight, *column_weight; /* [out][taps]; NULL where one tap has weight 1 (nearest) */
};

#endif
