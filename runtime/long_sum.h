#ifndef RUNTIME_LONG_SUM_H
#define RUNTIME_LONG_SUM_H

#include "runtime/sum_terms.h"

/* A sum that is added up term by term: the part that is being done, and those before it. */
struct long_sum {
    float part, total;
    int terms; /* of the part */
};

static inline void long_sum_add(struct long_sum *s, float term) {
    if (s->terms == SUM_TERMS) {
        s->total += s->part;
        s->part = 0.0f;
        s->terms = 0;
    }
    s->part += term;
    s->terms++;
}

static inline float long_sum_total(const struct long_sum *s) {
    return s->total + s->part;
}

#endif
