/* Residual blocks on the command line: which of them to leave out, to scale, or to make skippable. */
#ifndef SKIPC_DRIVER_BLOCKS_H
#define SKIPC_DRIVER_BLOCKS_H

#include "codegen/codegen.h"
#include "driver/driver.h"
#include "passes/residual_blocks.h"

typedef struct {
    const char *drop;     /* "3,7,layer3.2", or NULL */
    const char *survival; /* "linear:0.5", or one p a block: "1,0.9,0.8"; or NULL */
    bool droppable;       /* mark the blocks that are left, so that codegen can skip them at run time */
    ResidualBlocks found; /* result: those that are left, named and counted as in the whole network */
} BlockOptions;

/* Between the import and the pipeline: finds the blocks and does what the options say. False with driver->diag set. */
bool blocks_apply(Driver *driver, Graph *graph, BlockOptions *options);

/* What codegen must know of them; NULL where they need not be skippable. */
const BlockLabel *block_labels(Driver *driver, const BlockOptions *options);

#endif
