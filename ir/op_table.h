/* What each operator means: type inference and the scalar reference evaluation. */
#ifndef SKIPC_IR_OP_TABLE_H
#define SKIPC_IR_OP_TABLE_H

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

/* Fused into an epilogue; the same functions as the operators of that name. */
typedef enum {
    ACT_NONE,
    ACT_RELU,
    ACT_LEAKY_RELU,
    ACT_CLIP,
    ACT_SIGMOID,
    ACT_TANH,
    ACT_HARD_SIGMOID,
    ACT_HARD_SWISH,
    ACT_ELU,
    ACT_COUNT
} Activation;
/* What an operator of its own computes; ACT_NONE for any other operator. */
Activation activation_of(Op op);
/* The parameters of an activation that is an operator of its own: its attributes, or ONNX's defaults of LeakyRelu (6), Elu (6),
 * HardSigmoid (6) and Clip (11). */
void activation_parameters(const Node *node, double *alpha, double *beta);
/* alpha, beta: slope for LeakyRelu and Elu; bounds for Clip; alpha x + beta for HardSigmoid. */
double activation_apply(Activation activation, double alpha, double beta, double x);
const char *activation_name(Activation activation);

#endif
