#ifndef RUNTIME_VEC_TANH_H
#define RUNTIME_VEC_TANH_H

#include "runtime/vec_exp.h"

/* tanh within 1.6 units in the last place: an odd polynomial (Moshier's Cephes, tanhf) below 0.625; from there on (1 - e) / (1 +
 * e) with e = e^-2|x|. */
static ALWAYS_INLINE vec vec_tanh(vec x) {
    const vec zero = vec_zero(), one = vec_set(1.0f), negative = vec_if_less(x, zero, x, vec_sub(zero, x));
    const vec e = vec_exp(vec_add(negative, negative)), large = vec_div(vec_sub(one, e), vec_add(one, e));
    const vec z = vec_mul(x, x);
    vec p = vec_set(-5.70498872745e-3f);
    p = vec_fma_lanes(p, z, vec_set(2.06390887954e-2f));
    p = vec_fma_lanes(p, z, vec_set(-5.37397155531e-2f));
    p = vec_fma_lanes(p, z, vec_set(1.33314422036e-1f));
    p = vec_fma_lanes(p, z, vec_set(-3.33332819422e-1f));
    const vec small = vec_fma_lanes(vec_mul(p, z), x, x);
    return vec_if_less(vec_set(-0.625f), negative, small, vec_if_less(x, zero, vec_sub(zero, large), large));
}

#endif
