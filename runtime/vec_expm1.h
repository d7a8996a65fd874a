#ifndef RUNTIME_VEC_EXPM1_H
#define RUNTIME_VEC_EXPM1_H

#include "runtime/vec_exp.h"

/* e^x - 1 within 3 units in the last place, and within 1.7 below zero: a polynomial between -ln 2 and 0.5
 * (scripts/fit-polynomials). */
static ALWAYS_INLINE vec vec_expm1(vec x) {
    const vec large = vec_sub(vec_exp(x), vec_set(1.0f));
    vec p = vec_set(2.32135353e-5f);
    p = vec_fma_lanes(p, x, vec_set(1.99614064e-4f));
    p = vec_fma_lanes(p, x, vec_set(1.38955319e-3f));
    p = vec_fma_lanes(p, x, vec_set(8.33317358e-3f));
    p = vec_fma_lanes(p, x, vec_set(4.16666009e-2f));
    p = vec_fma_lanes(p, x, vec_set(1.66666672e-1f));
    p = vec_fma_lanes(p, x, vec_set(0.5f));
    const vec small = vec_fma_lanes(vec_mul(p, x), x, x);
    return vec_if_less(x, vec_set(-0.693147182f), large, vec_if_less(vec_set(0.5f), x, large, small));
}

#endif
