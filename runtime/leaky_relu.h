#ifndef RUNTIME_LEAKY_RELU_H
#define RUNTIME_LEAKY_RELU_H

#include "runtime/product.h"

static inline float leaky_relu(float x, float slope) {
    return x < 0.0f ? product(slope, x) : x;
}

#endif
