/* Conv (ONNX 1, 11, 22) with the residual and the activation that passes fuse into it. */
#include "ir/op_functions.h"
#include "ir/op_support.h"
#include "ir/window.h"

#include <inttypes.h>

static bool check_weight(Graph *graph, Node *node, int64_t group) {
    const Shape *x = &node->in[0]->shape, *w = &node->in[1]->shape;
    if (w->rank != x->rank || x->rank < 3)
        return node_fail(graph, node, STATUS_INVALID, "its input is %s and its weight %s: both need the same 3 axes or more",
                         input_shape(graph, node, 0), input_shape(graph, node, 1));
    if (group < 1 || w->dim[1] > INT64_MAX / group || w->dim[1] * group != x->dim[1] || w->dim[0] % group)
        return node_fail(graph, node, STATUS_INVALID,
                         "its weight %s does not fit an input of %" PRId64 " channels in %" PRId64 " group%s",
                         input_shape(graph, node, 1), x->dim[1], group, group == 1 ? "" : "s");
    return true;
}

static bool check_input_scale(Graph *graph, Node *node) {
    for (int i = 4; i < node->in_count; i++) {
        const Shape *shape = node->in[i] ? &node->in[i]->shape : NULL;
        if (!shape || node->in_count != 6 || shape->rank != 1 || shape->dim[0] != node->in[0]->shape.dim[1])
            return node_fail(graph, node, STATUS_INVALID,
                             "its input scale and shift need one element for each of %" PRId64 " channels",
                             node->in[0]->shape.dim[1]);
    }
    return true;
}

bool infer_conv(Graph *graph, Node *node) {
    const Shape *x = &node->in[0]->shape, *w = &node->in[1]->shape;
    Window window;
    if (!infer_types(graph, node, true) || !check_weight(graph, node, attr_int(node, A_GROUP, 1)) ||
        !window_read(node, x, w->dim + 2, &window, graph->diag))
        return false;
    Shape out = {.rank = x->rank, .dim = {x->dim[0], w->dim[0]}};
    for (int i = 0; i < window.axes; i++) out.dim[2 + i] = window.out[3 - window.axes + i];
    if (node->in_count > 2 && node->in[2]) {
        const Shape *bias = &node->in[2]->shape;
        if (bias->rank != 1 || bias->dim[0] != w->dim[0])
            return node_fail(graph, node, STATUS_INVALID, "its bias is %s, but it has %" PRId64 " output channels",
                             input_shape(graph, node, 2), w->dim[0]);
    }
    if (node->in_count > 3 && node->in[3] && !shape_equal(&node->in[3]->shape, &out)) {
        char text[256];
        return node_fail(graph, node, STATUS_INVALID, "its residual is %s, its result %s", input_shape(graph, node, 3),
                         shape_text(&out, text, sizeof text));
    }
    if (!check_input_scale(graph, node)) return false;
    int64_t read = attr_int(node, A_READ_CHANNELS, w->dim[1]);
    if (read < 1 || read > w->dim[1])
        return node_fail(graph, node, STATUS_INVALID, "it reads %" PRId64 " channels of the %" PRId64 " that its weights have",
                         read, w->dim[1]);
    if (!check_activation(graph, node)) return false;
    return infer_output(graph, node, 0, node->in[0]->type, out);
}

/* Where each tap reads for up to PANEL output positions from `first`: an offset into the plane, or -1 for padding. */
static void tap_offsets(const Window *w, int64_t first, int64_t columns, int64_t *offset) {
    int64_t taps = window_taps(w);
    for (int64_t p = 0; p < PANEL; p++) {
        int64_t position = first + p;
        int64_t o[3] = {position / (w->out[1] * w->out[2]), position / w->out[2] % w->out[1], position % w->out[2]};
        for (int64_t tap = 0; tap < taps; tap++) {
            int64_t k[3] = {tap / (w->kernel[1] * w->kernel[2]), tap / w->kernel[2] % w->kernel[1], tap % w->kernel[2]};
            bool inside = p < columns;
            int64_t at = 0;
            for (int i = 0; i < 3 && inside; i++) {
                int64_t index = o[i] * w->stride[i] + k[i] * w->dilation[i] - w->begin[i];
                inside = index >= 0 && index < w->in[i];
                at = at * w->in[i] + index;
            }
            offset[tap * PANEL + p] = inside ? at : -1;
        }
    }
}

/* panel[channel][tap][position]: what the windows of PANEL output positions read. */
static void fill_panel(const double *x, int64_t channels, int64_t plane, int64_t taps, const int64_t *offset, double *panel) {
    for (int64_t c = 0; c < channels; c++)
        for (int64_t i = 0; i < taps * PANEL; i++) *panel++ = offset[i] < 0 ? 0 : x[c * plane + offset[i]];
}

/* The input after its scale, shift and ReLU, where the node has them. */
static const double *scaled_input(const Node *node, const Tensor *const *in, Arena *scratch) {
    const Tensor *x = in[0];
    if (node->in_count < 6) return x->f;
    double *scaled = ARENA_ARRAY(scratch, double, x->count);
    int64_t channels = x->shape.dim[1], plane = shape_product(&x->shape, 2, x->shape.rank);
    bool relu = attr_int(node, A_INPUT_RELU, 0) != 0;
    for (int64_t i = 0; i < x->count; i++) {
        int64_t c = i / plane % channels;
        double v = x->f[i] * in[4]->f[c] + in[5]->f[c];
        scaled[i] = relu && v < 0 ? 0 : v;
    }
    return scaled;
}

bool eval_conv(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    const Tensor *x = in[0], *weight = in[1], *bias = node->in_count > 2 ? in[2] : NULL,
                 *residual = node->in_count > 3 ? in[3] : NULL;
    Tensor *y = out[0];
    Window window;
    if (!window_read(node, &x->shape, weight->shape.dim + 2, &window, diag)) return false;
    if (!y->count) return true;
    int64_t group = attr_int(node, A_GROUP, 1), channels = weight->shape.dim[1], maps = weight->shape.dim[0] / group;
    int64_t taps = window_taps(&window), depth = channels * taps;
    int64_t in_plane = window_in_plane(&window), plane = window_out_plane(&window);
    int64_t *offset = ARENA_ARRAY(scratch, int64_t, taps * PANEL);
    double *panel = ARENA_ARRAY(scratch, double, (depth * PANEL)), *sums = ARENA_ARRAY(scratch, double, (maps * PANEL));
    const double *input = scaled_input(node, in, scratch);
    Epilogue epilogue = epilogue_of(node);
    for (int64_t first = 0; first < plane; first += PANEL) {
        int64_t columns = plane - first < PANEL ? plane - first : PANEL;
        tap_offsets(&window, first, columns, offset);
        for (int64_t image = 0; image < x->shape.dim[0] * group; image++) { /* a group of an image's channels */
            int64_t first_map = image % group * maps;
            fill_panel(input + image * channels * in_plane, channels, in_plane, taps, offset, panel);
            gemm_panel(maps, depth, weight->f + first_map * depth, depth, panel, sums, y->float_sums);
            for (int64_t m = 0; m < maps; m++) {
                int64_t at = (image * maps + m) * plane + first;
                for (int64_t p = 0; p < columns; p++) {
                    double sum = sums[m * PANEL + p];
                    if (bias) sum = held(y, sum + bias->f[first_map + m]);
                    if (residual) sum = held(y, sum + residual->f[at + p]);
                    y->f[at + p] = epilogue_apply(&epilogue, sum);
                }
            }
        }
    }
    return true;
}
