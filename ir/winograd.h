/* The arithmetic of minimal filtering (runtime/conv_winograd.h) of 3x3 convolutions, m x m results at a time; stride 1 or 2. */
#ifndef SKIPC_IR_WINOGRAD_H
#define SKIPC_IR_WINOGRAD_H

#include <stdint.h>

/* Points of one dimension, infinity included: m results of three taps, or of the two that an even row has at stride 2. */
static inline int64_t winograd_points(int64_t m, int64_t stride) {
    return stride == 1 ? m + 2 : m + 1;
}

/* Products per tile and pair of channels. At stride 2 the phases (even and odd) are summed over, the odd one not at infinity. */
static inline int64_t winograd_products(int64_t m, int64_t stride) {
    int64_t edge = (winograd_points(m, stride) - 1) * stride + 1;
    return edge * edge;
}

/* Tiles along one axis of `size` results. With a dilation they are of the images of every dilation-th row or column. */
static inline int64_t winograd_tiles(int64_t size, int64_t dilation, int64_t m) {
    int64_t each = (size + dilation - 1) / dilation;
    return dilation * ((each + m - 1) / m);
}

#endif
