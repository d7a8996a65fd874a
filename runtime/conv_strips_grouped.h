#ifndef RUNTIME_CONV_STRIPS_GROUPED_H
#define RUNTIME_CONV_STRIPS_GROUPED_H

#include "runtime/conv_grouped.h"
#include "runtime/conv_strips.h"

/* One image through a convolution and the depthwise or narrowly grouped one that reads its result, strip by strip. */
static ALWAYS_INLINE void conv_strips_grouped(const struct conv_strips *s, const struct conv *grouped, const float *in,
                                              const float *scale, const float *weights, const float *bias,
                                              const float *grouped_weights, const float *grouped_bias, float *out, float *scratch,
                                              const int unit, const int stride, const int width, const int size) {
    const size_t plane = (size_t)s->conv.out_height * (size_t)s->conv.out_width * 16;
    struct conv_window window;
    const struct share mine = conv_window_open(s, scratch, &window);
    for (int c = 0; c < s->conv.out_channels; c += s->channels) {
        conv_window_restart(s, &window, c);
        const float *w = grouped_weights + (size_t)(c * width) * (size_t)(grouped->kernel_height * grouped->kernel_width);
        float *to = out + (size_t)c * (size_t)grouped->out_height * (size_t)grouped->out_width;
        for (int y = mine.first; y < mine.end; y += s->next_rows) {
            const struct share next = {y, y + s->next_rows < mine.end ? y + s->next_rows : mine.end};
            conv_window_move(s, in, scale, weights, bias, &window, next, unit, stride);
            const struct grid_share part = thread_grid_share((window.channels.end - c) / 16, next.end - y, 1, window.alone);
            conv_grouped_rows(grouped, window.rows, plane, window.held.first, w, grouped_bias + c, NULL, to, &part, y, width,
                              size);
        }
    }
}

#endif
