#ifndef RUNTIME_MATMUL_H
#define RUNTIME_MATMUL_H

#include <stddef.h>

#include "runtime/fma.h"

/* out[m][n] += alpha * sum over k of a[m][k] * b[k][n]; the operands' strides make them transposed or not. */
struct matmul {
    size_t rows, columns, depth;
    size_t a_row, a_column, b_row, b_column;
    float alpha;
};

/* Sixteen columns at a time; each sum runs over k from 0 up. */
static void matmul(const struct matmul *g, const float *a, const float *b, float *out) {
    for (size_t m = 0; m < g->rows; m++)
        for (size_t first = 0; first < g->columns; first += 16) {
            const float *x = a + m * g->a_row, *w = b + first * g->b_column;
            const size_t lanes = g->columns - first < 16 ? g->columns - first : 16;
            float acc[16] = {0.0f};
            if (lanes == 16 && g->b_column == 1)
                for (size_t k = 0; k < g->depth; k++)
                    for (size_t l = 0; l < 16; l++) acc[l] = fma_f32(x[k * g->a_column], w[k * g->b_row + l], acc[l]);
            else
                for (size_t k = 0; k < g->depth; k++)
                    for (size_t l = 0; l < lanes; l++)
                        acc[l] = fma_f32(x[k * g->a_column], w[k * g->b_row + l * g->b_column], acc[l]);
            float *y = out + m * g->columns + first;
            for (size_t l = 0; l < lanes; l++) y[l] = fma_f32(g->alpha, acc[l], y[l]);
        }
}

#endif
