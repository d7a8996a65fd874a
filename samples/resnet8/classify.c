/* Classifies CIFAR-10 images with the network that `skipc compile resnet8_cifar10.onnx --name resnet8` wrote.
 *
 *   gcc -O2 classify.c resnet8.c -lm -o classify && ./classify images.bin
 *
 * images.bin is in CIFAR-10's binary format: for each image one byte of label, then 3x32x32 bytes (red, green, blue planes). */
#include "resnet8.h"

#include <stdint.h>
#include <stdio.h>

enum { CLASSES = 10, PIXELS = 3 * 32 * 32 };

static const char *const class_names[CLASSES] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                                 "dog",      "frog",       "horse", "ship", "truck"};

/* Scratch memory is the caller's. One spare ARENA_ALIGN lets us align it by hand: C99 has no alignas. */
static unsigned char memory[RESNET8_ARENA_BYTES + RESNET8_ARENA_ALIGN];

static void *aligned_arena(void) {
    uintptr_t address = (uintptr_t)memory;
    return memory + (RESNET8_ARENA_ALIGN - address % RESNET8_ARENA_ALIGN) % RESNET8_ARENA_ALIGN;
}

static int largest(const float *score) {
    int best = 0;
    for (int i = 1; i < CLASSES; i++) {
        if (score[i] > score[best]) best = i;
    }
    return best;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: classify images.bin\n");
        return 2;
    }
    FILE *file = fopen(argv[1], "rb");
    if (file == NULL) {
        perror(argv[1]);
        return 1;
    }
    int images = 0, right = 0;
    unsigned char record[1 + PIXELS];
    while (fread(record, 1, sizeof record, file) == sizeof record) {
        float input[PIXELS], output[CLASSES];
        for (int i = 0; i < PIXELS; i++) input[i] = (float)record[1 + i]; /* this network takes raw pixels, 0 to 255 */
        int status = resnet8_run(input, output, aligned_arena());
        if (status != 0 || record[0] >= CLASSES) {
            fprintf(stderr, "image %d: resnet8_run returned %d, label %d\n", images, status, record[0]);
            fclose(file);
            return 1;
        }
        int predicted = largest(output);
        printf("image %2d  %-10s  p = %.3f  %s\n", images, class_names[predicted], (double)output[predicted],
               predicted == record[0] ? "right" : class_names[record[0]]);
        images++;
        right += predicted == record[0];
    }
    fclose(file);
    printf("%d of %d right\n", right, images);
    return images > 0 ? 0 : 1;
}
