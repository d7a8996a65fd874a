/* What the checks of this folder share: numbers to run kernels on, in memory of no more than their size, and a hash of the bits
 * of their results. */
#ifndef TESTS_KERNELS_CHECK_H
#define TESTS_KERNELS_CHECK_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* main() sets it to the check's seed. */
static uint32_t check_state;

/* What filled() has given since the last release(). */
static void *check_memory[16];
static size_t check_memories;

/* Aligned as weights are. One float further is another's: a sanitizer sees it. */
static inline float *allocated(size_t count) {
    void *memory;
    if (check_memories == sizeof check_memory / sizeof *check_memory || posix_memalign(&memory, 64, count * sizeof(float)))
        abort();
    return check_memory[check_memories++] = memory;
}

/* `count` numbers in [-1, 1). */
static inline float *filled(size_t count) {
    float *p = allocated(count);
    for (size_t i = 0; i < count; i++) {
        check_state = check_state * 1664525u + 1013904223u;
        p[i] = (float)(check_state >> 8) / 8388608.0f - 1.0f;
    }
    return p;
}

static inline float *zeros(size_t count) {
    return memset(filled(count), 0, count * sizeof(float));
}

static inline float *copy_of(const float *x, size_t count) {
    return memcpy(filled(count), x, count * sizeof *x);
}

/* Memory that a kernel has to write before it reads it, full of what no result may show: of main()'s argument, or as it comes,
 * which MemorySanitizer follows. */
static int check_filling = -1;

static inline void check_fill(int argc, char **argv) {
    if (argc > 1) check_filling = (int)strtol(argv[1], NULL, 16);
}

static inline float *unwritten(size_t count) {
    float *p = allocated(count);
    return check_filling < 0 ? p : memset(p, check_filling, count * sizeof *p);
}

static inline void release(void) {
    while (check_memories) free(check_memory[--check_memories]);
}

/* The larger error; a NaN is the largest. */
static inline double worse(double worst, double error) {
    return error <= worst ? worst : error;
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
