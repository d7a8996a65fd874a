/* Kernels chosen by measurement, and the file beside the model that keeps the choice: skipc compile --tune. */
#ifndef SKIPC_DRIVER_TUNE_H
#define SKIPC_DRIVER_TUNE_H

#include "driver/model.h"
#include "passes/choose_kernels.h"

typedef struct {
    KernelChoice *choices;
    int choice_count;
    TextList lines; /* of the file, one per choice */
} Tuning;

/* Reads MODEL.tune beside the model where options->tune is empty: no choices where it is missing, or was measured by another
 * skipc, on another CPU or with another compiler. Else reads that file, wherever it was measured. STATUS_FILE where it can't be
 * read or is no such file. */
bool tuning_read(Driver *driver, const ModelOptions *options, Tuning *tuning);
/* Whether it chooses for the layer; `layer` as kernel_layer has it. */
bool tuning_knows(const Tuning *tuning, const char *layer);
/* Whether it chooses for every layer of the optimised graph that has a choice. */
bool tuning_covers(const Tuning *tuning, const Graph *graph);
/* Measures every candidate on the layers for which it does not, and writes a file beside the model that also chooses for them.
 * The graph's kernels are any afterwards. */
bool tuning_measure(Driver *driver, const ModelOptions *options, Graph *graph, const Tuning *known);

/* All layers of one geometry together. */
typedef struct {
    const char *layer;
    double milliseconds[KERNEL_CANDIDATES];
} LayerMeasurement;

/* The known choices, then the measured ones. */
bool tuning_write(Driver *driver, const ModelOptions *options, const Tuning *known, const LayerMeasurement *layers, int count);

#endif
