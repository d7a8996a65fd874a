#ifndef RUNTIME_SOFTMAX_COLUMNS_H
#define RUNTIME_SOFTMAX_COLUMNS_H

#include <stddef.h>

#include "runtime/sum_terms.h"
#include "runtime/threads.h"
#include "runtime/vec_exp.h"
#include "runtime/vec_log.h"

/* In place: for `columns` neighbours (at most LANES) the powers e^(x - most) over their sum, or with `logarithm` x - most -
 * ln(sum), where `most` is the largest of the `count` elements, `step` floats apart. The sum is done in parts of SUM_TERMS. NaN
 * or +infinity among them makes all of them NaN. `whole`: they are LANES. The last two are constants where this is called. */
static ALWAYS_INLINE void softmax_lanes(const float *x, float *y, size_t count, size_t step, size_t columns, const int whole,
                                        const int logarithm) {
#define SOFTMAX_LOAD(p) (whole ? vec_load(p) : vec_load_part(p, columns))
#define SOFTMAX_STORE(p, v) (whole ? vec_store(p, v) : vec_store_part(p, v, columns))
    vec most = SOFTMAX_LOAD(x), total = vec_zero();
    for (size_t k = 1; k < count; k++) most = vec_max(SOFTMAX_LOAD(x + k * step), most);
    for (size_t first = 0; first < count; first += SUM_TERMS) {
        const size_t end = count - first < SUM_TERMS ? count : first + SUM_TERMS;
        vec part = vec_zero();
        for (size_t k = first; k < end; k++) {
            const vec power = vec_exp(vec_sub(SOFTMAX_LOAD(x + k * step), most));
            if (!logarithm) SOFTMAX_STORE(y + k * step, power);
            part = vec_add(part, power);
        }
        total = vec_add(total, part);
    }
    if (logarithm) total = vec_log(total);
    for (size_t k = 0; k < count; k++)
        if (logarithm)
            SOFTMAX_STORE(y + k * step, vec_sub(vec_sub(SOFTMAX_LOAD(x + k * step), most), total));
        else
            SOFTMAX_STORE(y + k * step, vec_div(SOFTMAX_LOAD(y + k * step), total));
#undef SOFTMAX_LOAD
#undef SOFTMAX_STORE
}

/* Softmax or LogSoftmax along the middle axis of [outer][count][inner]: lanes are neighbours of the last axis. `logarithm` is a
 * constant where this is called. */
static ALWAYS_INLINE void softmax_columns(const float *x, float *y, size_t outer, size_t count, size_t inner,
                                          const int logarithm) {
    const size_t groups = (inner + LANES - 1) / LANES;
    SHARED_FOR
    for (size_t task = 0; task < outer * groups; task++) {
        const size_t column = task % groups * LANES, at = task / groups * count * inner + column;
        if (inner - column >= LANES)
            softmax_lanes(x + at, y + at, count, inner, LANES, 1, logarithm);
        else
            softmax_lanes(x + at, y + at, count, inner, inner - column, 0, logarithm);
    }
}

#endif
