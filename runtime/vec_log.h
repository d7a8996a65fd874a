#ifndef RUNTIME_VEC_LOG_H
#define RUNTIME_VEC_LOG_H

#include <float.h>
#include <math.h>
#include <stdint.h>

#include "runtime/vec_fma_lanes.h"
#include "runtime/vec_math.h"

/* x = m 2^(*exponent) with 0.5 <= m < 1, for normal numbers above 0: the exponent's bits become a float as the lowest ones of
 * 2^23. */
static ALWAYS_INLINE vec vec_mantissa(vec x, vec *exponent) {
    const uint32_t half = 0x3f000000u, shift = 0x4b000000u; /* the bits of 0.5 and of 2^23 */
    const vec bias = vec_set(8388608.0f + 126.0f);
#ifdef VEC_PLAIN
    for (int i = 0; i < LANES; i++) {
        union {
            float number;
            uint32_t bits;
        } at, power;
        at.number = x.lane[i];
        power.bits = (at.bits >> 23) | shift;
        at.bits = (at.bits & 0x007fffffu) | half;
        x.lane[i] = at.number;
        exponent->lane[i] = power.number;
    }
#else
    typedef uint32_t bits __attribute__((vector_size(4 * LANES)));
    *exponent = (vec)(((bits)x >> 23) | shift);
    x = (vec)(((bits)x & 0x007fffffu) | half);
#endif
    *exponent = vec_sub(*exponent, bias);
    return x;
}

/* log(x) within 1 unit in the last place: log(m 2^e) = log(m) + e log(2) with 1/sqrt(2) <= m < sqrt(2), and log(m) by the
 * polynomial of Moshier's Cephes (logf). */
static ALWAYS_INLINE vec vec_log(vec x) {
    const vec zero = vec_zero(), one = vec_set(1.0f), infinity = vec_set(INFINITY), least = vec_set(FLT_MIN);
    vec e;
    const vec half = vec_mantissa(vec_if_less(x, least, vec_mul(x, vec_set(8388608.0f)), x), &e);
    const vec root = vec_set(0.707106781f);
    e = vec_sub(e, vec_if_less(x, least, vec_set(23.0f), zero));
    e = vec_if_less(half, root, vec_sub(e, one), e);
    const vec m = vec_sub(vec_if_less(half, root, vec_add(half, half), half), one), z = vec_mul(m, m);
    vec p = vec_set(7.0376836292e-2f);
    p = vec_fma_lanes(p, m, vec_set(-1.1514610310e-1f));
    p = vec_fma_lanes(p, m, vec_set(1.1676998740e-1f));
    p = vec_fma_lanes(p, m, vec_set(-1.2420140846e-1f));
    p = vec_fma_lanes(p, m, vec_set(1.4249322787e-1f));
    p = vec_fma_lanes(p, m, vec_set(-1.6668057665e-1f));
    p = vec_fma_lanes(p, m, vec_set(2.0000714765e-1f));
    p = vec_fma_lanes(p, m, vec_set(-2.4999993993e-1f));
    p = vec_fma_lanes(p, m, vec_set(3.3333331174e-1f));
    vec y = vec_mul(vec_mul(p, m), z);
    y = vec_fma_lanes(e, vec_set(-2.12194440e-4f), y);
    y = vec_fma_lanes(z, vec_set(-0.5f), y);
    y = vec_fma_lanes(e, vec_set(0.693359375f), vec_add(m, y));
    /* infinity and NaN stay; 0 gives -infinity, what is below it NaN */
    const vec none = vec_if_less(x, zero, vec_set(NAN), vec_sub(x, infinity));
    return vec_if_less(zero, x, vec_if_less(x, infinity, y, x), none);
}

#endif
