#ifndef RUNTIME_VEC_ERF_H
#define RUNTIME_VEC_ERF_H

#include "runtime/vec_exp.h"
#include "runtime/vec_sign.h"

/* erf(x) for |x| < 0.9375: an odd polynomial (scripts/fit-polynomials). */
static ALWAYS_INLINE vec vec_erf_small(vec x) {
    const vec z = vec_mul(x, x);
    vec p = vec_set(8.26748437e-5f);
    p = vec_fma_lanes(p, z, vec_set(-8.11808102e-4f));
    p = vec_fma_lanes(p, z, vec_set(5.19883027e-3f));
    p = vec_fma_lanes(p, z, vec_set(-2.68584974e-2f));
    p = vec_fma_lanes(p, z, vec_set(1.12836793e-1f));
    p = vec_fma_lanes(p, z, vec_set(-3.76126319e-1f));
    p = vec_fma_lanes(p, z, vec_set(1.28379166e-1f));
    return vec_fma_lanes(p, x, x);
}

/* erfc(x) = 1 - erf(x) for x >= 0.9375: its logarithm is -x - x p(x) with a polynomial p (scripts/fit-polynomials); above 4 less
 * exact. */
static ALWAYS_INLINE vec vec_erfc_large(vec x) {
    vec p = vec_set(1.18908965e-5f);
    p = vec_fma_lanes(p, x, vec_set(-3.29425879e-4f));
    p = vec_fma_lanes(p, x, vec_set(3.66947288e-3f));
    p = vec_fma_lanes(p, x, vec_set(-2.38194000e-2f));
    p = vec_fma_lanes(p, x, vec_set(1.06303699e-1f));
    p = vec_fma_lanes(p, x, vec_set(6.35110736e-1f));
    p = vec_fma_lanes(p, x, vec_set(1.28658518e-1f));
    return vec_exp(vec_neg(vec_fma_lanes(p, x, x)));
}

/* erf(x) within 1.5 units in the last place. */
static ALWAYS_INLINE vec vec_erf(vec x) {
    const vec size = vec_abs(x), large = vec_with_sign(vec_sub(vec_set(1.0f), vec_erfc_large(size)), x);
    return vec_if_less(size, vec_set(0.9375f), vec_erf_small(x), large);
}

#endif
