#ifndef RUNTIME_EXP_H
#define RUNTIME_EXP_H

#include "runtime/vec_exp.h"

/* One element, with the bits that vec_exp gives it. */
static inline float exp_f32(float x) {
    float y;
    vec_store_part(&y, vec_exp(vec_set(x)), 1);
    return y;
}

#endif
