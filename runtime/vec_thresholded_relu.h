#ifndef RUNTIME_VEC_THRESHOLDED_RELU_H
#define RUNTIME_VEC_THRESHOLDED_RELU_H

#include "runtime/vec_math.h"

/* x above alpha, else 0, which a NaN becomes, too. */
static ALWAYS_INLINE vec vec_thresholded_relu(vec x, float alpha) {
    return vec_if_less(vec_set(alpha), x, x, vec_zero());
}

#endif
