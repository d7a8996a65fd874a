/* Runs the network on the images of images.h and prints classes, instructions and the bits of all outputs: on an emulated
 * Cortex-M4F through semihosting, and on the desktop, which counts no instructions, as the peer. */
#include "images.h"
#include "instructions.h"
#include "resnet8.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { CLASSES = 10 };

static unsigned char arena[RESNET8_ARENA_BYTES + 1] __attribute__((aligned(RESNET8_ARENA_ALIGN)));
static float input[IMAGE_PIXELS];

static void print_bits(const char *name, const float *values) {
    printf(" %s", name);
    for (int i = 0; i < CLASSES; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        printf(" %08lx", (unsigned long)bits);
    }
}

int main(void) {
    timer_start();
    for (int image = 0; image < IMAGE_COUNT; image++) {
        float probabilities[CLASSES], logits[CLASSES];
        for (int i = 0; i < IMAGE_PIXELS; i++) input[i] = (float)images[image][i];
        memset(arena, image % 2 ? 0xff : 0x4b, sizeof arena); /* what it held before is not seen */
        const uint32_t start = timer_value();
        int status = resnet8_run(input, probabilities, logits, arena);
        const uint32_t end = timer_value();
        int best = 0;
        for (int i = 1; i < CLASSES; i++) {
            if (probabilities[i] > probabilities[best]) best = i;
        }
        printf("image %d: status %d class %d", image, status, best);
        print_bits("probabilities", probabilities);
        print_bits("logits", logits);
        printf(" instructions %lu\n", instructions_between(start, end));
    }
    return 0;
}
