#ifndef RUNTIME_VEC_SOFTPLUS_H
#define RUNTIME_VEC_SOFTPLUS_H

#include "runtime/vec_exp.h"
#include "runtime/vec_sign.h"

/* log(1 + e^x) within 2.5 units in the last place, as max(x, 0) + log(1 + e) with e = e^-|x|: log(1 + e) = 2 atanh(s) with s = e
 * / (2 + e), and atanh by a polynomial (scripts/fit-polynomials). */
static ALWAYS_INLINE vec vec_softplus(vec x) {
    const vec zero = vec_zero(), e = vec_exp(vec_neg(vec_abs(x))), s = vec_div(e, vec_add(vec_set(2.0f), e));
    const vec z = vec_mul(s, s), twice = vec_add(s, s);
    vec p = vec_set(1.21451683e-1f);
    p = vec_fma_lanes(p, z, vec_set(1.07152678e-1f));
    p = vec_fma_lanes(p, z, vec_set(1.43083081e-1f));
    p = vec_fma_lanes(p, z, vec_set(1.99994445e-1f));
    p = vec_fma_lanes(p, z, vec_set(3.33333373e-1f));
    return vec_add(vec_if_less(x, zero, zero, x), vec_fma_lanes(vec_mul(p, z), twice, twice));
}

#endif
