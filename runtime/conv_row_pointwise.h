#ifndef RUNTIME_CONV_ROW_POINTWISE_H
#define RUNTIME_CONV_ROW_POINTWISE_H

#include "runtime/conv_row_blocked.h"

/* The same for kernels of one tap, Winograd's products among them: with few channels a tile is done so soon that the bookkeeping
 * of taps would be a tenth of it. */
static void conv_row_pointwise(const struct conv *g, const struct conv_input *at, const float *in, const float *weights,
                               const float *bias, const float *residual, float *out, size_t width, int lanes) {
    if (VECTORS_IN_REGISTERS)
        conv_row(g, at, in, weights, bias, residual, out, width, lanes, 1, 16, 1);
    else
        conv_row_blocked(g, at, in, weights, bias, residual, out, width, lanes);
}

#endif
