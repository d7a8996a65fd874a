#ifndef RUNTIME_WINOGRAD_TRANSFORMS_H
#define RUNTIME_WINOGRAD_TRANSFORMS_H

#include "runtime/vec.h"

/* One dimension of B^T d, in place: 4 values for F(2,3), 6 for F(4,3) (Lavin and Gray, arXiv:1509.09308). */
static ALWAYS_INLINE void winograd_input_1d(vec d[6], const int output_size) {
    if (output_size == 2) {
        const vec d1 = d[1], d2 = d[2];
        d[0] = vec_sub(d[0], d2);
        d[1] = vec_add(d1, d2);
        d[2] = vec_sub(d2, d1);
        d[3] = vec_sub(d1, d[3]);
        return;
    }
    /* Points 0, +-p, +-q and infinity with p = 3/4, q = 3/2. They are exact, and round a fifth as much as the usual 1 and 2. */
    const vec d1 = d[1], d2 = d[2], d3 = d[3], d4 = d[4];
    const vec even_p = vec_fma(-2.25f, d2, d4), odd_p = vec_fma(-2.25f, d1, d3);     /* q^2 = 2.25 */
    const vec even_q = vec_fma(-0.5625f, d2, d4), odd_q = vec_fma(-0.5625f, d1, d3); /* p^2 = 0.5625 */
    d[0] = vec_fma(1.265625f, d[0], vec_fma(-2.8125f, d2, d4));                      /* p^2 q^2, p^2 + q^2 */
    d[1] = vec_fma(0.75f, odd_p, even_p);
    d[2] = vec_fma(-0.75f, odd_p, even_p);
    d[3] = vec_fma(1.5f, odd_q, even_q);
    d[4] = vec_fma(-1.5f, odd_q, even_q);
    d[5] = vec_fma(1.265625f, d1, vec_fma(-2.8125f, d3, d[5]));
}

/* One dimension of A^T m: output_size values from output_size + 2. */
static ALWAYS_INLINE void winograd_output_1d(const vec m[6], vec o[4], const int output_size) {
    const vec sum = vec_add(m[1], m[2]), difference = vec_sub(m[1], m[2]);
    if (output_size == 2) {
        o[0] = vec_add(m[0], sum);
        o[1] = vec_sub(difference, m[3]);
        return;
    }
    const vec far_sum = vec_add(m[3], m[4]), far_difference = vec_sub(m[3], m[4]);
    o[0] = vec_add(vec_add(m[0], sum), far_sum);
    o[1] = vec_fma(0.75f, vec_fma(2.0f, far_difference, difference), vec_zero()); /* q = 2 p */
    o[2] = vec_fma(0.5625f, vec_fma(4.0f, far_sum, sum), vec_zero());
    o[3] = vec_fma(0.421875f, vec_fma(8.0f, far_difference, difference), m[5]);
}

#endif
