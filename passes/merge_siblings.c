/* merge-siblings: convolutions of one input whose results go different ways (Inception's 1x1 reductions) become one, and its
 * readers take their channels as Slices.
 *
 * The input is then read, or transformed by Winograd, once; a Slice of neighbouring memory is a view. Legal where the
 * convolutions differ in nothing but constant weights and biases. Worth it for one image, where whole blocks of channels are
 * neighbours in both layouts; not where a Concat reads the result, into whose memory it is computed, nor where weights are used
 * again, for they would be stored twice. */
#include "passes/branches.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

enum { MOST_READERS = 64 }; /* of one value that are looked at */

/* A constant, or left out. */
static bool is_used_once(const Value *value) {
    return !value || (is_constant(value) && value->user_count == 1);
}

static bool feeds_concat(const Value *value) {
    for (int u = 0; u < value->user_count; u++)
        if (value->users[u]->op == OP_Concat) return true;
    return false;
}

/* Can it be a sibling of others? */
static bool is_candidate(const Node *node, const Value *x) {
    if (node->op != OP_Conv || node->in[0] != x || input_at(node, 3) || input_at(node, 4)) return false;
    const Value *y = node->out[0];
    if (y->type != F32 || y->shape.rank != 4 || y->shape.dim[0] != 1 || y->shape.dim[1] % BLOCK) return false;
    if (y->output_count || feeds_concat(y) || shape_count(&node->in[1]->shape) < 1) return false;
    return is_used_once(node->in[1]) && is_used_once(input_at(node, 2));
}

/* `conv`, and those that read its input behind it and are like it, in `found`; returns how many. */
static int find_siblings(Node *conv, Node **found) {
    const Value *x = conv->in[0];
    int count = 0, readers = x->user_count < MOST_READERS ? x->user_count : MOST_READERS;
    if (!is_candidate(conv, x)) return 0;
    found[count++] = conv;
    for (int u = 0; u < readers; u++) {
        Node *other = x->users[u];
        if (other->mark > conv->mark && is_candidate(other, x) && convs_are_siblings(conv, other)) found[count++] = other;
    }
    return count;
}

/* The channels of `merged` from `first` on that were `conv`'s, for its readers. */
static Node *take_channels(Graph *graph, Node *conv, Value *merged, int64_t first, Node *before) {
    Node *slice = node_new(graph, before, OP_Slice, conv->name, &merged, 1, 1);
    slice->mark = before->mark;
    slice->out[0]->name = conv->out[0]->name;
    set_ints(graph, slice, A_STARTS, (int64_t[]){0, first, 0, 0}, 4);
    set_ints(graph, slice, A_STEPS, (int64_t[]){1, 1, 1, 1}, 4);
    set_ints(graph, slice, A_SIZES, conv->out[0]->shape.dim, 4);
    return node_infer(graph, slice) ? slice : NULL;
}

/* The last of the nodes that stand in the first one's place, or NULL with graph->diag set. The Slices follow the convolution, so
 * that each part's memory is free when its own readers have run. */
static Node *merge(Graph *graph, Node **siblings, int count) {
    Branch branches[MOST_READERS + 1];
    Node *slices[MOST_READERS + 1];
    for (int k = 0; k < count; k++)
        branches[k] = (Branch){.link = &siblings[k], .length = 1, .base = siblings[0]->in[0], .splits = true};
    Value *merged = branches_merge(graph, branches, count, siblings[0]);
    int64_t first = 0;
    for (int k = 0; merged && k < count; k++) {
        slices[k] = take_channels(graph, siblings[k], merged, first, siblings[0]);
        if (!slices[k]) return NULL;
        first += slices[k]->out[0]->shape.dim[1];
    }
    if (!merged) return NULL;
    for (int k = 0; k < count; k++) node_replace(graph, siblings[k], slices[k]->out[0]);
    return slices[count - 1];
}

bool merge_siblings(Graph *graph) {
    int nodes = 0;
    for (Node *node = graph->first; node; node = node->next) node->mark = nodes++;
    for (Node *node = graph->first; node; node = node->next) {
        Node *siblings[MOST_READERS + 1];
        int count = node->op == OP_Conv ? find_siblings(node, siblings) : 0;
        if (count > 1) node = merge(graph, siblings, count);
        if (!node) return false;
    }
    return true;
}
