#ifndef RUNTIME_VEC_SIN_COS_H
#define RUNTIME_VEC_SIN_COS_H

#include "runtime/quarter_turns.h"
#include "runtime/vec_round.h"

/* x = n pi/2 + r with |r| <= pi/4, n returned modulo 4 or as it is. Up to 8192 quarter turns by Cody and Waite's method (Software
 * Manual for the Elementary Functions, 1980): pi/2 in parts, of which the product of each but the last with n is exact. */
static ALWAYS_INLINE vec vec_quarter_turns(vec x, vec *r) {
    const float most = 12867.0f; /* 8192 quarter turns less one */
    float number[LANES], turns[LANES], rest[LANES];
    const vec n = vec_add(vec_round(vec_mul(x, vec_set(0.636619772f))), vec_zero()); /* never -0, which would make +0 of x = -0 */
    *r = vec_fma_lanes(n, vec_set(-0x1.92p+0f), x);
    *r = vec_fma_lanes(n, vec_set(-0x1.fb4p-12f), *r);
    *r = vec_fma_lanes(n, vec_set(-0x1.444p-24f), *r);
    *r = vec_fma_lanes(n, vec_set(-0x1.68c234p-39f), *r);
    vec_store(number, x);
    vec_store(turns, n);
    vec_store(rest, *r);
    for (int i = 0; i < LANES; i++)
        if (!(number[i] <= most && number[i] >= -most)) turns[i] = quarter_turns(number[i], &rest[i]);
    *r = vec_load(rest);
    return vec_load(turns);
}

/* sin(r + n pi/2), by the polynomials of Moshier's Cephes (sinf, cosf). */
static ALWAYS_INLINE vec vec_sin_of_turns(vec n, vec r) {
    const vec z = vec_mul(r, r), one = vec_set(1.0f), half = vec_set(0.5f);
    const vec turn = vec_sub(n, vec_mul(vec_set(4.0f), vec_round(vec_mul(n, vec_set(0.25f))))),
              size = vec_abs(turn); /* -2 to 2 */
    vec s = vec_set(-1.9515295891e-4f), c = vec_set(2.443315711809948e-5f);
    s = vec_fma_lanes(s, z, vec_set(8.3321608736e-3f));
    s = vec_fma_lanes(s, z, vec_set(-1.6666654611e-1f));
    s = vec_if_less(z, vec_set(0x1p-26f), r, vec_fma_lanes(vec_mul(s, z), r, r));
    c = vec_fma_lanes(c, z, vec_set(-1.388731625493765e-3f));
    c = vec_fma_lanes(c, z, vec_set(4.166664568298827e-2f));
    c = vec_fma_lanes(vec_mul(c, z), z, vec_fma_lanes(z, vec_neg(half), one));
    const vec odd = vec_if_less(half, size, vec_if_less(size, vec_set(1.5f), c, s), s);
    return vec_if_less(turn, vec_neg(half), vec_neg(odd), vec_if_less(vec_set(1.5f), turn, vec_neg(odd), odd));
}

/* Within 2 units in the last place, of any argument; of an infinite one it is a NaN. */
static ALWAYS_INLINE vec vec_sin(vec x) {
    vec r;
    const vec n = vec_quarter_turns(x, &r);
    return vec_sin_of_turns(n, r);
}

static ALWAYS_INLINE vec vec_cos(vec x) {
    vec r;
    const vec n = vec_quarter_turns(x, &r);
    return vec_sin_of_turns(vec_add(n, vec_set(1.0f)), r);
}

#endif
