#ifndef RUNTIME_CONV_STRIPS_POOL_H
#define RUNTIME_CONV_STRIPS_POOL_H

#include "runtime/conv_strips.h"
#include "runtime/pool_rows.h"

/* One image through a convolution and the pooling of its result, strip by strip. */
static ALWAYS_INLINE void conv_strips_pool(const struct conv_strips *s, const struct pool *pool, const float *in,
                                           const float *scale, const float *weights, const float *bias, float *out,
                                           float *scratch, const int unit, const int stride) {
    const size_t plane = (size_t)s->conv.out_height * (size_t)s->conv.out_width * 16;
    const size_t results = (size_t)pool->out[1] * (size_t)pool->out[2] * 16;
    struct conv_window window;
    const struct share mine = conv_window_open(s, scratch, &window);
    for (int c = 0; c < s->conv.out_channels; c += s->channels) {
        conv_window_restart(s, &window, c);
        const int planes = (window.channels.end - c + 15) / 16;
        for (int y = mine.first; y < mine.end; y += s->next_rows) {
            const struct share next = {y, y + s->next_rows < mine.end ? y + s->next_rows : mine.end};
            conv_window_move(s, in, scale, weights, bias, &window, next, unit, stride);
            const struct grid_share part = thread_grid_share(planes, next.end - y, 1, window.alone);
            for (int p = 0; p < planes; p++) {
                const struct share within = grid_rows(&part, p), rows = {y + within.first, y + within.end};
                pool_rows(pool, window.rows + (size_t)p * plane, plane, window.held.first, out + (size_t)(c / 16 + p) * results,
                          0, rows, 16, POOL_MAX);
            }
        }
    }
}

#endif
