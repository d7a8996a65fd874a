/* What the planner asks about Resize. */
#ifndef SKIPC_CODEGEN_LOWER_RESIZE_H
#define SKIPC_CODEGEN_LOWER_RESIZE_H

#include "ir/graph.h"

/* Bytes of scratch its kernel needs; 0 where it needs none, or runs in plain loops. */
int64_t resize_scratch_bytes(const Node *node);

#endif
