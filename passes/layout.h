/* What layouts an operator can work in: choose-layout's knowledge of the kernels. docs/passes.md has it as a table. */
#ifndef SKIPC_PASSES_LAYOUT_H
#define SKIPC_PASSES_LAYOUT_H

#include "ir/graph.h"

typedef enum {
    RULE_PLANAR,   /* reads and writes planar only */
    RULE_DENSE,    /* convolution: reads either, writes either; its residual lies as its result */
    RULE_LANES,    /* convolution with groups inside a block (depthwise): reads and writes blocked only */
    RULE_FOLLOW,   /* one image in, one out, both laid out alike */
    RULE_ALIKE,    /* elementwise with several operands: those of the result's shape lie as the result; the others are the same in
                      both */
    RULE_CHANNELS, /* puts channels together (Concat, AddShortcut): all inputs and the result alike */
    RULE_REORDER   /* reads either, writes what its attribute says */
} LayoutRule;

LayoutRule layout_rule(const Node *node);

/* Whether planar and blocked differ for the value at all, and blocked is possible: f32, rank 4, channels in whole blocks, more
 * than one pixel. */
bool has_two_layouts(const Value *value);

#endif
