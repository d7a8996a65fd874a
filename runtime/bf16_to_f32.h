#ifndef RUNTIME_BF16_TO_F32_H
#define RUNTIME_BF16_TO_F32_H

#include <stdint.h>
#include <string.h>

/* A bfloat16 is the upper half of a float. */
static inline float bf16_to_f32(uint16_t bits) {
    const uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

#endif
