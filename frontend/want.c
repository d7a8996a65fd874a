/* What the graph's outputs depend on. Walks against the arrows, on a stack of its own: a model may be a million nodes deep. */
#include "frontend/scope.h"

#include <string.h>

typedef struct {
    Model *model;
    Want want;
    int *stack; /* nodes whose inputs are to be walked */
    int depth, capacity;
} Walk;

static void push(Walk *walk, int node) {
    if (walk->depth == walk->capacity) {
        int capacity = walk->capacity ? walk->capacity * 2 : 64;
        int *stack = ARENA_ARRAY(walk->model->arena, int, capacity);
        if (walk->depth) memcpy(stack, walk->stack, sizeof *stack * (size_t)walk->depth);
        walk->stack = stack;
        walk->capacity = capacity;
    }
    walk->stack[walk->depth++] = node;
}

static void mark(Walk *walk, int index) {
    if (index < 0) return; /* omitted, or no name outside of a branch */
    Slot *slot = &walk->model->slots[index];
    if (slot->want < walk->want) slot->want = walk->want;
    if (slot->producer == NO_NODE || walk->model->nodes[slot->producer].want >= walk->want) return;
    walk->model->nodes[slot->producer].want = walk->want;
    push(walk, slot->producer);
}

/* Whatever a branch may read of the names around it. */
static void mark_captured(Walk *walk, const Scope *scope, Onnx__AttributeProto *const *attrs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const Onnx__GraphProto *graph = attrs[i]->g;
        if (!graph) continue;
        for (size_t k = 0; k < graph->n_output; k++) mark(walk, scope_find(scope, text_of(graph->output[k]->name)));
        for (size_t n = 0; n < graph->n_node; n++) {
            const Onnx__NodeProto *node = graph->node[n];
            for (size_t k = 0; k < node->n_input; k++) mark(walk, scope_find(scope, node->input[k]));
            mark_captured(walk, scope, node->attribute, node->n_attribute);
        }
    }
}

void want_slot(Model *model, int slot, Want want) {
    Walk walk = {.model = model, .want = want};
    mark(&walk, slot);
    while (walk.depth > 0) {
        const OnnxNode *node = &model->nodes[walk.stack[--walk.depth]];
        for (int k = 0; k < node->in_count; k++) mark(&walk, node->in[k]);
        if (want == PERHAPS_WANTED)
            mark_captured(&walk, node->scope, (Onnx__AttributeProto *const *)node->attrs, (size_t)node->attr_count);
    }
}
