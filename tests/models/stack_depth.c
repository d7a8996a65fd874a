/* Prints the bytes of stack that a run of the network takes: how far it overwrites a painted stack, less what a thread that does
 * nothing takes. */
#define _GNU_SOURCE
#include "net.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STACK = 1 << 20, PAINT = 0xa5 };

static float input[NET_INPUT_ELEMENTS], output[NET_OUTPUT_ELEMENTS];
static _Alignas(NET_ARENA_ALIGN) unsigned char arena[NET_ARENA_BYTES];
static int status;

static void *run_nothing(void *unused) {
    return unused;
}

static void *run_network(void *unused) {
    status = net_run(input, output, arena);
    return unused;
}

static long stack_of(void *(*function)(void *)) {
    unsigned char *stack = aligned_alloc(4096, STACK);
    pthread_attr_t attributes;
    pthread_t thread;
    long untouched = 0;
    memset(stack, PAINT, STACK);
    if (pthread_attr_init(&attributes) || pthread_attr_setstack(&attributes, stack, STACK) ||
        pthread_create(&thread, &attributes, function, NULL))
        exit(2);
    pthread_join(thread, NULL);
    while (stack[untouched] == PAINT) untouched++;
    free(stack);
    return STACK - untouched;
}

int main(void) {
    for (int i = 0; i < NET_INPUT_ELEMENTS; i++) input[i] = (float)(i % 7);
    long nothing = stack_of(run_nothing), network = stack_of(run_network);
    printf("%ld\n", network - nothing);
    return status;
}
