#ifndef RUNTIME_RECURRENT_COPY_H
#define RUNTIME_RECURRENT_COPY_H

#include <string.h>

#include "runtime/recurrent.h"

/* The hidden units of one block, from a state of whole blocks or to it; zeros where there is none to read. Nothing where `to` is
 * NULL. */
static inline void recurrent_copy(const struct recurrent *g, int block, float *to, const float *from) {
    const int left = g->hidden - block * 16, units = left < 16 ? left : 16;
    if (!to) return;
    if (from)
        memcpy(to + block * 16, from + block * 16, (size_t)units * sizeof *to);
    else
        memset(to + block * 16, 0, (size_t)units * sizeof *to);
}

#endif
