/* fold-constants: computes every node whose inputs are all constants.
 *
 * Exporters leave whole Shape/Gather/Concat/Cast chains behind, and later passes want weights as plain constants. Legal
 * because an operator is a function of its inputs and attributes; the value is what the reference evaluation gives. One sweep in
 * execution order suffices: a node is visited after its producers have become constants. */
#include "ir/evaluate.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

/* An Expand of a small constant can claim terabytes: such a node is left to run time, or to be refused there. */
static const int64_t largest_result_bytes = INT64_C(1) << 28;

static bool results_are_small(const Node *node) {
    for (int i = 0; i < node->out_count; i++) {
        int64_t bytes, count = shape_count(&node->out[i]->shape);
        if (count < 0 || !checked_mul(count, (int64_t)dtype_size(node->out[i]->type), &bytes)) return false;
        if (bytes > largest_result_bytes) return false;
    }
    return true;
}

static bool inputs_are_constant(const Node *node) {
    for (int i = 0; i < node->in_count; i++) {
        if (node->in[i] && !node->in[i]->data) return false;
    }
    return node->in_count > 0;
}

bool fold_constants(Graph *graph) {
    for (Node *node = graph->first, *next; node; node = next) {
        next = node->next;
        if (!inputs_are_constant(node) || !results_are_small(node)) continue;
        if (!node_fold(graph, node)) return false;
    }
    return true;
}
