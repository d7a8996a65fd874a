/* What the programs that run the generated network share: memory, files, and their failures, which end the program. */
#ifndef RUNNER_H
#define RUNNER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    GUARD = 64,
    GUARD_BYTE = 0xa5,
    FAILED_FILE = 10,
    FAILED_MEMORY = 11,
    FAILED_RUN = 12,
    FAILED_GUARD = 13,
    FAILED_FILL = 14
};
/* What memory holds before the network runs. All ones is a NaN: whatever is read before it is written shows in the result. In the
 * other one every float is 0.747. */
enum { FILL = 0xff, OTHER_FILL = 0x3f };

static unsigned char *allocate(size_t bytes) {
    void *memory = NULL;
    if (posix_memalign(&memory, 64, bytes + GUARD) != 0) exit(FAILED_MEMORY);
    memset(memory, FILL, bytes);
    memset((unsigned char *)memory + bytes, GUARD_BYTE, GUARD);
    return memory;
}

static void check_guard(const unsigned char *memory, size_t bytes, const char *what) {
    for (size_t k = 0; k < GUARD; k++) {
        if (memory[bytes + k] == GUARD_BYTE) continue;
        fprintf(stderr, "error: the network writes past the end of %s\n", what);
        exit(FAILED_GUARD);
    }
}

static unsigned char *read_file(const char *path, size_t bytes) {
    unsigned char *memory = allocate(bytes);
    FILE *file = fopen(path, "rb");
    if (!file || fread(memory, 1, bytes, file) != bytes) {
        perror(path);
        exit(FAILED_FILE);
    }
    fclose(file);
    return memory;
}

static void check_status(int status) {
    if (status == 0) return;
    fprintf(stderr, "error: the network returns %d\n", status);
    exit(FAILED_RUN);
}

#endif
