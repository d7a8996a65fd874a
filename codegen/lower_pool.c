/* MaxPool and AveragePool: the window as a constant, and a call of the kernel for the layout. */
#include "codegen/lower_pool.h"

#include "codegen/conv_strips.h"
#include "codegen/emitter.h"
#include "codegen/step.h"
#include "ir/window.h"

#include <inttypes.h>

/* As struct pool in runtime/pool.h has them. */
typedef struct {
    int64_t planes;
    Window over;
} PoolWindow;

static bool is_blocked(const Value *value) {
    return value->layout == LAYOUT_BLOCKED;
}

static int64_t planes_of(const Value *value) {
    return value->shape.dim[0] * value->shape.dim[1] / (is_blocked(value) ? BLOCK : 1);
}

/* One window over the whole plane. */
static PoolWindow plane_window(const Node *node) {
    const Shape *x = &node->in[0]->shape;
    PoolWindow w = {.planes = planes_of(node->in[0]), .over = {.axes = x->rank - 2}};
    for (int k = 0; k < 3; k++) {
        w.over.in[k] = w.over.kernel[k] = k + x->rank < 5 ? 1 : x->dim[k + x->rank - 3];
        w.over.out[k] = w.over.stride[k] = w.over.dilation[k] = 1;
    }
    return w;
}

static PoolWindow read_window(const Node *node) {
    return (PoolWindow){planes_of(node->in[0]), window_of(node)};
}

static bool window_is_countable(Emitter *e, const Node *node, const PoolWindow *w) {
    if (w->planes > INT32_MAX / BLOCK)
        return node_fail(emitter_graph(e), node, STATUS_UNSUPPORTED,
                         "it has %" PRId64 " planes, more than the pooling kernels can count", w->planes);
    return window_fits(&w->over, BLOCK / 2) || window_refuse(emitter_graph(e), node, &w->over, BLOCK / 2);
}

static const char *triple(Emitter *e, const int64_t *v) {
    return arena_printf(emitter_graph(e)->arena, "{%" PRId64 ", %" PRId64 ", %" PRId64 "}", v[0], v[1], v[2]);
}

static void declare_window(Emitter *e, const PoolWindow *w) {
    emit(e, "static const struct pool window = {");
    emit(e, ".planes = %" PRId64 ", .in = %s, .out = %s,", w->planes, triple(e, w->over.in), triple(e, w->over.out));
    emit(e, ".kernel = %s, .stride = %s, .dilation = %s,", triple(e, w->over.kernel), triple(e, w->over.stride),
         triple(e, w->over.dilation));
    emit(e, ".begin = %s, .end = %s,", triple(e, w->over.begin), triple(e, w->over.end));
    emit(e, "};");
}

bool declare_image_window(Emitter *e, const Node *pool) {
    PoolWindow w = read_window(pool);
    if (!window_is_countable(e, pool, &w)) return false;
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
    emit(e, "for (int plane = 0; plane < %" PRId64 "; plane++, x += %" PRId64 ") {", w->planes,
         w->over.in[0] * w->over.in[1] * w->over.in[2]);
    for (int k = 0; k < 3; k++) {
        emit(e, "for (int i%d = 0; i%d < %" PRId64 "; i%d++) {", k, k, w->over.out[k], k);
        emit(e,
             "const struct window_taps t%d = window_taps(i%d * %" PRId64 " - %" PRId64 ", %" PRId64 ", %" PRId64 ", %" PRId64
             ");",
             k, k, w->over.stride[k], w->over.begin[k], w->over.dilation[k], w->over.kernel[k], w->over.in[k]);
    }
    emit(e, "%s most = %s;", type, lowest_number(e, node->in[0]->type));
    for (int k = 0; k < 3; k++) emit(e, "for (int k%d = 0; k%d < t%d.count; k%d++) {", k, k, k, k);
    emit(e,
         "const size_t at = ((size_t)(t0.at + k0 * %" PRId64 ") * %" PRId64 " + (size_t)(t1.at + k1 * %" PRId64 ")) * %" PRId64
         " + (size_t)(t2.at + k2 * %" PRId64 ");",
         w->over.dilation[0], w->over.in[1], w->over.dilation[1], w->over.in[2], w->over.dilation[2]);
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
    if (!require_arithmetic(e, node, node->in[0]->type) || !window_is_countable(e, node, &w)) return false;
    if (node->op == OP_MaxPool) return lower_max_pool(e, node, &w);
    if (!require_f32(e, node, node->in[0]->type)) return false;
    emit_average(e, node, &w, attr_int(node, A_COUNT_INCLUDE_PAD, 0) != 0);
    return true;
}

bool lower_plane_mean(Emitter *e, Node *node) {
    PoolWindow w = plane_window(node);
    if (!window_is_countable(e, node, &w)) return false;
    emit_average(e, node, &w, false);
    return true;
}
