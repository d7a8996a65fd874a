/* merge-pad: a Pad in front of a window becomes the window's own padding.
 *
 * TensorFlow and Caffe2 exports pad with a node of their own. A Conv pads with zeros, an AveragePool with zeros that count
 * if count_include_pad is set, a MaxPool with -infinity. Legal only where Pad writes what the window would have read:
 *   Conv         constant 0 on spatial axes, nothing cropped
 *   AveragePool  the same; the pool's own padding must be absent or counted, since afterwards all of it is counted
 *   MaxPool      -infinity, or a value <= 0 around an x that is never negative: the greatest of x and it is x, as long as
 *                every window holds an element of x (padding less than the kernel, no dilation)
 * ceil_mode is left alone: which windows it adds depends on where padding begins (MaxPool-19, AveragePool-19). */
#include "ir/pad.h"
#include "ir/range.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

#include <math.h>

static bool pads_space_only(const Node *pad) {
    int count, rank = pad->out[0]->shape.rank;
    const int64_t *pads = attr_ints(pad, A_PADS, &count);
    if (pad_mode(pad) != PAD_CONSTANT || count != 2 * rank) return false;
    for (int i = 0; i < count; i++) {
        if (pads[i] < 0 || (i % rank < 2 && pads[i] != 0)) return false;
    }
    return rank > 2;
}

/* Both paddings, begins then ends, of the spatial axes. False on overflow. */
static bool add_pads(const Node *pad, const Node *window, int64_t sum[2 * MAX_RANK]) {
    int rank = pad->out[0]->shape.rank, spatial = rank - 2;
    for (int i = 0; i < spatial; i++) {
        int64_t begin = attr_ints_at(pad, A_PADS, 2 + i, 0), end = attr_ints_at(pad, A_PADS, rank + 2 + i, 0);
        if (!checked_add(begin, attr_ints_at(window, A_PADS, i, 0), &sum[i])) return false;
        if (!checked_add(end, attr_ints_at(window, A_PADS, spatial + i, 0), &sum[spatial + i])) return false;
    }
    return true;
}

/* Every window then holds an element of the image, and ONNX Runtime accepts the pool. */
static bool pads_are_less_than_kernel(const Node *pool, const int64_t *pads) {
    int spatial;
    const int64_t *kernel = attr_ints(pool, A_KERNEL_SHAPE, &spatial);
    for (int i = 0; i < spatial; i++) {
        if (pads[i] >= kernel[i] || pads[spatial + i] >= kernel[i]) return false;
    }
    return ints_are(pool, A_DILATIONS, 1);
}

static bool window_allows(const Node *pad, const Node *window, const int64_t *pads) {
    double value = attr_float(pad, A_VALUE, 0);
    if (window->op == OP_Conv) return value == 0;
    if (attr_int(window, A_CEIL_MODE, 0) || !pads_are_less_than_kernel(window, pads)) return false;
    if (window->op == OP_AveragePool) return value == 0 && (has_no_padding(window) || attr_int(window, A_COUNT_INCLUDE_PAD, 0));
    /* Indices (the second output) count elements of the padded image. */
    if (window->out_count > 1 && value_used(window->out[1])) return false;
    return (isinf(value) && value < 0) || (value <= 0 && value_is_never_negative(pad->in[0]));
}

static bool merge(Graph *graph, Node *pad, Node *window) {
    int64_t pads[2 * MAX_RANK];
    if (!pads_space_only(pad) || !add_pads(pad, window, pads) || !window_allows(pad, window, pads)) return true;
    int spatial = pad->out[0]->shape.rank - 2;
    set_ints(graph, window, A_PADS, pads, 2 * spatial);
    if (window->op == OP_AveragePool) set_int(graph, window, A_COUNT_INCLUDE_PAD, 1);
    node_set_input(graph, window, 0, pad->in[0]);
    if (!value_used(pad->out[0])) {
        window->name = arena_printf(graph->arena, "%s + %s", pad->name, window->name);
        node_remove(graph, pad);
    }
    return node_infer(graph, window);
}

/* A Pad that merges may stand on another one: the window is looked at again until nothing merges. */
static bool merge_into(Graph *graph, Node *window) {
    for (;;) {
        Value *x = window->in[0];
        Node *pad = producer_of(x, OP_Pad);
        if (!pad) return true;
        if (!merge(graph, pad, window)) return false;
        if (window->in[0] == x) return true;
    }
}

bool merge_pad(Graph *graph) {
    for (Node *node = graph->first; node; node = node->next) {
        if (node->op != OP_Conv && node->op != OP_MaxPool && node->op != OP_AveragePool) continue;
        if (!merge_into(graph, node)) return false;
    }
    return true;
}
