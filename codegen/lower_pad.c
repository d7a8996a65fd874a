/* Pad (2, 11, 13, 18, 19, 21). */
#include "codegen/step.h"
#include "ir/pad.h"

#include <inttypes.h>

static const char *pad_value(Emitter *e, const Node *node) {
    const Attr *value = attr_find(node, A_VALUE);
    Dtype type = node->out[0]->type;
    if (value && value->kind == ATTR_INT && !dtype_is_float(type)) return int_literal(e, type, value->i);
    return literal(e, type, attr_float(node, A_VALUE, 0));
}

/* The input's elements to their place in the result, which lies as the input does. */
static void copy_kept(Emitter *e, Node *node) {
    const Value *in = node->in[0];
    bool blocked = in->layout == LAYOUT_BLOCKED;
    View x = value_view(in), y = value_view_as(node->out[0], in->layout);
    int64_t x_offset = 0, y_offset = 0, begin = 0;
    for (int k = 0; k < in->shape.rank; k++) {
        PadAxis axis = pad_axis(node, k);
        if (axis.kept == 0) return;
        if (blocked && k == 1) {
            begin = axis.begin;
            y.dim[1] = x.dim[1];
            continue;
        }
        x_offset += axis.first * x.stride[k];
        y_offset += axis.begin * y.stride[k];
        y.dim[k] = axis.kept;
    }
    Nest nests[BLOCK];
    int count = nests_of_channels(in->layout, &y, y_offset, &x, x_offset, begin, nests);
    declare_input(e, "x", in);
    for (int k = 0; k < count; k++) nest_copy(e, &nests[k], "y", "x");
}

static void lower_constant_pad(Emitter *e, Node *node) {
    const Value *out = node->out[0];
    declare_output(e, "y", out);
    emit(e, "for (size_t i = 0; i < %" PRId64 "; i++) y[i] = %s;", shape_count(&out->shape), pad_value(e, node));
    copy_kept(e, node);
}

/* Where each position along a padded axis comes from, times the input's stride; declared as `from<axis>`. */
static void declare_sources(Emitter *e, const Node *node, int axis, int64_t stride) {
    PadAxis pads = pad_axis(node, axis);
    int64_t count = node->out[0]->shape.dim[axis];
    int64_t *table = ARENA_ARRAY(emitter_graph(e)->arena, int64_t, count);
    for (int64_t o = 0; o < count; o++) table[o] = pad_source(pad_mode(node), &pads, o) * stride;
    emit(e, "const int64_t *from%d = %s;", axis, weight_table(e, "pad_sources", I64, table, count));
}

static void lower_table_pad(Emitter *e, Node *node) {
    Arena *arena = emitter_graph(e)->arena;
    const Shape *in = &node->in[0]->shape;
    View x = value_view(node->in[0]), y = value_view(node->out[0]);
    Nest nest = nest_over(&y);
    nest_add(&nest, &y, 0);
    declare_input(e, "x", node->in[0]);
    declare_output(e, "y", node->out[0]);
    const char *index = "";
    for (int k = 0; k < in->rank; k++) {
        bool padded = attr_ints_at(node, A_PADS, k, 0) || attr_ints_at(node, A_PADS, in->rank + k, 0);
        const char *plus = *index ? " + " : "";
        if (padded) declare_sources(e, node, k, x.stride[k]);
        index = padded ? arena_printf(arena, "%s%s(size_t)from%d[%s]", index, plus, k, loop_name(k))
                       : arena_printf(arena, "%s%s%s * %" PRId64, index, plus, loop_name(k), x.stride[k]);
    }
    nest_statement(e, &nest, arena_printf(arena, "y[%s] = x[%s];", nest_index(e, &nest, 0), *index ? index : "0"));
}

bool lower_pad(Emitter *e, Node *node) {
    bool constant = pad_mode(node) == PAD_CONSTANT;
    if (constant && !require_arithmetic(e, node, node->out[0]->type)) return false;
    if (constant)
        lower_constant_pad(e, node);
    else
        lower_table_pad(e, node);
    return true;
}
