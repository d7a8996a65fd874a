#include "codegen/conv_geometry.h"

#include "codegen/sum_terms.h"
#include "ir/window.h"
#include "ir/winograd.h"
#include "kernels/layout.h"

#include <limits.h>

/* Strips of the input stay well inside a core's second-level cache beside the weights that stream through it; for the least
 * memory they are as short as costs little. */
enum { STRIP_BYTES = 256 * 1024, SMALL_STRIP_BYTES = 64 * 1024, LARGE_BYTES = 1024 * 1024, ROW_PIXELS = 256 };

/* Elements of a block of channels, with room for sums of a few coordinates. */
enum { WINDOW_UNIT = 2 * BLOCK };

static bool is_blocked(const Value *value) {
    return value->layout == LAYOUT_BLOCKED;
}

int conv_padded_outputs(const ConvGeometry *g) {
    return (int)whole_blocks(g->out_channels);
}

int conv_copied_channels(const ConvGeometry *g) {
    return g->blocked_in ? (int)whole_blocks(g->in_channels) : g->in_channels;
}

static ConvKernel choose_kernel(const Node *node) {
    const Value *bias = node->in_count > 2 ? node->in[2] : NULL;
    if (!node->in[1]->data || (bias && !bias->data)) return CONV_DIRECT;
    if (attr_int(node, A_WINOGRAD, 0)) return CONV_WINOGRAD;
    bool blocked = lies_as(node->in[0], LAYOUT_BLOCKED) && lies_as(node->out[0], LAYOUT_BLOCKED);
    return blocked && has_narrow_groups(node) ? CONV_GROUPED : CONV_DENSE;
}

/* A pointwise convolution treats its plane as longer rows, so that fewer tiles end at a row's end. */
static void join_rows(ConvGeometry *g) {
    int joined = 1, most = ROW_PIXELS;
    /* A strip that is scaled is copied, and one row of it must fit. */
    if (g->scaled && most > g->strip_bytes / ((int)sizeof(float) * conv_copied_channels(g)))
        most = g->strip_bytes / ((int)sizeof(float) * conv_copied_channels(g));
    for (int k = 2; k <= g->out_height && k * g->out_width <= most; k++)
        if (g->out_height % k == 0) joined = k;
    g->in_height = g->out_height /= joined;
    g->in_width = g->out_width *= joined;
}

/* Every strip streams the weights anew: where they outgrow the second-level cache, strips may fill it. */
static int64_t strip_bytes(const ConvGeometry *g) {
    int64_t weights = (int64_t)g->in_channels * g->out_channels * g->kernel_height * g->kernel_width * (int64_t)sizeof(float);
    return weights > LARGE_BYTES ? LARGE_BYTES : g->strip_bytes;
}

static int fitting_rows(const ConvGeometry *g, int64_t row_bytes, int window) {
    int64_t rows = strip_bytes(g) / (row_bytes > 0 ? row_bytes : 1);
    int64_t fit = (rows - window) / g->stride_height + 1;
    if (fit < 1) fit = 1;
    return fit > g->out_height ? g->out_height : (int)fit;
}

/* Images of a strip: several where all rows of one leave room, so that they share the weights. */
static int fitting_images(const ConvGeometry *g, int64_t row_bytes, int window) {
    int64_t images = strip_bytes(g) / (row_bytes * ((g->out_height - 1) * g->stride_height + window) + 1);
    if (g->strip_rows < g->out_height || images < 1) return 1;
    return images > g->batch ? g->batch : (int)images;
}

/* Strips of `rows` output rows of so many images. */
static void set_strips(ConvGeometry *g, int rows, int images) {
    g->strip_rows = rows;
    g->strip_images = images;
    if (!g->padded_width) return;
    g->padded_rows = (rows - 1) * g->stride_height + (g->kernel_height - 1) * g->dilation_height + 1;
    g->strip_step = 1;
    if (rows == 1) { /* the rows between the kernel's are left out */
        g->padded_rows = g->kernel_height;
        g->strip_step = g->dilation_height;
    }
    g->scratch_bytes =
        (int64_t)conv_copied_channels(g) * g->padded_width * (int64_t)sizeof(float) * g->padded_rows * images * g->strips;
}

static void choose_strips(const Graph *graph, ConvGeometry *g, const Window *window, bool whole) {
    const bool least_memory = graph->optimize == OPTIMIZE_MEMORY;
    const bool padded = window->begin[1] || window->begin[2] || window->end[1] || window->end[2];
    const int window_h = (int)window_extent(window, 1), window_w = (int)window_extent(window, 2);
    bool pointwise = !padded && g->kernel_height == 1 && g->kernel_width == 1 && g->stride_height == 1 && g->stride_width == 1 &&
                     g->in_height == g->out_height && g->in_width == g->out_width;
    g->strip_bytes = least_memory ? SMALL_STRIP_BYTES : STRIP_BYTES;
    if (pointwise && whole) join_rows(g);
    bool copied = padded || g->scaled;
    g->strips = 1;
    if (copied && g->groups > 1 && !least_memory) { /* threads do groups of their own, which are small */
        g->strips = g->groups < MOST_SHARES ? g->groups : MOST_SHARES;
        g->strip_bytes /= g->strips;
    }
    int width = copied ? (g->out_width - 1) * g->stride_width + window_w : g->in_width;
    int64_t row_bytes = (int64_t)conv_copied_channels(g) * width * (int64_t)sizeof(float);
    if (copied) g->padded_width = width;
    g->strip_rows = fitting_rows(g, row_bytes, window_h);
    set_strips(g, g->strip_rows, fitting_images(g, row_bytes, window_h));
}

/* Pixels, or tiles, that fill the micro-kernel on the widest target. */
enum { MICRO_KERNEL_ROW = 14 };

/* Threads that do tiles of their own have enough of them for the weights, which each reads, to pay. */
static int winograd_shares(int tile_block, int64_t weight_bytes) {
    int shares = tile_block / (weight_bytes > LARGE_BYTES ? MICRO_KERNEL_ROW : MICRO_KERNEL_ROW / 2);
    return shares < 1 ? 1 : shares > MOST_SHARES ? MOST_SHARES : shares;
}

/* A whole number of the micro-kernel's widest tiles, as many as leave the transformed data room in the second-level cache. */
static void choose_tile_block(ConvGeometry *g) {
    enum { ROW = MICRO_KERNEL_ROW, TRANSFORMED_BYTES = 640 * 1024 };
    int m = g->output_size, points = (int)winograd_points(m, g->stride_width), positions = points * points;
    int phases = g->stride_height * g->stride_width;
    int64_t tiles =
        g->batch * winograd_tiles(g->out_height, g->dilation_height, m) * winograd_tiles(g->out_width, g->dilation_width, m);
    int64_t products = conv_padded_outputs(g);
    int64_t tile_bytes = (int64_t)positions * (conv_copied_channels(g) * phases + products) * (int64_t)sizeof(float);
    int64_t rows = TRANSFORMED_BYTES / (tile_bytes * ROW);
    g->tile_block = (int)(tiles < ROW * 2 ? tiles : ROW * (rows > 1 ? rows : 1));
    /* Four phases are four times the input: of one image half a row then, or the arena would grow by them. */
    if (rows == 0 && phases > 1 && g->batch == 1) g->tile_block = ROW / 2;
    if (g->tile_block > tiles) g->tile_block = (int)tiles;
    g->sum_channels = SUM_TERMS;
    g->shares = winograd_shares(g->tile_block, (int64_t)positions * conv_copied_channels(g) * products * (int64_t)sizeof(float));
    g->scratch_bytes =
        tile_bytes * (g->tile_block + g->shares - 1) + (int64_t)(positions * g->shares * 2 * BLOCK) * (int64_t)sizeof(float);
}

static bool all_fit_int(const int64_t *values, int count) {
    for (int k = 0; k < count; k++)
        if (values[k] < 0 || values[k] > INT_MAX / 4) return false;
    return true;
}

static bool read_geometry(const Node *node, const Window *window, ConvGeometry *g) {
    const Shape *x = &node->in[0]->shape, *w = &node->in[1]->shape, *y = &node->out[0]->shape;
    if (x->rank != 4 || !window_fits(window, WINDOW_UNIT)) return false;
    int64_t groups = attr_int(node, A_GROUP, 1);
    int64_t sizes[] = {x->dim[0],
                       groups,
                       w->dim[1],
                       w->dim[0] / groups,
                       window->in[1],
                       window->in[2],
                       window->out[1],
                       window->out[2],
                       window->kernel[1],
                       window->kernel[2],
                       window->stride[1],
                       window->stride[2],
                       window->dilation[1],
                       window->dilation[2],
                       window->begin[1],
                       window->begin[2],
                       shape_product(y, 0, 3), /* rows of all planes, and pixels of all images: tasks of threads */
                       x->dim[0] * shape_product(y, 2, 4)};
    if (!all_fit_int(sizes, (int)(sizeof sizes / sizeof *sizes))) return false;
    *g = (ConvGeometry){.batch = (int)sizes[0],
                        .groups = (int)sizes[1],
                        .in_channels = (int)attr_int(node, A_READ_CHANNELS, sizes[2]),
                        .weight_channels = (int)sizes[2],
                        .out_channels = (int)sizes[3],
                        .in_height = (int)sizes[4],
                        .in_width = (int)sizes[5],
                        .out_height = (int)sizes[6],
                        .out_width = (int)sizes[7],
                        .kernel_height = (int)sizes[8],
                        .kernel_width = (int)sizes[9],
                        .stride_height = (int)sizes[10],
                        .stride_width = (int)sizes[11],
                        .dilation_height = (int)sizes[12],
                        .dilation_width = (int)sizes[13],
                        .pad_top = (int)sizes[14],
                        .pad_left = (int)sizes[15],
                        .in_image = shape_product(x, 1, 4),
                        .out_image = shape_product(y, 1, 4)};
    g->blocked_in = g->weight_channels % BLOCK == 0 && lies_as(node->in[0], LAYOUT_BLOCKED);
    g->blocked_out = is_blocked(node->out[0]);
    g->scaled = node->in_count > 5;
    return true;
}

/* `whole`: the result is computed as a whole, not in a window of rows. */
static bool compute_geometry(const Graph *graph, const Node *node, ConvGeometry *g, bool whole) {
    const Window window = window_of(node);
    if (!read_geometry(node, &window, g)) return false;
    int blocks = SUM_TERMS / (BLOCK * g->kernel_height * g->kernel_width);
    g->sum_channels = BLOCK * (blocks > 1 ? blocks : 1);
    g->kernel = choose_kernel(node);
    if (g->kernel == CONV_WINOGRAD) {
        g->output_size = (int)attr_int(node, A_WINOGRAD, 0);
        choose_tile_block(g);
    } else if (g->kernel == CONV_DENSE) {
        choose_strips(graph, g, &window, whole);
    }
    return true;
}

bool conv_geometry(Graph *graph, const Node *node, ConvGeometry *geometry) {
    if (compute_geometry(graph, node, geometry, true)) return true;
    const Window window = window_of(node);
    if (!window_fits(&window, WINDOW_UNIT)) return window_refuse(graph, node, &window, WINDOW_UNIT);
    return node_fail(graph, node, STATUS_UNSUPPORTED,
                     "only convolutions over two spatial axes, of at most %d channels, rows and pixels, can be compiled",
                     INT_MAX / 4);
}

bool conv_window_geometry(const Graph *graph, const Node *node, int rows, ConvGeometry *g) {
    if (!compute_geometry(graph, node, g, false) || g->kernel != CONV_DENSE) return false;
    set_strips(g, g->strip_rows < rows ? g->strip_rows : rows, 1);
    g->out_height = rows;
    return true;
}

int64_t conv_scratch_bytes(const Graph *graph, const Node *node) {
    ConvGeometry g;
    return compute_geometry(graph, node, &g, true) ? g.scratch_bytes : 0;
}
