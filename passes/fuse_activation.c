/* fuse-activation: an activation that alone reads a Conv's or Add's result moves into its epilogue.
 *
 * Saves writing and reading the whole image once. Legal because the epilogue applies the same function to the same number before
 * storing it; the unactivated value must have no other reader and be no graph output. Spelled-out activations
 * (activations.c) are recognised first. */
#include "passes/passes.h"
#include "passes/rewrite.h"

static bool takes_activation(const Node *node) {
    return (node->op == OP_Conv || node->op == OP_Add) && node->out[0]->type == F32 && !has_activation(node);
}

bool fuse_activation(Graph *graph) {
    if (!recognise_activations(graph)) return false;
    for (Node *node = graph->first, *next; node; node = next) {
        next = node->next;
        Activation activation = activation_of(node->op);
        if (activation == ACT_NONE) continue;
        Node *layer = node->in[0]->producer;
        if (!layer || !takes_activation(layer) || value_single_user(layer->out[0]) != node) continue;
        double alpha, beta;
        activation_parameters(node, &alpha, &beta);
        set_int(graph, layer, A_ACTIVATION, activation);
        if (activation_parameter_count(activation)) {
            set_float(graph, layer, A_ACTIVATION_ALPHA, alpha);
            set_float(graph, layer, A_ACTIVATION_BETA, beta);
        }
        node_absorb(graph, layer, node);
    }
    return remove_dead_code(graph);
}
