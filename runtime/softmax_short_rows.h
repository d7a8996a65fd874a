#ifndef RUNTIME_SOFTMAX_SHORT_ROWS_H
#define RUNTIME_SOFTMAX_SHORT_ROWS_H

#include "runtime/softmax_lanes.h"
#include "runtime/threads.h"

enum { SOFTMAX_SHORT_ROW = 32 };

/* Softmax or LogSoftmax of each of the rows, of at most SOFTMAX_SHORT_ROW elements: LANES rows at a time, turned to columns.
 * `logarithm` is a constant where this is called. */
static ALWAYS_INLINE void softmax_short_rows(const float *x, float *y, size_t rows, size_t count, const int logarithm) {
    SHARED_FOR
    for (size_t first = 0; first < rows; first += LANES) {
        float columns[SOFTMAX_SHORT_ROW * LANES];
        const size_t there = rows - first < LANES ? rows - first : LANES;
        const float *in = x + first * count;
        float *out = y + first * count;
        for (size_t k = 0; k < count; k++) {
            if (there == LANES) {
                UNROLL_FOR (size_t l = 0; l < LANES; l++) columns[k * LANES + l] = in[l * count + k];
                continue;
            }
            vec_store(columns + k * LANES, vec_zero());
            for (size_t l = 0; l < there; l++) columns[k * LANES + l] = in[l * count + k];
        }
        softmax_lanes(columns, columns, NULL, LANES, count, LANES, logarithm);
        for (size_t k = 0; k < count; k++)
            for (size_t l = 0; l < there; l++) out[l * count + k] = columns[k * LANES + l];
    }
}

#endif
