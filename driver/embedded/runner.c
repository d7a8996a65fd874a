/* Runs the generated network on input_K.bin, writes output_K.bin, runs it again over memory that held something else, which must
 * give the same bits, and then, for every byte on standard input, runs it once more and prints the nanoseconds it took, in a
 * profiling build followed by those of each step. shape.h, written beside it, describes the network. */
#define _POSIX_C_SOURCE 200112L
#include "runner.h"
#include "shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void write_file(const char *path, const void *memory, size_t bytes) {
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(memory, 1, bytes, file) != bytes || fclose(file) != 0) {
        perror(path);
        exit(FAILED_FILE);
    }
}

static double nanoseconds_since(const struct timespec *start) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return 1e9 * (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec);
}

#ifdef STEPS /* a profiling build: the network calls model_step() at the end of each step, with its number */
static struct timespec run_start;
static double step_time[STEPS + 1], last_end; /* a step of the loop over images ends several times */

void model_step(int step);
void model_step(int step) {
    const double end = nanoseconds_since(&run_start);
    if (step >= 0 && step < STEPS) step_time[step] += end - last_end;
    last_end = end;
}

static void print_steps(void) {
    for (size_t k = 0; k < STEPS; k++) printf(" %.0f", step_time[k]);
}
#endif

static int timed_run(unsigned char *const *in, unsigned char *const *out, const unsigned char *weights, unsigned char *arena) {
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
#ifdef STEPS
    run_start = start;
    memset(step_time, 0, sizeof step_time);
    last_end = 0;
#endif
    int status = CALL(in, out, weights, arena);
    printf("%.0f", nanoseconds_since(&start));
#ifdef STEPS
    print_steps();
#endif
    putchar('\n');
    fflush(stdout);
    return status;
}

static void check_guards(unsigned char *const *out, const unsigned char *arena) {
    check_guard(arena, ARENA_BYTES, "the arena");
    for (size_t k = 0; k < OUTPUT_COUNT; k++) check_guard(out[k], output_bytes[k], output_names[k]);
}

/* A sanitizer can't see what the network reads of the caller's memory before it has written there. */
static void check_fills(unsigned char *const *in, unsigned char *const *out, const unsigned char *weights, unsigned char *arena) {
    unsigned char *first[OUTPUT_COUNT + 1];
    for (size_t k = 0; k < OUTPUT_COUNT; k++) {
        first[k] = allocate(output_bytes[k]);
        memcpy(first[k], out[k], output_bytes[k]);
        memset(out[k], OTHER_FILL, output_bytes[k]);
    }
    memset(arena, OTHER_FILL, ARENA_BYTES);
    check_status(CALL(in, out, weights, arena));
    check_guards(out, arena);
    for (size_t k = 0; k < OUTPUT_COUNT; k++) {
        if (memcmp(first[k], out[k], output_bytes[k]) != 0) {
            fprintf(stderr, "output '%.200s' depends on what the arena or the outputs held before\n", output_names[k]);
            exit(FAILED_FILL);
        }
        free(first[k]);
    }
}

int main(void) {
    unsigned char *in[INPUT_COUNT + 1], *out[OUTPUT_COUNT + 1], *arena = allocate(ARENA_BYTES), *weights = NULL;
    char path[64];
    for (size_t k = 0; k < INPUT_COUNT; k++) {
        snprintf(path, sizeof path, "input_%zu.bin", k);
        in[k] = read_file(path, input_bytes[k]);
    }
    for (size_t k = 0; k < OUTPUT_COUNT; k++) out[k] = allocate(output_bytes[k]);
    if (WEIGHTS_BYTES) weights = read_file("model.weights", WEIGHTS_BYTES);

    int status = CALL(in, out, weights, arena);
    check_status(status);
    check_guards(out, arena);
    for (size_t k = 0; k < OUTPUT_COUNT; k++) {
        snprintf(path, sizeof path, "output_%zu.bin", k);
        write_file(path, out[k], output_bytes[k]);
    }
    check_fills(in, out, weights, arena);
    while (getchar() != EOF) status = timed_run(in, out, weights, arena);
    for (size_t k = 0; k < INPUT_COUNT; k++) free(in[k]);
    for (size_t k = 0; k < OUTPUT_COUNT; k++) free(out[k]);
    free(weights);
    free(arena);
    return status != 0;
}
