/* remove-dead-code: drops nodes, and optional outputs, that nobody reads.
 *
 * Legal because nodes have no effect beyond their outputs. One sweep against execution order suffices: a node's
 * readers have gone before it is visited. */
#include "passes/passes.h"
#include "passes/rewrite.h"

bool remove_dead_code(Graph *graph) {
    for (Node *node = graph->last, *prev; node; node = prev) {
        prev = node->prev;
        /* MaxPool's indices: without them it can keep a blocked layout. */
        while (node->out_count > 1 && !value_used(node->out[node->out_count - 1])) node->out_count--;
        if (node->out_count == 1 && !value_used(node->out[0])) node_remove(graph, node);
    }
    return true;
}
