/* Resize: each resized axis reads through a table of indices and weights that ir/resize.h computes. */
#include "codegen/step.h"
#include "ir/resize.h"

#include <inttypes.h>

typedef struct {
    Emitter *e;
    const Node *node;
    View x, y;
    ResizeTaps taps[MAX_RANK];
    int rank;      /* logical axes: the view's first ones */
    bool weighted; /* some weight is not 1 */
} Resizing;

static bool axis_is_weighted(const ResizeTaps *taps) {
    for (int64_t k = 0; k < taps->out * taps->taps; k++)
        if (taps->weight[k] != 1) return true;
    return taps->taps > 1;
}

static bool read_taps(Resizing *r) {
    Graph *graph = emitter_graph(r->e);
    for (int k = 0; k < r->rank; k++) {
        if (!resize_taps(r->node, k, graph->arena, &r->taps[k]))
            return node_fail(graph, r->node, STATUS_UNSUPPORTED, "its table along axis %d would be too large", k);
        if (r->taps[k].identity) continue;
        if (r->node->in[0]->layout == LAYOUT_BLOCKED && k == 1) return require_planar(r->e, r->node);
        r->weighted |= axis_is_weighted(&r->taps[k]);
    }
    return true;
}

/* `at<axis>`: offsets in the input; `weight<axis>`; `outside<axis>`: positions that take the extrapolation value. */
static void declare_tables(const Resizing *r, int axis) {
    Emitter *e = r->e;
    const ResizeTaps *taps = &r->taps[axis];
    Arena *arena = emitter_graph(e)->arena;
    int64_t count = taps->out * taps->taps;
    int64_t *offset = ARENA_ARRAY(arena, int64_t, count);
    float *weight = ARENA_ARRAY(arena, float, count);
    for (int64_t k = 0; k < count; k++) {
        offset[k] = taps->index[k] * r->x.stride[axis];
        weight[k] = (float)taps->weight[k];
    }
    emit(e, "const int64_t *at%d = %s;", axis, weight_table(e, "resize_offsets", I64, offset, count));
    if (r->weighted) emit(e, "const float *weight%d = %s;", axis, weight_table(e, "resize_weights", F32, weight, count));
    if (taps->outside)
        emit(e, "const unsigned char *outside%d = %s;", axis, weight_table(e, "resize_outside", BOOL, taps->outside, taps->out));
}

static const char *append(Emitter *e, const char *sum, const char *term) {
    return *sum ? arena_printf(emitter_graph(e)->arena, "%s + %s", sum, term) : term;
}

/* Position in the tables of the tap that the innermost loops have reached. */
static const char *tap_text(const Resizing *r, int axis) {
    int taps = r->taps[axis].taps;
    Arena *arena = emitter_graph(r->e)->arena;
    return taps == 1 ? loop_name(axis) : arena_printf(arena, "%s * %d + t%d", loop_name(axis), taps, axis);
}

static const char *source_index(const Resizing *r) {
    Arena *arena = emitter_graph(r->e)->arena;
    const char *index = "";
    for (int k = 0; k < r->x.rank; k++) {
        if (k < r->rank && !r->taps[k].identity)
            index = append(r->e, index, arena_printf(arena, "(size_t)at%d[%s]", k, tap_text(r, k)));
        else if (r->x.dim[k] > 1)
            index = append(r->e, index, arena_printf(arena, "%s * %" PRId64, loop_name(k), r->x.stride[k]));
    }
    return *index ? index : "0";
}

/* The weighted sum, one loop for each resized axis, the last axis innermost. Sums start at 0 and run along the taps. */
static void emit_sum(const Resizing *r, int axis, const char *into) {
    Emitter *e = r->e;
    Arena *arena = emitter_graph(e)->arena;
    while (axis < r->rank && r->taps[axis].identity) axis++;
    int next = axis + 1;
    while (next < r->rank && r->taps[next].identity) next++;
    const char *term = next < r->rank ? arena_printf(arena, "sum%d", next) : arena_printf(arena, "x[%s]", source_index(r));
    emit(e, "float %s = 0.0f;", into);
    if (r->taps[axis].taps > 1) emit(e, "for (size_t t%d = 0; t%d < %d; t%d++) {", axis, axis, r->taps[axis].taps, axis);
    if (next < r->rank) emit_sum(r, next, term);
    emit(e, "%s = fma_f32(weight%d[%s], %s, %s);", into, axis, tap_text(r, axis), term, into);
    if (r->taps[axis].taps > 1) emit(e, "}");
}

static const char *outside_condition(const Resizing *r) {
    const char *condition = "";
    Arena *arena = emitter_graph(r->e)->arena;
    for (int k = 0; k < r->rank; k++)
        if (r->taps[k].outside)
            condition = arena_printf(arena, "%s%soutside%d[%s]", condition, *condition ? " || " : "", k, loop_name(k));
    return condition;
}

static void emit_elements(const Resizing *r) {
    Emitter *e = r->e;
    Nest nest = nest_over(&r->y);
    nest_add(&nest, &r->y, 0);
    const char *outside = outside_condition(r), *target = nest_index(e, &nest, 0);
    nest_open(e, &nest, 0, nest.rank);
    if (*outside) {
        emit(e, "if (%s) {", outside);
        emit(e, "y[%s] = %s;", target, literal(e, r->node->out[0]->type, attr_float(r->node, A_EXTRAPOLATION_VALUE, 0)));
        emit(e, "continue;");
        emit(e, "}");
    }
    if (r->weighted) {
        use_kernel(e, "fma");
        int first = 0;
        while (r->taps[first].identity) first++;
        emit_sum(r, first, arena_printf(emitter_graph(e)->arena, "sum%d", first));
        emit(e, "y[%s] = sum%d;", target, first);
    } else {
        emit(e, "y[%s] = x[%s];", target, source_index(r));
    }
    nest_close(e, nest.rank);
}

bool lower_resize(Emitter *e, Node *node) {
    Resizing *r = ARENA_NEW(emitter_graph(e)->arena, Resizing);
    Value out = *node->out[0];
    /* A result of one pixel is marked planar and has the same bytes blocked. */
    if (node->in[0]->layout == LAYOUT_BLOCKED && shape_product(&out.shape, 2, 4) == 1) out.layout = LAYOUT_BLOCKED;
    if (node->in[0]->layout != out.layout) return require_planar(e, node);
    *r = (Resizing){.e = e, .node = node, .x = value_view(node->in[0]), .y = value_view(&out), .rank = node->in[0]->shape.rank};
    if (!require_arithmetic(e, node, node->in[0]->type) || !read_taps(r)) return false;
    if (r->weighted && !require_f32(e, node, node->in[0]->type)) return false;
    declare_input(e, "x", node->in[0]);
    declare_output(e, "y", node->out[0]);
    for (int k = 0; k < r->rank; k++)
        if (!r->taps[k].identity) declare_tables(r, k);
    emit_elements(r);
    return true;
}
