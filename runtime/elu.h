#ifndef RUNTIME_ELU_H
#define RUNTIME_ELU_H

#include <math.h>

static inline float elu(float x, float alpha) {
    return x < 0.0f ? alpha * expm1f(x) : x;
}

#endif
