#include "driver/timing.h"

#include "driver/output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

Times times_summary(double *values, int64_t count) {
    qsort(values, (size_t)count, sizeof *values, compare_doubles);
    double median = (values[(count - 1) / 2] + values[count / 2]) / 2;
    return (Times){median, values[count / 4], values[count - 1 - count / 4], values[0], values[count - 1]};
}

/* One newline per run makes the runner time itself. */
bool time_runner(Driver *driver, const Workshop *shop, int64_t threads, int64_t runs, const char *out) {
    const char *in = workshop_path(driver, shop, "runs.txt");
    Output output;
    if (!output_open(driver, &output, in)) return false;
    for (int64_t k = 0; k < WARM_UPS + runs; k++) fputc('\n', output.file);
    return output_finish(driver, &output) && output_commit(driver, &output) &&
           run_runner(driver, shop, in, out, arena_printf(driver->arena, "%" PRId64, threads));
}

bool times_read(Driver *driver, const char *path, int64_t skip, int64_t runs, double *const *columns, int column_count) {
    FILE *file = fopen(path, "re");
    if (!file) return fail(driver->diag, STATUS_FILE, "%s: %s", path, strerror(errno));
    bool whole = true;
    for (int64_t k = -skip; whole && k < runs; k++) {
        for (int column = 0; whole && column < column_count; column++) {
            double nanoseconds;
            whole = fscanf(file, "%lf", &nanoseconds) == 1;
            if (whole && k >= 0) columns[column][k] = nanoseconds * 1e-6;
        }
    }
    fclose(file);
    return whole || fail(driver->diag, STATUS_FILE, "the timed program wrote too few times");
}

bool time_steps(Driver *driver, const Workshop *shop, int64_t threads, int64_t runs, int steps, StepTimes *times) {
    const char *out = workshop_path(driver, shop, "times.txt");
    double **columns = ARENA_ARRAY(driver->arena, double *, steps + 1);
    Times *each = ARENA_ARRAY(driver->arena, Times, steps + 1);
    for (int k = 0; k <= steps; k++) columns[k] = ARENA_ARRAY(driver->arena, double, runs);
    if (!time_runner(driver, shop, threads, runs, out) || !times_read(driver, out, WARM_UPS, runs, columns, steps + 1))
        return false;
    for (int k = 0; k < steps; k++) each[k] = times_summary(columns[k + 1], runs);
    *times = (StepTimes){times_summary(columns[0], runs), each};
    return true;
}
