#ifndef RUNTIME_F16_TO_F32_H
#define RUNTIME_F16_TO_F32_H

#include <stdint.h>
#include <string.h>

/* The value of IEEE 754's binary16, which every float can hold. */
static inline float f16_to_f32(uint16_t bits) {
    const uint32_t sign = (uint32_t)(bits & 0x8000u) << 16, magnitude = bits & 0x7fffu;
    uint32_t wide = sign | ((magnitude << 13) + 0x38000000u); /* exponents are 112 larger */
    float value;
    if (magnitude < 0x400u) { /* zero and subnormals: multiples of 2^-24 */
        value = (float)magnitude * 0x1p-24f;
        return sign ? -value : value;
    }
    if (magnitude >= 0x7c00u) wide = sign | 0x7f800000u | (magnitude & 0x3ffu) << 13;
    memcpy(&value, &wide, sizeof value);
    return value;
}

#endif
