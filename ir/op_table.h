/* What each operator means: type inference and the scalar reference evaluation. */
#ifndef SKIPC_IR_OP_TABLE_H
#define SKIPC_IR_OP_TABLE_H

#include "ir/activation.h"
#include "ir/graph.h"
#include "ir/tensor.h"

typedef struct {
    const char *name;
    int least_inputs, most_inputs, most_outputs; /* most_inputs -1: any */
    bool (*infer)(Graph *graph, Node *node);
    /* `out` tensors come allocated with the node's inferred types and shapes. Omitted inputs are NULL. */
    bool (*evaluate)(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag);
    const char *attributes; /* names, space-separated */
} OpInfo;

const OpInfo *op_info(Op op);
const char *attr_name(AttrKey key);

/* Elementwise: each output element depends on the input elements at its own (broadcast) position alone. */
bool is_unary(const Node *node);
bool is_binary(const Node *node);
bool is_elementwise(const Node *node);

#endif
