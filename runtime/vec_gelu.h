#ifndef RUNTIME_VEC_GELU_H
#define RUNTIME_VEC_GELU_H

#include "runtime/vec_erf.h"
#include "runtime/vec_sigmoid.h"

/* x times the normal distribution's share below x, erfc(-x / sqrt(2)) / 2 (Hendrycks, Gimpel, arXiv:1606.08415), within 4 units
 * in the last place above -5, and 1e-8 below. */
static ALWAYS_INLINE vec vec_gelu(vec x) {
    const vec half = vec_set(0.5f), one = vec_set(1.0f), t = vec_mul(x, vec_set(0.707106781f)), size = vec_abs(t);
    const vec tail = vec_mul(half, vec_erfc_large(size));
    const vec large = vec_if_less(x, vec_zero(), tail, vec_sub(one, tail));
    return vec_mul(x, vec_if_less(size, vec_set(0.9375f), vec_fma_lanes(half, vec_erf_small(t), half), large));
}

/* Its approximation x (1 + tanh(u)) / 2 = x / (1 + e^-2u) with u = sqrt(2/pi) (x + 0.044715 x^3). */
static ALWAYS_INLINE vec vec_gelu_tanh(vec x) {
    const vec factor = vec_fma_lanes(vec_mul(x, x), vec_set(0.0713548163f), vec_set(1.59576912f));
    return vec_mul(x, vec_sigmoid(vec_mul(x, factor)));
}

#endif
