/* Elementwise steps in whole vectors. A C compiler can't be relied on to make them of a plain loop: at -O2 gcc doesn't where
 * pointers may alias. */
#ifndef SKIPC_CODEGEN_VECTOR_ELEMENTS_H
#define SKIPC_CODEGEN_VECTOR_ELEMENTS_H

#include "codegen/lower.h"

/* The step of an elementwise node over f32, where its operator has a vector form and its operands lie in rows; false, with
 * nothing written, where it must be computed element by element. */
bool emit_vector_elements(Emitter *e, const Node *node);
/* The activation fused into `node`, over its result where it lies; false as above. */
bool emit_vector_activation(Emitter *e, const Node *node);

#endif
