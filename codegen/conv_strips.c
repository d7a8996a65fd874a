#include "codegen/conv_strips.h"

#include "ir/window.h"

#include <limits.h>

/* A window of rows stays in a core's second-level cache beside the weights and what is read and written. */
enum { WINDOW_BYTES = 256 * 1024, WINDOW_CHANNELS = 32 };

Node *strips_reader(const Node *conv) {
    if (conv->op != OP_Conv || !attr_int(conv, A_DEPTH_FIRST, 0) || attr_find(conv, A_WINOGRAD)) return NULL;
    return value_single_user(conv->out[0]);
}

Node *strips_producer(const Node *reader) {
    const Value *in = reader->in_count ? reader->in[0] : NULL;
    return in && in->producer && strips_reader(in->producer) == reader ? in->producer : NULL;
}

int64_t step_total(const Node *node, int64_t (*count)(const Node *node)) {
    const Node *producer = strips_producer(node);
    int64_t sum = strips_reader(node) ? 0 : count(node);
    return producer && !checked_add(sum, count(producer), &sum) ? INT64_MAX : sum;
}

/* What the next layer asks of the convolution's rows, and how many of its own there are. */
static bool read_next(const Node *reader, StripsGeometry *s) {
    const Window w = window_of(reader);
    const int64_t sizes[] = {w.in[1], w.out[1], window_extent(&w, 1), w.stride[1], w.begin[1]};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        if (sizes[k] < 0 || sizes[k] > INT_MAX / 16) return false;
    s->height = (int)sizes[0];
    s->next_height = (int)sizes[1];
    s->next_reach = (int)sizes[2];
    s->next_stride = (int)sizes[3];
    s->next_pad = (int)sizes[4];
    return true;
}

/* As many as fit the window, or for the least memory one. Returns the window's rows. */
static int choose_rows(const Graph *graph, int64_t row_bytes, StripsGeometry *s) {
    int64_t fit = (WINDOW_BYTES / row_bytes - s->next_reach) / s->next_stride + 1;
    if (graph->optimize == OPTIMIZE_MEMORY || fit < 1) fit = 1;
    s->next_rows = fit < s->next_height ? (int)fit : s->next_height;
    int64_t rows = (int64_t)(s->next_rows - 1) * s->next_stride + s->next_reach;
    return rows < s->height ? (int)rows : s->height;
}

/* Threads with rows of their own compute those at the border twice, an eighth more at most, and their windows take no more memory
 * than the whole result would. */
static int choose_shares(const Graph *graph, int64_t share_bytes, int64_t result_bytes, const StripsGeometry *s) {
    if (graph->optimize == OPTIMIZE_MEMORY) return 1;
    int64_t shares = result_bytes / share_bytes;
    int overlap = s->next_reach - s->next_stride;
    if (overlap > 0 && shares > 1 + s->height / (8 * overlap)) shares = 1 + s->height / (8 * overlap);
    return shares < 1 ? 1 : shares > MOST_SHARES ? MOST_SHARES : (int)shares;
}

static bool compute_strips(const Graph *graph, const Node *reader, StripsGeometry *s) {
    const Node *producer = strips_producer(reader);
    const Shape *result = &producer->out[0]->shape;
    *s = (StripsGeometry){0};
    if (!read_next(reader, s)) return false;
    int64_t row_bytes, image_bytes;
    s->channels = result->dim[1] < WINDOW_CHANNELS ? (int)result->dim[1] : WINDOW_CHANNELS;
    if (!checked_mul(s->channels * (int64_t)sizeof(float), result->dim[3], &row_bytes) || row_bytes == 0 ||
        !checked_mul(row_bytes, s->height, &image_bytes))
        return false;
    int rows = choose_rows(graph, row_bytes, s);
    if (!conv_window_geometry(graph, producer, rows, &s->conv)) return false;
    const int64_t unit = BLOCK * (int64_t)sizeof(float), scratch = (s->conv.scratch_bytes + unit - 1) / unit * unit;
    s->share_floats = (row_bytes * rows + scratch) / (int64_t)sizeof(float);
    s->shares = choose_shares(graph, row_bytes * rows + scratch, image_bytes, s);
    return s->share_floats <= INT_MAX;
}

bool strips_geometry(Graph *graph, const Node *reader, StripsGeometry *strips) {
    return compute_strips(graph, reader, strips) ||
           node_fail(graph, reader, STATUS_UNSUPPORTED, "its window over the convolution before it is too large for the kernels");
}

int64_t strips_scratch_bytes(Graph *graph, const Node *reader) {
    StripsGeometry s;
    return compute_strips(graph, reader, &s) ? s.shares * s.share_floats * (int64_t)sizeof(float) : 0;
}
