#include "kernels/layout.h"
#include "ir/op_table.h"
#include "ir/pad.h"

static bool has_whole_blocks(const Value *value) {
    return value->type == F32 && value->shape.rank == 4 && value->shape.dim[1] > 0 && value->shape.dim[1] % BLOCK == 0;
}

bool has_two_layouts(const Value *value) {
    return !value->data && has_whole_blocks(value) && shape_product(&value->shape, 2, 4) > 1;
}

bool lies_as(const Value *value, Layout layout) {
    return value->layout == layout || (has_whole_blocks(value) && shape_product(&value->shape, 2, 4) == 1);
}

bool has_narrow_groups(const Node *conv) {
    int64_t groups = attr_int(conv, A_GROUP, 1), width = conv->in[1]->shape.dim[1];
    return groups > 1 && width > 0 && width < BLOCK && BLOCK % width == 0 && conv->in[1]->shape.dim[0] == groups * width;
}

static LayoutRule conv_rule(const Node *node) {
    const Value *x = node->in[0], *weight = node->in[1], *bias = node->in_count > 2 ? node->in[2] : NULL;
    if (x->type != F32 || x->shape.rank != 4 || !weight->data || (bias && !bias->data)) return RULE_PLANAR;
    int64_t groups = attr_int(node, A_GROUP, 1), inputs = weight->shape.dim[1], outputs = weight->shape.dim[0] / groups;
    if (groups == 1 || (inputs % BLOCK == 0 && outputs % BLOCK == 0)) return RULE_DENSE;
    return has_narrow_groups(node) && weight->shape.dim[0] % BLOCK == 0 ? RULE_LANES : RULE_PLANAR;
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
    case OP_TakeImage:
    case OP_StackImages: return RULE_FOLLOW;
    case OP_Reorder: return RULE_REORDER;
    default: break;
    }
    if (is_unary(node)) return node->in[0]->type == F32 && node->out[0]->type == F32 ? RULE_FOLLOW : RULE_PLANAR;
    return is_elementwise(node) ? operands_rule(node) : RULE_PLANAR;
}

static bool all_lie_as(const Node *node, Layout layout) {
    for (int i = 0; i < node->in_count; i++)
        if (node->in[i] && !node->in[i]->data && !lies_as(node->in[i], layout)) return false;
    return true;
}

/* The operands of the result's shape; the others are planar, and the same in both. */
static bool operands_lie_alike(const Node *node) {
    const Value *out = node->out[0];
    for (int i = 0; i < node->in_count; i++) {
        const Value *in = node->in[i];
        const bool full = shape_equal(&in->shape, &out->shape);
        if (in->data ? full && out->layout != LAYOUT_PLANAR : !lies_as(in, full ? out->layout : LAYOUT_PLANAR)) return false;
    }
    return true;
}

bool accepts_layouts(const Node *node) {
    const Value *out = node->out[0], *residual = node->op == OP_Conv && node->in_count > 3 ? node->in[3] : NULL;
    switch (layout_rule(node)) {
    case RULE_DENSE: return !residual || lies_as(residual, out->layout);
    case RULE_LANES: return all_lie_as(node, LAYOUT_BLOCKED) && lies_as(out, LAYOUT_BLOCKED);
    case RULE_FOLLOW: return lies_as(out, node->in[0]->layout);
    case RULE_ALIKE: return operands_lie_alike(node);
    case RULE_CHANNELS: return all_lie_as(node, out->layout);
    case RULE_REORDER: return true;
    case RULE_PLANAR: break;
    }
    return all_lie_as(node, LAYOUT_PLANAR) && lies_as(out, LAYOUT_PLANAR);
}
