/* Times of programs that were built here. */
#ifndef SKIPC_DRIVER_TIMING_H
#define SKIPC_DRIVER_TIMING_H

#include "driver/build.h"

enum { WARM_UPS = 3 }; /* runs before those that count; driver/embedded/bench_peer.py has as many */

typedef struct {
    double median, low, high, least, most; /* low to high: the middle half */
} Times;

/* Sorts them. */
Times times_summary(double *values, int64_t count);
/* Runs the runner WARM_UPS + `runs` times in one process; `out` gets a line a run: nanoseconds, and in a profiling build those of
 * each step. */
bool time_runner(Driver *driver, const Workshop *shop, int64_t threads, int64_t runs, const char *out);
/* Skips `skip` lines of `column_count` numbers, then reads `runs` of them: columns[c][k] is number c of line k, in milliseconds.
 */
bool times_read(Driver *driver, const char *path, int64_t skip, int64_t runs, double *const *columns, int column_count);

typedef struct {
    Times whole;
    const Times *steps;
} StepTimes;

/* Runs a profiling build of a network of `steps` nodes. */
bool time_steps(Driver *driver, const Workshop *shop, int64_t threads, int64_t runs, int steps, StepTimes *times);

#endif
