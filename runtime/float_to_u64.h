#ifndef RUNTIME_FLOAT_TO_U64_H
#define RUNTIME_FLOAT_TO_U64_H

#include <stdint.h>

/* Towards zero, saturating; 0 for a NaN. */
static inline uint64_t float_to_u64(double x) {
    if (!(x > 0.0)) return 0;
    return x < 18446744073709551616.0 ? (uint64_t)x : UINT64_MAX;
}

#endif
