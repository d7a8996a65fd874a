#ifndef RUNTIME_VEC_MISH_H
#define RUNTIME_VEC_MISH_H

#include "runtime/vec_exp.h"

/* x tanh(log(1 + e^x)) (Misra, arXiv:1908.08681) within 4 units in the last place. With w = e^x the tangent is n / (n + 2), n = w
 * (w + 2); from 20 on it is 1. */
static ALWAYS_INLINE vec vec_mish(vec x) {
    const vec w = vec_exp(vec_clamp(x, -104.0f, 20.0f)), two = vec_set(2.0f), n = vec_mul(w, vec_add(w, two));
    return vec_mul(x, vec_div(n, vec_add(n, two)));
}

#endif
