#ifndef RUNTIME_HARD_SWISH_H
#define RUNTIME_HARD_SWISH_H

#include "runtime/hard_sigmoid.h"
#include "runtime/product.h"

static inline float hard_swish(float x) {
    return product(x, hard_sigmoid(x, 1.0f / 6.0f, 0.5f));
}

#endif
