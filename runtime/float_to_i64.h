#ifndef RUNTIME_FLOAT_TO_I64_H
#define RUNTIME_FLOAT_TO_I64_H

#include <stdint.h>

/* Towards zero, saturating; 0 for a NaN. */
static inline int64_t float_to_i64(double x) {
    if (x != x) return 0;
    if (x < -9223372036854775808.0) return INT64_MIN;
    return x < 9223372036854775808.0 ? (int64_t)x : INT64_MAX;
}

#endif
