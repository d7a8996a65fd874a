#ifndef RUNTIME_VEC_SIGMOID_H
#define RUNTIME_VEC_SIGMOID_H

#include "runtime/vec_exp.h"

/* 1 / (1 + e^-x) within 2.4 units in the last place, without overflow: with e = e^-|x| it is 1 / (1 + e), or e / (1 + e) below
 * zero. */
static ALWAYS_INLINE vec vec_sigmoid(vec x) {
    const vec zero = vec_zero(), one = vec_set(1.0f), e = vec_exp(vec_if_less(x, zero, x, vec_sub(zero, x)));
    return vec_div(vec_if_less(x, zero, e, one), vec_add(one, e));
}

#endif
