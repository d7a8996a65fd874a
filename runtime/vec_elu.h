#ifndef RUNTIME_VEC_ELU_H
#define RUNTIME_VEC_ELU_H

#include "runtime/vec_tanh.h"

/* x, or below zero alpha (e^x - 1): e^x - 1 = 2 t / (1 - t) with t = tanh(x / 2), without cancellation. */
static ALWAYS_INLINE vec vec_elu(vec x, float alpha) {
    const vec t = vec_tanh(vec_mul(x, vec_set(0.5f)));
    const vec below = vec_div(vec_add(t, t), vec_sub(vec_set(1.0f), t));
    return vec_if_less(x, vec_zero(), vec_mul(vec_set(alpha), below), x);
}

#endif
