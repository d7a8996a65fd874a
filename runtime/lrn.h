#ifndef RUNTIME_LRN_H
#define RUNTIME_LRN_H

#include <math.h>
#include <stddef.h>

#include "runtime/fma.h"

/* Local response normalisation across channels: x / (bias + alpha / size * sum of the window's squares) ^ beta. */
struct lrn {
    int images, channels, size;
    size_t pixels;
    float alpha, beta, bias;
};

static void lrn(const struct lrn *p, const float *in, float *out) {
    const int before = (p->size - 1) / 2, after = p->size / 2;
    const float scale = p->alpha / (float)p->size;
    for (int image = 0; image < p->images; image++, in += (size_t)p->channels * p->pixels, out += (size_t)p->channels * p->pixels)
        for (int c = 0; c < p->channels; c++) {
            const int first = c < before ? 0 : c - before, last = c + after < p->channels ? c + after : p->channels - 1;
            const float *x = in + (size_t)c * p->pixels;
            float *y = out + (size_t)c * p->pixels;
            for (size_t i = 0; i < p->pixels; i++) {
                float squares = 0.0f;
                for (int w = first; w <= last; w++) {
                    const float v = in[(size_t)w * p->pixels + i];
                    squares = fma_f32(v, v, squares);
                }
                y[i] = x[i] / powf(fma_f32(scale, squares, p->bias), p->beta);
            }
        }
}

#endif
