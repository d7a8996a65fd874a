/* In which layouts the kernels take an operator's operands and write its result: the one place that knows. choose-layout asks it
 * what to choose, codegen whether there is a kernel for what was chosen. docs/passes.md has it as a table. */
#ifndef SKIPC_KERNELS_LAYOUT_H
#define SKIPC_KERNELS_LAYOUT_H

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
/* Whether the value can be read, or written, in this layout where it lies: in its own, and in the other where its bytes are the
 * same in both, as those of one pixel with channels in whole blocks, which is marked planar. */
bool lies_as(const Value *value, Layout layout);
/* Whether there is a kernel for the layouts that the node's operands and result have. */
bool accepts_layouts(const Node *node);

/* A convolution in groups narrower than a block, a whole number of which fills it, with as many channels out as in: each vector
 * holds some groups (depthwise: BLOCK of them). The channels need not fill whole blocks yet. */
bool has_narrow_groups(const Node *conv);

#endif
