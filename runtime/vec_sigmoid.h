#ifndef RUNTIME_VEC_SIGMOID_H
#define RUNTIME_VEC_SIGMOID_H

#include "runtime/vec_exp.h"

/* 1 / (1 + e^-x) in each lane. */
static ALWAYS_INLINE vec vec_sigmoid(vec x) {
    const vec one = vec_set(1.0f);
    return vec_div(one, vec_add(one, vec_exp(vec_sub(vec_zero(), x))));
}

#endif
