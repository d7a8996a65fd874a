/* Runs the network on the three images of images.h and prints the classes: on an emulated Cortex-M4F through semihosting,
 * and on the desktop as the peer. */
#include "images.h"
#include "resnet8.h"

#include <stdint.h>
#include <stdio.h>

enum { CLASSES = 10 };

static unsigned char arena[RESNET8_ARENA_BYTES + 1] __attribute__((aligned(RESNET8_ARENA_ALIGN)));
static float input[IMAGE_PIXELS];

int main(void) {
    for (int image = 0; image < IMAGE_COUNT; image++) {
        float output[CLASSES];
        for (int i = 0; i < IMAGE_PIXELS; i++) input[i] = (float)images[image][i];
        int status = resnet8_run(input, output, arena);
        int best = 0;
        for (int i = 1; i < CLASSES; i++) {
            if (output[i] > output[best]) best = i;
        }
        printf("image %d: status %d class %d\n", image, status, best);
    }
    return 0;
}
