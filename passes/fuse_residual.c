/* fuse-residual: the Add that ends a residual block moves into the epilogue of the convolution before it.
 *
 * y = act(conv(x) + bias + residual): the sum is taken before the result is stored, and can be stored over the residual. Legal
 * where both operands have the result's shape (no broadcasting), the convolution's result has no other reader, and no activation
 * lies between the convolution and the Add (act(conv) + x is another function). Where both operands are such convolutions the
 * later one takes the Add, for then the other result is ready. Where the other operand is computed after the convolution, the
 * convolution moves to the Add's place: all it reads is still there, since values never change. An Add that ends a marked
 * residual block (attribute `block`) moves into its branch only: the shortcut must be there when the branch is skipped. */
#include "passes/passes.h"
#include "passes/rewrite.h"

/* The convolution that computes `value` and can add to it on the way. */
static Node *residual_conv(const Value *value, const Node *add) {
    Node *conv = producer_of(value, OP_Conv);
    if (!conv || value->type != F32 || value_single_user(value) != add) return NULL;
    return has_activation(conv) || input_at(conv, 3) || !shape_equal(&value->shape, &add->out[0]->shape) ? NULL : conv;
}

static bool can_be_residual(const Value *value, const Node *add) {
    return !is_constant(value) && value->type == F32 && shape_equal(&value->shape, &add->out[0]->shape);
}

static void add_residual(Graph *graph, Node *conv, Value *residual) {
    while (conv->in_count < 3) node_add_input(graph, conv, NULL);
    if (conv->in_count < 4)
        node_add_input(graph, conv, residual);
    else
        node_set_input(graph, conv, 3, residual);
}

static void fuse(Graph *graph, Node *add, Node *conv, Value *other) {
    if (other->producer && other->producer->mark > conv->mark) {
        node_move_before(graph, conv, add);
        conv->mark = add->mark;
    }
    take_activation(graph, conv, add);
    if (attr_find(add, A_BLOCK)) set_int(graph, conv, A_BLOCK, attr_int(add, A_BLOCK, 0));
    /* The Add goes first, so that the residual is not its reader's reader. */
    node_absorb(graph, conv, add);
    add_residual(graph, conv, other);
}

bool fuse_residual(Graph *graph) {
    int order = 0;
    for (Node *node = graph->first; node; node = node->next) node->mark = order++;
    for (Node *node = graph->first, *next; node; node = next) {
        next = node->next;
        if (node->op != OP_Add) continue;
        Node *a = residual_conv(node->in[0], node), *b = residual_conv(node->in[1], node);
        if (!can_be_residual(node->in[1], node)) a = NULL;
        if (!can_be_residual(node->in[0], node) || attr_find(node, A_BLOCK)) b = NULL;
        if (!a && !b) continue;
        if (b && (!a || b->mark > a->mark))
            fuse(graph, node, b, node->in[0]);
        else
            fuse(graph, node, a, node->in[1]);
    }
    return true;
}
