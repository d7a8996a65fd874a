#ifndef RUNTIME_QUARTER_TURNS_H
#define RUNTIME_QUARTER_TURNS_H

#include <float.h>
#include <stdint.h>

/* x = n pi/2 + *rest with |*rest| <= pi/4, for |x| >= 1024; returns n modulo 4. In whole numbers (Payne, Hanek, Radian Reduction
 * for Trigonometric Functions, 1983): x = m 2^e with m an integer, and of 2/pi only the 96 bits matter that e moves to weights
 * below 4. */
#ifdef __GNUC__
__attribute__((unused))
#endif
static float
quarter_turns(float x, float *rest) {
    static const uint32_t two_over_pi[] = {/* from the bit of 2^31 on */ 0,
                                           0xa2f9836eu,
                                           0x4e441529u,
                                           0xfc2757d1u,
                                           0xf534ddc0u,
                                           0xdb629599u,
                                           0x3c439041u,
                                           0xfe5163abu};
    const uint64_t low = 0xffffffffu;
    union {
        float number;
        uint32_t bits;
    } at;
    if (!(x <= FLT_MAX && x >= -FLT_MAX)) {
        *rest = x - x;
        return 0.0f;
    }
    at.number = x;
    const uint32_t first = ((at.bits >> 23) & 0xffu) - 120u, shift = first % 32u;
    const uint64_t m = (at.bits & 0x7fffffu) | 0x800000u;
    uint64_t window[3];
    for (uint32_t i = 0; i < 3; i++) {
        const uint64_t both = (uint64_t)two_over_pi[first / 32u + i] << 32 | two_over_pi[first / 32u + i + 1u];
        window[i] = (both >> (32u - shift)) & low;
    }
    /* m times the window, in units of 2^-94 modulo 4: its upper 64 bits. */
    const uint64_t last = m * window[2], middle = m * window[1] + (last >> 32), upper = m * window[0] + (middle >> 32);
    const uint64_t product = (upper & low) << 32 | (middle & low), fraction = product << 2;
    const int above = fraction >> 63 != 0;
    const float size = (float)((double)(above ? 0 - fraction : fraction) * 8.515303950216386e-20); /* pi/2 2^-64 */
    const float n = (float)(((product >> 62) + (uint64_t)above) & 3u);
    *rest = above == (x < 0.0f) ? size : -size;
    return x < 0.0f ? -n : n;
}

#endif
