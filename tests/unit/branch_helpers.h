/* Layers and paths for the tests of merge-branches. */
#ifndef SKIPC_TESTS_BRANCH_HELPERS_H
#define SKIPC_TESTS_BRANCH_HELPERS_H

#include "tests/unit/pass_helpers.h"

/* 1x1 or 3x3 (padded), `outputs` channels, with a bias or without. */
static inline Value *layer(Graph *graph, Value *x, int outputs, int inputs, int kernel, bool bias) {
    char shape[64], channels[16];
    snprintf(shape, sizeof shape, "%dx%dx%dx%d", outputs, inputs, kernel, kernel);
    snprintf(channels, sizeof channels, "%d", outputs);
    Value *w = weights(graph, "w", shape);
    return conv(graph, "conv", x, w, bias ? weights(graph, "b", channels) : NULL, kernel / 2);
}

static inline Value *relu(Graph *graph, Value *x) {
    return NODE(graph, OP_Relu, "relu", x);
}

/* The path of ResNeXt's figure 3: 1x1, ReLU, 3x3, ReLU, two channels wide. */
static inline Value *path(Graph *graph, Value *x) {
    Value *y = relu(graph, layer(graph, x, 2, 4, 1, true));
    return relu(graph, layer(graph, y, 2, 2, 3, true));
}

static inline Value *channels(Graph *graph, Value *x, int64_t first, int64_t count) {
    Shape shape = x->shape;
    shape.dim[1] = count;
    Node *node = RAW_NODE(graph, OP_Slice, "slice", x);
    set_ints(graph, node, A_STARTS, (int64_t[]){0, first, 0, 0}, 4);
    set_ints(graph, node, A_STEPS, (int64_t[]){1, 1, 1, 1}, 4);
    set_ints(graph, node, A_SIZES, shape.dim, 4);
    return inferred(graph, node);
}

static inline Value *image(Graph *graph) {
    return input(graph, "x", "1x4x5x5");
}

#endif
