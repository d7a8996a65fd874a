#ifndef RUNTIME_SUM_H
#define RUNTIME_SUM_H

#include <stddef.h>

/* Sixteen interleaved partial sums, added in pairs: one order everywhere, whatever the vector width. */
static float sum(const float *x, size_t count) {
    float part[16] = {0.0f};
    size_t i = 0;
    for (; i + 16 <= count; i += 16)
        for (size_t l = 0; l < 16; l++) part[l] += x[i + l];
    for (size_t l = 0; i + l < count; l++) part[l] += x[i + l];
    for (size_t half = 8; half > 0; half /= 2)
        for (size_t l = 0; l < half; l++) part[l] += part[l + half];
    return part[0];
}

#endif
