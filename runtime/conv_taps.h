#ifndef RUNTIME_CONV_TAPS_H
#define RUNTIME_CONV_TAPS_H

#include "runtime/vec.h"

/* The taps that lie inside the image, of a window that may hang over its edge: [first, first + count) of each axis. */
struct conv_taps {
    int first, count;
};

static ALWAYS_INLINE struct conv_taps conv_taps_inside(int start, int dilation, int taps, int size) {
    struct conv_taps inside = {start < 0 ? (dilation - 1 - start) / dilation : 0, 0};
    const int end = size > start ? (size - start - 1) / dilation + 1 : 0;
    inside.count = (end < taps ? end : taps) - inside.first;
    if (inside.count < 0) inside.first = inside.count = 0;
    return inside;
}

#endif
