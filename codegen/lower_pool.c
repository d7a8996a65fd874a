/* MaxPool and AveragePool: the window as a constant, and a call of the kernel for the layout. */
#include "codegen/lower_pool.h"

#include "codegen/conv_strips.h"
#include "codegen/emitter.h"
#include "codegen/step.h"

#include <inttypes.h>

/* As struct pool in runtime/pool.h: three axes, those that are not there come first and have one element. */
typedef struct {
    int64_t planes, in[3], out[3], kernel[3], stride[3], dilation[3], begin[3], end[3];
} PoolWindow;

static bool is_blocked(const Value *value) {
    return value->layout == LAYOUT_BLOCKED;
}

static PoolWindow plane_window(const Node *node) {
    const Shape *x = &node->in[0]->shape;
    PoolWindow w = {.planes = x->dim[0] * x->dim[1] / (is_blocked(node->in[0]) ? BLOCK : 1)};
    for (int k = 0; k < 3; k++) w.in[k] = w.out[k] = w.kernel[k] = w.stride[k] = w.dilation[k] = 1;
    for (int k = 2; k < x->rank; k++) w.in[k + 3 - x->rank] = w.kernel[k + 3 - x->rank] = x->dim[k];
    return w;
}

static PoolWindow read_window(const Node *node) {
    PoolWindow w = plane_window(node);
    int axes = node->in[0]->shape.rank - 2;
    for (int k = 0; k < axes; k++) {
        int to = k + 3 - axes;
        w.out[to] = node->out[0]->shape.dim[k + 2];
        w.kernel[to] = attr_ints_at(node, A_KERNEL_SHAPE, k, 1);
        w.stride[to] = attr_ints_at(node, A_STRIDES, k, 1);
        w.dilation[to] = attr_ints_at(node, A_DILATIONS, k, 1);
        w.begin[to] = attr_ints_at(node, A_PADS, k, 0);
        w.end[to] = attr_ints_at(node, A_PADS, axes + k, 0);
    }
    return w;
}

/* The kernels count in int: no coordinate of input, padding or window may come near its end. */
static bool window_fits(Emitter *e, const Node *node, const PoolWindow *w) {
    const int64_t most = INT32_MAX / 16;
    bool fits = w->planes <= most;
    for (int k = 0; k < 3; k++)
        fits = fits && w->in[k] <= most && w->out[k] <= most && w->begin[k] <= most && w->end[k] <= most &&
               w->stride[k] <= most && w->dilation[k] <= most && w->kernel[k] <= most &&
               (w->kernel[k] - 1) * w->dilation[k] <= most && w->out[k] * w->stride[k] <= 4 * most;
    if (fits) return true;
    return node_fail(emitter_graph(e), node, STATUS_UNSUPPORTED, "its window is too large for the pooling kernels");
}

static const char *triple(Emitter *e, const int64_t *v) {
    return arena_printf(emitter_graph(e)->arena, "{%" PRId64 ", %" PRId64 ", %" PRId64 "}", v[0], v[1], v[2]);
}

static void declare_window(Emitter *e, const PoolWindow *w) {
    emit(e, "static const struct pool window = {");
    emit(e, ".planes = %" PRId64 ", .in = %s, .out = %s,", w->planes, triple(e, w->in), triple(e, w->out));
    emit(e, ".kernel = %s, .stride = %s, .dilation = %s,", triple(e, w->kernel), triple(e, w->stride), triple(e, w->dilation));
    emit(e, ".begin = %s, .end = %s,", triple(e, w->begin), triple(e, w->end));
    emit(e, "};");
}

bool declare_image_window(Emitter *e, const Node *pool) {
    PoolWindow w = read_window(pool);
    if (!window_fits(e, pool, &w)) return false;
    w.planes /= pool->in[0]->shape.dim[0];
    declare_window(e, &w);
    return true;
}

/* `name` and `kind` as runtime/pool.h has it. */
static void emit_pool(Emitter *e, const Node *node, const PoolWindow *w, const char *name, const char *kind) {
    Arena *arena = e->graph->arena;
    bool blocked = is_blocked(node->in[0]);
    const char *kernel = arena_printf(arena, "%s_%s", name, blocked ? "blocked" : "planar");
    specialise_kernel(e, "pool_planes", kernel, "const struct pool *p, const float *in, float *out", "p, in, out",
                      arena_printf(arena, "%d, %s", blocked ? BLOCK : 1, kind));
    step_by_team(e);
    declare_window(e, w);
    emit(e, "%s(&window, %s, %s);", kernel, input_pointer(e, node->in[0]), output_pointer(e, node->out[0]));
}

static void emit_average(Emitter *e, const Node *node, const PoolWindow *w, bool count_padding) {
    if (count_padding)
        emit_pool(e, node, w, "average_pool_padded", "POOL_AVERAGE_PADDED");
    else
        emit_pool(e, node, w, "average_pool", "POOL_AVERAGE");
}

static const char *lowest_number(Emitter *e, Dtype type) {
    if (dtype_is_float(type)) {
        use_kernel(e, "libm");
        return "-INFINITY";
    }
    return type == I8 ? "INT8_MIN" : "0";
}

/* Element types other than f32 are rare: their loops are written out. */
static void emit_typed_max(Emitter *e, const Node *node, const PoolWindow *w) {
    const char *type = dtype_c_name(node->in[0]->type);
    use_kernel(e, "window_taps");
    declare_input(e, "x", node->in[0]);
    declare_output(e, "y", node->out[0]);
    emit(e, "for (int plane = 0; plane < %" PRId64 "; plane++, x += %" PRId64 ") {", w->planes, w->in[0] * w->in[1] * w->in[2]);
    for (int k = 0; k < 3; k++) {
        emit(e, "for (int i%d = 0; i%d < %" PRId64 "; i%d++) {", k, k, w->out[k], k);
        emit(e,
             "const struct window_taps t%d = window_taps(i%d * %" PRId64 " - %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64
             ");",
             k, k, w->stride[k], w->begin[k], w->dilation[k], w->kernel[k], w->in[k]);
    }
    emit(e, "%s most = %s;", type, lowest_number(e, node->in[0]->type));
    for (int k = 0; k < 3; k++) emit(e, "for (int k%d = 0; k%d < t%d.count; k%d++) {", k, k, k, k);
    emit(e,
         "const int at = ((t0.at + k0 * %" PRId64 ") * %" PRId64 " + t1.at + k1 * %" PRId64 ") * %" PRId64
         " + t2.at + k2 * %" PRId64 ";",
         w->dilation[0], w->in[1], w->dilation[1], w->in[2], w->dilation[2]);
    emit(e, "if (x[at] > most) most = x[at];");
    nest_close(e, 3);
    emit(e, "*y++ = most;");
    nest_close(e, 4);
}

static bool lower_max_pool(Emitter *e, Node *node, const PoolWindow *w) {
    bool indices = node->out_count > 1 && node->out[1] && (node->out[1]->user_count || node->out[1]->output_count);
    if (node->in[0]->type != F32 && !indices) {
        emit_typed_max(e, node, w);
        return true;
    }
    if (!require_f32(e, node, node->in[0]->type)) return false;
    if (!indices) {
        emit_pool(e, node, w, "max_pool", "POOL_MAX");
        return true;
    }
    use_kernel(e, "max_pool_indices");
    declare_window(e, w);
    emit(e, "max_pool_indices(&window, %s, %s, %s, %d);", input_pointer(e, node->in[0]), output_pointer(e, node->out[0]),
         output_pointer(e, node->out[1]), attr_int(node, A_STORAGE_ORDER, 0) != 0);
    return true;
}

bool lower_pool(Emitter *e, Node *node) {
    if (strips_producer(node)) return lower_conv_strips(e, node);
    PoolWindow w = read_window(node);
    if (!require_arithmetic(e, node, node->in[0]->type) || !window_fits(e, node, &w)) return false;
    if (is_blocked(node->in[0]) && (node->in[0]->type != F32 || node->out_count > 1)) return require_planar(e, node);
    if (node->op == OP_MaxPool) return lower_max_pool(e, node, &w);
    if (!require_f32(e, node, node->in[0]->type)) return false;
    emit_average(e, node, &w, attr_int(node, A_COUNT_INCLUDE_PAD, 0) != 0);
    return true;
}

bool lower_plane_mean(Emitter *e, Node *node) {
    PoolWindow w = plane_window(node);
    if (!window_fits(e, node, &w)) return false;
    emit_average(e, node, &w, false);
    return true;
}
