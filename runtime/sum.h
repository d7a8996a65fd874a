#ifndef RUNTIME_SUM_H
#define RUNTIME_SUM_H

#include <stddef.h>

#include "runtime/sum_terms.h"
#include "runtime/vec.h"

/* Of neighbours in memory: sixteen interleaved sums, each of them in parts of SUM_TERMS, which are added in pairs at the end: one
 * order everywhere, whatever the vector width. */
static inline float sum(const float *x, size_t count) {
    float lane[16] = {0.0f};
    const size_t whole = count / 16 * 16;
    for (int l = 0; l < 16; l += LANES) {
        vec total = vec_zero();
        for (size_t first = 0; first < whole; first += 16 * SUM_TERMS) {
            const size_t end = whole - first < 16 * SUM_TERMS ? whole : first + 16 * SUM_TERMS;
            vec part = vec_zero();
            for (size_t i = first; i < end; i += 16) part = vec_add(part, vec_load(x + i + l));
            total = vec_add(total, part);
        }
        vec_store(lane + l, total);
    }
    for (size_t i = whole; i < count; i++) lane[i - whole] += x[i];
    for (int half = 8; half > 0; half /= 2)
        for (int l = 0; l < half; l++) lane[l] += lane[l + half];
    return lane[0];
}

#endif
