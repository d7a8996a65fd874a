/* Chooses between direct convolution and Winograd's minimal filtering, layer by layer, by an estimate of cycles on a core with
 * 16 multiply-adds a cycle. Only the ratios matter: arithmetic against transforms, and transformed weights against the caches
 * they stream from. */
#include "passes/passes.h"

/* Cycles of one tile and 16 channels through both transforms' loads, sums and stores. */
enum { INPUT_CYCLES_2 = 70, OUTPUT_CYCLES_2 = 50, INPUT_CYCLES_4 = 230, OUTPUT_CYCLES_4 = 180 };
/* Bytes of weights a cycle: from a shared cache, and from memory once they outgrow it. */
enum { MACS_PER_CYCLE = 16, CACHE_BYTES_PER_CYCLE = 24, MEMORY_BYTES_PER_CYCLE = 8, SHARED_CACHE_BYTES = 16 << 20 };

static bool is_three_by_three(const Node *node) {
    if (node->op != OP_Conv || node->in[0]->shape.rank != 4 || !node->in[1]->data || attr_int(node, A_GROUP, 1) != 1)
        return false;
    if (node->in_count > 2 && node->in[2] && !node->in[2]->data) return false;
    for (int axis = 0; axis < 2; axis++)
        if (node->in[1]->shape.dim[2 + axis] != 3 || attr_ints_at(node, A_STRIDES, axis, 1) != 1 ||
            attr_ints_at(node, A_DILATIONS, axis, 1) != 1)
            return false;
    return node->in[0]->layout == LAYOUT_BLOCKED && node->out[0]->layout == LAYOUT_BLOCKED;
}

static double larger(double a, double b) {
    return a > b ? a : b;
}

static double weight_cycles(double bytes) {
    return bytes / (bytes > SHARED_CACHE_BYTES ? MEMORY_BYTES_PER_CYCLE : CACHE_BYTES_PER_CYCLE);
}

static double channels_in(const Node *node) {
    return (double)node->in[1]->shape.dim[1];
}
static double channels_out(const Node *node) {
    return (double)node->in[1]->shape.dim[0];
}

static double direct_cycles(const Node *node) {
    double products = 9 * channels_in(node) * channels_out(node), pixels = (double)shape_product(&node->out[0]->shape, 2, 4);
    return larger(products * pixels / MACS_PER_CYCLE, weight_cycles(products * sizeof(float)));
}

static double winograd_cycles(const Node *node, int m) {
    const Shape *y = &node->out[0]->shape;
    double tiles = (double)((y->dim[2] + m - 1) / m) * (double)((y->dim[3] + m - 1) / m);
    double products = (m + 2) * (m + 2) * channels_in(node) * channels_out(node);
    double multiply = larger(products * tiles / MACS_PER_CYCLE, weight_cycles(products * sizeof(float)));
    double in = m == 2 ? INPUT_CYCLES_2 : INPUT_CYCLES_4, out = m == 2 ? OUTPUT_CYCLES_2 : OUTPUT_CYCLES_4;
    return multiply + tiles * (in * channels_in(node) + out * channels_out(node)) / BLOCK;
}

bool choose_kernels(Graph *graph) {
    for (Node *node = graph->first; node; node = node->next) {
        attr_remove(node, A_WINOGRAD);
        if (graph->exact || graph->optimize != OPTIMIZE_SPEED || !is_three_by_three(node)) continue;
        double best = direct_cycles(node);
        for (int m = 2; m <= 4; m += 2)
            if (winograd_cycles(node, m) < best) {
                best = winograd_cycles(node, m);
                set_int(graph, node, A_WINOGRAD, m);
            }
    }
    return true;
}
