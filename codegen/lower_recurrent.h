#ifndef SKIPC_CODEGEN_LOWER_RECURRENT_H
#define SKIPC_CODEGEN_LOWER_RECURRENT_H

#include "ir/graph.h"

/* Scratch bytes of an LSTM or GRU: its gates' sums for all steps of one sequence, and its states. */
int64_t recurrent_scratch_bytes(const Node *node);

#endif
