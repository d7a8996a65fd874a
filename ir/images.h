/* The image loop: what runs once for each image of a batch.
 *
 * Where a graph has StackImages, the nodes from the first one up to the last StackImages run image by image: TakeImage gives the
 * loop's image of a batch, StackImages puts its result in its place in another batch. The nodes behind run once, over whole
 * batches. passes/image_loop.c makes both. */
#ifndef SKIPC_IR_IMAGES_H
#define SKIPC_IR_IMAGES_H

#include "ir/graph.h"

/* The loop's last node; NULL where there is no loop. */
const Node *image_loop_end(const Graph *graph);
/* How often the loop's nodes run: 1 where there is none. `end`: image_loop_end(). */
int64_t image_loop_count(const Node *end);
/* How often `node` runs: once for each image of the loop, or once. */
int64_t node_runs(const Node *node);

#endif
