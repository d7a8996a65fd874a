#ifndef RUNTIME_CONV_DIRECT_H
#define RUNTIME_CONV_DIRECT_H

#include "runtime/clip.h"
#include "runtime/conv.h"
#include "runtime/fma.h"

/* Planar in and out, with weights as ONNX has them, [out channel][channel of the group][row][column]: for weights that
 * are computed at run time. `bias` and `residual` may be NULL. The sum runs as in the packed kernels: by blocks of 16 channels,
 * then taps. */
static void conv_direct(const struct conv *g, const float *in, const float *weights, const float *bias, const float *residual,
                        float *out) {
    const int taps = g->kernel_height * g->kernel_width;
    const size_t in_plane = (size_t)g->in_height * (size_t)g->in_width;
    size_t o = 0;
    const int outputs = g->groups * g->out_channels;
    for (int plane = 0; plane < g->images * outputs; plane++) {
        const int m = plane % outputs;
        const float *group_in =
            in + (size_t)(plane / outputs) * g->in_image + (size_t)(m / g->out_channels * g->in_channels) * in_plane;
        const float *w = weights + (size_t)m * (size_t)g->in_channels * (size_t)taps;
        for (int y = 0; y < g->out_height; y++)
            for (int x = 0; x < g->out_width; x++, o++) {
                float sum = bias ? bias[m] : 0.0f, total = 0.0f;
                for (int first = 0; first < g->in_channels; first += 16) {
                    if (first && first % g->sum_channels == 0) {
                        total += sum;
                        sum = 0.0f;
                    }
                    for (int tap = 0; tap < taps; tap++) {
                        const int row = y * g->stride_height - g->pad_top + tap / g->kernel_width * g->dilation_height;
                        const int column = x * g->stride_width - g->pad_left + tap % g->kernel_width * g->dilation_width;
                        if (row < 0 || row >= g->in_height || column < 0 || column >= g->in_width) continue;
                        for (int c = first; c < first + 16 && c < g->in_channels; c++)
                            sum = fma_f32(group_in[(size_t)c * in_plane + (size_t)row * (size_t)g->in_width + (size_t)column],
                                          w[c * taps + tap], sum);
                    }
                }
                sum += total;
                if (residual) sum += residual[o];
                out[o] = clip(sum, g->low, g->high);
            }
    }
}

#endif
