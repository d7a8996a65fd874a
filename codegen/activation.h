/* C expressions for the activations of ir/activation.h, fused or standing alone. */
#ifndef SKIPC_CODEGEN_ACTIVATION_H
#define SKIPC_CODEGEN_ACTIVATION_H

#include "codegen/lower.h"
#include "ir/op_table.h"

/* `x`, a float expression that is evaluated once, after the activation; the runtime helper it calls is copied. */
const char *activation_text(Emitter *e, Activation activation, double alpha, double beta, const char *x);
/* The same for the activation fused into `node`; `x` itself where it has none. */
const char *activation_expression(Emitter *e, const Node *node, const char *x);
/* The same for a whole vector `x`, which it may name more than once: an expression of type vec, with the same bits in each lane.
 */
const char *vector_activation_text(Emitter *e, Activation activation, double alpha, double beta, const char *x);

/* A vector of the float expression `x`, and the first lane of the expression `vector`, by the compiler's own flags. */
const char *vector_of(Emitter *e, const char *x);
const char *first_of_vector(Emitter *e, const char *vector);

#endif
