#ifndef RUNTIME_CONV_ROW_H
#define RUNTIME_CONV_ROW_H

#include "runtime/conv_tile.h"

/* A row of `width` output pixels by `vectors` vectors of output channels. */
static ALWAYS_INLINE void conv_row_vectors(const struct conv *g, const struct conv_input *at, const float *in,
                                           const float *weights, const float *bias, const float *residual, float *out,
                                           size_t width, int lanes, const int vectors, const int one_tap, const size_t pixel,
                                           const size_t channel) {
    const size_t out_pixel = g->blocked_out ? 16 : 1;
    size_t x = 0;
#define CONV_TILES(pixels)                                                                                                       \
    for (; x + (pixels) <= width; x += (pixels))                                                                                 \
    conv_tile(g, at, in + x * pixel, weights, bias, residual ? residual + x * out_pixel : residual, out + x * out_pixel, lanes,  \
              pixels, vectors, one_tap, pixel, channel)
    CONV_TILES(TILE_PIXELS);
#if TILE_PIXELS > 8
    CONV_TILES(8);
    CONV_TILES(7);
#endif
    CONV_TILES(4);
    CONV_TILES(2);
    CONV_TILES(1);
#undef CONV_TILES
}

/* The same by as many vectors as a tile has, or by one where so many channels are not left of the `panels`' last. */
static ALWAYS_INLINE void conv_row(const struct conv *g, const struct conv_input *at, const float *in, const float *weights,
                                   const float *bias, const float *residual, float *out, size_t width, int lanes,
                                   const int one_tap, const size_t pixel, const size_t channel) {
    if (LANES * TILE_VECTORS <= 16 || lanes > 16)
        conv_row_vectors(g, at, in, weights, bias, residual, out, width, lanes, TILE_VECTORS, one_tap, pixel, channel);
    else
        conv_row_vectors(g, at, in, weights, bias, residual, out, width, lanes, 1, one_tap, pixel, channel);
}

#endif
