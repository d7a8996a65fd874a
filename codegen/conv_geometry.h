/* How one convolution runs: which kernel, what it reads, and the scratch it needs. */
#ifndef SKIPC_CODEGEN_CONV_GEOMETRY_H
#define SKIPC_CODEGEN_CONV_GEOMETRY_H

#include "ir/graph.h"

typedef enum {
    CONV_DENSE,    /* every output channel sums all channels of its group */
    CONV_WINOGRAD, /* minimal filtering, as the pass choose-kernels decided */
    CONV_GROUPED,  /* groups narrower than a block: blocked in and out */
    CONV_DIRECT    /* weights computed at run time: plain loops */
} ConvKernel;

/* Scratch that threads have parts of their own of is for so many at most. */
enum { MOST_SHARES = 4 };

/* The fields of `struct conv` in runtime/conv.h, which documents them. */
typedef struct {
    ConvKernel kernel;
    int batch;
    int groups, in_channels, out_channels;
    int weight_channels; /* of the weights: in_channels or more, the rest zeros */
    int in_height, in_width, out_height, out_width;
    int kernel_height, kernel_width, stride_height, stride_width, dilation_height, dilation_width;
    int pad_top, pad_left;
    int64_t in_image, out_image;
    int strip_bytes; /* of the input, at most, where the weights are no larger than the cache */
    int sum_channels, strip_rows, strip_images, strips, padded_width, padded_rows, strip_step;
    int output_size, tile_block, shares; /* Winograd: m of F(m x m, 3 x 3), tiles at a time, and threads that do their own */
    bool blocked_in, blocked_out;
    bool scaled; /* the input has a scale */
    int64_t scratch_bytes;
} ConvGeometry;

/* False with a diagnostic where the node has no kernel (not two spatial axes, sizes over the kernels' int). */
bool conv_geometry(Graph *graph, const Node *node, ConvGeometry *geometry);
/* Of a dense convolution that computes its result in a window of `rows` rows. False where the geometry is refused. */
bool conv_window_geometry(const Graph *graph, const Node *node, int rows, ConvGeometry *geometry);
/* Input channels of a strip or of transformed tiles: whole blocks, where the input is blocked. */
int conv_copied_channels(const ConvGeometry *geometry);
/* Output channels in whole panels. */
int conv_padded_outputs(const ConvGeometry *geometry);
/* Scratch alone, for the planner; 0 where the geometry is refused. */
int64_t conv_scratch_bytes(const Graph *graph, const Node *node);

#endif
