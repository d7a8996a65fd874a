/* What every command does first: the model file becomes a graph. */
#ifndef SKIPC_DRIVER_MODEL_H
#define SKIPC_DRIVER_MODEL_H

#include "driver/driver.h"
#include "driver/options.h"
#include "ir/evaluate.h"
#include "passes/passes.h"

typedef struct {
    const char *path;
    TextList dims; /* "NAME=N" */
} ModelOptions;

/* As imported: what the model says. */
Graph *model_import(Driver *driver, const ModelOptions *options);
/* Imported, and through the pipeline; `after` as in pipeline_run. */
Graph *model_optimise(Driver *driver, const ModelOptions *options, void (*after)(void *context, const Pass *pass, Graph *graph),
                      void *context);

typedef void Observe(void *context, const Node *node, Tensor *const *out);
/* The reference interpreter, with progress; NULL on failure. Outputs in graph order. */
Tensor **model_evaluate(Driver *driver, Graph *graph, const Tensor *const *inputs, Precision precision, Observe *observe,
                        void *context);

#define MODEL_DIM_OPTION(model_options)                                                                                          \
    {                                                                                                                            \
        .name = "dim", .kind = OPTION_LIST, .target = &(model_options)->dims, .argument = "NAME=N",                              \
        .help = "size of a symbolic dimension (batch is 1 otherwise)"                                                            \
    }

#endif
