#ifndef RUNTIME_DIVIDE_I32_H
#define RUNTIME_DIVIDE_I32_H

#include <stdint.h>

/* Towards zero, modulo 2^32; 0 where the divisor is 0. */
static inline int32_t divide_i32(int32_t a, int32_t b) {
    if (b == 0) return 0;
    return b == -1 ? (int32_t)(0u - (uint32_t)a) : a / b;
}

#endif
