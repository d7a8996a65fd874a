#ifndef RUNTIME_HARD_SWISH_H
#define RUNTIME_HARD_SWISH_H

#include "runtime/hard_sigmoid.h"

static inline float hard_swish(float x) {
    return x * hard_sigmoid(x, 1.0f / 6.0f, 0.5f);
}

#endif
