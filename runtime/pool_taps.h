#ifndef RUNTIME_POOL_TAPS_H
#define RUNTIME_POOL_TAPS_H

#include "runtime/pool.h"

/* The taps [first, end) of the window that lie inside the input. */
struct pool_taps {
    int start; /* input coordinate of tap 0: may be in the padding */
    int first, end;
};

static inline struct pool_taps pool_taps(const struct pool *p, int axis, int out) {
    const int start = out * p->stride[axis] - p->begin[axis], step = p->dilation[axis];
    const int reach = p->in[axis] - start; /* from tap 0 to the input's end */
    if (start >= 0 && reach > (p->kernel[axis] - 1) * step)
        return (struct pool_taps){start, 0, p->kernel[axis]}; /* most windows: no division */
    struct pool_taps taps = {start, start < 0 ? (step - 1 - start) / step : 0, reach > 0 ? (reach - 1) / step + 1 : 0};
    if (taps.end > p->kernel[axis]) taps.end = p->kernel[axis];
    return taps;
}

#endif
