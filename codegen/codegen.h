/* IR -> C text. The graph must have been through the pipeline (passes/passes.h). */
#ifndef SKIPC_CODEGEN_H
#define SKIPC_CODEGEN_H

#include "codegen/targets.h"
#include "ir/graph.h"

#include <stdio.h>

typedef enum { WEIGHTS_INLINE, WEIGHTS_ASM, WEIGHTS_FILE } WeightsMode;

/* A residual block of the network, for files whose blocks can be skipped at run time. */
typedef struct {
    const char *name;
    bool droppable; /* some node of the graph has the attribute `block` with its index */
} BlockLabel;

/* What one step of the generated file calls, reads and multiplies. */
typedef struct {
    const char *kernel;   /* function; NULL where the step is loops of its own */
    int64_t weight_bytes; /* as packed */
    int64_t products;     /* multiply-adds done: fewer than the operator's by Winograd, none elsewhere than in sums */
} StepProfile;

typedef struct {
    const char *name;  /* C identifier: `net` gives net_run and NET_ARENA_BYTES */
    const char *model; /* file name without folder, for the opening comment */
    WeightsMode weights;
    const Target *target;
    const char *header_name;  /* what the source includes, e.g. "net.h" */
    const char *weights_name; /* file name of the weights beside the source (asm and file modes) */
    const BlockLabel *blocks; /* NULL: none can be skipped; else net_run_blocks is written, too */
    int block_count;
    StepProfile *profile; /* NULL; else one per node: filled in, and the file calls NAME_step(number) at the end of each step */
} CodegenOptions;

/* Writes the three files; `weights` is NULL in inline mode. False with graph->diag set (unsupported node, or STATUS_FILE). */
bool codegen_emit(Graph *graph, const CodegenOptions *options, FILE *source, FILE *header, FILE *weights);

/* Checks that every node can be lowered, writing nothing. */
bool codegen_check(Graph *graph);

/* What `inspect` reports. */
typedef struct {
    int64_t arena_bytes;
    int64_t weight_bytes; /* as emitted: folded, packed, padded */
    int64_t live_bytes;   /* lower bound of the arena: the largest sum of live values over the steps */
} CodegenSizes;
bool codegen_sizes(Graph *graph, CodegenSizes *sizes);

/* Multiply-adds of one node (0 where it has none), of all images where it runs once for each. */
int64_t node_multiply_adds(const Node *node);
/* Those that its kernel does: Winograd's are fewer. */
int64_t node_products(const Node *node);

#endif
