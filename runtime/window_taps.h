#ifndef RUNTIME_WINDOW_TAPS_H
#define RUNTIME_WINDOW_TAPS_H

#include "runtime/vec.h"

/* The taps of a window that lie inside the input, along one axis: [first, first + count). */
struct window_taps {
    int at; /* input coordinate of the first of them; 0 where there is none */
    int first, count;
};

/* Of `taps` taps, `dilation` apart. `start` is the input coordinate of the window's first: it may lie in the padding. */
static ALWAYS_INLINE struct window_taps window_taps(int start, int dilation, int taps, int size) {
    const int reach = size - start; /* from the first tap to the input's end */
    /* Most windows, without a division. */
    if (start >= 0 && reach > (taps - 1) * dilation) return (struct window_taps){start, 0, taps};
    const int first = start < 0 ? (dilation - 1 - start) / dilation : 0, end = reach > 0 ? (reach - 1) / dilation + 1 : 0;
    const int count = (end < taps ? end : taps) - first;
    if (count <= 0) return (struct window_taps){0, 0, 0};
    return (struct window_taps){start + first * dilation, first, count};
}

#endif
