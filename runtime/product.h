#ifndef RUNTIME_PRODUCT_H
#define RUNTIME_PRODUCT_H

#include "runtime/fma.h"

/* a * b, rounded before anything is added to it: no compiler can join it with a sum on one target and not on another. */
static inline float product(float a, float b) {
    return fma_f32(a, b, -0.0f);
}

#endif
