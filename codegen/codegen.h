/* IR -> C text. The graph must have been through the pipeline (passes/passes.h). */
#ifndef SKIPC_CODEGEN_H
#define SKIPC_CODEGEN_H

#include "codegen/targets.h"
#include "ir/graph.h"

#include <stdio.h>

typedef enum { WEIGHTS_INLINE, WEIGHTS_ASM, WEIGHTS_FILE } WeightsMode;

typedef struct {
    const char *name;  /* C identifier: `net` gives net_run and NET_ARENA_BYTES */
    const char *model; /* file name without folder, for the opening comment */
    WeightsMode weights;
    const Target *target;
    const char *header_name;  /* what the source includes, e.g. "net.h" */
    const char *weights_name; /* file name of the weights beside the source (asm and file modes) */
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

/* Multiply-adds of one node (0 where it has none). */
int64_t node_multiply_adds(const Node *node);

#endif
