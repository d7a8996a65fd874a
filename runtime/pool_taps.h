#ifndef RUNTIME_POOL_TAPS_H
#define RUNTIME_POOL_TAPS_H

#include "runtime/pool.h"
#include "runtime/window_taps.h"

/* The taps inside the input, along one axis, of the window of output coordinate `out`. */
static ALWAYS_INLINE struct window_taps pool_taps(const struct pool *p, int axis, int out) {
    return window_taps(out * p->stride[axis] - p->begin[axis], p->dilation[axis], p->kernel[axis], p->in[axis]);
}

#endif
