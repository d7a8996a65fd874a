/* The memory plan: which bytes of the arena each value occupies while it lives. */
#ifndef SKIPC_CODEGEN_PLAN_H
#define SKIPC_CODEGEN_PLAN_H

#include "ir/graph.h"

enum { ARENA_ALIGN = 64 };

typedef struct {
    const Value
        *storage;   /* the value in whose memory it lies: itself, or another one (views, in-place results, parts of a Concat) */
    int64_t within; /* bytes from the storage's start */
    const Value *anchor; /* the first value that lies at these bytes of the storage: it names them */
    int64_t offset;      /* bytes from the arena's start; -1 where the storage is the caller's */
    int first, last;     /* steps between which it lives; -1 for constants and graph inputs */
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

/* Does `part` lie `bytes` behind the start of `whole`: is there nothing to copy? */
bool lies_within(const Plan *plan, const Value *part, const Value *whole, int64_t bytes);
/* Bytes of a value's elements. */
int64_t value_bytes(const Value *value);
/* Scratch a node's kernel needs while it runs, bytes. */
int64_t scratch_bytes(Graph *graph, const Node *node);

#endif
