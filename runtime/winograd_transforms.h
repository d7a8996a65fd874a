#ifndef RUNTIME_WINOGRAD_TRANSFORMS_H
#define RUNTIME_WINOGRAD_TRANSFORMS_H

#include "runtime/vec.h"

/* A filter of `taps` and `m` results, by m + taps - 1 products (Lavin and Gray, arXiv:1509.09308): evaluated at as many points,
 * the last of which is infinity. codegen/winograd_weights.c has the filters' transforms. The three functions' `m` (2 or 4) and
 * `taps` (3, or 2 for a convolution of stride 2 whose rows are split into even and odd ones) are constants where they are called.
 */
enum { WINOGRAD_POINTS = 6 /* most of them */ };

/* One dimension of B^T d, in place. */
static ALWAYS_INLINE void winograd_input_1d(vec d[WINOGRAD_POINTS], const int m, const int taps) {
    const vec d0 = d[0], d1 = d[1], d2 = d[2];
    if (m == 2 && taps == 2) { /* 0, 1 */
        d[0] = vec_sub(d0, d1);
        d[2] = vec_sub(d2, d1);
    } else if (m == 2) { /* 0, 1, -1 */
        d[0] = vec_sub(d0, d2);
        d[1] = vec_add(d1, d2);
        d[2] = vec_sub(d2, d1);
        d[3] = vec_sub(d1, d[3]);
    } else if (taps == 2) { /* 0, p, -p, q with p = 3/4, q = 2: exact, and with half the rounding of 1 and 1/2 */
        const vec d3 = d[3], at_q = vec_fma(-0.5625f, d1, d3); /* p^2 */
        const vec even = vec_fma(-2.0f, d2, d3), odd = vec_fma(-2.0f, d1, d2);
        d[0] = vec_fma(-2.0f, vec_fma(-0.5625f, d0, d2), at_q);
        d[1] = vec_fma(0.75f, odd, even);
        d[2] = vec_fma(-0.75f, odd, even);
        d[3] = at_q;
        d[4] = vec_fma(-2.0f, at_q, vec_fma(-0.5625f, d2, d[4]));
    } else { /* 0, +-p, +-q with p = 3/4, q = 3/2: exact, and with a fifth of the rounding of 1 and 2 */
        const vec d3 = d[3], d4 = d[4];
        const vec even_p = vec_fma(-2.25f, d2, d4), odd_p = vec_fma(-2.25f, d1, d3);     /* q^2 = 2.25 */
        const vec even_q = vec_fma(-0.5625f, d2, d4), odd_q = vec_fma(-0.5625f, d1, d3); /* p^2 = 0.5625 */
        d[0] = vec_fma(1.265625f, d0, vec_fma(-2.8125f, d2, d4));                        /* p^2 q^2, p^2 + q^2 */
        d[1] = vec_fma(0.75f, odd_p, even_p);
        d[2] = vec_fma(-0.75f, odd_p, even_p);
        d[3] = vec_fma(1.5f, odd_q, even_q);
        d[4] = vec_fma(-1.5f, odd_q, even_q);
        d[5] = vec_fma(1.265625f, d1, vec_fma(-2.8125f, d3, d[5]));
    }
}

/* One dimension of A^T p: m values from the products. */
static ALWAYS_INLINE void winograd_output_1d(const vec p[WINOGRAD_POINTS], vec o[4], const int m, const int taps) {
    if (m == 2 && taps == 2) {
        o[0] = vec_add(p[0], p[1]);
        o[1] = vec_add(p[1], p[2]);
        return;
    }
    const vec sum = vec_add(p[1], p[2]), difference = vec_sub(p[1], p[2]);
    if (m == 2) {
        o[0] = vec_add(p[0], sum);
        o[1] = vec_sub(difference, p[3]);
    } else if (taps == 2) {
        o[0] = vec_add(vec_add(p[0], sum), p[3]);
        o[1] = vec_fma(0.75f, difference, vec_add(p[3], p[3])); /* p and q, their squares, their cubes */
        o[2] = vec_fma(0.5625f, sum, vec_fma(4.0f, p[3], vec_zero()));
        o[3] = vec_fma(0.421875f, difference, vec_fma(8.0f, p[3], p[4]));
    } else {
        const vec far_sum = vec_add(p[3], p[4]), far_difference = vec_sub(p[3], p[4]);
        o[0] = vec_add(vec_add(p[0], sum), far_sum);
        o[1] = vec_fma(0.75f, vec_fma(2.0f, far_difference, difference), vec_zero()); /* q = 2 p */
        o[2] = vec_fma(0.5625f, vec_fma(4.0f, far_sum, sum), vec_zero());
        o[3] = vec_fma(0.421875f, vec_fma(8.0f, far_difference, difference), p[5]);
    }
}

#endif
