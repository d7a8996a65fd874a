#include "passes/rewrite.h"
#include "ir/pad.h"

#include <math.h>

bool value_used(const Value *value) {
    return value->user_count > 0 || value->output_count > 0;
}

bool is_constant(const Value *value) {
    return value && value->data;
}

Node *producer_of(const Value *value, Op op) {
    if (!value || !value->producer || value->producer->op != op || value->producer->out[0] != value) return NULL;
    return value->producer;
}

Value *input_at(const Node *node, int index) {
    return index < node->in_count ? node->in[index] : NULL;
}

bool is_zero(const Value *value) {
    double number;
    return constant_is_uniform(value, &number) && number == 0;
}

bool is_shrinking_pool(const Node *node) {
    const Shape *in = &node->in[0]->shape, *out = &node->out[0]->shape;
    return (node->op == OP_MaxPool || node->op == OP_AveragePool) &&
           shape_product(out, 2, out->rank) <= shape_product(in, 2, in->rank) / 4;
}

void node_replace(Graph *graph, Node *node, Value *value) {
    value_replace(graph, node->out[0], value);
    node_remove(graph, node);
}

const char *joined_name(Graph *graph, const char *first, const char *second) {
    if (!*first || !*second) return *first ? first : second;
    return arena_printf(graph->arena, "%s + %s", first, second);
}

void node_absorb(Graph *graph, Node *keeper, Node *absorbed) {
    keeper->name = joined_name(graph, keeper->name, absorbed->name);
    keeper->out[0]->name = absorbed->out[0]->name;
    node_replace(graph, absorbed, keeper->out[0]);
}

Node *node_append(Graph *graph, Node *node, Op op, const char *suffix) {
    Value *value = node->out[0];
    Node *appended = node_new(graph, node->next, op, node->name, &value, 1, 1);
    value_replace(graph, value, appended->out[0]);
    node_set_input(graph, appended, 0, value); /* value_replace redirected this one too */
    appended->op_type = node->op_type;
    appended->out[0]->name = value->name;
    value->name = arena_printf(graph->arena, "%s/%s", value->name, suffix);
    return appended;
}

bool is_axis_constant(const Value *constant, const Shape *shape, int axis) {
    if (!is_constant(constant) || constant->shape.rank > shape->rank) return false;
    int offset = shape->rank - constant->shape.rank;
    for (int i = 0; i < constant->shape.rank; i++) {
        int64_t dim = constant->shape.dim[i];
        if (dim != 1 && !(i + offset == axis && dim == shape->dim[axis])) return false;
    }
    return true;
}

double axis_constant_at(const Value *constant, int64_t index) {
    return constant_float_at(constant, shape_count(&constant->shape) == 1 ? 0 : index);
}

Value *constant_from_doubles(Graph *graph, const char *name, Dtype type, Shape shape, const double *data) {
    Tensor *tensor = tensor_new(graph->arena, type, shape);
    for (int64_t i = 0; i < tensor->count; i++) tensor->f[i] = data[i];
    return constant_new(graph, name, type, shape, tensor_to_bytes(graph->arena, tensor));
}

Value *constant_if_finite(Graph *graph, const char *name, Shape shape, const double *data) {
    int64_t count = shape_count(&shape);
    float *rounded = ARENA_ARRAY(graph->arena, float, count);
    for (int64_t i = 0; i < count; i++) {
        rounded[i] = (float)data[i];
        if (!isfinite(rounded[i])) return NULL;
    }
    return constant_new(graph, name, F32, shape, rounded);
}

bool ints_are(const Node *node, AttrKey key, int64_t number) {
    int count;
    const int64_t *ints = attr_ints(node, key, &count);
    for (int i = 0; i < count; i++) {
        if (ints[i] != number) return false;
    }
    return true;
}

bool has_no_padding(const Node *window) {
    return ints_are(window, A_PADS, 0);
}

bool has_activation(const Node *node) {
    return attr_int(node, A_ACTIVATION, ACT_NONE) != ACT_NONE;
}

void take_activation(Graph *graph, Node *to, const Node *from) {
    static const AttrKey keys[] = {A_ACTIVATION_ALPHA, A_ACTIVATION_BETA};
    if (!has_activation(from)) return;
    set_int(graph, to, A_ACTIVATION, attr_int(from, A_ACTIVATION, ACT_NONE));
    for (int i = 0; i < 2; i++) {
        const Attr *attr = attr_find(from, keys[i]);
        if (attr) set_float(graph, to, keys[i], attr->f);
    }
}

bool takes_whole_axes(const Node *slice) {
    const Shape *from = &slice->in[0]->shape, *to = &slice->out[0]->shape;
    for (int i = 0; i < from->rank; i++) {
        int64_t step = attr_ints_at(slice, A_STEPS, i, 1), length = from->dim[i];
        if (attr_ints_at(slice, A_STARTS, i, 0) != 0 || step < 1 || to->dim[i] != length / step + (length % step != 0))
            return false;
    }
    return true;
}

bool pads_with_zeros(const Node *pad) {
    return pad_mode(pad) == PAD_CONSTANT && attr_float(pad, A_VALUE, 0) == 0;
}

bool commutes_with_scale(const Node *node) {
    switch (node->op) {
    case OP_Relu:
    case OP_LeakyRelu:
    case OP_MaxPool:
    case OP_AveragePool:
    case OP_Reshape:
    case OP_Transpose:
    case OP_Slice:
    case OP_ReduceMean: return node->out_count == 1;
    default: return false;
    }
}
