/* Declares what the rows of ir/ops.def name: each infer and each evaluate function. */
#ifndef SKIPC_IR_OP_FUNCTIONS_H
#define SKIPC_IR_OP_FUNCTIONS_H

#include "ir/op_table.h"

#define OP(id, least, most, outputs, infer, evaluate, lower, attributes, notes)                                                  \
    bool infer(Graph *graph, Node *node);                                                                                        \
    bool evaluate(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag);
#include "ir/ops.def"
#undef OP

#endif
