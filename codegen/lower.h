/* What a lowering function works with: it turns one IR node into the text of one step. */
#ifndef SKIPC_CODEGEN_LOWER_H
#define SKIPC_CODEGEN_LOWER_H

#include "codegen/codegen.h"
#include "codegen/plan.h"

typedef struct Emitter Emitter;

/* One function per operator, named in ir/ops.def. False: graph->diag says what is not supported. A lowering writes its step
 * through emit(); the caller has written the comment that names the layer and opened a `{`. */
typedef bool Lower(Emitter *e, Node *node);
Lower *lower_of(Op op);

Graph *emitter_graph(Emitter *e);
const Plan *emitter_plan(const Emitter *e);
/* Appends formatted text to the current step, indented as deep as the open braces. One call is one line. */
void emit(Emitter *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Every thread of the team runs the step that is being lowered: its kernels share their work and end with a BARRIER (see
 * runtime/threads.h), and SINGLE stands before its other statements. Without this call one thread runs the step. */
void step_by_team(Emitter *e);
/* Names a kernel file of runtime/ (without ".h"): it and what it includes are copied into the output, once. */
void use_kernel(Emitter *e, const char *kernel);
/* C expression of type `const T *` (T the value's element type) that addresses the value's first element. Arena memory. */
const char *input_pointer(Emitter *e, const Value *value);
/* The same, `T *`. */
const char *output_pointer(Emitter *e, const Value *value);
/* Puts `count` elements among the emitted weights (64-byte aligned; identical bytes are stored once), and returns the C
 * expression that addresses them, `const T *`. `data` is copied. For packed weights and tables made by a lowering. */
const char *weight_table(Emitter *e, const char *name, Dtype type, const void *data, int64_t count);
/* The same for floats that already live in the arena: nothing is copied. */
const char *packed_table(Emitter *e, const char *name, const float *data, int64_t count);
/* Scratch bytes that the planner reserved for this node (scratch_bytes in plan.h), `char *` expression. */
const char *scratch_pointer(Emitter *e, const Node *node);

/* Text of a float constant that C reads back exactly ("0x1.8p+1f", "INFINITY", "-NAN"); arena memory. */
const char *float_literal(Emitter *e, double value);

/* Memory view of a value: its axes outermost first, blocked values as rank 5 [N][C/16][H][W][16]. */
typedef struct {
    int rank;
    int64_t dim[MAX_RANK + 1];
    int64_t stride[MAX_RANK + 1]; /* elements */
} View;
View value_view(const Value *value);
/* As it lies in `layout`: kernels/layout.h says whether it does. */
View value_view_as(const Value *value, Layout layout);
/* `value` (layout and broadcasting considered) against the axes of `onto`: stride 0 where it repeats. Both of equal rank 'onto'.
 */
View broadcast_view(const Value *value, const Value *onto);

#endif
