#ifndef RUNTIME_TANH_H
#define RUNTIME_TANH_H

#include "runtime/vec_tanh.h"

/* One element, with the bits that vec_tanh gives it. */
static inline float tanh_f32(float x) {
    float y;
    vec_store_part(&y, vec_tanh(vec_set(x)), 1);
    return y;
}

#endif
