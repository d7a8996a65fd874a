#ifndef RUNTIME_SOFTMAX_LANES_H
#define RUNTIME_SOFTMAX_LANES_H

#include <math.h>
#include <stddef.h>

#include "runtime/sum_terms.h"
#include "runtime/vec_exp.h"
#include "runtime/vec_log.h"

/* One element of each lane: neighbours, or where `offset` says. */
static ALWAYS_INLINE vec softmax_load(const float *x, const size_t *offset) {
    float lane[LANES];
    if (!offset) return vec_load(x);
    UNROLL_FOR (int l = 0; l < LANES; l++) lane[l] = x[offset[l]];
    return vec_load(lane);
}

static ALWAYS_INLINE void softmax_store(float *y, vec v, const size_t *offset, size_t lanes) {
    float lane[LANES];
    if (!offset) {
        vec_store(y, v);
        return;
    }
    vec_store(lane, v);
    for (size_t l = 0; l < lanes; l++) y[offset[l]] = lane[l];
}

/* Each lane's powers e^(x - most) over their sum, or with `logarithm` x - most - ln(sum), where `most` is the largest of its
 * `count` elements, `step` floats apart. The sum is done in parts of SUM_TERMS. NaN or +infinity among them makes all of them
 * NaN. Lanes are neighbours, or with `offset` where that says, of which `lanes` are stored. `y` may be `x`. `logarithm`, and
 * whether there is an `offset`, are constants where this is called. */
static ALWAYS_INLINE void softmax_lanes(const float *x, float *y, const size_t *offset, size_t lanes, size_t count, size_t step,
                                        const int logarithm) {
    vec most = vec_set(-INFINITY), total = vec_zero();
    for (size_t k = 0; k < count; k++) most = vec_max(softmax_load(x + k * step, offset), most);
    for (size_t first = 0; first < count; first += SUM_TERMS) {
        const size_t end = count - first < SUM_TERMS ? count : first + SUM_TERMS;
        vec part = vec_zero();
        for (size_t k = first; k < end; k++) {
            const vec power = vec_exp(vec_sub(softmax_load(x + k * step, offset), most));
            if (!logarithm) softmax_store(y + k * step, power, offset, lanes);
            part = vec_add(part, power);
        }
        total = vec_add(total, part);
    }
    if (logarithm) total = vec_log(total);
    for (size_t k = 0; k < count; k++)
        if (logarithm)
            softmax_store(y + k * step, vec_sub(vec_sub(softmax_load(x + k * step, offset), most), total), offset, lanes);
        else
            softmax_store(y + k * step, vec_div(softmax_load(y + k * step, offset), total), offset, lanes);
}

#endif
