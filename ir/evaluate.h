/* The reference interpreter: the graph as its operators' scalar definitions compute it. */
#ifndef SKIPC_IR_EVALUATE_H
#define SKIPC_IR_EVALUATE_H

#include "ir/tensor.h"

typedef enum {
    PRECISION_NATIVE, /* every node's result is rounded to its element type, and every sum (but of f64) to float after each term
                       */
    PRECISION_F64,    /* the truth of docs/commands.md */
} Precision;

typedef struct {
    Precision precision;
    /* Called after each node, outputs computed; NULL for none. */
    void (*observe)(void *context, const Node *node, Tensor *const *out);
    void *context;
} EvaluateOptions;

/* `inputs` in graph order, of the inputs' types and shapes. Fills outputs[0..output_count); tensors live in graph->arena.
 * Intermediate tensors are released as soon as their last reader ran. */
bool graph_evaluate(Graph *graph, const Tensor *const *inputs, Tensor **outputs, EvaluateOptions options);

/* One node with constant inputs: its outputs become constants (data set, producer cleared, node removed). */
bool node_fold(Graph *graph, Node *node);

#endif
