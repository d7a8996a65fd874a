#ifndef RUNTIME_POOL_PADDED_TAPS_H
#define RUNTIME_POOL_PADDED_TAPS_H

#include "runtime/pool.h"

/* How many taps lie inside the input or its padding. */
static inline int pool_padded_taps(const struct pool *p, int axis, int out) {
    const int reach = p->in[axis] + p->end[axis] + p->begin[axis] - out * p->stride[axis];
    if (reach > (p->kernel[axis] - 1) * p->dilation[axis]) return p->kernel[axis];
    const int taps = reach > 0 ? (reach - 1) / p->dilation[axis] + 1 : 0;
    return taps < p->kernel[axis] ? taps : p->kernel[axis];
}

#endif
