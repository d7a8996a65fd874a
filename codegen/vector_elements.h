/* Elementwise steps in whole vectors. A C compiler can't be relied on to make them of a plain loop: at -O2 gcc doesn't where
 * pointers may alias. */
#ifndef SKIPC_CODEGEN_VECTOR_ELEMENTS_H
#define SKIPC_CODEGEN_VECTOR_ELEMENTS_H

#include "codegen/step.h"

/* The step of an elementwise node over f32, where its operator has a vector form and its operands lie in rows; false, with
 * nothing written, where it must be computed element by element. */
bool emit_vector_elements(Emitter *e, const Node *node);
/* Adds operand 1 of a merged nest to operand 0 in place. `x` and `y` are pointers that the step has declared, to which the nest's
 * offsets come. */
void emit_sum_in_place(Emitter *e, const Nest *nest, const char *y, const char *x);
/* The activation fused into `node`, over its result, which the step has declared as `y`; nothing where it has none. */
void emit_activation_after(Emitter *e, const Node *node, const char *y);

#endif
