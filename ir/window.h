/* The sliding window of a convolution or a pool. */
#ifndef SKIPC_IR_WINDOW_H
#define SKIPC_IR_WINDOW_H

#include "ir/graph.h"

/* Over 1 to 3 spatial axes, lifted to three: those that are not there come first and have extent 1. */
typedef struct {
    int axes; /* spatial axes of the operator */
    int64_t kernel[3], stride[3], dilation[3], begin[3], end[3], in[3], out[3];
} Window;

/* Reads and checks the attributes of a window operator over `input`; `kernel` overrides kernel_shape (Conv: the weight's). Here
 * alone is a window's arithmetic checked: every position that a window of it reads, and the padded input, then fit int32_t, and
 * so do the sums of two of them int64_t. */
bool window_read(const Node *node, const Shape *input, const int64_t *kernel, Window *window, Diag *diag);
/* Of a Conv, MaxPool or AveragePool whose shapes were inferred. */
Window window_of(const Node *node);
/* auto_pad: the result covers `in` elements with ceil(in / stride) windows of `extent`; an odd element of padding goes to the end
 * where `upper`, else to the beginning. All are at most INT32_MAX, but for `extent`. */
void window_pad_same(int64_t in, int64_t extent, int64_t stride, bool upper, int64_t *begin, int64_t *end);
/* Elements from the first tap to the last one, both counted. */
int64_t window_extent_of(int64_t kernel, int64_t dilation);
int64_t window_extent(const Window *window, int axis);
/* Elements from the beginning of the padding to the end of it, or of the last window where that sticks out (ceil_mode). */
int64_t window_span(const Window *window, int axis);
/* Whether kernels that count in int, in steps of `unit` elements, reach everything with as much to spare again; the diagnostic.
 */
bool window_fits(const Window *window, int64_t unit);
bool window_refuse(Graph *graph, const Node *node, const Window *window, int64_t unit);
int64_t window_taps(const Window *window);
int64_t window_in_plane(const Window *window);
int64_t window_out_plane(const Window *window);

#endif
