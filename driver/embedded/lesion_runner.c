/* Reads images from standard input, one batch after the other, runs the generated network on each with every choice of blocks in
 * keep.bin, and writes the index of the largest score of each image to standard output: 32 bits, in the order of the choices
 * within the order of the images, -1 where no score is a number. shape.h, written beside it, describes the network and the data;
 * runner.h is what such programs share. */
#define _POSIX_C_SOURCE 200112L
#include "runner.h"
#include "shape.h"

#include <stdint.h>
#include <stdio.h>

static int32_t largest(const float *score, size_t count) {
    int32_t best = -1;
    for (size_t k = 0; k < count; k++)
        if (score[k] == score[k] && (best < 0 || score[k] > score[best])) best = (int32_t)k;
    return best;
}

int main(void) {
    unsigned char *in[] = {allocate(input_bytes[0])}, *out[OUTPUT_COUNT];
    unsigned char *arena = allocate(ARENA_BYTES), *weights = WEIGHTS_BYTES ? read_file("model.weights", WEIGHTS_BYTES) : NULL;
    const unsigned char *keep = read_file("keep.bin", (size_t)CHOICES * MODEL_BLOCKS);
    for (size_t k = 0; k < OUTPUT_COUNT; k++) out[k] = allocate(output_bytes[k]);
    size_t scores = output_bytes[0] / sizeof(float) / BATCH;
    for (size_t batch = 0; batch < BATCHES; batch++) {
        if (fread(in[0], 1, input_bytes[0], stdin) != input_bytes[0]) return FAILED_FILE;
        for (size_t choice = 0; choice < CHOICES; choice++) {
            check_status(CALL_BLOCKS(in, out, weights, arena, keep + choice * MODEL_BLOCKS));
            const float *score = (const float *)(const void *)out[0];
            for (size_t image = 0; image < BATCH; image++) {
                int32_t best = largest(score + image * scores, scores);
                if (fwrite(&best, sizeof best, 1, stdout) != 1) return FAILED_FILE;
            }
        }
    }
    check_guard(arena, ARENA_BYTES, "the arena");
    for (size_t k = 0; k < OUTPUT_COUNT; k++) check_guard(out[k], output_bytes[k], "an output");
    return fflush(stdout) == 0 ? 0 : FAILED_FILE;
}
