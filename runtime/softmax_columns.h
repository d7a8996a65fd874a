#ifndef RUNTIME_SOFTMAX_COLUMNS_H
#define RUNTIME_SOFTMAX_COLUMNS_H

#include "runtime/softmax_lanes.h"
#include "runtime/threads.h"

/* Softmax or LogSoftmax along the middle axis of [outer][count][inner]: lanes are neighbours of the last axis, and from where too
 * few are left of it, of the next outer index. `logarithm` is a constant where this is called. */
static ALWAYS_INLINE void softmax_columns(const float *x, float *y, size_t outer, size_t count, size_t inner,
                                          const int logarithm) {
    const size_t columns = outer * inner;
    SHARED_FOR
    for (size_t first = 0; first < columns; first += LANES) {
        const size_t at = first / inner * count * inner + first % inner;
        const size_t there = columns - first < LANES ? columns - first : LANES;
        if (first % inner + LANES <= inner) {
            softmax_lanes(x + at, y + at, NULL, LANES, count, inner, logarithm);
        } else {
            size_t offset[LANES];
            for (size_t l = 0; l < LANES; l++) {
                const size_t column = first + (l < there ? l : 0); /* lanes beyond the last column repeat one */
                offset[l] = column / inner * count * inner + column % inner;
            }
            softmax_lanes(x, y, offset, there, count, inner, logarithm);
        }
    }
}

#endif
