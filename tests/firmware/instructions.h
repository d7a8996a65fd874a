#ifndef FIRMWARE_INSTRUCTIONS_H
#define FIRMWARE_INSTRUCTIONS_H

#include <stdint.h>

/* Instructions of an emulated Cortex-M, exact and the same in every run. Under QEMU's `-icount shift=0` an instruction takes one
 * nanosecond of virtual time, and the SysTick timer (Armv7-M Architecture Reference Manual, B3.3) of the board mps2-an386 counts
 * down at 25 MHz: once in 40 instructions. Its 24 bits tell up to 671 million instructions apart. Elsewhere none are counted. */
enum { TIMER_BITS = 0xffffff, TIMER_RUNS_FROM_PROCESSOR_CLOCK = 5, INSTRUCTIONS_A_TICK = 40 };

#ifdef __arm__
#define TIMER_CONTROL (*(volatile uint32_t *)0xE000E010)
#define TIMER_RELOAD (*(volatile uint32_t *)0xE000E014)
#define TIMER_VALUE (*(volatile uint32_t *)0xE000E018)

static void timer_start(void) {
    TIMER_RELOAD = TIMER_BITS;
    TIMER_VALUE = 0;
    TIMER_CONTROL = TIMER_RUNS_FROM_PROCESSOR_CLOCK;
    while (TIMER_VALUE == 0) {
    }
}

/* What is computed between two calls stays between them. */
static uint32_t timer_value(void) {
    __asm__ volatile("" ::: "memory");
    const uint32_t value = TIMER_VALUE;
    __asm__ volatile("" ::: "memory");
    return value;
}
#else
static void timer_start(void) {}

static uint32_t timer_value(void) {
    return 0;
}
#endif

static unsigned long instructions_between(uint32_t start, uint32_t end) {
    return (unsigned long)((start - end) & TIMER_BITS) * INSTRUCTIONS_A_TICK;
}

#endif
