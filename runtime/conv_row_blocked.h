#ifndef RUNTIME_CONV_ROW_BLOCKED_H
#define RUNTIME_CONV_ROW_BLOCKED_H

#include "runtime/conv_row.h"

/* Every convolution whose pixels follow each other in a blocked input shares this one: micro-kernels are long. */
static void conv_row_blocked(const struct conv *g, const struct conv_input *at, const float *in, const float *weights,
                             const float *bias, const float *residual, float *out, size_t width, int lanes) {
    conv_row(g, at, in, weights, bias, residual, out, width, lanes, 0, 16, 1);
}

#endif
