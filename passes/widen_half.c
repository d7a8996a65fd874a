/* widen-half: graphs in float16 and bfloat16 are computed in float.
 *
 * Constants of these types become floats, and so do the results of all nodes; the caller's inputs are converted before their
 * first reader, and the caller's outputs when all is computed. A half's value is a float's, so this alone loses nothing; what
 * the model would round to a half after each node stays a float, closer to what the model means. With strict types it is rounded
 * where the model rounds: behind each node that computes, by a Cast there and back. Runs first: no later pass meets arithmetic in
 * halves. */
#include "ir/evaluate.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

typedef struct {
    Graph *graph;
    int values;   /* that the graph had before */
    Value **wide; /* by value id: the same as floats, once a reader needed it */
} Widening;

static Value *cast(Graph *graph, Node *before, Value *value, Dtype to, const char *name) {
    Node *node = node_new(graph, before, OP_Cast, name, &value, 1, 1);
    set_int(graph, node, A_TO, to);
    return node_infer(graph, node) ? node->out[0] : NULL;
}

static Value *wide_constant(Graph *graph, const Value *constant) {
    const Tensor *halves = tensor_from_bytes(graph->arena, constant->type, constant->shape, constant->data);
    return constant_from_doubles(graph, constant->name, F32, constant->shape, halves->f);
}

/* What the model rounds here and reads at once is left as it was before; with strict types it is rounded. */
static Value *wide_value(Graph *graph, Node *reader, Value *value) {
    if (value->data) return wide_constant(graph, value);
    const Node *producer = value->producer;
    if (producer && producer->op == OP_Cast && !graph->strict_types) {
        value = producer->in[0];
        if (value->type == F32) return value;
    }
    return cast(graph, reader, value, F32, arena_printf(graph->arena, "%s/float", value->name));
}

static Value *widened(Widening *widening, Node *reader, Value *value) {
    Value **wide = &widening->wide[value->id];
    if (!*wide) *wide = wide_value(widening->graph, reader, value);
    return *wide;
}

/* A Cast reads the caller's halves, and those that were rounded on purpose. */
static bool reads_halves(const Graph *graph, const Node *node, const Value *value) {
    return node->op == OP_Cast && (value->is_input || graph->strict_types);
}

static bool widen_operands(Widening *widening, Node *node) {
    Graph *graph = widening->graph;
    for (int k = 0; k < node->in_count; k++) {
        Value *in = node->in[k];
        if (!in || !dtype_is_half(in->type) || reads_halves(graph, node, in)) continue;
        Value *wide = widened(widening, node, in);
        if (!wide) return false;
        node_set_input(graph, node, k, wide);
    }
    return node_infer(graph, node);
}

/* Moved or chosen halves are halves still. */
static bool computes(const Node *node) {
    switch (node->op) {
    case OP_Reshape:
    case OP_Transpose:
    case OP_Concat:
    case OP_Slice:
    case OP_Gather:
    case OP_Expand:
    case OP_MaxPool:
    case OP_Cast: return false;
    default: return true;
    }
}

/* Every reader gets the value as it is after a way through the narrow type. */
static bool round_result(Graph *graph, Node *node, Value *value, Dtype narrow) {
    Value *half = cast(graph, node->next, value, narrow, arena_printf(graph->arena, "%s/half", value->name));
    if (!half) return false;
    Node *narrowing = half->producer;
    Value *rounded = cast(graph, narrowing->next, half, F32, arena_printf(graph->arena, "%s/rounded", value->name));
    if (!rounded) return false;
    value_replace(graph, value, rounded);
    node_set_input(graph, narrowing, 0, value);
    return true;
}

static bool widen_node(Widening *widening, Node *node) {
    Graph *graph = widening->graph;
    Dtype *before = ARENA_ARRAY(graph->arena, Dtype, node->out_count);
    for (int k = 0; k < node->out_count; k++) before[k] = node->out[k]->type;
    if (!widen_operands(widening, node)) return false;
    if (!graph->strict_types || !computes(node)) return true;
    for (int k = 0; k < node->out_count; k++)
        if (dtype_is_half(before[k]) && !round_result(graph, node, node->out[k], before[k])) return false;
    return true;
}

/* The caller gets what the model declares. */
static bool narrow_outputs(Graph *graph, const Dtype *declared) {
    Value **narrow = ARENA_ARRAY(graph->arena, Value *, graph->value_count); /* by id: the output that a value became */
    const int values = graph->value_count;
    for (int k = 0; k < graph->output_count; k++) {
        Value *value = graph->outputs[k];
        if (value->type == declared[k] || value->id >= values) continue;
        if (!narrow[value->id]) narrow[value->id] = cast(graph, NULL, value, declared[k], graph->output_names[k]);
        if (!narrow[value->id]) return false;
        graph->outputs[k] = narrow[value->id];
        value->output_count--;
        narrow[value->id]->output_count++;
    }
    return true;
}

static bool has_halves(const Graph *graph) {
    for (const Node *node = graph->first; node; node = node->next)
        for (int k = 0; k < node->in_count; k++)
            if (node->in[k] && dtype_is_half(node->in[k]->type)) return true;
    return false;
}

bool widen_half(Graph *graph) {
    if (!has_halves(graph)) return true;
    Widening widening = {graph, graph->value_count, ARENA_ARRAY(graph->arena, Value *, graph->value_count)};
    Dtype *declared = ARENA_ARRAY(graph->arena, Dtype, graph->output_count);
    for (int k = 0; k < graph->output_count; k++) declared[k] = graph->outputs[k]->type;
    for (Node *node = graph->first, *next; node; node = next) {
        next = node->next;
        if (!widen_node(&widening, node)) return false;
    }
    return narrow_outputs(graph, declared);
}
