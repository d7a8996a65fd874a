/* What the importers share. */
#include "frontend/importers.h"
#include "ir/evaluate.h"

#include <stdio.h>
#include <string.h>

enum {
    FOLD_MAX = 4096,             /* elements; larger constants wait for the fold-constants pass */
    FOLD_ON_DEMAND_MAX = 1 << 20 /* elements, where an importer needs the numbers */
};

bool op_fail(const OpImport *op, Status status, const char *format, ...) {
    char text[DIAG_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return fail_at(op->graph->diag, status, op->node->name, op->node->op_type, "%s", text);
}

const Onnx__AttributeProto *op_attr(const OpImport *op, const char *name) {
    for (int k = 0; k < op->node->attr_count; k++)
        if (strcmp(text_of(op->node->attrs[k]->name), name) == 0) return op->node->attrs[k];
    return NULL;
}

int64_t op_int(const OpImport *op, const char *name, int64_t otherwise) {
    const Onnx__AttributeProto *attr = op_attr(op, name);
    return attr ? attr->i : otherwise;
}

double op_float(const OpImport *op, const char *name, double otherwise) {
    const Onnx__AttributeProto *attr = op_attr(op, name);
    return attr ? (double)attr->f : otherwise;
}

const char *op_string(const OpImport *op, const char *name, const char *otherwise) {
    const Onnx__AttributeProto *attr = op_attr(op, name);
    return attr ? arena_strndup(op->graph->arena, (const char *)attr->s.data, attr->s.len) : otherwise;
}

bool op_ints(const OpImport *op, const char *name, const int64_t **values, int *count) {
    const Onnx__AttributeProto *attr = op_attr(op, name);
    *values = attr ? attr->ints : NULL;
    *count = attr ? (int)attr->n_ints : 0;
    return attr;
}

Value *op_in(const OpImport *op, int index) {
    return index < op->in_count ? op->in[index] : NULL;
}

static int64_t output_elements(const Node *node) {
    int64_t sum = 0;
    for (int k = 0; k < node->out_count; k++) sum += shape_count(&node->out[k]->shape);
    return sum;
}

/* mark 1: depends on constants alone. */
static bool is_constant_expression(const Value *value) {
    return !value || value->data || (value->producer && value->producer->mark == 1);
}

/* Evaluates every constant expression so far, in execution order: their inputs are constants by then. */
static bool fold_pending(Graph *graph) {
    Node *next = NULL;
    for (Node *node = graph->first; node; node = next) {
        next = node->next;
        bool ready = node->mark == 1 && output_elements(node) <= FOLD_ON_DEMAND_MAX;
        for (int k = 0; k < node->in_count && ready; k++) ready = !node->in[k] || node->in[k]->data;
        if (ready && !node_fold(graph, node)) return false;
    }
    return true;
}

bool op_fold(const OpImport *op, int index) {
    const Value *value = op->in[index];
    return value->data || !is_constant_expression(value) || fold_pending(op->graph);
}

bool op_constant(const OpImport *op, int index, const char *name, Value **value) {
    *value = op->in[index];
    if (!op_fold(op, index)) return false;
    if ((*value)->data) return true;
    return op_fail(op, STATUS_UNSUPPORTED, "its '%s' input '%s' is computed at run time: skipc needs it to be constant", name,
                   (*value)->name);
}

bool op_constant_ints(const OpImport *op, int index, const char *name, const int64_t **values, int *count) {
    Value *value;
    if (!op_constant(op, index, name, &value)) return false;
    if (dtype_is_float(value->type) || value->type == BOOL)
        return op_fail(op, STATUS_INVALID, "its '%s' input must hold integers", name);
    int64_t elements = shape_count(&value->shape);
    if (value->shape.rank > 1 || elements > FOLD_MAX)
        return op_fail(op, STATUS_INVALID, "its '%s' input must be a short list of integers", name);
    int64_t *numbers = ARENA_ARRAY(op->graph->arena, int64_t, elements + 1);
    for (int64_t i = 0; i < elements; i++) numbers[i] = constant_int_at(value, i);
    *values = numbers;
    *count = (int)elements;
    return true;
}

bool op_ints_of(const OpImport *op, const char *name, int index, const int64_t **values, int *count) {
    if (op_in(op, index)) return op_constant_ints(op, index, name, values, count);
    if (!op_ints(op, name, values, count)) *count = -1;
    return true;
}

bool op_axis(const OpImport *op, int64_t axis, int rank, int *result) {
    if (axis < -rank || axis >= rank)
        return op_fail(op, STATUS_INVALID, "axis %lld is out of range for %d dimensions", (long long)axis, rank);
    *result = (int)(axis < 0 ? axis + rank : axis);
    return true;
}

bool op_axes(const OpImport *op, const int64_t *given, int count, int rank, int *axes) {
    bool seen[MAX_RANK] = {false};
    for (int k = 0; k < count; k++) {
        int axis = 0;
        if (!op_axis(op, given[k], rank, &axis)) return false;
        if (seen[axis]) return op_fail(op, STATUS_INVALID, "axis %lld is given twice", (long long)given[k]);
        seen[axis] = true;
        axes[k] = axis;
    }
    return true;
}

Node *op_node(const OpImport *op, Op id, Value **in, int in_count, int out_count) {
    Node *node = node_new(op->graph, NULL, id, op->node->name, in, in_count, out_count);
    node->op_type = op->node->op_type;
    return node;
}

bool op_done(const OpImport *op, Node *node) {
    if (!node_infer(op->graph, node)) return false;
    bool expression = true, constant = true;
    for (int k = 0; k < node->in_count; k++) {
        expression = expression && is_constant_expression(node->in[k]);
        constant = constant && (!node->in[k] || node->in[k]->data);
    }
    node->mark = expression;
    return !constant || output_elements(node) > FOLD_MAX || node_fold(op->graph, node);
}

bool op_finish(OpImport *op, Node *node) {
    op->out[0] = node->out[0];
    return op_done(op, node);
}

Value *op_unary(const OpImport *op, Op id, Value *x) {
    Node *node = op_node(op, id, &x, 1, 1);
    Value *out = node->out[0];
    return op_done(op, node) ? out : NULL;
}

Value *op_binary(const OpImport *op, Op id, Value *a, Value *b) {
    Node *node = op_node(op, id, (Value *[]){a, b}, 2, 1);
    Value *out = node->out[0];
    return op_done(op, node) ? out : NULL;
}

Value *op_reshape(const OpImport *op, Value *x, const Shape *shape) {
    if (shape_equal(&x->shape, shape)) return x;
    if (x->data) return constant_new(op->graph, x->name, x->type, *shape, x->data);
    Node *node = op_node(op, OP_Reshape, &x, 1, 1);
    Value *out = node->out[0];
    set_ints(op->graph, node, A_SHAPE, shape->dim, shape->rank);
    return op_done(op, node) ? out : NULL;
}

Value *op_cast(const OpImport *op, Value *x, Dtype type) {
    if (x->type == type) return x;
    Node *node = op_node(op, OP_Cast, &x, 1, 1);
    Value *out = node->out[0];
    set_int(op->graph, node, A_TO, (int64_t)type);
    return op_done(op, node) ? out : NULL;
}

Value *op_filled(const OpImport *op, Dtype type, const Shape *shape, const void *element) {
    const int64_t bytes_max = (int64_t)1 << 31; /* a small file may claim any size */
    int64_t count = shape_count(shape), bytes = 0;
    size_t size = dtype_size(type);
    if (count < 0) {
        op_fail(op, STATUS_INVALID, "its result's dimensions are negative or overflow");
        return NULL;
    }
    if (!checked_mul(count, (int64_t)size, &bytes) || bytes > bytes_max) {
        op_fail(op, STATUS_UNSUPPORTED, "it makes a constant of more than 2 GB");
        return NULL;
    }
    static const uint64_t zero = 0;
    char *data = arena_alloc(op->graph->arena, (size_t)count, size); /* zeroed, and cheap to leave so */
    if (memcmp(element, &zero, size) != 0)
        for (int64_t i = 0; i < count; i++) memcpy(data + (size_t)i * size, element, size);
    return constant_new(op->graph, op->node->name, type, *shape, data);
}
