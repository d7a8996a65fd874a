/* What the parts of skipc bench share. */
#ifndef SKIPC_DRIVER_BENCH_H
#define SKIPC_DRIVER_BENCH_H

#include "driver/model.h"
#include "driver/timing.h"

typedef struct {
    ModelOptions model;
    BuildOptions build;
    int64_t threads, runs;
    const char *against; /* a peer's name, or NULL */
    bool layers, json;
} BenchOptions;

/* Times each step of a profiling build, next to what the machine reaches in multiply-adds and in reading memory, and prints the
 * table. */
bool bench_layers(Driver *driver, const BenchOptions *options);

#endif
