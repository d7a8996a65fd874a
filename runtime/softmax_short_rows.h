#ifndef RUNTIME_SOFTMAX_SHORT_ROWS_H
#define RUNTIME_SOFTMAX_SHORT_ROWS_H

#include "runtime/softmax_columns.h"

enum { SOFTMAX_SHORT_ROW = 32 };

/* Softmax or LogSoftmax of each of the rows, of at most SOFTMAX_SHORT_ROW elements: LANES rows at a time, turned to columns.
 * `logarithm` is a constant where this is called. */
static ALWAYS_INLINE void softmax_short_rows(const float *x, float *y, size_t rows, size_t count, const int logarithm) {
    SHARED_FOR
    for (size_t first = 0; first < rows; first += LANES) {
        float columns[SOFTMAX_SHORT_ROW * LANES];
        const size_t there = rows - first < LANES ? rows - first : LANES;
        for (size_t l = 0; l < LANES; l++) {
            const float *row = x + (first + (l < there ? l : 0)) * count; /* lanes beyond the last row repeat one */
            for (size_t k = 0; k < count; k++) columns[k * LANES + l] = row[k];
        }
        softmax_lanes(columns, columns, count, LANES, LANES, 1, logarithm);
        for (size_t l = 0; l < there; l++)
            for (size_t k = 0; k < count; k++) y[(first + l) * count + k] = columns[k * LANES + l];
    }
}

#endif
