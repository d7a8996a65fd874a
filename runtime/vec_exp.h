#ifndef RUNTIME_VEC_EXP_H
#define RUNTIME_VEC_EXP_H

#include "runtime/vec_math.h"

/* e^x in each lane, to 1.5 units in the last place; 0 below -86.9 and infinite above 88.72. x = n ln 2 + r; e^r is a polynomial (Cephes' expf, Moshier),
 * n becomes an exponent. All of it is additions and fused multiply-adds: the same bits on every target. */
static ALWAYS_INLINE vec vec_exp(vec x) {
    const vec rounder = vec_set(12582912.0f), limited = vec_clamp(x, -87.3f, 88.8f); /* 1.5 * 2^23: sums with it are whole */
    const vec shifted = vec_fma(1.44269504f, limited, rounder), n = vec_sub(shifted, rounder);
    const vec r = vec_fma(2.12194440e-4f, n, vec_fma(-0.693359375f, n, limited));
    vec p = vec_fma(1.9875691500e-4f, r, vec_set(1.3981999507e-3f));
    p = vec_fma_lanes(p, r, vec_set(8.3334519073e-3f));
    p = vec_fma_lanes(p, r, vec_set(4.1665795894e-2f));
    p = vec_fma_lanes(p, r, vec_set(1.6666665459e-1f));
    p = vec_fma_lanes(p, r, vec_set(5.0000001201e-1f));
    p = vec_add(vec_fma_lanes(p, vec_mul(r, r), r), vec_set(1.0f));
    return vec_mul(vec_mul(p, vec_half_power(shifted)), vec_set(2.0f));
}

#endif
