#ifndef RUNTIME_VEC_MATH_H
#define RUNTIME_VEC_MATH_H

#include "runtime/vec.h"

/* What elementary functions need beside vec.h. A product is never the operand of a sum but in vec_fma_lanes, so that no compiler can join the
 * two on one target and not on another. */
static ALWAYS_INLINE vec vec_all(float s) {
#ifdef VEC_PLAIN
    vec v;
    for (int i = 0; i < LANES; i++) v.lane[i] = s;
    return v;
#else
    return s - vec_zero();
#endif
}

static ALWAYS_INLINE vec vec_mul(vec a, vec b) {
#ifdef VEC_PLAIN
    for (int i = 0; i < LANES; i++) a.lane[i] *= b.lane[i];
    return a;
#else
    return a * b;
#endif
}

static ALWAYS_INLINE vec vec_div(vec a, vec b) {
#ifdef VEC_PLAIN
    for (int i = 0; i < LANES; i++) a.lane[i] /= b.lane[i];
    return a;
#else
    return a / b;
#endif
}

/* a < b ? x : y in each lane; y where one is NaN. */
static ALWAYS_INLINE vec vec_if_less(vec a, vec b, vec x, vec y) {
#ifdef VEC_PLAIN
    for (int i = 0; i < LANES; i++) y.lane[i] = a.lane[i] < b.lane[i] ? x.lane[i] : y.lane[i];
    return y;
#else
    typedef int mask __attribute__((vector_size(4 * LANES)));
    const mask less = a < b;
    return (vec)((less & (mask)x) | (~less & (mask)y));
#endif
}

#endif
