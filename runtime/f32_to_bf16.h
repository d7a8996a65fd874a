#ifndef RUNTIME_F32_TO_BF16_H
#define RUNTIME_F32_TO_BF16_H

#include <stdint.h>
#include <string.h>

/* The upper half of a float, half to even; NaN stays a quiet one. */
static inline uint16_t f32_to_bf16(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(bits >> 16 | 0x40u);
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

#endif
