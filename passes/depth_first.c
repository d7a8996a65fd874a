/* depth-first: a convolution whose result is read by a MaxPool or a depthwise convolution alone is computed strip by strip: some
 * of its rows, then at once the reader's rows that they suffice for. The whole result never exists.
 *
 * Legal for every layer, for all sums stay what they are. It pays where the result is too large to be found in a core's own cache
 * when its reader comes; for the least memory, wherever the reader's window leaves most of the image out. There are kernels for
 * dense convolutions, blocked out, with an activation that is a limit and no residual, before pools of blocked images and
 * convolutions in groups narrower than a block. Winograd kernels compute tiles of rows of their own. A layer whose kernel may be
 * chosen by measurement stays a step by itself, as which it is measured. */
#include "ir/activation.h"
#include "ir/window.h"
#include "kernels/layout.h"
#include "passes/choose_kernels.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

/* Half of a core's second-level cache, which the weights, the input and the reader's result share. */
enum { NEAR_BYTES = 512 * 1024 };

static bool has_constant_weights(const Node *conv) {
    return is_constant(conv->in[1]) && (!input_at(conv, 2) || is_constant(conv->in[2])) && !input_at(conv, 3);
}

static bool is_dense(const Graph *graph, const Node *conv) {
    double low, high;
    return conv && conv->out[0]->layout == LAYOUT_BLOCKED && has_constant_weights(conv) && attr_int(conv, A_GROUP, 1) == 1 &&
           epilogue_limits(conv, &low, &high) && !attr_find(conv, A_WINOGRAD) && !kernel_layer(graph, conv);
}

/* Has it a kernel that takes rows from a window? */
static bool reads_rows(const Node *node) {
    if (node->in_count == 0 || !node->in[0] || node->in[0]->layout != LAYOUT_BLOCKED) return false;
    if (node->op == OP_Conv)
        return has_narrow_groups(node) && has_constant_weights(node) && shape_count(&node->out[0]->shape) > 0;
    return node->op == OP_MaxPool && node->out_count == 1 && shape_count(&node->out[0]->shape) > 0;
}

static bool pays(const Graph *graph, const Value *result, const Node *reader) {
    const Window window = window_of(reader);
    if (window_extent(&window, 1) > result->shape.dim[2] / 2) return false;
    return graph->optimize == OPTIMIZE_MEMORY ||
           shape_product(&result->shape, 1, result->shape.rank) > NEAR_BYTES / (int64_t)sizeof(float);
}

bool depth_first(Graph *graph) {
    for (Node *node = graph->first; node; node = node->next) {
        Node *conv = reads_rows(node) ? producer_of(node->in[0], OP_Conv) : NULL;
        if (!is_dense(graph, conv) || value_single_user(node->in[0]) != node || !pays(graph, node->in[0], node)) continue;
        set_int(graph, conv, A_DEPTH_FIRST, 1);
        if (conv->next != node) node_move_before(graph, conv, node);
    }
    return true;
}
