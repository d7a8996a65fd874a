#ifndef RUNTIME_F32_TO_F16_H
#define RUNTIME_F32_TO_F16_H

#include <stdint.h>
#include <string.h>

/* To IEEE 754's binary16, half to even; what is too large becomes infinity, NaN stays a quiet one. */
static inline uint16_t f32_to_f16(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint32_t sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) return (uint16_t)(sign | 0x7e00u);
    if (magnitude >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u); /* 65520 and more */
    uint32_t significand = magnitude, drop = 13, base = 0x38000000u;
    if (magnitude < 0x38800000u) { /* subnormal there: shifted to units of 2^-24 */
        if (magnitude < 0x33000000u) return (uint16_t)sign;
        significand = (magnitude & 0x7fffffu) | 0x800000u;
        drop = 126u - (magnitude >> 23);
        base = 0;
    }
    const uint32_t whole = significand >> drop, rest = significand & ((1u << drop) - 1u), tie = 1u << (drop - 1u);
    return (uint16_t)(sign | (whole - (base >> 13) + (rest > tie || (rest == tie && (whole & 1u)))));
}

#endif
