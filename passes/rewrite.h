/* What the passes share: small questions about the graph and the rewrites that several of them need. */
#ifndef SKIPC_PASSES_REWRITE_H
#define SKIPC_PASSES_REWRITE_H

#include "ir/graph.h"
#include "ir/op_table.h"

bool value_used(const Value *value);
/* The node of that operator whose first output `value` is, or NULL. `value` may be NULL. */
Node *producer_of(const Value *value, Op op);
/* The optional input, or NULL where it is omitted. */
Value *input_at(const Node *node, int index);
bool is_constant(const Value *value);
bool is_zero(const Value *value); /* a constant of zeros */

/* A pool whose result is a quarter of its input or less: to convert that costs little beside what a better layout of the input
 * saves. */
bool is_shrinking_pool(const Node *node);

/* Every use of the node's output reads `value` instead; the node goes. */
void node_replace(Graph *graph, Node *node, Value *value);
/* "first + second", or the one that is not empty. */
const char *joined_name(Graph *graph, const char *first, const char *second);
/* `absorbed`, the reader of `keeper`'s output, becomes part of `keeper`: names are joined, the result keeps the name
 * of what `absorbed` computed. */
void node_absorb(Graph *graph, Node *keeper, Node *absorbed);
/* Inserts a node of `op` behind `node` through which every user reads node's first output; it takes over that value's name.
 * Attributes and types are the caller's to set. `suffix` names what node itself computes from now on. */
Node *node_append(Graph *graph, Node *node, Op op, const char *suffix);

/* True when `constant` broadcasts onto `shape` without enlarging it, and differs along `axis` only. */
bool is_axis_constant(const Value *constant, const Shape *shape, int axis);
/* Element of such a constant at position `index` of the axis. */
double axis_constant_at(const Value *constant, int64_t index);

/* A constant of `type` from doubles, rounded once. */
Value *constant_from_doubles(Graph *graph, const char *name, Dtype type, Shape shape, const double *data);
/* An f32 constant from doubles; NULL when an element would not be finite (then the caller leaves the graph alone). */
Value *constant_if_finite(Graph *graph, const char *name, Shape shape, const double *data);

/* Sum over begins and ends is zero; a missing attribute means no padding. */
bool has_no_padding(const Node *window);
/* All entries of an integer list equal `number`; true where it is absent. */
bool ints_are(const Node *node, AttrKey key, int64_t number);
bool has_activation(const Node *node);
/* `from`'s fused activation becomes `to`'s, which has none. */
void take_activation(Graph *graph, Node *to, const Node *from);
/* Every axis from its first element to its last, with a stride or not. */
bool takes_whole_axes(const Node *slice);
bool pads_with_zeros(const Node *pad);
/* f(s x) = s f(x) for every s > 0, of a node with one operand. Padding with zeros or -infinity does not care. */
bool commutes_with_scale(const Node *node);

/* Composes a Transpose with the one before it; what moves no element becomes a Reshape, or its reader's input. */
void simplify_transpose(Graph *graph, Node *node);
/* f(Transpose(x) ...) = Transpose(f(x ...)), where f does not care about the order of axes; sets *moved. */
bool sink_transpose(Graph *graph, Node *node, bool *moved);

#endif
