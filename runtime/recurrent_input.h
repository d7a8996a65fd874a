#ifndef RUNTIME_RECURRENT_INPUT_H
#define RUNTIME_RECURRENT_INPUT_H

#include "runtime/conv_row.h"
#include "runtime/recurrent.h"
#include "runtime/threads.h"

/* The input's part of every gate's sum, with its bias, for all time steps: [gate][block][step][16]. `in_step` is constant where
 * this is called. */
static ALWAYS_INLINE void recurrent_input(const struct recurrent *g, const float *x, const float *weights, const float *bias,
                                          float *out, const size_t in_step) {
    const struct conv *c = &g->input;
    const struct conv_input at = {16, 0, 0, (size_t)c->in_channels * 16, 0, 1};
    const int wide = LANES * TILE_VECTORS, tasks = (c->out_channels + wide - 1) / wide;
    SHARED_FOR
    for (int task = 0; task < tasks; task++) {
        const int unit = task * wide;
        const float *w = weights + (size_t)(unit / 16) * at.panel + unit % 16, *b = bias + unit;
        float *o = out + (size_t)(unit / 16) * (size_t)c->out_width * 16 + unit % 16;
        conv_row(c, &at, x, w, b, NULL, o, (size_t)c->out_width, c->out_channels - unit, 1, in_step, 1);
    }
}

#endif
