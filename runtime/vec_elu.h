#ifndef RUNTIME_VEC_ELU_H
#define RUNTIME_VEC_ELU_H

#include "runtime/vec_expm1.h"

/* x, or alpha (e^x - 1) below zero (Clevert, Unterthiner, Hochreiter, arXiv:1511.07289). */
static ALWAYS_INLINE vec vec_elu(vec x, float alpha) {
    return vec_if_less(x, vec_zero(), vec_mul(vec_set(alpha), vec_expm1(x)), x);
}

/* ELU times gamma (Klambauer et al., arXiv:1706.02515). */
static ALWAYS_INLINE vec vec_selu(vec x, float alpha, float gamma) {
    return vec_mul(vec_set(gamma), vec_elu(x, alpha));
}

/* x, or alpha (e^(x / alpha) - 1) below zero (Barron, arXiv:1704.07483). */
static ALWAYS_INLINE vec vec_celu(vec x, float alpha) {
    const vec scale = vec_set(alpha);
    return vec_if_less(x, vec_zero(), vec_mul(scale, vec_expm1(vec_div(x, scale))), x);
}

#endif
