#ifndef RUNTIME_TO_BLOCKED_H
#define RUNTIME_TO_BLOCKED_H

#include <stddef.h>

/* [planes][16][pixels] -> [planes][pixels][16]. */
static void to_blocked(const float *in, float *out, size_t planes, size_t pixels) {
    for (size_t p = 0; p < planes; p++, in += 16 * pixels)
        for (size_t i = 0; i < pixels; i++, out += 16)
            for (size_t l = 0; l < 16; l++) out[l] = in[l * pixels + i];
}

#endif
