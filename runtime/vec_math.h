#ifndef RUNTIME_VEC_MATH_H
#define RUNTIME_VEC_MATH_H

#include "runtime/vec_fma_lanes.h"

/* Arithmetic of whole vectors, for kernels whose lanes are elements. */

static ALWAYS_INLINE vec vec_set(float x) {
    vec v = vec_zero();
#ifdef VEC_PLAIN
    UNROLL_FOR (int i = 0; i < LANES; i++) v.lane[i] = x;
    return v;
#else
    return x - v; /* not v + x, which would lose the sign of -0 */
#endif
}

/* a * b, rounded before anything is added to it: as it stands, gcc would join it with a sum on targets that can, and change the
 * bits. Adding -0 leaves every product as it is, and takes no time of its own where there is a fused multiply-add. */
static ALWAYS_INLINE vec vec_mul(vec a, vec b) {
    return vec_fma_lanes(a, b, vec_set(-0.0f));
}

static ALWAYS_INLINE vec vec_neg(vec v) {
#ifdef VEC_PLAIN
    UNROLL_FOR (int i = 0; i < LANES; i++) v.lane[i] = -v.lane[i];
    return v;
#else
    return -v;
#endif
}

static ALWAYS_INLINE vec vec_div(vec a, vec b) {
#ifdef VEC_PLAIN
    UNROLL_FOR (int i = 0; i < LANES; i++) a.lane[i] /= b.lane[i];
    return a;
#else
    return a / b;
#endif
}

/* a > b ? a : b, in each lane. */
static ALWAYS_INLINE vec vec_max(vec a, vec b) {
#if defined(VEC_PLAIN)
    UNROLL_FOR (int i = 0; i < LANES; i++) b.lane[i] = a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i];
    return b;
#elif defined(VEC_AVX512)
    return (vec)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(VEC_AVX2)
    return (vec)_mm256_max_ps((__m256)a, (__m256)b);
#elif defined(VEC_NEON) /* not vmaxq, as in vec_clamp */
    return (vec)vbslq_f32(vcgtq_f32((float32x4_t)a, (float32x4_t)b), (float32x4_t)a, (float32x4_t)b);
#else
    return (vec)_mm_max_ps((__m128)a, (__m128)b);
#endif
}

/* a < b ? yes : no, in each lane. */
static ALWAYS_INLINE vec vec_if_less(vec a, vec b, vec yes, vec no) {
#if defined(VEC_PLAIN)
    UNROLL_FOR (int i = 0; i < LANES; i++) no.lane[i] = a.lane[i] < b.lane[i] ? yes.lane[i] : no.lane[i];
    return no;
#elif defined(VEC_AVX512)
    return (vec)_mm512_mask_mov_ps((__m512)no, _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_LT_OS), (__m512)yes);
#elif defined(VEC_AVX2)
    return (vec)_mm256_blendv_ps((__m256)no, (__m256)yes, _mm256_cmp_ps((__m256)a, (__m256)b, _CMP_LT_OS));
#elif defined(VEC_NEON)
    return (vec)vbslq_f32(vcltq_f32((float32x4_t)a, (float32x4_t)b), (float32x4_t)yes, (float32x4_t)no);
#else
    const __m128 less = _mm_cmplt_ps((__m128)a, (__m128)b);
    return (vec)_mm_or_ps(_mm_and_ps(less, (__m128)yes), _mm_andnot_ps(less, (__m128)no));
#endif
}

/* The first `count` lanes, at most LANES; the rest is 0. */
static ALWAYS_INLINE vec vec_load_part(const float *p, size_t count) {
    vec v = vec_zero();
#ifdef VEC_PLAIN
    for (size_t i = 0; i < count; i++) v.lane[i] = p[i];
#else
    memcpy(&v, p, count * sizeof *p);
#endif
    return v;
}

static ALWAYS_INLINE void vec_store_part(float *p, vec v, size_t count) {
#ifdef VEC_PLAIN
    for (size_t i = 0; i < count; i++) p[i] = v.lane[i];
#else
    memcpy(p, &v, count * sizeof *p);
#endif
}

#endif
