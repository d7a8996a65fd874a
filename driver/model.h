/* What every command does first: the model file becomes a graph. */
#ifndef SKIPC_DRIVER_MODEL_H
#define SKIPC_DRIVER_MODEL_H

#include "driver/blocks.h"
#include "driver/driver.h"
#include "driver/options.h"
#include "ir/evaluate.h"
#include "passes/passes.h"

typedef struct {
    const char *path;
    TextList dims;  /* "NAME=N" */
    TextList binds; /* "NAME=VALUE" */
    int optimize;   /* Optimize */
    bool exact, separate, strict_types;
    BlockOptions *blocks; /* what to do with residual blocks, and where to put what was found; NULL: leave them alone */
    const char *tune;     /* NULL: kernels by estimate; "": as measured, in a file beside the model; else that file's choices */
} ModelOptions;

/* As imported: what the model says. */
Graph *model_import(Driver *driver, const ModelOptions *options);
/* Imported, its residual blocks edited, and through the pipeline; `after` as in pipeline_run. */
Graph *model_optimise(Driver *driver, const ModelOptions *options, void (*after)(void *context, const Pass *pass, Graph *graph),
                      void *context);

typedef void Observe(void *context, const Node *node, Tensor *const *out);
/* The reference interpreter, with progress; NULL on failure. Outputs in graph order. */
Tensor **model_evaluate(Driver *driver, Graph *graph, const Tensor *const *inputs, Precision precision, Observe *observe,
                        void *context);

/* What fixes the model's inputs: every command takes these. */
#define MODEL_INPUT_OPTIONS(model_options)                                                                                       \
    {.name = "dim",                                                                                                              \
     .kind = OPTION_LIST,                                                                                                        \
     .target = &(model_options)->dims,                                                                                           \
     .argument = "NAME=N",                                                                                                       \
     .help = "size of a symbolic dimension (batch is 1 otherwise)"},                                                             \
    {                                                                                                                            \
        .name = "bind", .kind = OPTION_LIST, .target = &(model_options)->binds, .argument = "NAME=VALUE",                        \
        .help = "makes an input a constant: a number, a list 1,2,3 or [[1,2],[3,4]], or an .npy file"                            \
    }
/* What the kernels may cost, for commands that generate code. */
#define MODEL_OPTIMIZE_OPTIONS(model_options)                                                                                    \
    {.name = "optimize",                                                                                                         \
     .kind = OPTION_CHOICE,                                                                                                      \
     .target = &(model_options)->optimize,                                                                                       \
     .choices = "speed|size|memory",                                                                                             \
     .help = "favour speed (default), a small file, or a small file and arena"},                                                 \
        {.name = "tune",                                                                                                         \
         .kind = OPTION_OPTIONAL,                                                                                                \
         .target = &(model_options)->tune,                                                                                       \
         .argument = "FILE",                                                                                                     \
         .help = "kernels as measured on this machine, kept beside the model in MODEL.tune; or those of FILE"},                  \
        {.name = "exact",                                                                                                        \
         .kind = OPTION_FLAG,                                                                                                    \
         .target = &(model_options)->exact,                                                                                      \
         .help = "no kernel that rounds differently from the plain sums (Winograd)"},                                            \
    {                                                                                                                            \
        .name = "strict-types", .kind = OPTION_FLAG, .target = &(model_options)->strict_types,                                   \
        .help = "round to float16 and bfloat16 where the model does (otherwise float throughout)"                                \
    }

#endif
