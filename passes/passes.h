/* The passes, and the pipeline that lists them in order. */
#ifndef SKIPC_PASSES_H
#define SKIPC_PASSES_H

#include "ir/graph.h"

/* A pass rewrites the graph in place and is idempotent. False: graph->diag says why. */
typedef bool PassFunction(Graph *graph);

typedef struct {
    const char *name; /* as --dump-ir=NAME takes it */
    const char *help; /* one line */
    PassFunction *run;
} Pass;

/* In the order they run; *count receives their number. */
const Pass *pipeline(int *count);

/* Runs them all; `after` (or NULL) is called after each one. Verifies the graph after each one in debug builds. */
bool pipeline_run(Graph *graph, void (*after)(void *context, const Pass *pass, Graph *graph), void *context);

PassFunction widen_half, fold_constants, simplify, remove_dead_code, recognise_activations, fold_batchnorm, lower_batchnorm,
    merge_pad, trim_kernel, merge_branches, merge_siblings, gemm_to_conv, fuse_activation, fuse_shortcut, fuse_residual,
    fuse_input_scale, pad_channels, choose_layout, image_loop, choose_kernels, fuse_elementwise, depth_first;

#endif
