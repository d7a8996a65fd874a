#ifndef RUNTIME_RECURRENT_SUMS_H
#define RUNTIME_RECURRENT_SUMS_H

#include "runtime/recurrent.h"
#include "runtime/vec.h"

/* Adds the products of the state `h` to the sums of `gates` gates (at most 4) for one vector of hidden units, in parts of
 * sum_units state units. Weights are [unit][gate of `all`][16]; `gates` and `all` are constants where this is called. */
static ALWAYS_INLINE void recurrent_sums(const struct recurrent *g, const float *h, const float *weights, vec *sum,
                                         const int gates, const int all) {
    for (int first = 0; first < g->hidden; first += g->sum_units) {
        const int end = first + g->sum_units < g->hidden ? first + g->sum_units : g->hidden;
        vec part[4];
        UNROLL_FOR (int k = 0; k < gates; k++) part[k] = vec_zero();
        for (int u = first; u < end; u++)
            UNROLL_FOR (int k = 0; k < gates; k++)
                part[k] = vec_fma(h[u], vec_load(weights + (size_t)(u * all + k) * 16), part[k]);
        UNROLL_FOR (int k = 0; k < gates; k++) sum[k] = vec_add(sum[k], part[k]);
    }
}

#endif
