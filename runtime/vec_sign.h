#ifndef RUNTIME_VEC_SIGN_H
#define RUNTIME_VEC_SIGN_H

#include <stdint.h>

#include "runtime/vec_math.h"

/* |x| with the sign of `sign`, in each lane, zeros and NaN included. */
static ALWAYS_INLINE vec vec_with_sign(vec x, vec sign) {
#ifdef VEC_PLAIN
    for (int i = 0; i < LANES; i++) {
        union {
            float number;
            uint32_t bits;
        } to, from;
        to.number = x.lane[i];
        from.number = sign.lane[i];
        to.bits = (to.bits & 0x7fffffffu) | (from.bits & 0x80000000u);
        x.lane[i] = to.number;
    }
    return x;
#else
    typedef uint32_t bits __attribute__((vector_size(4 * LANES)));
    return (vec)(((bits)x & 0x7fffffffu) | ((bits)sign & 0x80000000u));
#endif
}

static ALWAYS_INLINE vec vec_abs(vec x) {
    return vec_with_sign(x, vec_zero());
}

/* 1, 0 or -1; a NaN stays, and a zero becomes +0. */
static ALWAYS_INLINE vec vec_sign(vec x) {
    const vec zero = vec_zero(), one = vec_set(1.0f);
    return vec_if_less(x, zero, vec_neg(one), vec_if_less(zero, x, one, vec_add(x, zero)));
}

#endif
