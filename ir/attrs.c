/* Attributes of nodes, and constants read as numbers. */
#include "ir/graph.h"
#include "ir/tensor.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const Attr *attr_find(const Node *node, AttrKey key) {
    for (int i = 0; i < node->attr_count; i++)
        if (node->attrs[i].key == key) return &node->attrs[i];
    return NULL;
}

/* The entry of `key`, made where there is none, with its old content cleared. */
static Attr *entry(Graph *graph, Node *node, AttrKey key, AttrKind kind) {
    Attr *attr = NULL;
    for (int i = 0; i < node->attr_count && !attr; i++)
        if (node->attrs[i].key == key) attr = &node->attrs[i];
    if (!attr) {
        if (node->attr_count == node->attr_capacity) {
            int capacity = node->attr_capacity ? 2 * node->attr_capacity : 4;
            Attr *attrs = ARENA_ARRAY(graph->arena, Attr, capacity);
            if (node->attr_count) memcpy(attrs, node->attrs, (size_t)node->attr_count * sizeof *attrs);
            node->attrs = attrs;
            node->attr_capacity = capacity;
        }
        attr = &node->attrs[node->attr_count++];
    }
    *attr = (Attr){.key = key, .kind = kind};
    return attr;
}

void set_int(Graph *graph, Node *node, AttrKey key, int64_t value) {
    entry(graph, node, key, ATTR_INT)->i = value;
}

void set_float(Graph *graph, Node *node, AttrKey key, double value) {
    entry(graph, node, key, ATTR_FLOAT)->f = value;
}

void set_string(Graph *graph, Node *node, AttrKey key, const char *value) {
    const char *copy = arena_strdup(graph->arena, value);
    entry(graph, node, key, ATTR_STRING)->s = copy;
}

void set_ints(Graph *graph, Node *node, AttrKey key, const int64_t *values, int count) {
    int64_t *copy = ARENA_ARRAY(graph->arena, int64_t, count);
    if (count > 0) memcpy(copy, values, (size_t)count * sizeof *copy);
    Attr *attr = entry(graph, node, key, ATTR_INTS);
    attr->ints = copy;
    attr->count = count;
}

void set_doubles(Graph *graph, Node *node, AttrKey key, const double *values, int count) {
    int64_t *bits = ARENA_ARRAY(graph->arena, int64_t, count);
    if (count > 0) memcpy(bits, values, (size_t)count * sizeof *bits);
    set_ints(graph, node, key, bits, count);
}

void attr_remove(Node *node, AttrKey key) {
    for (int i = 0; i < node->attr_count; i++) {
        if (node->attrs[i].key != key) continue;
        memmove(&node->attrs[i], &node->attrs[i + 1], (size_t)(node->attr_count - i - 1) * sizeof *node->attrs);
        node->attr_count--;
        return;
    }
}

/* A number is a number, whether it came as an integer or as a float. */
int64_t attr_int(const Node *node, AttrKey key, int64_t otherwise) {
    const Attr *attr = attr_find(node, key);
    if (attr && attr->kind == ATTR_INT) return attr->i;
    if (!attr || attr->kind != ATTR_FLOAT || isnan(attr->f)) return otherwise;
    if (attr->f >= 0x1p63) return INT64_MAX;
    return attr->f <= -0x1p63 ? INT64_MIN : (int64_t)attr->f;
}

double attr_float(const Node *node, AttrKey key, double otherwise) {
    const Attr *attr = attr_find(node, key);
    if (attr && attr->kind == ATTR_FLOAT) return attr->f;
    return attr && attr->kind == ATTR_INT ? (double)attr->i : otherwise;
}

const char *attr_string(const Node *node, AttrKey key, const char *otherwise) {
    const Attr *attr = attr_find(node, key);
    return attr && attr->kind == ATTR_STRING ? attr->s : otherwise;
}

const int64_t *attr_ints(const Node *node, AttrKey key, int *count) {
    const Attr *attr = attr_find(node, key);
    bool found = attr && attr->kind == ATTR_INTS;
    if (count) *count = found ? attr->count : 0;
    return found ? attr->ints : NULL;
}

int64_t attr_ints_at(const Node *node, AttrKey key, int index, int64_t otherwise) {
    int count;
    const int64_t *ints = attr_ints(node, key, &count);
    return index >= 0 && index < count ? ints[index] : otherwise;
}

double attr_double_at(const Node *node, AttrKey key, int index, double otherwise) {
    int count;
    const int64_t *bits = attr_ints(node, key, &count);
    if (index >= 0 && index < count) memcpy(&otherwise, &bits[index], sizeof otherwise);
    return otherwise;
}

void attrs_copy(Graph *graph, Node *to, const Node *from) {
    for (int i = 0; i < from->attr_count; i++) {
        const Attr *attr = &from->attrs[i];
        *entry(graph, to, attr->key, attr->kind) = *attr;
    }
}

bool node_fail(Graph *graph, const Node *node, Status status, const char *format, ...) {
    char text[DIAG_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return fail_at(graph->diag, status, node->name, node->op_type, "%s", text);
}

int64_t constant_int_at(const Value *value, int64_t index) {
    const char *at = (const char *)value->data + (size_t)index * dtype_size(value->type);
    switch (value->type) {
    case I8: return *(const int8_t *)at;
    case U8: return *(const uint8_t *)at;
    case BOOL: return *(const uint8_t *)at != 0;
    case I16: return *(const int16_t *)at;
    case U16: return *(const uint16_t *)at;
    case I32: return *(const int32_t *)at;
    case U32: return *(const uint32_t *)at;
    case I64:
    case U64: return *(const int64_t *)at;
    default: break;
    }
    double number = constant_float_at(value, index);
    if (isnan(number)) return 0;
    if (number >= 0x1p63) return INT64_MAX;
    return number <= -0x1p63 ? INT64_MIN : (int64_t)number;
}

double constant_float_at(const Value *value, int64_t index) {
    const char *at = (const char *)value->data + (size_t)index * dtype_size(value->type);
    switch (value->type) {
    case F32: return (double)*(const float *)at;
    case F64: return *(const double *)at;
    case F16: return (double)f16_to_f32(*(const uint16_t *)at);
    case BF16: return (double)bf16_to_f32(*(const uint16_t *)at);
    case U64: return (double)*(const uint64_t *)at;
    default: return (double)constant_int_at(value, index);
    }
}

bool constant_is_uniform(const Value *value, double *number) {
    int64_t count = shape_count(&value->shape);
    if (!value->data || !dtype_is_float(value->type) || count < 1) return false;
    double first = constant_float_at(value, 0);
    for (int64_t i = 1; i < count; i++)
        if (constant_float_at(value, i) != first) return false;
    *number = first;
    return first == first;
}
