#ifndef RUNTIME_RELU_H
#define RUNTIME_RELU_H

/* A NaN stays one. */
static inline float relu(float x) {
    return x < 0.0f ? 0.0f : x;
}

#endif
