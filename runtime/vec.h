#ifndef RUNTIME_VEC_H
#define RUNTIME_VEC_H

#include <string.h>

#include "runtime/fma.h"
#include "runtime/vec_target.h"

/* Unused by some networks, and compilers would say so. */
#ifdef __GNUC__
#define ALWAYS_INLINE inline __attribute__((always_inline, unused))
#define NEVER_INLINE __attribute__((noinline))
#else
#define ALWAYS_INLINE inline
#define NEVER_INLINE
#endif
#if defined(__GNUC__) && !defined(VEC_PLAIN)
#define PREFETCH(address) __builtin_prefetch(address, 0, 2) /* into the second-level cache: the first holds what is in use */
#else
#define PREFETCH(address) ((void)(address)) /* small machines have no cache, and would still execute it */
#endif
/* Constant bounds unroll, so that accumulators stay in registers. */
#if defined(__clang__)
#define UNROLL_FOR _Pragma("clang loop unroll(full)") for
#elif defined(__GNUC__)
#define UNROLL_FOR _Pragma("GCC unroll 16") for
#else
#define UNROLL_FOR for
#endif

#ifdef VEC_PLAIN
typedef struct {
    float lane[LANES];
} vec;
enum { VECTORS_IN_REGISTERS = 0 }; /* small machines have none, and too few registers for what vectors would be used for */
#else
typedef float vec __attribute__((vector_size(4 * LANES)));
enum { VECTORS_IN_REGISTERS = 1 };
#endif

static ALWAYS_INLINE vec vec_zero(void) {
    const vec zero = {0};
    return zero;
}

static ALWAYS_INLINE vec vec_load(const float *p) {
    vec v;
#ifdef VEC_PLAIN
    UNROLL_FOR (int i = 0; i < LANES; i++) v.lane[i] = p[i];
#else
    memcpy(&v, p, sizeof v);
#endif
    return v;
}

/* The same, to a register: gcc would load it again for each use, more often than small tiles have time for. */
static ALWAYS_INLINE vec vec_load_once(const float *p) {
#ifdef VEC_PLAIN
    return vec_load(p);
#else
    typedef float vec_in_memory __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
    return *(const volatile vec_in_memory *)p;
#endif
}

static ALWAYS_INLINE void vec_store(float *p, vec v) {
#ifdef VEC_PLAIN
    UNROLL_FOR (int i = 0; i < LANES; i++) p[i] = v.lane[i];
#else
    memcpy(p, &v, sizeof v);
#endif
}

/* acc + a * b, fused. */
static ALWAYS_INLINE vec vec_fma(float a, vec b, vec acc) {
#if defined(VEC_PLAIN)
    UNROLL_FOR (int i = 0; i < LANES; i++) acc.lane[i] = fma_f32(a, b.lane[i], acc.lane[i]);
    return acc;
#elif defined(VEC_AVX512)
    return (vec)_mm512_fmadd_ps(_mm512_set1_ps(a), (__m512)b, (__m512)acc);
#elif defined(VEC_AVX2)
    return (vec)_mm256_fmadd_ps(_mm256_set1_ps(a), (__m256)b, (__m256)acc);
#elif defined(VEC_NEON)
    return (vec)vfmaq_n_f32((float32x4_t)acc, (float32x4_t)b, a);
#else
    return acc + a * b;
#endif
}

static ALWAYS_INLINE vec vec_add(vec a, vec b) {
#ifdef VEC_PLAIN
    UNROLL_FOR (int i = 0; i < LANES; i++) a.lane[i] += b.lane[i];
    return a;
#else
    return a + b;
#endif
}

static ALWAYS_INLINE vec vec_sub(vec a, vec b) {
#ifdef VEC_PLAIN
    UNROLL_FOR (int i = 0; i < LANES; i++) a.lane[i] -= b.lane[i];
    return a;
#else
    return a - b;
#endif
}

/* Each lane limited to [low, high]: `high` wins where the two cross, a NaN stays. */
static ALWAYS_INLINE vec vec_clamp(vec v, float low, float high) {
#if defined(VEC_PLAIN)
    UNROLL_FOR (int i = 0; i < LANES; i++) {
        const float raised = v.lane[i] < low ? low : v.lane[i];
        v.lane[i] = raised > high ? high : raised;
    }
    return v;
#elif defined(VEC_AVX512)
    return (vec)_mm512_min_ps(_mm512_set1_ps(high), _mm512_max_ps(_mm512_set1_ps(low), (__m512)v));
#elif defined(VEC_AVX2)
    return (vec)_mm256_min_ps(_mm256_set1_ps(high), _mm256_max_ps(_mm256_set1_ps(low), (__m256)v));
#elif defined(VEC_NEON)
    /* Not vmaxq and vminq, which take +0 for the larger of two zeros, as no other target does. */
    const float32x4_t l = vdupq_n_f32(low), h = vdupq_n_f32(high),
                      raised = vbslq_f32(vcltq_f32((float32x4_t)v, l), l, (float32x4_t)v);
    return (vec)vbslq_f32(vcgtq_f32(raised, h), h, raised);
#else
    return (vec)_mm_min_ps(_mm_set1_ps(high), _mm_max_ps(_mm_set1_ps(low), (__m128)v));
#endif
}

#endif
