/* What the machine could do: prints the multiply-adds' rate in GFLOP/s, and the rate of reading memory in GB/s, of all threads
 * together. Medians of many short measurements. The vectors are as wide as the compiler's flags allow. */
#define _POSIX_C_SOURCE 200112L
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifdef _OPENMP
#define EACH_THREAD _Pragma("omp parallel")
#else
#define EACH_THREAD
#endif

#if defined(__AVX512F__)
enum { LANES = 16, SUMS = 24 }; /* more sums than latency times units of any core, fewer than registers */
#elif defined(__AVX__)
enum { LANES = 8, SUMS = 12 };
#elif defined(__aarch64__)
enum { LANES = 4, SUMS = 24 };
#else
enum { LANES = 4, SUMS = 12 };
#endif

typedef float vec __attribute__((vector_size(4 * LANES)));

enum { REPEATS = 41, STEPS = 100000, BUFFER_BYTES = 128 << 20 /* more than caches hold */ };

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values) {
    qsort(values, REPEATS, sizeof *values, compare);
    return values[REPEATS / 2];
}

/* Keeps a value alive without storing it in the loop. */
static void use(vec v) {
    volatile float sink = v[0];
    (void)sink;
}

static void multiply_add(void) {
    volatile float start = 1.0f;
    vec sum[SUMS], factor = {0}, term = {0}, total = {0};
    for (int k = 0; k < SUMS; k++) sum[k] = factor + start + (float)k;
    factor += start * 0.999f;
    term += start * 0.001f;
    for (int step = 0; step < STEPS; step++) {
#if defined(__clang__)
#pragma clang loop unroll(full)
#elif defined(__GNUC__)
#pragma GCC unroll 24
#endif
        for (int k = 0; k < SUMS; k++) sum[k] = sum[k] * factor + term;
    }
    for (int k = 0; k < SUMS; k++) total += sum[k];
    use(total);
}

static void read_all(const vec *buffer) {
    vec a = {0}, b = {0}, c = {0}, d = {0};
    for (size_t k = 0; k + 4 <= BUFFER_BYTES / sizeof *buffer; k += 4) {
        a += buffer[k];
        b += buffer[k + 1];
        c += buffer[k + 2];
        d += buffer[k + 3];
    }
    use(a + b + c + d);
}

int main(void) {
    double compute[REPEATS], reading[REPEATS], threads = 0;
    void *buffer = NULL;
    if (posix_memalign(&buffer, 64, BUFFER_BYTES) != 0) {
        fputs("error: no memory\n", stderr);
        return 1;
    }
    for (size_t k = 0; k < BUFFER_BYTES / sizeof(uint32_t); k++) ((uint32_t *)buffer)[k] = 0;
    EACH_THREAD {
#ifdef _OPENMP
#pragma omp atomic
#endif
        threads += 1;
    }
    for (int k = 0; k < REPEATS; k++) {
        double start = seconds();
        EACH_THREAD
        multiply_add();
        compute[k] = threads * 2.0 * STEPS * SUMS * LANES / (seconds() - start) * 1e-9;
        start = seconds();
        EACH_THREAD
        read_all(buffer);
        reading[k] = threads * BUFFER_BYTES / (seconds() - start) * 1e-9;
    }
    printf("%.3f %.3f\n", median(compute), median(reading));
    free(buffer);
    return 0;
}
