/* Pad's arithmetic, as the evaluator and the code generator both read it: negative pads crop first, what is left is padded. */
#ifndef SKIPC_IR_PAD_H
#define SKIPC_IR_PAD_H

#include "ir/graph.h"

typedef enum { PAD_CONSTANT, PAD_EDGE, PAD_REFLECT, PAD_WRAP, PAD_MODES } PadMode;

/* Along one axis: `kept` elements from `first` come after `begin` made up ones. */
typedef struct {
    int64_t first, kept, begin;
} PadAxis;

/* PAD_MODES where it has none of these. */
PadMode pad_mode(const Node *node);
/* Of a node whose `pads` are complete. */
PadAxis pad_axis(const Node *node, int axis);
/* The input index that position `o` of the result shows, or -1 for the constant. */
int64_t pad_source(PadMode mode, const PadAxis *axis, int64_t o);

#endif
