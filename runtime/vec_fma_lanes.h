#ifndef RUNTIME_VEC_FMA_LANES_H
#define RUNTIME_VEC_FMA_LANES_H

#include "runtime/vec.h"

/* acc + a * b in each lane, fused. */
static ALWAYS_INLINE vec vec_fma_lanes(vec a, vec b, vec acc) {
#if defined(VEC_PLAIN)
    UNROLL_FOR (int i = 0; i < LANES; i++) acc.lane[i] = fma_f32(a.lane[i], b.lane[i], acc.lane[i]);
    return acc;
#elif defined(VEC_AVX512)
    return (vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)acc);
#elif defined(VEC_AVX2)
    return (vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)acc);
#elif defined(VEC_NEON)
    return (vec)vfmaq_f32((float32x4_t)acc, (float32x4_t)a, (float32x4_t)b);
#else
    return acc + a * b;
#endif
}

#endif
