#include "frontend/model.h"

#include <string.h>

const char *text_of(const char *text) {
    return text ? text : "";
}

bool is_default_domain(const char *domain) {
    return !*text_of(domain) || strcmp(domain, "ai.onnx") == 0;
}

int64_t default_opset(Onnx__OperatorSetIdProto *const *imports, size_t count, int64_t otherwise) {
    for (size_t i = 0; i < count; i++)
        if (is_default_domain(imports[i]->domain)) return imports[i]->version;
    return otherwise;
}

/* Names end up in one-line messages and in comments of the generated file: no control characters. */
static const char *printable(Arena *arena, const char *name) {
    bool clean = true;
    for (const char *c = name; *c; c++) clean = clean && (unsigned char)*c >= ' ' && *c != 0x7f;
    if (clean) return name;
    char *copy = arena_strdup(arena, name);
    for (char *c = copy; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f) *c = '?';
    return copy;
}

int slot_add(Model *model, NameTable *names, const char *name, const char *shown) {
    if (model->slot_count == model->slot_capacity) {
        int capacity = model->slot_capacity ? model->slot_capacity * 2 : 64;
        Slot *slots = ARENA_ARRAY(model->arena, Slot, capacity);
        if (model->slot_count) memcpy(slots, model->slots, sizeof(Slot) * (size_t)model->slot_count);
        model->slots = slots;
        model->slot_capacity = capacity;
    }
    model->slots[model->slot_count] = (Slot){.name = printable(model->arena, shown), .producer = NO_NODE};
    names_set(&model->taken, shown, model->slot_count);
    names_set(names, name, model->slot_count);
    return model->slot_count++;
}

int slot_in(Model *model, NameTable *names, const char *name) {
    int slot = names_find(names, name);
    return slot == NO_NAME ? slot_add(model, names, name, name) : slot;
}

bool slot_is_defined(const Slot *slot) {
    return slot->producer != NO_NODE || slot->is_input || slot->initializer || slot->value;
}

bool name_initializers(Model *model, NameTable *names, const Onnx__GraphProto *graph) {
    if (graph->n_sparse_initializer > 0) {
        const Onnx__TensorProto *values = graph->sparse_initializer[0]->values;
        return fail(model->diag, STATUS_UNSUPPORTED, "sparse initializer '%s' is not supported",
                    values ? text_of(values->name) : "");
    }
    for (size_t i = 0; i < graph->n_initializer; i++) {
        const char *name = text_of(graph->initializer[i]->name);
        if (!*name) return fail(model->diag, STATUS_INVALID, "an initializer has no name");
        int slot = slot_in(model, names, name);
        if (model->slots[slot].initializer) return fail(model->diag, STATUS_INVALID, "initializer '%s' is given twice", name);
        model->slots[slot].initializer = graph->initializer[i];
    }
    return true;
}

bool check_inputs_exist(const Model *model, int first) {
    for (int i = first; i < model->node_count; i++) {
        const OnnxNode *node = &model->nodes[i];
        for (int k = 0; k < node->in_count; k++)
            if (node->in[k] != NO_SLOT && !slot_is_defined(&model->slots[node->in[k]]))
                return fail_at(model->diag, STATUS_INVALID, node->name, node->op_type,
                               "its input '%s' is no node's output, no graph input and no initializer",
                               model->slots[node->in[k]].name);
    }
    return true;
}

static bool claim_outputs(Model *model, const OnnxNode *node, int index) {
    for (int k = 0; k < node->out_count; k++) {
        if (node->out[k] == NO_SLOT) continue;
        Slot *slot = &model->slots[node->out[k]];
        if (slot->producer != NO_NODE)
            return fail_at(model->diag, STATUS_INVALID, node->name, node->op_type,
                           "its output '%s' is already an output of node '%s'", slot->name, model->nodes[slot->producer].name);
        if (slot->is_input || slot->initializer)
            return fail_at(model->diag, STATUS_INVALID, node->name, node->op_type, "its output '%s' is already a graph %s",
                           slot->name, slot->initializer ? "initializer" : "input");
        slot->producer = index;
    }
    return true;
}

bool model_add_node(Model *model, const OnnxNode *node) {
    if (model->node_count == model->node_capacity) {
        int capacity = model->node_capacity ? model->node_capacity * 2 : 64;
        OnnxNode *nodes = ARENA_ARRAY(model->arena, OnnxNode, capacity);
        if (model->node_count) memcpy(nodes, model->nodes, sizeof(OnnxNode) * (size_t)model->node_count);
        model->nodes = nodes;
        model->node_capacity = capacity;
    }
    int index = model->node_count++;
    OnnxNode *added = &model->nodes[index];
    *added = *node;
    added->name = printable(model->arena, node->name);
    added->op_type = printable(model->arena, node->op_type);
    return claim_outputs(model, added, index);
}
