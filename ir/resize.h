/* Resize as tables: what the evaluator and the code generator both compute with. */
#ifndef SKIPC_IR_RESIZE_H
#define SKIPC_IR_RESIZE_H

#include "ir/graph.h"

/* One axis: output[o] = sum over t of weight[o * taps + t] * input[index[o * taps + t]]. */
typedef struct {
    int taps;
    int64_t out;    /* output indices */
    bool identity;  /* the axis keeps its size and values: taps 1, weights 1 */
    int32_t *index; /* [out][taps], clamped to the input */
    double *weight; /* [out][taps] */
    bool *outside;  /* [out]: the result is extrapolation_value (tf_crop_and_resize); NULL where none is */
} ResizeTaps;

/* The node has been inferred. Resizing is separable: one axis after the other gives the result. */
bool resize_taps(const Node *node, int axis, Arena *arena, ResizeTaps *taps);

/* One scale per axis of the input, each a float's value; absent: output size / input size. */
void resize_set_scales(Graph *graph, Node *node, const double *scales, int count);
double resize_scale(const Node *node, int axis);
/* Of an axis whose size is given; in > 0. Scales are floats in ONNX, given or computed. */
double resize_scale_of(int64_t in, int64_t out);
/* nearest_mode of Upsample and of Resize 10, which have none: rounds up where an axis shrinks, else down, as ONNX Runtime does.
 */
#define RESIZE_NEAREST_10 "ceil_where_shrinking"
/* All starts, then all ends, normalised to 0..1. */
void resize_set_roi(Graph *graph, Node *node, const double *roi, int count);
/* (0, 1) where absent. */
void resize_roi(const Node *node, int axis, double *start, double *end);

#endif
