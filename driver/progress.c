#include "driver/progress.h"

#include "driver/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

void progress_start(Progress *progress) {
    *progress = (Progress){.terminal = isatty(STDERR_FILENO) == 1, .start = now()};
}

void progress_update(Progress *progress, const char *format, ...) {
    if (!progress->terminal) return;
    double time = now();
    if (time - progress->start < 1.0 || time - progress->last < 0.1) return;
    char line[80]; /* longer ones would wrap, and then not be wiped */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    fputs("\r\033[K", stderr);
    text_print(stderr, line);
    fflush(stderr);
    progress->last = time;
    progress->shown = true;
}

void progress_end(Progress *progress) {
    if (!progress->shown) return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    progress->shown = false;
}
