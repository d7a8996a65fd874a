#ifndef RUNTIME_VEC_SWISH_H
#define RUNTIME_VEC_SWISH_H

#include "runtime/vec_sigmoid.h"

/* x / (1 + e^(-alpha x)) within 3.5 units in the last place for alpha = 1: SiLU, or Swish (Ramachandran, Zoph, Le,
 * arXiv:1710.05941). */
static ALWAYS_INLINE vec vec_swish(vec x, float alpha) {
    return vec_mul(x, vec_sigmoid(vec_mul(x, vec_set(alpha))));
}

#endif
