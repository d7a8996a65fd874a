#ifndef RUNTIME_LEAKY_RELU_H
#define RUNTIME_LEAKY_RELU_H

static inline float leaky_relu(float x, float slope) {
    return x < 0.0f ? slope * x : x;
}

#endif
