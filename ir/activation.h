/* Activations: operators of their own, fused into an epilogue, or a recurrent layer's gates; the same functions everywhere. */
#ifndef SKIPC_IR_ACTIVATION_H
#define SKIPC_IR_ACTIVATION_H

#include "ir/graph.h"

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
    ACT_CELU,
    ACT_SELU,
    ACT_SOFTPLUS,
    ACT_SOFTSIGN,
    ACT_MISH,
    ACT_SWISH,
    ACT_GELU,
    ACT_GELU_TANH,
    ACT_THRESHOLDED_RELU,
    ACT_COUNT
} Activation;

/* alpha, beta: slope for LeakyRelu and Elu; bounds for Clip; alpha x + beta for HardSigmoid; docs/ir.md has them all. */
typedef struct {
    Activation kind;
    double alpha, beta;
} Epilogue;

const char *activation_name(Activation activation);
/* How many of alpha and beta it has. */
int activation_parameter_count(Activation activation);
void activation_defaults(Activation activation, double *alpha, double *beta);
double activation_apply(Activation activation, double alpha, double beta, double x);

/* What an operator of its own computes; ACT_NONE for any other operator. */
Activation activation_of(Op op);
/* Its parameters, or their defaults. */
void activation_parameters(const Node *node, double *alpha, double *beta);
/* The activation fused into a node's epilogue, with its parameters or their defaults. */
Epilogue epilogue_of(const Node *node);
/* Limits of a node's results that do its fused activation; false, with limits that change nothing, where it is no limit. */
bool epilogue_limits(const Node *node, double *low, double *high);
double epilogue_apply(const Epilogue *epilogue, double x);

#endif
