#ifndef RUNTIME_FMA_H
#define RUNTIME_FMA_H

#include <math.h>

/* a * b + c, rounded once wherever the hardware can: the sums of this file then have the same bits on every such machine.
 * Kernels with vector instructions of their own don't call it. */
#ifdef __GNUC__
__attribute__((unused))
#endif
static inline float
fma_f32(float a, float b, float c) {
#if defined(__GNUC__) && (defined(__FP_FAST_FMAF) || defined(__FMA__) || defined(__ARM_FEATURE_FMA))
    return __builtin_fmaf(a, b, c);
#elif defined(FP_FAST_FMAF)
    return fmaf(a, b, c);
#else
    return a * b + c;
#endif
}

#endif
