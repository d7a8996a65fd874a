#ifndef RUNTIME_MATMUL_H
#define RUNTIME_MATMUL_H

#include <stddef.h>

#include "runtime/fma.h"
#include "runtime/sum_terms.h"

/* out[m][n] += alpha * sum over k of a[m][k] * b[k][n]; the operands' strides make them transposed or not. */
struct matmul {
    size_t rows, columns, depth;
    size_t a_row, a_column, b_row, b_column;
    float alpha;
};

/* Adds to `sums` the products of the terms [first, end) of one row and sixteen columns, or `lanes` of them. */
static inline void matmul_part(const struct matmul *g, const float *x, const float *w, size_t first, size_t end, size_t lanes,
                               float *sums) {
    float part[16] = {0.0f};
    if (lanes == 16 && g->b_column == 1)
        for (size_t k = first; k < end; k++)
            for (size_t l = 0; l < 16; l++) part[l] = fma_f32(x[k * g->a_column], w[k * g->b_row + l], part[l]);
    else
        for (size_t k = first; k < end; k++)
            for (size_t l = 0; l < lanes; l++) part[l] = fma_f32(x[k * g->a_column], w[k * g->b_row + l * g->b_column], part[l]);
    for (size_t l = 0; l < lanes; l++) sums[l] += part[l];
}

/* Sixteen columns at a time; each sum runs over k from 0 up, in parts of SUM_TERMS. */
static void matmul(const struct matmul *g, const float *a, const float *b, float *out) {
    for (size_t m = 0; m < g->rows; m++)
        for (size_t first = 0; first < g->columns; first += 16) {
            const float *x = a + m * g->a_row, *w = b + first * g->b_column;
            const size_t lanes = g->columns - first < 16 ? g->columns - first : 16;
            float sums[16] = {0.0f};
            for (size_t k = 0; k < g->depth; k += SUM_TERMS)
                matmul_part(g, x, w, k, g->depth - k < SUM_TERMS ? g->depth : k + SUM_TERMS, lanes, sums);
            float *y = out + m * g->columns + first;
            for (size_t l = 0; l < lanes; l++) y[l] = fma_f32(g->alpha, sums[l], y[l]);
        }
}

#endif
