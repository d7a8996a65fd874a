#ifndef RUNTIME_POWER_I64_H
#define RUNTIME_POWER_I64_H

#include <stdint.h>

/* By squaring, modulo 2^64. A negative exponent leaves only the powers of 1 and -1. */
static inline int64_t power_i64(int64_t base, int64_t exponent) {
    uint64_t result = 1, factor = (uint64_t)base;
    if (exponent < 0) return base == 1 ? 1 : base != -1 ? 0 : exponent % 2 ? -1 : 1;
    for (; exponent > 0; exponent /= 2, factor *= factor)
        if (exponent % 2) result *= factor;
    return (int64_t)result;
}

#endif
