/* Resize: each resized axis reads through a table of indices and weights that ir/resize.h computes. Rows and columns of an image
 * have kernels; anything else is written out as loops. */
#include "codegen/lower_resize.h"

#include "codegen/kernel_copies.h"
#include "codegen/step.h"
#include "ir/resize.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

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

/* f32, at most four axes of which the last two are resized, sizes within the kernels' int. */
static bool resizes_planes(const Node *node) {
    const Shape *x = &node->in[0]->shape, *y = &node->out[0]->shape;
    if (node->in[0]->type != F32 || x->rank != 4 || x->dim[0] != y->dim[0] || x->dim[1] != y->dim[1]) return false;
    int64_t most = INT_MAX / (16 * BLOCK);
    return x->dim[2] <= most && x->dim[3] <= most && y->dim[2] <= most && y->dim[3] <= most &&
           x->dim[0] * x->dim[1] <= INT_MAX / (y->dim[2] > 0 ? y->dim[2] : 1);
}

static bool is_nearest(const Node *node) {
    return strcmp(attr_string(node, A_MODE, "nearest"), "nearest") == 0;
}

int64_t resize_scratch_bytes(const Node *node) {
    if (!resizes_planes(node) || is_nearest(node) || node->in[0]->layout == LAYOUT_BLOCKED) return 0;
    return node->in[0]->shape.dim[2] * node->out[0]->shape.dim[3] * (int64_t)sizeof(float);
}

static bool has_kernel(const Resizing *r) {
    if (!resizes_planes(r->node) || !r->taps[0].identity || !r->taps[1].identity) return false;
    if (r->taps[2].outside || r->taps[3].outside || r->weighted == is_nearest(r->node)) return false;
    return r->taps[2].taps <= INT16_MAX && r->taps[3].taps <= INT16_MAX;
}

static const char *index_table(Emitter *e, const ResizeTaps *taps) {
    return weight_table(e, "resize_indices", I32, taps->index, taps->out * taps->taps);
}

static const char *weights_table(const Resizing *r, const ResizeTaps *taps) {
    if (!r->weighted) return "NULL";
    int64_t count = taps->out * taps->taps;
    float *weight = ARENA_ARRAY(emitter_graph(r->e)->arena, float, count);
    for (int64_t k = 0; k < count; k++) weight[k] = (float)taps->weight[k];
    return weight_table(r->e, "resize_weights", F32, weight, count);
}

static void emit_kernel(const Resizing *r) {
    Emitter *e = r->e;
    const Shape *x = &r->node->in[0]->shape, *y = &r->node->out[0]->shape;
    bool blocked = r->node->in[0]->layout == LAYOUT_BLOCKED, scratch = !blocked && r->weighted;
    step_by_team(e);
    copy_vector_kernel(e, blocked ? "resize_blocked" : "resize_planar");
    const char *function =
        blocked ? vector_function(e, "resize_blocked",
                                  "const struct resize *r, const struct resize_tables *t, const float *in, float *out",
                                  "r, t, in, out", "    resize_blocked(r, t, in, out);\n")
                : vector_function(
                      e, "resize_planar",
                      "const struct resize *r, const struct resize_tables *t, const float *in, float *out, float *scratch",
                      "r, t, in, out, scratch", "    resize_planar(r, t, in, out, scratch);\n");
    emit(e, "static const struct resize size = {");
    emit(e,
         ".planes = %" PRId64 ", .in_height = %" PRId64 ", .in_width = %" PRId64 ", .out_height = %" PRId64
         ", .out_width = %" PRId64 ",",
         x->dim[0] * x->dim[1] / (blocked ? BLOCK : 1), x->dim[2], x->dim[3], y->dim[2], y->dim[3]);
    emit(e, ".row_taps = %d, .column_taps = %d,", r->taps[2].taps, r->taps[3].taps);
    emit(e, "};");
    emit(e, "struct resize_tables tables;");
    emit(e, "tables.row = %s;", index_table(e, &r->taps[2]));
    emit(e, "tables.column = %s;", index_table(e, &r->taps[3]));
    emit(e, "tables.row_weight = %s;", weights_table(r, &r->taps[2]));
    emit(e, "tables.column_weight = %s;", weights_table(r, &r->taps[3]));
    const char *end = blocked   ? ""
                      : scratch ? arena_printf(emitter_graph(e)->arena, ", (float *)%s", scratch_pointer(e, r->node))
                                : ", NULL";
    emit(e, "%s(&size, &tables, %s, %s%s);", function, input_pointer(e, r->node->in[0]), output_pointer(e, r->node->out[0]), end);
}

bool lower_resize(Emitter *e, Node *node) {
    Resizing *r = ARENA_NEW(emitter_graph(e)->arena, Resizing);
    const Value *in = node->in[0];
    *r = (Resizing){
        .e = e, .node = node, .x = value_view(in), .y = value_view_as(node->out[0], in->layout), .rank = in->shape.rank};
    if (!require_arithmetic(e, node, node->in[0]->type) || !read_taps(r)) return false;
    if (r->weighted && !require_f32(e, node, node->in[0]->type)) return false;
    if (has_kernel(r)) {
        emit_kernel(r);
        return true;
    }
    declare_input(e, "x", node->in[0]);
    declare_output(e, "y", node->out[0]);
    for (int k = 0; k < r->rank; k++)
        if (!r->taps[k].identity) declare_tables(r, k);
    emit_elements(r);
    return true;
}
