/* What the checks of this folder share: numbers to run kernels on, and a hash of the bits of their results. */
#ifndef TESTS_KERNELS_CHECK_H
#define TESTS_KERNELS_CHECK_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* main() sets it to the check's seed. */
static uint32_t check_state;

/* `count` numbers in [-1, 1), aligned as weights are; the caller frees them. */
static inline float *filled(size_t count) {
    float *p = aligned_alloc(64, (count * sizeof *p + 63) / 64 * 64);
    for (size_t i = 0; i < count; i++) {
        check_state = check_state * 1664525u + 1013904223u;
        p[i] = (float)(check_state >> 8) / 8388608.0f - 1.0f;
    }
    return p;
}

/* FNV-1a over words. */
static const uint64_t hash_start = 0xcbf29ce484222325u;
static inline uint64_t hash(uint64_t bits, const float *x, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint32_t word;
        memcpy(&word, x + i, sizeof word);
        bits = (bits ^ word) * 1099511628211u;
    }
    return bits;
}

#endif
