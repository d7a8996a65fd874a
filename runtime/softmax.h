#ifndef RUNTIME_SOFTMAX_H
#define RUNTIME_SOFTMAX_H

#include <math.h>
#include <stddef.h>

/* exp(x - max) / sum along the middle axis of [outer][count][inner]. */
static void softmax(const float *x, float *y, size_t outer, size_t count, size_t inner) {
    for (size_t o = 0; o < outer; o++)
        for (size_t i = 0; i < inner; i++) {
            const float *in = x + o * count * inner + i;
            float *out = y + o * count * inner + i;
            float most = in[0], total = 0.0f;
            for (size_t k = 1; k < count; k++) most = in[k * inner] > most ? in[k * inner] : most;
            for (size_t k = 0; k < count; k++) {
                const float power = expf(in[k * inner] - most);
                out[k * inner] = power;
                total += power;
            }
            for (size_t k = 0; k < count; k++) out[k * inner] /= total;
        }
}

#endif
