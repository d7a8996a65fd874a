/* The residual structure of a network: its blocks y = f(x) + h(x), in order, and what can be done with them as a whole.
 *
 * A block is an Add without broadcasting whose two operands come from one value, the fork:
 *   shortcut   the fork itself, also reshaped or transposed; or a projection of it: convolution, batch normalization, per-channel
 *              arithmetic, pooling, matrix product with constants, strided slice of whole axes, padding or concatenation with
 *              zeros. No activation.
 *   branch     everything else between the fork and the Add; at least one layer with weights, and beside a projection also
 *              something that is not linear, for two linear branches are one layer and neither is the shortcut of the other.
 * Nothing between the fork and the Add is read elsewhere, or a graph output. Blocks don't nest: an Add around other blocks, and
 * one whose branch was enlarged (Resize: the lateral connection of a decoder or a feature pyramid), is a long skip connection.
 *
 * The graph is one that was just imported, with constants folded (fold_constants); batch normalization may be folded by the
 * exporter or not. Activation may stand before the branch's layers or after the Add: neither belongs to the Add. */
#ifndef SKIPC_PASSES_RESIDUAL_BLOCKS_H
#define SKIPC_PASSES_RESIDUAL_BLOCKS_H

#include "ir/graph.h"

typedef struct {
    const char *name; /* from the model's names, unique among the blocks; no comma, blank or '#' from the model in it */
    Node *add;
    int shortcut;   /* which operand of the Add; the branch is the other one */
    Shape from, to; /* the fork's, the result's */
    int layers;     /* convolutions and matrix products of the branch */
    bool projection;
    bool droppable; /* the shortcut alone has the result's shape without changing the fork's: the block can be left out */
} ResidualBlock;

typedef struct {
    ResidualBlock *block; /* in execution order; the index counts from 0 */
    int count;
} ResidualBlocks;

/* Numbers the nodes (node->mark). Arrays and names live in the graph's arena; nothing is rewritten. Linear in the number of
 * nodes: a branch of more than 4096 nodes, counting those that stand between its own, is not looked through. */
ResidualBlocks residual_blocks_find(Graph *graph);

/* Names them: by the innermost scope that the node names of a block share (/layer3/layer3.2/conv1/Conv: layer3.2), else by
 * that of its weights, else after the Add. `branch_nodes[k]` are the layers of block k's branch, with their number. */
typedef struct {
    Node **layer;
    int count;
} BranchLayers;
void residual_blocks_name(Graph *graph, ResidualBlocks *blocks, const BranchLayers *branches);

/* Leaves a droppable block out: whoever reads its result reads its shortcut. Dead nodes stay for remove_dead_code. */
void residual_block_drop(Graph *graph, const ResidualBlock *block);
/* y = p f(x) + h(x), with p over 0: stochastic depth's rule at test time. Muls without a name, which fold_batchnorm folds into
 * weights leaving no trace in names (passes/scale_block.c). False with the graph's diagnostic set. */
bool residual_block_scale(Graph *graph, const ResidualBlock *block, double p);
/* Marks the Add as the end of block `index` (attribute `block`): its shortcut becomes operand 1, and the passes and codegen then
 * keep it apart from what is left out with the branch. */
void residual_block_mark(Graph *graph, const ResidualBlock *block, int index);

#endif
