#ifndef RUNTIME_F64_TO_F32_ODD_H
#define RUNTIME_F64_TO_F32_ODD_H

#include <stdint.h>
#include <string.h>

/* The float towards zero from a double that no float holds, with its last bit set: rounding that again to fewer bits is rounding
 * the double once (Boldo and Melquiond, "When double rounding is odd", 2005). */
static inline float f64_to_f32_odd(double value) {
    float nearest = (float)value;
    uint32_t bits;
    if (!((double)nearest < value || (double)nearest > value)) return nearest;
    memcpy(&bits, &nearest, sizeof bits);
    if (value < 0 ? (double)nearest < value : (double)nearest > value) bits--; /* it was rounded away from zero */
    bits |= 1u;
    memcpy(&nearest, &bits, sizeof nearest);
    return nearest;
}

#endif
