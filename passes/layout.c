#include "passes/layout.h"
#include "ir/pad.h"
#include "passes/rewrite.h"

bool has_two_layouts(const Value *value) {
    const Shape *shape = &value->shape;
    if (is_constant(value) || value->type != F32 || shape->rank != 4) return false;
    return shape->dim[1] > 0 && shape->dim[1] % BLOCK == 0 && shape_product(shape, 2, 4) > 1;
}

static LayoutRule conv_rule(const Node *node) {
    const Value *x = node->in[0], *weight = node->in[1], *bias = input_at(node, 2);
    if (x->type != F32 || x->shape.rank != 4 || !is_constant(weight) || (bias && !is_constant(bias))) return RULE_PLANAR;
    int64_t groups = attr_int(node, A_GROUP, 1), inputs = weight->shape.dim[1], outputs = weight->shape.dim[0] / groups;
    if (groups == 1 || (inputs % BLOCK == 0 && outputs % BLOCK == 0)) return RULE_DENSE;
    bool inside_blocks = inputs == outputs && inputs > 0 && BLOCK % inputs == 0 && weight->shape.dim[0] % BLOCK == 0;
    return inside_blocks ? RULE_LANES : RULE_PLANAR;
}

static LayoutRule pool_rule(const Node *node) {
    return node->out_count == 1 && node->in[0]->shape.rank == 4 ? RULE_FOLLOW : RULE_PLANAR;
}

static LayoutRule resize_rule(const Node *node) {
    const Shape *in = &node->in[0]->shape, *out = &node->out[0]->shape;
    return in->rank == 4 && in->dim[0] == out->dim[0] && in->dim[1] == out->dim[1] ? RULE_FOLLOW : RULE_PLANAR;
}

/* Whole images, whose channels start and end between blocks. */
static LayoutRule slice_rule(const Node *node) {
    const Shape *in = &node->in[0]->shape, *out = &node->out[0]->shape;
    if (in->rank != 4 || out->dim[1] % BLOCK) return RULE_PLANAR;
    bool blocks = attr_ints_at(node, A_STEPS, 1, 1) == 1 && attr_ints_at(node, A_STARTS, 1, 0) % BLOCK == 0;
    return blocks ? RULE_FOLLOW : RULE_PLANAR;
}

/* Zeros or another constant around or between channels that all stay (option A shortcuts of CIFAR ResNets). */
static LayoutRule pad_rule(const Node *node) {
    int rank = node->in[0]->shape.rank;
    bool constant = pad_mode(node) == PAD_CONSTANT;
    bool keeps = attr_ints_at(node, A_PADS, 1, 0) >= 0 && attr_ints_at(node, A_PADS, rank + 1, 0) >= 0;
    return rank == 4 && constant && keeps ? RULE_FOLLOW : RULE_PLANAR;
}

/* One number a channel, or one alone: the same bytes in both layouts. */
static bool is_per_channel(const Value *value, const Shape *result) {
    const Shape *shape = &value->shape;
    if (shape_count(shape) == 1) return true;
    if (shape->rank < 3 || shape->dim[shape->rank - 1] != 1 || shape->dim[shape->rank - 2] != 1) return false;
    return shape->dim[shape->rank - 3] == result->dim[1];
}

static LayoutRule operands_rule(const Node *node) {
    const Value *result = node->out[0];
    if (!has_two_layouts(result)) return RULE_PLANAR;
    for (int i = 0; i < node->in_count; i++) {
        const Value *in = node->in[i];
        bool full = has_two_layouts(in) && shape_equal(&in->shape, &result->shape);
        if (!full && !(in->type == F32 && is_per_channel(in, &result->shape))) return RULE_PLANAR;
    }
    return RULE_ALIKE;
}

static LayoutRule concat_rule(const Node *node) {
    if (attr_int(node, A_AXIS, 0) != 1 || !has_two_layouts(node->out[0])) return RULE_PLANAR;
    for (int i = 0; i < node->in_count; i++) {
        if (!has_two_layouts(node->in[i])) return RULE_PLANAR;
    }
    return RULE_CHANNELS;
}

static LayoutRule shortcut_rule(const Node *node) {
    return has_two_layouts(node->in[1]) && has_two_layouts(node->out[0]) ? RULE_CHANNELS : RULE_PLANAR;
}

LayoutRule layout_rule(const Node *node) {
    switch (node->op) {
    case OP_Conv: return conv_rule(node);
    case OP_MaxPool:
    case OP_AveragePool: return pool_rule(node);
    case OP_Resize: return resize_rule(node);
    case OP_Concat: return concat_rule(node);
    case OP_AddShortcut: return shortcut_rule(node);
    case OP_Slice: return slice_rule(node);
    case OP_Pad: return pad_rule(node);
    case OP_Reorder: return RULE_REORDER;
    default: break;
    }
    if (is_unary(node)) return node->in[0]->type == F32 && node->out[0]->type == F32 ? RULE_FOLLOW : RULE_PLANAR;
    return is_elementwise(node) ? operands_rule(node) : RULE_PLANAR;
}
