/* Whose memory a value uses: the first half of the memory plan. */
#ifndef SKIPC_CODEGEN_STORAGE_H
#define SKIPC_CODEGEN_STORAGE_H

#include "codegen/plan.h"

/* Fills storage, within, anchor, first and last of every value's placement, and offset = -1 where the storage is the caller's.
 * Nodes are numbered. */
void assign_storage(Graph *graph, Plan *plan);

/* Where `node`'s result is a stretch of its first operand's bytes: their place behind the operand's start; else -1. */
int64_t view_offset_bytes(const Node *node);
/* Bytes of a Concat's result before its input `index`, where the inputs follow each other in memory; else -1. */
int64_t concat_offset_bytes(const Node *concat, int index);

#endif
