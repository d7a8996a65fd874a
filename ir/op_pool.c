/* MaxPool (1, 8, 10, 11, 12, 22) and AveragePool (1, 7, 10, 11, 19, 22). */
#include "ir/op_functions.h"
#include "ir/op_support.h"
#include "ir/window.h"

#include <math.h>

bool infer_pool(Graph *graph, Node *node) {
    const Value *x = node->in[0];
    Window window;
    if (!attr_find(node, A_KERNEL_SHAPE)) return node_fail(graph, node, STATUS_INVALID, "kernel_shape is missing");
    bool bytes = node->op == OP_MaxPool && (x->type == I8 || x->type == U8);
    if (!bytes && !infer_types(graph, node, true)) return false;
    if (!window_read(node, &x->shape, NULL, &window, graph->diag)) return false;
    Shape out = {.rank = x->shape.rank, .dim = {x->shape.dim[0], x->shape.dim[1]}};
    for (int i = 0; i < window.axes; i++) out.dim[2 + i] = window.out[3 - window.axes + i];
    if (!infer_output(graph, node, 0, x->type, out)) return false;
    return node->out_count < 2 || infer_output(graph, node, 1, I64, out);
}

/* The taps along one axis that read inside the input, and those inside input and padding (count_include_pad). */
typedef struct {
    int64_t start; /* input index of tap 0 */
    int64_t from, to;
    int64_t padded; /* taps inside input and explicit padding; a window that ceil_mode lets stick out does not count the rest */
} Taps;

/* Taps t with 0 <= start + t * step < limit, as [from, to). */
static void tap_range(int64_t start, int64_t step, int64_t limit, int64_t kernel, int64_t *from, int64_t *to) {
    *from = start < 0 ? (-start + step - 1) / step : 0;
    *to = start >= limit ? 0 : (limit - 1 - start) / step + 1;
    if (*to > kernel) *to = kernel;
    if (*from > *to) *from = *to;
}

static Taps taps_at(const Window *w, int axis, int64_t position) {
    Taps taps = {.start = position * w->stride[axis] - w->begin[axis]};
    tap_range(taps.start, w->dilation[axis], w->in[axis], w->kernel[axis], &taps.from, &taps.to);
    int64_t from, to;
    tap_range(taps.start + w->begin[axis], w->dilation[axis], w->begin[axis] + w->in[axis] + w->end[axis], w->kernel[axis], &from,
              &to);
    taps.padded = to - from;
    return taps;
}

/* Where the taps of one window lie in the plane. */
typedef struct {
    const Window *w;
    Taps taps[3];
} Place;

static Place place_at(const Window *w, int64_t position) {
    Place place = {.w = w};
    for (int i = 2; i >= 0; i--) {
        place.taps[i] = taps_at(w, i, position % w->out[i]);
        position /= w->out[i];
    }
    return place;
}

#define EACH_TAP(place, at)                                                                                                      \
    for (int64_t kz = (place).taps[0].from; kz < (place).taps[0].to; kz++)                                                       \
        for (int64_t ky = (place).taps[1].from; ky < (place).taps[1].to; ky++)                                                   \
            for (int64_t kx = (place).taps[2].from, at = plane_index(&(place), kz, ky, kx); kx < (place).taps[2].to;             \
                 kx++, at += (place).w->dilation[2])

static int64_t plane_index(const Place *place, int64_t kz, int64_t ky, int64_t kx) {
    const Window *w = place->w;
    int64_t z = place->taps[0].start + kz * w->dilation[0], y = place->taps[1].start + ky * w->dilation[1],
            x = place->taps[2].start + kx * w->dilation[2];
    return (z * w->in[1] + y) * w->in[2] + x;
}

/* Indices count over the whole tensor; storage_order 1 makes the first spatial axis the fastest. */
static int64_t flat_index(const Window *w, int64_t plane, int64_t at, bool column_major) {
    int64_t base = plane * window_in_plane(w);
    if (!column_major || at < 0) return base + at;
    int64_t x = at % w->in[2], y = at / w->in[2] % w->in[1], z = at / (w->in[2] * w->in[1]);
    /* Lifted axes have extent 1: they drop out. */
    return base + (x * w->in[1] + y) * w->in[0] + z;
}

static int64_t largest_float(const double *x, const Place *place, double *most) {
    int64_t best = -1;
    *most = -INFINITY;
    EACH_TAP(*place, at) {
        if (best >= 0 && !(x[at] > *most) && !(isnan(x[at]) && !isnan(*most))) continue;
        *most = x[at];
        best = at;
    }
    return best;
}

static int64_t largest_integer(const int64_t *x, const Place *place, int64_t *most) {
    int64_t best = -1;
    EACH_TAP(*place, at) {
        if (best >= 0 && x[at] <= *most) continue;
        *most = x[at];
        best = at;
    }
    return best;
}

bool eval_maxpool(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    (void)scratch;
    const Tensor *x = in[0];
    Window w;
    if (!window_read(node, &x->shape, NULL, &w, diag)) return false;
    bool column_major = attr_int(node, A_STORAGE_ORDER, 0) != 0;
    int64_t in_plane = window_in_plane(&w), positions = window_out_plane(&w);
    int64_t planes = x->shape.dim[0] * x->shape.dim[1];
    for (int64_t position = 0; position < positions; position++) {
        Place place = place_at(&w, position);
        for (int64_t plane = 0; plane < planes; plane++) {
            int64_t to = plane * positions + position, best;
            if (x->f) {
                best = largest_float(x->f + plane * in_plane, &place, &out[0]->f[to]);
            } else {
                out[0]->i[to] = integer_lowest(x->type);
                best = largest_integer(x->i + plane * in_plane, &place, &out[0]->i[to]);
            }
            if (node->out_count > 1) out[1]->i[to] = flat_index(&w, plane, best, column_major);
        }
    }
    return true;
}

bool eval_averagepool(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    (void)scratch;
    const Tensor *x = in[0];
    Window w;
    if (!window_read(node, &x->shape, NULL, &w, diag)) return false;
    bool with_padding = attr_int(node, A_COUNT_INCLUDE_PAD, 0) != 0;
    int64_t in_plane = window_in_plane(&w), positions = window_out_plane(&w);
    int64_t planes = x->shape.dim[0] * x->shape.dim[1];
    for (int64_t position = 0; position < positions; position++) {
        Place place = place_at(&w, position);
        int64_t count = 1;
        for (int i = 0; i < 3; i++) count *= with_padding ? place.taps[i].padded : place.taps[i].to - place.taps[i].from;
        for (int64_t plane = 0; plane < planes; plane++) {
            const double *from = x->f + plane * in_plane;
            double sum = 0;
            EACH_TAP(place, at) {
                sum = held(out[0], sum + from[at]);
            }
            out[0]->f[plane * positions + position] = sum / (double)count;
        }
    }
    return true;
}
