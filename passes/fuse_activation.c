/* fuse-activation: an activation that alone reads a Conv's or Add's result moves into its epilogue.
 *
 * Saves writing and reading the whole image once. Legal because the epilogue applies the same function to the same number before
 * storing it; the unactivated value must have no other reader and be no graph output. Spelled-out activations
 * (activations.c) are recognised first. */
#include "passes/passes.h"
#include "passes/rewrite.h"

#include <math.h>

typedef struct {
    Activation activation;
    double alpha, beta;
} Fused;

/* ACT_NONE for any other operator. Defaults as in ONNX's LeakyRelu-16, Elu-6 and HardSigmoid-6. */
static Fused fused_of(const Node *node) {
    Fused fused = {activation_of(node->op), 0, 0};
    switch (fused.activation) {
    case ACT_LEAKY_RELU: fused.alpha = attr_float(node, A_ALPHA, 0.01); break;
    case ACT_CLIP:
        fused.alpha = attr_float(node, A_MIN, -INFINITY);
        fused.beta = attr_float(node, A_MAX, INFINITY);
        break;
    case ACT_HARD_SIGMOID:
        fused.alpha = attr_float(node, A_ALPHA, 0.2);
        fused.beta = attr_float(node, A_BETA, 0.5);
        break;
    case ACT_ELU: fused.alpha = attr_float(node, A_ALPHA, 1); break;
    default: break;
    }
    return fused;
}

static bool has_parameters(Activation activation) {
    return activation == ACT_LEAKY_RELU || activation == ACT_CLIP || activation == ACT_HARD_SIGMOID || activation == ACT_ELU;
}

static bool takes_activation(const Node *node) {
    return (node->op == OP_Conv || node->op == OP_Add) && node->out[0]->type == F32 && !has_activation(node);
}

bool fuse_activation(Graph *graph) {
    if (!recognise_activations(graph)) return false;
    for (Node *node = graph->first, *next; node; node = next) {
        next = node->next;
        Fused fused = fused_of(node);
        if (fused.activation == ACT_NONE) continue;
        Node *layer = node->in[0]->producer;
        if (!layer || !takes_activation(layer) || value_single_user(layer->out[0]) != node) continue;
        set_int(graph, layer, A_ACTIVATION, fused.activation);
        if (has_parameters(fused.activation)) {
            set_float(graph, layer, A_ACTIVATION_ALPHA, fused.alpha);
            set_float(graph, layer, A_ACTIVATION_BETA, fused.beta);
        }
        node_absorb(graph, layer, node);
    }
    return remove_dead_code(graph);
}
