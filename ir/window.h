/* The sliding window of a convolution or a pool. */
#ifndef SKIPC_IR_WINDOW_H
#define SKIPC_IR_WINDOW_H

#include "ir/graph.h"

/* Over 1 to 3 spatial axes, lifted to three: those that are not there come first and have extent 1. */
typedef struct {
    int axes; /* spatial axes of the operator */
    int64_t kernel[3], stride[3], dilation[3], begin[3], end[3], in[3], out[3];
} Window;

/* Reads and checks the attributes of a window operator over `input`; `kernel` overrides kernel_shape (Conv: the weight's). */
bool window_read(const Node *node, const Shape *input, const int64_t *kernel, Window *window, Diag *diag);
/* Of a Conv, MaxPool or AveragePool whose shapes were inferred. */
Window window_of(const Node *node);
/* Elements from the first tap to the last one, both counted. */
int64_t window_extent(const Window *window, int axis);
int64_t window_taps(const Window *window);
int64_t window_in_plane(const Window *window);
int64_t window_out_plane(const Window *window);

#endif
