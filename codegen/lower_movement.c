/* Operators that move elements without computing: copies between views of the operands. */
#include "codegen/step.h"
#include "codegen/storage.h"

#include <assert.h>
#include <inttypes.h>

/* Copies `in` seen through `x` to `out` seen through `y`, whose dimensions give the loops. */
static void emit_copy(Emitter *e, const View *y, int64_t y_offset, const char *y_name, const View *x, int64_t x_offset,
                      const char *x_name) {
    Nest nest = nest_over(y);
    nest_add(&nest, y, y_offset);
    nest_add(&nest, x, x_offset);
    nest_merge(&nest);
    nest_copy(e, &nest, y_name, x_name);
}

static void declare_both(Emitter *e, const Node *node) {
    declare_input(e, "x", node->in[0]);
    declare_output(e, "y", node->out[0]);
}

/* Where position `first` of the logical axis is in the view: where channels are blocked, a block starts there. */
static int64_t view_offset(Layout layout, const View *view, int axis, int64_t first) {
    const bool blocks = layout == LAYOUT_BLOCKED && axis == 1;
    assert(!blocks || first % BLOCK == 0); /* kernels/layout.c takes no others */
    return (blocks ? first / BLOCK : first) * view->stride[axis];
}

bool lower_reshape(Emitter *e, Node *node) {
    copy_whole(e, node);
    return true;
}

bool lower_transpose(Emitter *e, Node *node) {
    View own = value_view(node->in[0]), y = value_view(node->out[0]), x = y;
    for (int k = 0; k < y.rank; k++) x.stride[k] = own.stride[attr_ints_at(node, A_PERM, k, y.rank - 1 - k)];
    declare_both(e, node);
    emit_copy(e, &y, 0, "y", &x, 0, "x");
    return true;
}

bool lower_concat(Emitter *e, Node *node) {
    const Layout layout = node->out[0]->layout;
    View y = value_view(node->out[0]);
    int64_t axis = attr_int(node, A_AXIS, 0), first = 0;
    if (axis < 0) axis += node->out[0]->shape.rank;
    bool declared = false;
    for (int k = 0; k < node->in_count; k++) {
        const Value *in = node->in[k];
        const int64_t offset = view_offset(layout, &y, (int)axis, first);
        first += in->shape.dim[axis];
        if (value_is_empty(in) || lies_within(emitter_plan(e), in, node->out[0], concat_offset_bytes(node, k))) continue;
        if (!declared) declare_output(e, "y", node->out[0]);
        declared = true;
        View x = value_view_as(in, layout), part = y;
        for (int d = 0; d < y.rank; d++) part.dim[d] = x.dim[d];
        const char *name = arena_printf(emitter_graph(e)->arena, "x%d", k);
        declare_input(e, name, in);
        emit_copy(e, &part, offset, "y", &x, 0, name);
    }
    return true;
}

bool lower_slice(Emitter *e, Node *node) {
    const Value *in = node->in[0];
    View y = value_view_as(node->out[0], in->layout), x = value_view(in);
    int64_t offset = 0;
    if (lies_within(emitter_plan(e), node->out[0], in, view_offset_bytes(node))) return true;
    for (int k = 0; k < in->shape.rank; k++) {
        int64_t step = attr_ints_at(node, A_STEPS, k, 1);
        offset += view_offset(in->layout, &x, k, attr_ints_at(node, A_STARTS, k, 0));
        x.stride[k] *= node->out[0]->shape.dim[k] > 1 ? step : 1;
    }
    declare_both(e, node);
    emit_copy(e, &y, 0, "y", &x, offset, "x");
    return true;
}

/* Constant indices, counted from the start. NULL with a diagnostic where one is outside. */
static const char *constant_indices(Emitter *e, const Node *node, int64_t length) {
    const Value *indices = node->in[1];
    int64_t count = shape_count(&indices->shape);
    int64_t *table = ARENA_ARRAY(emitter_graph(e)->arena, int64_t, count);
    for (int64_t i = 0; i < count; i++) {
        int64_t index = constant_int_at(indices, i);
        table[i] = index < 0 ? index + length : index;
        if (table[i] >= 0 && table[i] < length) continue;
        node_fail(emitter_graph(e), node, STATUS_INVALID, "index %" PRId64 " is outside the %" PRId64 " elements of its axis",
                  index, length);
        return NULL;
    }
    return weight_table(e, indices->name, I64, table, count);
}

bool lower_gather(Emitter *e, Node *node) {
    const Shape *x = &node->in[0]->shape;
    int64_t axis = attr_int(node, A_AXIS, 0), count = shape_count(&node->in[1]->shape);
    if (axis < 0) axis += x->rank;
    int64_t outer = shape_product(x, 0, (int)axis), length = x->dim[axis], inner = shape_product(x, (int)axis + 1, x->rank);
    bool constant = node->in[1]->data != NULL;
    if (length == 0) return node_fail(emitter_graph(e), node, STATUS_INVALID, "it takes elements from an empty axis");
    const char *indices = constant ? constant_indices(e, node, length) : input_pointer(e, node->in[1]);
    if (!indices) return false;
    emit(e, "const %s *indices = %s;", constant ? "int64_t" : dtype_c_name(node->in[1]->type), indices);
    declare_both(e, node);
    emit(e, "for (size_t i = 0; i < %" PRId64 "; i++) {", outer);
    emit(e, "for (size_t j = 0; j < %" PRId64 "; j++) {", count);
    if (!constant) use_kernel(e, "gather_index");
    emit(e, constant ? "const size_t index = (size_t)indices[j];" : "const size_t index = gather_index(indices[j], %" PRId64 ");",
         length);
    emit(e,
         "memcpy(y + (i * %" PRId64 " + j) * %" PRId64 ", x + (i * %" PRId64 " + index) * %" PRId64 ", %" PRId64 " * sizeof *y);",
         count, inner, length, inner, inner);
    nest_close(e, 2);
    return true;
}

bool lower_expand(Emitter *e, Node *node) {
    View y = value_view(node->out[0]), x = broadcast_view(node->in[0], node->out[0]);
    declare_both(e, node);
    emit_copy(e, &y, 0, "y", &x, 0, "x");
    return true;
}

bool lower_reorder(Emitter *e, Node *node) {
    const Value *in = node->in[0];
    bool to_blocked = node->out[0]->layout == LAYOUT_BLOCKED;
    if (same_memory(e, in, node->out[0]) || in->layout == node->out[0]->layout || shape_product(&in->shape, 2, 4) == 1) {
        copy_whole(e, node);
        return true;
    }
    if (!require_f32(e, node, in->type)) return false;
    const char *kernel = to_blocked ? "to_blocked" : "to_planar";
    use_kernel(e, kernel);
    emit(e, "%s(%s, %s, %" PRId64 ", %" PRId64 ");", kernel, input_pointer(e, in), output_pointer(e, node->out[0]),
         in->shape.dim[0] * in->shape.dim[1] / BLOCK, shape_product(&in->shape, 2, 4));
    return true;
}

bool lower_none(Emitter *e, Node *node) {
    return node_fail(emitter_graph(e), node, STATUS_UNSUPPORTED, "it cannot be compiled: a pass should have rewritten it");
}
