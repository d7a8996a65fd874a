#ifndef RUNTIME_LRN_H
#define RUNTIME_LRN_H

#include <math.h>
#include <stddef.h>

#include "runtime/fma.h"
#include "runtime/sum_terms.h"

/* Local response normalisation across channels: x / (bias + alpha / size * sum of the window's squares) ^ beta. */
struct lrn {
    int images, channels, size;
    size_t pixels;
    float alpha, beta, bias;
};

/* The default, 3/4, by square roots, which are rounded alike everywhere. */
static inline float lrn_power(float base, float beta) {
    return beta == 0.75f ? sqrtf(base) * sqrtf(sqrtf(base)) : powf(base, beta);
}

/* Sums are done in parts of SUM_TERMS. */
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
                for (int part_first = first; part_first <= last; part_first += SUM_TERMS) {
                    float part = 0.0f;
                    for (int w = part_first; w <= last && w < part_first + SUM_TERMS; w++) {
                        const float v = in[(size_t)w * p->pixels + i];
                        part = fma_f32(v, v, part);
                    }
                    squares += part;
                }
                y[i] = x[i] / lrn_power(fma_f32(scale, squares, p->bias), p->beta);
            }
        }
}

#endif
