#ifndef RUNTIME_VEC_FIRST_H
#define RUNTIME_VEC_FIRST_H

#include "runtime/vec.h"

/* Its first lane: one element, computed by the function for whole vectors, has the bits that it would have in one. */
static ALWAYS_INLINE float vec_first(vec v) {
#ifdef VEC_PLAIN
    return v.lane[0];
#else
    return v[0];
#endif
}

#endif
