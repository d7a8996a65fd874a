#ifndef RUNTIME_VEC_TANH_H
#define RUNTIME_VEC_TANH_H

#include "runtime/vec_exp.h"

/* In each lane: a polynomial near 0 (Cephes' tanhf, Moshier), where 1 - 2 / (e^2|x| + 1) would lose digits. */
static ALWAYS_INLINE vec vec_tanh(vec x) {
    const vec zero = vec_zero(), minus = vec_sub(zero, x), size = vec_if_less(x, zero, minus, x), square = vec_mul(x, x);
    vec p = vec_fma(-5.70498872745e-3f, square, vec_set(2.06390887954e-2f));
    p = vec_fma_lanes(p, square, vec_set(-5.37397155531e-2f));
    p = vec_fma_lanes(p, square, vec_set(1.33314422036e-1f));
    p = vec_fma_lanes(p, square, vec_set(-3.33332819422e-1f));
    const vec near = vec_fma_lanes(vec_mul(p, square), x, x);
    const vec one = vec_set(1.0f), far = vec_fma(-2.0f, vec_div(one, vec_add(one, vec_exp(vec_add(size, size)))), one);
    return vec_if_less(size, vec_set(0.625f), near, vec_if_less(x, zero, vec_sub(zero, far), far));
}

#endif
