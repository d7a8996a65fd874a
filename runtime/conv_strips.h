#ifndef RUNTIME_CONV_STRIPS_H
#define RUNTIME_CONV_STRIPS_H

#include <string.h>

#include "runtime/conv_dense.h"
#include "runtime/strips.h"

/* What the next layer needs now of a convolution's result, and the scratch of its kernel. As struct conv_strips says. */
struct conv_window {
    float *rows;           /* [channels / 16][window's rows][columns][16] */
    float *scratch;        /* of the convolution */
    struct share channels; /* in the window: whole blocks, but for the last one */
    struct share held;     /* rows in the window, the first one in front */
    int alone;             /* the window is one thread's own; else the team's */
};

/* Opens the window; returns the next layer's rows for which it is the thread's. */
static struct share conv_window_open(const struct conv_strips *s, float *scratch, struct conv_window *window) {
    const struct share all = {0, s->next_height};
    window->alone = thread_count() <= s->shares;
    window->rows = scratch + (window->alone ? (size_t)thread_number() * (size_t)s->share_floats : 0);
    window->scratch = window->rows + (size_t)s->channels * (size_t)s->conv.out_height * (size_t)s->conv.out_width;
    return window->alone ? thread_share(s->next_height, 0) : all;
}

/* Goes on to the channels from `channel` on, at the top of the image. */
static void conv_window_restart(const struct conv_strips *s, struct conv_window *window, int channel) {
    const int end = channel + s->channels;
    window->channels = (struct share){channel, end < s->conv.out_channels ? end : s->conv.out_channels};
    window->held = (struct share){0, 0};
}

/* The rows of the convolution's result that lie under the windows of the next layer's rows. */
static struct share conv_rows_under(const struct conv_strips *s, struct share next) {
    const int top = next.first * s->next_stride - s->next_pad,
              bottom = (next.end - 1) * s->next_stride - s->next_pad + s->next_reach;
    struct share rows = {top < 0 ? 0 : top, bottom < s->height ? bottom : s->height};
    if (rows.first > s->height) rows.first = s->height;
    if (rows.end < rows.first) rows.end = rows.first;
    return rows;
}

/* Moves the window on to what the next layer's rows `next` need: what it holds of that goes to its front, the rest is computed.
 * The arguments are those of conv_dense. */
static ALWAYS_INLINE void conv_window_move(const struct conv_strips *s, const float *in, const float *scale, const float *weights,
                                           const float *bias, struct conv_window *window, struct share next, const int unit,
                                           const int stride) {
    const struct share needed = conv_rows_under(s, next);
    const int kept = window->held.end > needed.first ? window->held.end - needed.first : 0,
              rows = needed.end - needed.first - kept;
    const size_t row = (size_t)s->conv.out_width * 16, plane = (size_t)s->conv.out_height * row;
    const struct share planes = thread_share((window->channels.end - window->channels.first + 15) / 16, window->alone);
    if (!window->alone) BARRIER; /* until all have read the last rows */
    for (int p = planes.first; kept && p < planes.end; p++) {
        float *front = window->rows + (size_t)p * plane;
        memmove(front, front + (size_t)(needed.first - window->held.first) * row, (size_t)kept * row * sizeof *front);
    }
    if (!window->alone) BARRIER;
    struct conv part = s->conv;
    part.pad_top -= (needed.first + kept) * part.stride_height;
    part.out_channels = window->channels.end - window->channels.first;
    const int groups = conv_panel_groups(&part);
    const struct conv_operands operands = {
        in,
        scale,
        weights + (size_t)window->channels.first * (size_t)(part.kernel_height * part.kernel_width) * (size_t)part.in_channels,
        bias + window->channels.first,
        NULL,
        window->rows + (size_t)kept * row,
        window->scratch,
    };
    const struct conv_part all = {{0, 1}, {groups, rows, 1, {0, groups * rows}}, part.strip_rows, 1, window->alone};
    conv_dense_part(&part, &operands, &all, unit, stride);
    if (!window->alone) BARRIER;
    window->held = needed;
}

#endif
