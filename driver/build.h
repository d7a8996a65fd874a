/* The generated C, built and run by the user's compiler in a temporary folder: what verify and bench are about. */
#ifndef SKIPC_DRIVER_BUILD_H
#define SKIPC_DRIVER_BUILD_H

#include "codegen/codegen.h"
#include "driver/inputs.h"

typedef struct {
    const char *cc;     /* NULL: $CC or cc */
    const char *cflags; /* NULL: chosen here */
    const char *level;  /* optimisation where cflags is NULL, e.g. "-O2" */
    int weights;        /* WeightsMode; by default in a file, which takes the compiler no time */
    bool openmp;
    const char *runner;       /* the program's source; NULL: driver/embedded/runner.c */
    const char *definitions;  /* what it needs to know beside the network, at the end of shape.h; or NULL */
    const BlockLabel *blocks; /* as codegen takes them; shape.h then has CALL_BLOCKS */
    int block_count;
    StepProfile *profile; /* NULL; else a profiling build, as in CodegenOptions */
} BuildOptions;

typedef struct {
    const char *folder, *log; /* the log takes the tools' complaints */
    const char *model;        /* file name, for the generated file's comment */
} Workshop;

bool workshop_open(Driver *driver, Workshop *shop, const char *model_path);
/* A file inside it, removed at the end. */
const char *workshop_path(Driver *driver, const Workshop *shop, const char *name);
/* Compiles C files of the workshop ("a.c b.c") to the program `name` there. */
bool build_program(Driver *driver, const Workshop *shop, const BuildOptions *options, const char *name, const char *sources);
/* Writes a file there. */
bool workshop_write(Driver *driver, const Workshop *shop, const char *name, const char *text);
/* Runs such a program with `threads` OpenMP threads. `in`, `out` and `threads` may be NULL. */
bool run_program(Driver *driver, const Workshop *shop, const char *name, const char *in, const char *out, const char *threads,
                 int *status);
/* Generates the network's C beside a small program, and compiles both. */
bool build_runner(Driver *driver, const Workshop *shop, Graph *graph, const BuildOptions *options);
/* input_K.bin, for the runner. */
bool write_runner_inputs(Driver *driver, const Workshop *shop, const Graph *graph, const NpyArray *inputs);
/* Runs it. A crash, an error code or a write out of bounds is a mismatch. `in`, `out` and `threads` may be NULL. */
bool run_runner(Driver *driver, const Workshop *shop, const char *in, const char *out, const char *threads);
/* cc, $CC or "cc". */
const char *compiler_name(const BuildOptions *options);
/* output_K.bin: one tensor per output of the graph that was built. NULL on failure. */
Tensor **read_runner_outputs(Driver *driver, const Workshop *shop, const Graph *graph);

#define BUILD_CC_OPTIONS(build)                                                                                                  \
    {.name = "cc",                                                                                                               \
     .kind = OPTION_TEXT,                                                                                                        \
     .target = &(build)->cc,                                                                                                     \
     .argument = "COMMAND",                                                                                                      \
     .help = "C compiler (default: $CC, or cc)"},                                                                                \
    {                                                                                                                            \
        .name = "cflags", .kind = OPTION_TEXT, .target = &(build)->cflags, .argument = "FLAGS",                                  \
        .help = "its flags, separated by blanks (default: optimised for this machine)"                                           \
    }

#endif
