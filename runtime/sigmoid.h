#ifndef RUNTIME_SIGMOID_H
#define RUNTIME_SIGMOID_H

#include "runtime/vec_sigmoid.h"

/* One element, with the bits that vec_sigmoid gives it. */
static inline float sigmoid_f32(float x) {
    float y;
    vec_store_part(&y, vec_sigmoid(vec_set(x)), 1);
    return y;
}

#endif
