/* One line on the terminal that says what is going on, for work that takes over a second. */
#ifndef SKIPC_DRIVER_PROGRESS_H
#define SKIPC_DRIVER_PROGRESS_H

#include <stdbool.h>

typedef struct {
    bool terminal; /* stderr is one: otherwise nothing is ever shown */
    bool shown;
    double start, last; /* seconds */
} Progress;

void progress_start(Progress *progress);
void progress_update(Progress *progress, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Wipes the line. */
void progress_end(Progress *progress);

#endif
