/* C of a formula: one float expression, or its steps over whole vectors. Both give the same bits. */
#ifndef SKIPC_CODEGEN_FORMULA_TEXT_H
#define SKIPC_CODEGEN_FORMULA_TEXT_H

#include "codegen/lower.h"
#include "ir/formula.h"

/* "a", "b" ...: what operands are called in the C text, as in the IR's. */
extern const char *const formula_operand_names[FORMULA_OPERANDS];

/* Of the operands' texts, each of which is evaluated once; arena memory. */
const char *formula_scalar(Emitter *e, const Formula *formula, const char *const *operands);
/* Step `step`, of type vec, by the operands' names and those of earlier steps, which may be named more than once. */
const char *formula_vector_step(Emitter *e, const Formula *formula, int step, const char *const *operands);
/* What an earlier step's result is called. */
const char *formula_step_name(Emitter *e, int step);

#endif
