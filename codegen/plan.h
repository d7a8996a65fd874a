/* The memory plan: which bytes of the arena each value occupies while it lives. */
#ifndef SKIPC_CODEGEN_PLAN_H
#define SKIPC_CODEGEN_PLAN_H

#include "ir/graph.h"

enum { ARENA_ALIGN = 64 };

typedef struct {
    const Value *storage; /* the value whose memory it uses: itself, or another one (views, in-place results) */
    int64_t offset;       /* bytes from the arena's start; of storage roots only */
    int first, last;      /* steps between which its storage lives; -1 where it has none (constants, graph inputs, outputs) */
} Placement;

typedef struct {
    Placement *of;           /* by value id */
    int64_t *scratch_offset; /* by step; -1 where it needs none */
    int64_t arena_bytes;
    int64_t live_bytes; /* largest sum of live bytes over the steps: no plan can need less */
    int steps;
} Plan;

/* Numbers nodes (node->mark = step) and places every value. NULL with graph->diag set on failure. */
Plan *plan_memory(Graph *graph);

/* Bytes a value needs in its layout (64-byte multiples); 0 for constants. */
int64_t value_bytes(const Value *value);
/* Scratch a node's kernel needs while it runs, bytes. */
int64_t scratch_bytes(const Node *node);

#endif
