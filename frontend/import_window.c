/* Conv (1, 11, 22), MaxPool (1 to 22), AveragePool (1 to 22), the global pools. */
#include "frontend/importers.h"
#include "ir/window.h"

#include <string.h>

enum { SPATIAL_MAX = 3 };

typedef struct {
    int axes;
    int64_t kernel[SPATIAL_MAX], strides[SPATIAL_MAX], dilations[SPATIAL_MAX];
    int64_t pads[2 * SPATIAL_MAX]; /* begins, then ends: pads[axis], pads[axes + axis] */
    bool same;                     /* auto_pad SAME_UPPER or SAME_LOWER: the result's size is ceil(input / stride) */
} WindowAttrs;

/* `to` keeps its defaults where the attribute is absent. */
static bool read_ints(const OpImport *op, const char *name, int64_t least, int count, int64_t *to) {
    const int64_t *values;
    int given;
    if (!op_ints(op, name, &values, &given)) return true;
    if (given != count) return op_fail(op, STATUS_INVALID, "attribute '%s' has %d numbers, %d are needed", name, given, count);
    for (int k = 0; k < count; k++) {
        if (values[k] < least || values[k] > INT32_MAX)
            return op_fail(op, STATUS_INVALID, "attribute '%s' holds %lld, which is out of range", name, (long long)values[k]);
        to[k] = values[k];
    }
    return true;
}

static int64_t extent(const WindowAttrs *window, int axis) {
    return window_extent_of(window->kernel[axis], window->dilations[axis]);
}

static void pad_same(WindowAttrs *window, const int64_t *input, bool upper) {
    window->same = true;
    for (int k = 0; k < window->axes; k++)
        window_pad_same(input[k], extent(window, k), window->strides[k], upper, &window->pads[k],
                        &window->pads[window->axes + k]);
}

static bool resolve_auto_pad(const OpImport *op, WindowAttrs *window, const int64_t *input) {
    const char *mode = op_string(op, "auto_pad", "NOTSET");
    bool upper = strcmp(mode, "SAME_UPPER") == 0;
    if (upper || strcmp(mode, "SAME_LOWER") == 0)
        pad_same(window, input, upper);
    else if (strcmp(mode, "VALID") == 0)
        memset(window->pads, 0, sizeof window->pads);
    else if (*mode && strcmp(mode, "NOTSET") != 0)
        return op_fail(op, STATUS_INVALID, "auto_pad '%s' is unknown", mode);
    return true;
}

/* All but the kernel, which Conv takes from its weight. */
static bool read_window(const OpImport *op, WindowAttrs *window) {
    const Shape *x = &op->in[0]->shape;
    window->axes = x->rank - 2;
    for (int k = 0; k < window->axes; k++) window->strides[k] = window->dilations[k] = 1;
    return read_ints(op, "strides", 1, window->axes, window->strides) &&
           read_ints(op, "dilations", 1, window->axes, window->dilations) &&
           read_ints(op, "pads", 0, 2 * window->axes, window->pads) && resolve_auto_pad(op, window, x->dim + 2);
}

static bool check_rank(const OpImport *op, int most) {
    int rank = op->in[0]->shape.rank;
    if (rank < 3) return op_fail(op, STATUS_INVALID, "its input has %d dimensions, at least 3 are needed", rank);
    if (rank - 2 > most)
        return op_fail(op, STATUS_UNSUPPORTED, "%d-dimensional windows are not supported: at most %d dimensions are", rank - 2,
                       most);
    return true;
}

static void set_window(const OpImport *op, Node *node, const WindowAttrs *window) {
    set_ints(op->graph, node, A_KERNEL_SHAPE, window->kernel, window->axes);
    set_ints(op->graph, node, A_STRIDES, window->strides, window->axes);
    set_ints(op->graph, node, A_PADS, window->pads, 2 * window->axes);
    set_ints(op->graph, node, A_DILATIONS, window->dilations, window->axes);
}

/* 1-D windows become 2-D ones of height 1. */
static void lift_window(WindowAttrs *window) {
    window->axes = 2;
    window->kernel[1] = window->kernel[0];
    window->strides[1] = window->strides[0];
    window->dilations[1] = window->dilations[0];
    window->kernel[0] = window->strides[0] = window->dilations[0] = 1;
    int64_t begin = window->pads[0], end = window->pads[1];
    window->pads[0] = window->pads[2] = 0;
    window->pads[1] = begin;
    window->pads[3] = end;
}

static Value *lift(const OpImport *op, Value *x) {
    Shape lifted = {.rank = 4, .dim = {x->shape.dim[0], x->shape.dim[1], 1, x->shape.dim[2]}};
    return op_reshape(op, x, &lifted);
}

/* in: x, weight, bias or NULL. */
static Value *conv_2d(const OpImport *op, const WindowAttrs *window, Value **in) {
    Node *node = op_node(op, OP_Conv, in, in[2] ? 3 : 2, 1);
    Value *out = node->out[0];
    set_window(op, node, window);
    set_int(op->graph, node, A_GROUP, op_int(op, "group", 1));
    return op_done(op, node) ? out : NULL;
}

static bool conv_1d(OpImport *op, WindowAttrs *window, Value **in) {
    in[0] = lift(op, in[0]);
    in[1] = in[0] ? lift(op, in[1]) : NULL;
    if (!in[1]) return false;
    lift_window(window);
    Value *y = conv_2d(op, window, in);
    if (!y) return false;
    Shape shape = {.rank = 3, .dim = {y->shape.dim[0], y->shape.dim[1], y->shape.dim[3]}};
    op->out[0] = op_reshape(op, y, &shape);
    return op->out[0];
}

bool import_conv(OpImport *op) {
    Value *in[3] = {op->in[0], op->in[1], op_in(op, 2)};
    WindowAttrs window = {.axes = in[0]->shape.rank - 2};
    int64_t kernel[SPATIAL_MAX];
    if (!check_rank(op, 2)) return false;
    if (in[1]->shape.rank != in[0]->shape.rank)
        return op_fail(op, STATUS_INVALID, "its weight has %d dimensions, its input %d", in[1]->shape.rank, in[0]->shape.rank);
    for (int k = 0; k < window.axes; k++) {
        window.kernel[k] = kernel[k] = in[1]->shape.dim[k + 2];
        if (kernel[k] < 1 || kernel[k] > INT32_MAX)
            return op_fail(op, STATUS_INVALID, "its weight's kernel is empty or too large");
    }
    if (!read_ints(op, "kernel_shape", 1, window.axes, kernel) || !read_window(op, &window)) return false;
    for (int k = 0; k < window.axes; k++)
        if (kernel[k] != window.kernel[k])
            return op_fail(op, STATUS_INVALID, "kernel_shape says %lld, its weight's shape %lld", (long long)kernel[k],
                           (long long)window.kernel[k]);
    if (op_int(op, "group", 1) < 1) return op_fail(op, STATUS_INVALID, "group must be at least 1");
    if (window.axes == 1) return conv_1d(op, &window, in);
    op->out[0] = conv_2d(op, &window, in);
    return op->out[0];
}

/* Padding as wide as the window would leave windows without a pixel. */
static bool check_pool_pads(const OpImport *op, const WindowAttrs *window) {
    for (int k = 0; k < 2 * window->axes; k++)
        if (window->pads[k] >= extent(window, k % window->axes))
            return op_fail(op, STATUS_INVALID, "its padding of %lld is not smaller than its window", (long long)window->pads[k]);
    return true;
}

bool import_pool(OpImport *op) {
    bool max = strcmp(op->node->op_type, "MaxPool") == 0;
    WindowAttrs window = {.axes = op->in[0]->shape.rank - 2};
    if (!check_rank(op, SPATIAL_MAX)) return false;
    if (!op_attr(op, "kernel_shape")) return op_fail(op, STATUS_INVALID, "attribute 'kernel_shape' is missing");
    if (!read_ints(op, "kernel_shape", 1, window.axes, window.kernel) || !read_window(op, &window) ||
        !check_pool_pads(op, &window))
        return false;
    bool indices = op->out_count > 1 && op->wanted[1];
    Node *node = op_node(op, max ? OP_MaxPool : OP_AveragePool, op->in, 1, indices ? 2 : 1);
    set_window(op, node, &window);
    set_int(op->graph, node, A_CEIL_MODE, window.same ? 0 : op_int(op, "ceil_mode", 0));
    if (max)
        set_int(op->graph, node, A_STORAGE_ORDER, op_int(op, "storage_order", 0));
    else
        set_int(op->graph, node, A_COUNT_INCLUDE_PAD, op_int(op, "count_include_pad", 0));
    if (indices) op->out[1] = node->out[1];
    return op_finish(op, node);
}

bool import_global_pool(OpImport *op) {
    const Shape *x = &op->in[0]->shape;
    WindowAttrs window = {.axes = x->rank - 2};
    if (!check_rank(op, SPATIAL_MAX)) return false;
    for (int k = 0; k < window.axes; k++) {
        window.kernel[k] = x->dim[k + 2];
        window.strides[k] = window.dilations[k] = 1;
        if (window.kernel[k] < 1) return op_fail(op, STATUS_INVALID, "its input's plane is empty");
    }
    bool max = strcmp(op->node->op_type, "GlobalMaxPool") == 0;
    Node *node = op_node(op, max ? OP_MaxPool : OP_AveragePool, op->in, 1, 1);
    set_window(op, node, &window);
    return op_finish(op, node);
}
