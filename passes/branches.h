/* Branches of a network that compute the same function with different weights, and what they become when merged. */
#ifndef SKIPC_PASSES_BRANCHES_H
#define SKIPC_PASSES_BRANCHES_H

#include "ir/graph.h"

/* A chain of convolutions and activations, each read by the next one alone, the last by a join alone. */
typedef struct {
    Node **link; /* in the order in which they run; length of them */
    int length;
    Value *base;          /* what the first link reads, or whose channels `slice` takes for it */
    Node *slice;          /* NULL: the first link reads all of the base */
    int64_t first, count; /* the slice's channels */
    bool splits;          /* the result is this branch's own channels: some link is a convolution, or the base is sliced */
} Branch;

/* The longest branch that ends in `top`, an operand of `join`. Its length may be 0: then the base is `top`. */
Branch branch_to(Graph *graph, Value *top, const Node *join);

/* The branch without its last link, which the caller has seen to be one. */
Branch branch_below(const Branch *branch);

/* May two neighbouring branches become one, their results lying side by side in its channels? Both read the same base (the
 * second one the channels behind the first one's, where they are sliced), and their links agree in everything but
 * the weights, the first convolution of an unsliced base also in the number of its output channels. Transitive. */
bool branches_alike(const Branch *a, const Branch *b);

/* The same for `count` of them, alike each to the next; false where they take only a part of a sliced base. */
bool branches_cover_base(const Branch *branches, int count);

/* Nodes of the merged branch, inserted before `before`; the value that holds all results side by side, or NULL with
 * graph->diag set. The branches stay, for branches_remove. */
Value *branches_merge(Graph *graph, const Branch *branches, int count, Node *before);

/* One convolution over the merged inputs whose result is the sum of the branches' last convolutions: W = [W0 W1 ...], b = b0 +
 * b1 + ... `x` is what merging the branches below their last links gave. */
Value *branches_merge_sum(Graph *graph, const Branch *branches, int count, Value *x, Node *before);

/* Convolutions of one input that can become one with the output channels of both: without groups, alike but for their weights, in
 * their fused activations too. */
bool convs_are_siblings(const Node *a, const Node *b);

/* Convolutions whose results can be added by widening one: alike but for their weights and numbers of input channels. */
bool convs_can_be_summed(const Node *a, const Node *b);

/* Unlinks the nodes of branches whose results nobody reads any more. */
void branches_remove(Graph *graph, const Branch *branches, int count);

#endif
