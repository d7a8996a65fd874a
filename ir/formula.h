/* What an elementwise node computes of the elements at one place: a tree of f32 operators over the node's operands. */
#ifndef SKIPC_IR_FORMULA_H
#define SKIPC_IR_FORMULA_H

#include "ir/op_table.h"

enum { FORMULA_OPERANDS = 6, FORMULA_STEPS = 12 };

typedef struct {
    Op op;
    int argument[2];    /* k >= 0: operand k of the node; -1 - s: the result of step s, an earlier one */
    double alpha, beta; /* of an activation, as activation_apply takes them */
} FormulaStep;

/* The last step is the result; each one before it is the argument of one later step. */
typedef struct {
    FormulaStep step[FORMULA_STEPS];
    int count;
} Formula;

/* How many arguments the operator has in a formula; 0 where it can't be in one. In one are those that code generation has whole
 * vectors for. */
int formula_arguments(Op op);
/* The formula of an Expression, or of a single operator over f32 with the activation fused into it; false where it has none. */
bool formula_of(const Node *node, Formula *formula);
/* The activation fused into `node` as a formula of its result; false where there is none, or it has none. */
bool formula_of_epilogue(const Node *node, Formula *formula);
/* Makes it what the Expression `node` computes; copies. */
void formula_set(Graph *graph, Node *node, const Formula *formula);
/* Of an Expression's formula attribute; false where it is malformed. */
bool formula_read(const Attr *attr, Formula *formula);
/* Is argument `argument` the result of a step? Then *step is which. */
bool formula_argument_is_step(int argument, int *step);
/* In double precision, of one element of each operand. */
double formula_apply(const Formula *formula, const double *operands);
/* "a * b + c * (d - b)", operands called by letters; arena memory. */
const char *formula_text(Arena *arena, const Formula *formula);

#endif
