#ifndef RUNTIME_TO_PLANAR_H
#define RUNTIME_TO_PLANAR_H

#include <stddef.h>

/* [planes][pixels][16] -> [planes][16][pixels]. */
static void to_planar(const float *in, float *out, size_t planes, size_t pixels) {
    for (size_t p = 0; p < planes; p++, in += 16 * pixels)
        for (size_t l = 0; l < 16; l++, out += pixels)
            for (size_t i = 0; i < pixels; i++) out[i] = in[i * 16 + l];
}

#endif
