#ifndef RUNTIME_DIVIDE_I64_H
#define RUNTIME_DIVIDE_I64_H

#include <stdint.h>

/* Towards zero, modulo 2^64; 0 where the divisor is 0. */
static inline int64_t divide_i64(int64_t a, int64_t b) {
    if (b == 0) return 0;
    return b == -1 ? (int64_t)(0u - (uint64_t)a) : a / b;
}

#endif
