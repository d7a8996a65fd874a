#ifndef RUNTIME_HARD_SIGMOID_H
#define RUNTIME_HARD_SIGMOID_H

#include "runtime/fma.h"

static inline float hard_sigmoid(float x, float alpha, float beta) {
    const float line = fma_f32(alpha, x, beta);
    return line < 0.0f ? 0.0f : line > 1.0f ? 1.0f : line;
}

#endif
