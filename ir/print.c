/* The IR as text: inputs, constants in the order of their first use, one line a node, outputs. docs/ir.md describes it. */
#include "ir/formula.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PRINTED_ELEMENTS = 8 }; /* larger constants show only type and shape */

typedef struct {
    Arena *arena;
    char *text;
    size_t used, capacity;
} Writer;

static void put(Writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(Writer *w, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) return;
    if (w->capacity - w->used <= (size_t)length) {
        size_t capacity = 2 * w->capacity + (size_t)length + 1;
        char *larger = arena_alloc(w->arena, capacity, 1);
        if (w->used) memcpy(larger, w->text, w->used);
        w->text = larger;
        w->capacity = capacity;
    }
    va_start(arguments, format);
    vsnprintf(w->text + w->used, w->capacity - w->used, format, arguments);
    va_end(arguments);
    w->used += (size_t)length;
}

static void put_reference(Writer *w, const Value *value) {
    if (value)
        put(w, "%c%d", value->data ? '@' : '%', value->id);
    else
        put(w, "none");
}

static void put_value(Writer *w, const Value *value) {
    char shape[256];
    put_reference(w, value);
    put(w, " %s %s%s", dtype_name(value->type), shape_text(&value->shape, shape, sizeof shape),
        value->layout == LAYOUT_BLOCKED ? " blocked" : "");
}

static void put_constant(Writer *w, const Value *value) {
    put(w, "const ");
    put_value(w, value);
    int64_t count = shape_count(&value->shape);
    if (count <= PRINTED_ELEMENTS) {
        put(w, " [");
        for (int64_t i = 0; i < count; i++) {
            if (i) put(w, ",");
            if (dtype_is_float(value->type))
                put(w, "%.9g", constant_float_at(value, i));
            else
                put(w, "%" PRId64, constant_int_at(value, i));
        }
        put(w, "]");
    }
    put(w, " ; %s\n", value->name);
}

static void put_attribute(Writer *w, const Attr *attr) {
    Formula formula;
    put(w, " %s=", attr_name(attr->key));
    if (attr->key == A_TO && attr->i >= 0 && attr->i < DTYPE_COUNT) {
        put(w, "%s", dtype_name((Dtype)attr->i));
    } else if (attr->key == A_LAYOUT) {
        put(w, "%s", attr->i == LAYOUT_BLOCKED ? "blocked" : "planar");
    } else if (attr->key == A_ACTIVATION && attr->i >= 0 && attr->i < ACT_COUNT) {
        put(w, "%s", activation_name((Activation)attr->i));
    } else if (attr->key == A_FORMULA && formula_read(attr, &formula)) {
        put(w, "[%s]", formula_text(w->arena, &formula));
    } else if (attr->kind == ATTR_INT) {
        put(w, "%" PRId64, attr->i);
    } else if (attr->kind == ATTR_FLOAT) {
        put(w, "%.9g", attr->f);
    } else if (attr->kind == ATTR_STRING) {
        put(w, "%s", attr->s);
    } else {
        /* Set by set_doubles. */
        bool doubles =
            attr->key == A_SCALES || attr->key == A_ROI || attr->key == A_ACTIVATION_ALPHAS || attr->key == A_ACTIVATION_BETAS;
        put(w, "[");
        for (int i = 0; i < attr->count; i++) {
            if (i) put(w, ",");
            double number;
            memcpy(&number, &attr->ints[i], sizeof number);
            bool named = attr->key == A_ACTIVATIONS && attr->ints[i] >= 0 && attr->ints[i] < ACT_COUNT;
            if (named)
                put(w, "%s", activation_name((Activation)attr->ints[i]));
            else if (doubles)
                put(w, "%.9g", number);
            else
                put(w, "%" PRId64, attr->ints[i]);
        }
        put(w, "]");
    }
}

static void put_node(Writer *w, const Node *node) {
    for (int i = 0; i < node->out_count; i++) {
        if (i) put(w, ", ");
        put_value(w, node->out[i]);
    }
    put(w, " = %s(", op_info(node->op)->name);
    for (int i = 0; i < node->in_count; i++) {
        if (i) put(w, ", ");
        put_reference(w, node->in[i]);
    }
    put(w, ")");
    /* In the order of their keys, so that the text does not depend on the order in which passes set them. */
    for (int key = 0; key < ATTR_COUNT; key++) {
        const Attr *attr = attr_find(node, (AttrKey)key);
        if (attr) put_attribute(w, attr);
    }
    put(w, " ; %s\n", node->name);
}

const char *graph_print(Graph *graph) {
    Writer writer = {.arena = graph->arena}, *w = &writer;
    put(w, "graph %s\n", graph->name);
    for (int i = 0; i < graph->input_count; i++) {
        put(w, "input ");
        put_value(w, graph->inputs[i]);
        put(w, " ; %s\n", graph->inputs[i]->name);
    }
    bool *seen = ARENA_ARRAY(graph->arena, bool, graph->value_count);
    for (const Node *node = graph->first; node; node = node->next) {
        for (int i = 0; i < node->in_count; i++) {
            const Value *value = node->in[i];
            if (!value || !value->data || seen[value->id]) continue;
            seen[value->id] = true;
            put_constant(w, value);
        }
    }
    for (int i = 0; i < graph->output_count; i++) {
        const Value *value = graph->outputs[i];
        if (!value->data || seen[value->id]) continue;
        seen[value->id] = true;
        put_constant(w, value);
    }
    for (const Node *node = graph->first; node; node = node->next) put_node(w, node);
    for (int i = 0; i < graph->output_count; i++) {
        put(w, "output ");
        put_reference(w, graph->outputs[i]);
        put(w, " ; %s\n", graph->output_names[i]);
    }
    return w->text;
}
