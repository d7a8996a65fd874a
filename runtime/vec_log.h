#ifndef RUNTIME_VEC_LOG_H
#define RUNTIME_VEC_LOG_H

#include <math.h>
#include <stdint.h>

#include "runtime/vec_fma_lanes.h"
#include "runtime/vec_math.h"

/* A positive, finite number as *m 2^n, sqrt(1/2) <= *m < sqrt(2) (to a unit in the last place); returns n. Of a number below the
 * least normal one neither is right. */
static ALWAYS_INLINE vec vec_split(vec x, vec *m) {
    const uint32_t one = 0x3f800000u, root = 0x3f3504f3u; /* the bits of 1 and of sqrt(1/2) */
    const uint32_t integer = 0x4b000000u;                 /* of 2^23, to which the lowest bits add a small integer */
#ifdef VEC_PLAIN
    UNROLL_FOR (int i = 0; i < LANES; i++) {
        union {
            float value;
            uint32_t bits;
        } part = {x.lane[i]}, power;
        const uint32_t n = (part.bits + (one - root)) >> 23;
        part.bits = part.bits - (n << 23) + one;
        power.bits = n | integer;
        m->lane[i] = part.value;
        x.lane[i] = power.value;
    }
#else
    typedef uint32_t integers __attribute__((vector_size(4 * LANES)));
    const integers bits = (integers)x, n = (bits + (one - root)) >> 23;
    *m = (vec)(bits - (n << 23) + one);
    x = (vec)(n | integer);
#endif
    return vec_sub(x, vec_set(8388608.0f + 127.0f));
}

/* ln x within 1 unit in the last place: ln x = n ln(2) + ln m, and ln m by the polynomial of Moshier's Cephes (logf). */
static ALWAYS_INLINE vec vec_log(vec x) {
    const vec zero = vec_zero(), tiny = vec_set(1.17549435e-38f), magnified = vec_mul(x, vec_set(8388608.0f));
    vec m, n = vec_split(vec_if_less(x, tiny, magnified, x), &m);
    n = vec_sub(n, vec_if_less(x, tiny, vec_set(23.0f), zero));
    const vec f = vec_sub(m, vec_set(1.0f)), square = vec_mul(f, f);
    vec p = vec_set(7.0376836292e-2f);
    p = vec_fma_lanes(p, f, vec_set(-1.1514610310e-1f));
    p = vec_fma_lanes(p, f, vec_set(1.1676998740e-1f));
    p = vec_fma_lanes(p, f, vec_set(-1.2420140846e-1f));
    p = vec_fma_lanes(p, f, vec_set(1.4249322787e-1f));
    p = vec_fma_lanes(p, f, vec_set(-1.6668057665e-1f));
    p = vec_fma_lanes(p, f, vec_set(2.0000714765e-1f));
    p = vec_fma_lanes(p, f, vec_set(-2.4999993993e-1f));
    p = vec_fma_lanes(p, f, vec_set(3.3333331174e-1f));
    /* f - f^2 / 2 + f^3 p, smallest terms first; ln(2) = 0.693359375 - 2.12194440e-4, of which n times the first is exact. */
    p = vec_fma_lanes(n, vec_set(-2.12194440e-4f), vec_mul(vec_mul(p, f), square));
    p = vec_fma_lanes(vec_set(-0.5f), square, p);
    p = vec_fma_lanes(n, vec_set(0.693359375f), vec_add(f, p));
    /* +infinity and NaN stay, 0 gives -infinity, and what is below it NaN. */
    const vec positive = vec_if_less(x, vec_set(INFINITY), p, x), others = vec_add(x, vec_set(-INFINITY));
    return vec_if_less(zero, x, positive, vec_if_less(x, zero, vec_set(NAN), others));
}

#endif
