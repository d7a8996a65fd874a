#ifndef RUNTIME_SIGMOID_H
#define RUNTIME_SIGMOID_H

#include <math.h>

static inline float sigmoid(float x) {
    return 1.0f / (1.0f + expf(-x));
}

#endif
