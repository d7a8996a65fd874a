/* Chooses between direct convolution and Winograd's minimal filtering, layer by layer, by an estimate of cycles on a core with
 * 16 multiply-adds a cycle. Only the ratios matter: arithmetic against transforms, and transformed weights against the caches
 * they stream from. A choice that was measured (graph->choices) overrules it. */
#include "passes/choose_kernels.h"

#include "ir/winograd.h"
#include "passes/passes.h"

#include <inttypes.h>
#include <string.h>

const KernelCandidate kernel_candidates[KERNEL_CANDIDATES] = {{"direct", 0}, {"winograd2", 2}, {"winograd4", 4}};

const KernelCandidate *kernel_candidate(const char *name) {
    for (int k = 0; k < KERNEL_CANDIDATES; k++)
        if (strcmp(kernel_candidates[k].name, name) == 0) return &kernel_candidates[k];
    return NULL;
}

/* Cycles of one tile and 16 channels through both transforms' loads, sums and stores. */
enum { INPUT_CYCLES_2 = 70, OUTPUT_CYCLES_2 = 50, INPUT_CYCLES_4 = 230, OUTPUT_CYCLES_4 = 180 };
/* Bytes of weights a cycle: from a core's own cache, and from farther away once they outgrow it. */
enum { MACS_PER_CYCLE = 16, CACHE_BYTES_PER_CYCLE = 24, MEMORY_BYTES_PER_CYCLE = 5, NEAR_CACHE_BYTES = 1 << 20 };
/* Tiles that are multiplied in one pass over the weights, where the transformed input has no room for more; what all cores share
 * keeps them for the next pass. */
enum { PASS_TILES = 14, SHARED_CACHE_BYTES = 16 << 20 };

static int64_t stride_of(const Node *node) {
    return attr_ints_at(node, A_STRIDES, 0, 1);
}

static int64_t dilation_of(const Node *node, int axis) {
    return attr_ints_at(node, A_DILATIONS, axis, 1);
}

static bool is_three_by_three(const Node *node) {
    if (node->op != OP_Conv || node->in[0]->shape.rank != 4 || !node->in[1]->data || attr_int(node, A_GROUP, 1) != 1)
        return false;
    if (node->in_count > 2 && node->in[2] && !node->in[2]->data) return false;
    for (int axis = 0; axis < 2; axis++)
        if (node->in[1]->shape.dim[2 + axis] != 3 || (dilation_of(node, axis) != 1 && stride_of(node) != 1)) return false;
    return stride_of(node) <= 2 && stride_of(node) == attr_ints_at(node, A_STRIDES, 1, 1) &&
           node->in[0]->layout == LAYOUT_BLOCKED;
}

static double larger(double a, double b) {
    return a > b ? a : b;
}

/* Bytes that a cache of `cache_bytes` holds if they fit. */
static double stream_cycles(double bytes, double cache_bytes) {
    return bytes / (bytes <= cache_bytes ? CACHE_BYTES_PER_CYCLE : MEMORY_BYTES_PER_CYCLE);
}

static double weight_cycles(double bytes, bool cached) {
    return stream_cycles(bytes, cached ? NEAR_CACHE_BYTES : 0);
}

/* The same, of all passes over `tiles` tiles. */
static double winograd_weight_cycles(double bytes, double tiles, bool cached) {
    double passes = tiles < 2 * PASS_TILES ? 1 : tiles / PASS_TILES;
    return weight_cycles(bytes, cached) + (passes - 1) * stream_cycles(bytes, SHARED_CACHE_BYTES);
}

static double channels_in(const Node *node) {
    return (double)node->in[1]->shape.dim[1];
}
/* In whole panels, as both kernels compute them. */
static double channels_out(const Node *node) {
    return (double)whole_blocks(node->in[1]->shape.dim[0]);
}

/* Share of the kernel's rows that lie inside the image, over all outputs: the direct kernel leaves out the others. */
static double rows_inside(const Node *node) {
    int64_t in = node->in[0]->shape.dim[2], out = node->out[0]->shape.dim[2], stride = stride_of(node), inside = 0;
    for (int64_t tap = 0; tap < 3; tap++) {
        int64_t shift = tap * dilation_of(node, 0) - attr_ints_at(node, A_PADS, 0, 0); /* output o reads row o * stride + shift */
        int64_t first = shift < 0 ? (-shift + stride - 1) / stride : 0, end = in > shift ? (in - shift + stride - 1) / stride : 0;
        if (end > out) end = out;
        inside += end > first ? end - first : 0;
    }
    return (double)inside / (double)(3 * out);
}

/* Those of a batch share the weights. */
static double images(const Node *node) {
    return (double)node->in[0]->shape.dim[0];
}

/* `cached`: the weights of all layers fit that cache. */
static double direct_cycles(const Node *node, bool cached) {
    double products = 9 * channels_in(node) * channels_out(node),
           pixels = images(node) * (double)shape_product(&node->out[0]->shape, 2, 4);
    return larger(products * pixels * rows_inside(node) / MACS_PER_CYCLE, weight_cycles(products * sizeof(float), cached));
}

static double winograd_cycles(const Node *node, int m, bool cached) {
    const Shape *y = &node->out[0]->shape;
    double tiles = images(node) * (double)winograd_tiles(y->dim[2], dilation_of(node, 0), m) *
                   (double)winograd_tiles(y->dim[3], dilation_of(node, 1), m);
    double products = (double)winograd_products(m, stride_of(node)) * channels_in(node) * channels_out(node);
    double phases = (double)(stride_of(node) * stride_of(node));
    double multiply = larger(products * tiles / MACS_PER_CYCLE, winograd_weight_cycles(products * sizeof(float), tiles, cached));
    double in = m == 2 ? INPUT_CYCLES_2 : INPUT_CYCLES_4, out = m == 2 ? OUTPUT_CYCLES_2 : OUTPUT_CYCLES_4;
    return multiply + tiles * (in * phases * channels_in(node) + out * channels_out(node)) / BLOCK;
}

/* Direct convolution, whose weights are several times smaller, unless another saves a tenth. */
static int estimated(const Node *node, bool cached) {
    int best = 0;
    double least = 0.9 * direct_cycles(node, cached);
    for (int k = 0; k < KERNEL_CANDIDATES; k++) {
        int m = kernel_candidates[k].winograd;
        double needed = m ? winograd_cycles(node, m, cached) : least;
        if (needed >= least) continue;
        least = needed;
        best = m;
    }
    return best;
}

static bool has_choice(const Graph *graph, const Node *node) {
    return !graph->exact && graph->optimize == OPTIMIZE_SPEED && is_three_by_three(node);
}

const char *kernel_layer(const Graph *graph, const Node *node) {
    if (!has_choice(graph, node)) return NULL;
    char from[128], to[128];
    const char *dilations =
        dilation_of(node, 0) == 1 && dilation_of(node, 1) == 1
            ? ""
            : arena_printf(graph->arena, ":dilations=%" PRId64 ",%" PRId64, dilation_of(node, 0), dilation_of(node, 1));
    return arena_printf(graph->arena, "conv3x3:%s:%s:pads=%" PRId64 ",%" PRId64 "%s%s",
                        shape_text(&node->in[0]->shape, from, sizeof from), shape_text(&node->out[0]->shape, to, sizeof to),
                        attr_ints_at(node, A_PADS, 0, 0), attr_ints_at(node, A_PADS, 1, 0),
                        stride_of(node) == 1 ? "" : ":stride=2", dilations);
}

/* NULL where none was measured. */
static const KernelChoice *measured(const Graph *graph, const Node *node) {
    if (graph->choice_count == 0) return NULL;
    const char *layer = kernel_layer(graph, node);
    for (int k = 0; k < graph->choice_count; k++)
        if (strcmp(graph->choices[k].layer, layer) == 0) return &graph->choices[k];
    return NULL;
}

/* Bytes of all weights, with those of Winograd kernels as they are transformed. */
static double weight_bytes(const Graph *graph) {
    double count = 0;
    for (const Node *node = graph->first; node; node = node->next) {
        int64_t m = attr_int(node, A_WINOGRAD, 0);
        if (node->op != OP_Conv || !node->in[1]->data) continue;
        count += m ? (double)winograd_products(m, stride_of(node)) * channels_in(node) * channels_out(node)
                   : (double)shape_count(&node->in[1]->shape);
    }
    return count * sizeof(float);
}

static void choose_all(Graph *graph, bool cached) {
    for (Node *node = graph->first; node; node = node->next) {
        attr_remove(node, A_WINOGRAD);
        if (!has_choice(graph, node)) continue;
        const KernelChoice *choice = measured(graph, node);
        int m = choice ? choice->winograd : estimated(node, cached);
        if (m) set_int(graph, node, A_WINOGRAD, m);
    }
}

bool choose_kernels(Graph *graph) {
    choose_all(graph, true);
    /* Each inference reads all weights once: if they don't fit the cache together, none is there when its turn comes. */
    if (weight_bytes(graph) > NEAR_CACHE_BYTES) choose_all(graph, false);
    return true;
}
