/* trim-kernel: drops rows and columns of a convolution's kernel that read nothing but padding, whatever the output.
 *
 * DeepLab's 3x3 kernels with dilation 36 on a plane of 28x28 are 1x1 ones, and so are those with padding 1 on a plane of one
 * pixel. Legal for constant weights; padding shrinks by what is dropped, and stays at least 0. */
#include "passes/passes.h"
#include "passes/rewrite.h"

#include <string.h>

/* One spatial axis: taps [first, end) stay. Tap k reads position o * stride + k * step - begin for each output o. */
typedef struct {
    int64_t kernel, first, end;
    int64_t begin_pad, end_pad; /* of the whole kernel, then of what is left of it */
} Axis;

static Axis trimmed_axis(const Node *conv, int axis) {
    int64_t in = conv->in[0]->shape.dim[2 + axis], out = conv->out[0]->shape.dim[2 + axis],
            kernel = conv->in[1]->shape.dim[2 + axis];
    int64_t stride = attr_ints_at(conv, A_STRIDES, axis, 1), step = attr_ints_at(conv, A_DILATIONS, axis, 1);
    int spatial = conv->in[0]->shape.rank - 2;
    int64_t begin = attr_ints_at(conv, A_PADS, axis, 0), end = attr_ints_at(conv, A_PADS, spatial + axis, 0);
    Axis a = {kernel, 0, kernel, begin, end};
    while (a.end - a.first > 1 && a.begin_pad >= step && (out - 1) * stride + a.first * step < begin) {
        a.first++;
        a.begin_pad -= step;
    }
    while (a.end - a.first > 1 && a.end_pad >= step && (a.end - 1) * step - begin >= in) {
        a.end--;
        a.end_pad -= step;
    }
    return a;
}

/* [out][in][row][column], of which the taps that stay. */
static Value *trimmed_weights(Graph *graph, const Value *weight, const Axis *y, const Axis *x) {
    Shape shape = weight->shape;
    shape.dim[2] = y->end - y->first;
    shape.dim[3] = x->end - x->first;
    float *data = ARENA_ARRAY(graph->arena, float, shape_count(&shape)), *to = data;
    const float *from = weight->data;
    for (int64_t filter = 0; filter < shape.dim[0] * shape.dim[1]; filter++)
        for (int64_t row = y->first; row < y->end; row++, to += shape.dim[3])
            memcpy(to, from + (filter * y->kernel + row) * x->kernel + x->first, (size_t)shape.dim[3] * sizeof *to);
    return constant_new(graph, weight->name, F32, shape, data);
}

static bool trim(Graph *graph, Node *conv) {
    Axis y = trimmed_axis(conv, 0), x = trimmed_axis(conv, 1);
    if (y.end - y.first == y.kernel && x.end - x.first == x.kernel) return true;
    node_set_input(graph, conv, 1, trimmed_weights(graph, conv->in[1], &y, &x));
    set_ints(graph, conv, A_KERNEL_SHAPE, &conv->in[1]->shape.dim[2], 2);
    set_ints(graph, conv, A_PADS, (int64_t[]){y.begin_pad, x.begin_pad, y.end_pad, x.end_pad}, 4);
    return node_infer(graph, conv);
}

bool trim_kernel(Graph *graph) {
    for (Node *node = graph->first; node; node = node->next) {
        if (node->op != OP_Conv || node->in[0]->shape.rank != 4 || node->in[0]->type != F32 || !is_constant(node->in[1]))
            continue;
        if (shape_count(&node->out[0]->shape) > 0 && !trim(graph, node)) return false;
    }
    return true;
}
