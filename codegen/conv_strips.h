/* A convolution whose result exists only as a window of rows (attribute depth_first), and the layer that reads it: one step. */
#ifndef SKIPC_CODEGEN_CONV_STRIPS_H
#define SKIPC_CODEGEN_CONV_STRIPS_H

#include "codegen/conv_geometry.h"
#include "codegen/lower.h"

/* The fields of `struct conv_strips` in runtime/strips.h, which documents them. */
typedef struct {
    ConvGeometry conv; /* its out_height is the window's */
    int channels, height, next_height, next_rows, next_reach, next_stride, next_pad, shares;
    int64_t share_floats;
} StripsGeometry;

/* The layer in whose step a convolution is computed; NULL where it has a step of its own. */
Node *strips_reader(const Node *conv);
/* The convolution that is computed in a layer's step; NULL where there is none. */
Node *strips_producer(const Node *reader);
/* What `count` (node_products, node_multiply_adds) gives for a node's step: a convolution that is computed depth first counts in
 * its reader's. */
int64_t step_total(const Node *node, int64_t (*count)(const Node *node));

bool strips_geometry(Graph *graph, const Node *reader, StripsGeometry *strips);
/* Scratch of the reader's step, for the planner; 0 where the geometry is refused. */
int64_t strips_scratch_bytes(Graph *graph, const Node *reader);

/* The step of a reader that has a producer. */
bool lower_conv_strips(Emitter *e, Node *reader);

#endif
