#ifndef RUNTIME_VEC_ROUND_H
#define RUNTIME_VEC_ROUND_H

#include "runtime/vec_sign.h"

/* To the nearest integer, from halfway to the even one: what is added to 2^23 is rounded to an integer, and from 2^23 on every
 * float is one. A zero keeps the sign of x, as with C's rint. */
static ALWAYS_INLINE vec vec_round(vec x) {
    const vec shift = vec_set(8388608.0f), size = vec_abs(x);
    return vec_if_less(size, shift, vec_with_sign(vec_sub(vec_add(size, shift), shift), x), x);
}

static ALWAYS_INLINE vec vec_floor(vec x) {
    const vec near = vec_round(x);
    return vec_with_sign(vec_if_less(x, near, vec_sub(near, vec_set(1.0f)), near), x);
}

static ALWAYS_INLINE vec vec_ceil(vec x) {
    const vec near = vec_round(x);
    return vec_with_sign(vec_if_less(near, x, vec_add(near, vec_set(1.0f)), near), x);
}

#endif
