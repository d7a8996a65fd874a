#ifndef RUNTIME_VEC_EXP_H
#define RUNTIME_VEC_EXP_H

#include <stdint.h>

#include "runtime/vec_fma_lanes.h"
#include "runtime/vec_math.h"

/* p * 2^n, where shifted = n + 1.5 * 2^23 holds n in its lowest bits: by two factors, so that results below the least normal
 * number are rounded once and those above the largest one become infinite. */
static ALWAYS_INLINE vec vec_times_power(vec p, vec shifted) {
    const uint32_t bits_of_shift = 0x4b400000u, biases = 2u * 127u;
#ifdef VEC_PLAIN
    UNROLL_FOR (int i = 0; i < LANES; i++) {
        union {
            float value;
            uint32_t bits;
        } first = {shifted.lane[i]}, second;
        const uint32_t n = first.bits - bits_of_shift + biases;
        first.bits = (n >> 1) << 23;
        second.bits = (n - (n >> 1)) << 23;
        p.lane[i] = p.lane[i] * first.value * second.value;
    }
    return p;
#else
    typedef uint32_t bits __attribute__((vector_size(4 * LANES)));
    const bits n = (bits)shifted - bits_of_shift + biases, half = n >> 1;
    return p * (vec)(half << 23) * (vec)((n - half) << 23);
#endif
}

/* e^x within 1.1 units in the last place: e^x = 2^n e^r with |r| <= ln(2) / 2, and e^r by the polynomial of Moshier's Cephes
 * (expf). */
static ALWAYS_INLINE vec vec_exp(vec x) {
    const vec shift = vec_set(12582912.0f); /* 1.5 * 2^23: what is added to it is rounded to an integer */
    x = vec_clamp(x, -104.0f, 89.0f);
    const vec shifted = vec_fma_lanes(x, vec_set(1.44269504f), shift), n = vec_sub(shifted, shift);
    const vec r = vec_fma_lanes(n, vec_set(2.12194440e-4f), vec_fma_lanes(n, vec_set(-0.693359375f), x));
    vec p = vec_set(1.9875691500e-4f);
    p = vec_fma_lanes(p, r, vec_set(1.3981999507e-3f));
    p = vec_fma_lanes(p, r, vec_set(8.3334519073e-3f));
    p = vec_fma_lanes(p, r, vec_set(4.1665795894e-2f));
    p = vec_fma_lanes(p, r, vec_set(1.6666665459e-1f));
    p = vec_fma_lanes(p, r, vec_set(5.0000001201e-1f));
    p = vec_add(vec_fma_lanes(p, vec_mul(r, r), r), vec_set(1.0f));
    return vec_times_power(p, shifted);
}

#endif
