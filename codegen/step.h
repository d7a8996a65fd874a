/* What the lowerings share: pointers to operands, literals, and loop nests over the operands' views. */
#ifndef SKIPC_CODEGEN_STEP_H
#define SKIPC_CODEGEN_STEP_H

#include "codegen/lower.h"
#include "ir/formula.h"

/* True when the planner gave both values the same memory. */
bool same_memory(Emitter *e, const Value *in, const Value *out);
/* Copies all of the first operand to the start of the result, unless it lies there. */
void copy_whole(Emitter *e, const Node *node);
/* `const T *name = ...;` */
void declare_input(Emitter *e, const char *name, const Value *value);
/* `T *name = ...;` */
void declare_output(Emitter *e, const char *name, const Value *value);
/* A constant of the type that C reads back exactly; `number` fits the type. */
const char *literal(Emitter *e, Dtype type, double number);
/* An integer constant of the type. */
const char *int_literal(Emitter *e, Dtype type, int64_t number);

bool dtype_is_signed(Dtype type);
/* Fails with the types that have no C arithmetic (f16, bf16). */
bool require_arithmetic(Emitter *e, const Node *node, Dtype type);
/* Fails unless it is f32. */
bool require_f32(Emitter *e, const Node *node, Dtype type);
bool value_is_empty(const Value *value);

enum { NEST_OPERANDS = 1 + FORMULA_OPERANDS };

/* Loops over the same axes for several operands, each with its own strides. */
typedef struct {
    int rank; /* loops, outermost first */
    int64_t dim[MAX_RANK + 1];
    int operands;
    int64_t stride[NEST_OPERANDS][MAX_RANK + 1]; /* elements */
    int64_t offset[NEST_OPERANDS];               /* of the first element */
} Nest;

/* Over the axes of `axes`, no operand yet. */
Nest nest_over(const View *axes);
/* Adds an operand whose view has the nest's rank. Operands are numbered from 0. */
void nest_add(Nest *nest, const View *view, int64_t offset);
/* Drops axes of one element and joins neighbours that every operand steps through alike. */
void nest_merge(Nest *nest);
/* Opens the loops [first, end) with braces. */
void nest_open(Emitter *e, const Nest *nest, int first, int end);
void nest_close(Emitter *e, int loops);
/* Element index of an operand inside the loops [first, end), or all of them: "i * 3136 + j". */
const char *nest_index(Emitter *e, const Nest *nest, int operand);
const char *nest_partial_index(Emitter *e, const Nest *nest, int operand, int first, int end);
/* All loops around one statement. */
void nest_statement(Emitter *e, const Nest *nest, const char *statement);
/* Copies operand 1 of a merged nest (`source`) to operand 0 (`target`), by memcpy where rows are long enough. */
void nest_copy(Emitter *e, const Nest *nest, const char *target, const char *source);
/* The elements of `x` and their places in `y`, whose channels are counted from `begin` (rank 2 or more, or 0): operand 0 of each
 * merged nest is `y`, whose dimensions give the loops, operand 1 is `x`. One nest; for blocked views up to BLOCK, since channels
 * that move inside their blocks do so some lanes at a time. Returns how many there are. */
int nests_of_channels(Layout layout, const View *y, int64_t y_offset, const View *x, int64_t x_offset, int64_t begin,
                      Nest *nests);
/* The name of loop `k`. */
const char *loop_name(int k);

#endif
