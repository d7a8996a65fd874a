#include "frontend/scope.h"

#include <string.h>

enum {
    DEPTH_MAX = 64,
    INLINED_MAX = 1 << 20 /* nodes, their inputs, outputs and attributes: functions calling functions twice grow exponentially */
};

Scope *scope_new(const Scope *outer, const OnnxNode *call) {
    if (outer->depth == DEPTH_MAX) {
        fail_at(outer->model->diag, STATUS_UNSUPPORTED, call->name, call->op_type,
                "functions and branches are nested more than %d deep", DEPTH_MAX);
        return NULL;
    }
    Scope *scope = ARENA_NEW(outer->model->arena, Scope);
    *scope = *outer;
    scope->outer = outer;
    scope->depth = outer->depth + 1;
    scope->names = ARENA_NEW(outer->model->arena, NameTable);
    *scope->names = names_new(outer->model->arena);
    return scope;
}

bool scope_count(const Scope *scope, const OnnxNode *node, size_t more) {
    Model *model = scope->model;
    if (more > INLINED_MAX || model->inlined > INLINED_MAX - (int)more)
        return fail_at(model->diag, STATUS_UNSUPPORTED, node->name, node->op_type,
                       "the model has more than %d nodes, inputs and outputs once its functions and branches are inlined",
                       INLINED_MAX);
    model->inlined += (int)more;
    return true;
}

int scope_find(const Scope *scope, const char *name) {
    int slot = names_find(scope->names, name);
    while (slot == NO_NAME && scope->is_branch) {
        scope = scope->outer;
        slot = names_find(scope->names, name);
    }
    return slot;
}

/* A name that nobody made so far gets a slot: the node that makes it may follow. */
static int *read_slots(const Scope *scope, char *const *names, size_t count) {
    int *slots = ARENA_ARRAY(scope->model->arena, int, count + 1);
    for (size_t i = 0; i < count; i++) {
        slots[i] = *names[i] ? scope_find(scope, names[i]) : NO_SLOT;
        if (slots[i] == NO_NAME) slots[i] = slot_in(scope->model, scope->names, names[i]);
    }
    return slots;
}

static int *made_slots(const Scope *scope, char *const *names, size_t count) {
    int *slots = ARENA_ARRAY(scope->model->arena, int, count + 1);
    for (size_t i = 0; i < count; i++) slots[i] = *names[i] ? slot_in(scope->model, scope->names, names[i]) : NO_SLOT;
    return slots;
}

static const Onnx__AttributeProto *find_attr(Onnx__AttributeProto *const *attrs, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(text_of(attrs[i]->name), name) == 0) return attrs[i];
    return NULL;
}

/* What a reference to an attribute of the surrounding function stands for; NULL: nothing, the operator's default. */
static const Onnx__AttributeProto *resolve_reference(const Scope *scope, const Onnx__AttributeProto *reference) {
    const Onnx__AttributeProto *found = NULL;
    for (int i = 0; i < scope->call->attr_count && !found; i++)
        if (strcmp(text_of(scope->call->attrs[i]->name), reference->ref_attr_name) == 0) found = scope->call->attrs[i];
    if (!found) found = find_attr(scope->function->attribute_proto, scope->function->n_attribute_proto, reference->ref_attr_name);
    if (!found) return NULL;
    Onnx__AttributeProto *renamed = ARENA_NEW(scope->model->arena, Onnx__AttributeProto);
    *renamed = *found;
    renamed->name = reference->name;
    renamed->ref_attr_name = NULL;
    return renamed;
}

static bool copy_attributes(const Scope *scope, const Onnx__NodeProto *proto, OnnxNode *node) {
    node->attrs = ARENA_ARRAY(scope->model->arena, const Onnx__AttributeProto *, proto->n_attribute + 1);
    for (size_t i = 0; i < proto->n_attribute; i++) {
        const Onnx__AttributeProto *attr = proto->attribute[i];
        if (*text_of(attr->ref_attr_name)) {
            if (!scope->function)
                return fail_at(scope->model->diag, STATUS_INVALID, node->name, node->op_type,
                               "attribute '%s' refers to an attribute of a function, outside of any", text_of(attr->name));
            attr = resolve_reference(scope, attr);
        }
        if (attr) node->attrs[node->attr_count++] = attr;
    }
    return true;
}

static const char *node_name(const Scope *scope, const Onnx__NodeProto *proto) {
    const char *name = text_of(proto->name);
    for (size_t i = 0; i < proto->n_output && !*name; i++) name = proto->output[i];
    if (!*name) name = text_of(proto->op_type);
    if (!scope->call) return name;
    return arena_printf(scope->model->arena, "%s/%s", scope->call->name, name);
}

static bool copy_output(const Scope *scope, const OnnxNode *call, int index, int from) {
    OnnxNode copy = {.name = call->name, .op_type = "Identity", .domain = "", .opset = scope->opset, .scope = scope};
    copy.in = ARENA_NEW(scope->model->arena, int);
    copy.in[0] = from;
    copy.in_count = 1;
    copy.out = &call->out[index];
    copy.out_count = 1;
    return model_add_node(scope->model, &copy);
}

bool scope_bind_outputs(const Scope *scope, const OnnxNode *call, const char *const *formal, const NameTable *made) {
    for (int k = 0; k < call->out_count; k++) {
        if (call->out[k] == NO_SLOT) continue;
        bool is_new = names_find(scope->names, formal[k]) == NO_NAME && (!made || names_find(made, formal[k]) != NO_NAME);
        int known = is_new ? NO_NAME : scope_find(scope, formal[k]);
        if (known != NO_NAME && !copy_output(scope, call, k, known)) return false;
        if (is_new) names_set(scope->names, formal[k], call->out[k]);
    }
    return true;
}

bool scope_outputs_produced(const Scope *scope, const OnnxNode *call, const char *const *formal, const char *body) {
    for (int k = 0; k < call->out_count; k++)
        if (call->out[k] != NO_SLOT && !slot_is_defined(&scope->model->slots[call->out[k]]))
            return fail_at(scope->model->diag, STATUS_INVALID, call->name, call->op_type,
                           "no node of the %s produces its output '%s'", body, formal[k]);
    return true;
}

static bool copy_node(const Scope *scope, const Onnx__NodeProto *proto) {
    OnnxNode node = {.name = node_name(scope, proto), .op_type = text_of(proto->op_type), .domain = text_of(proto->domain)};
    node.opset = scope->opset;
    node.scope = scope;
    if (!scope_count(scope, &node, 1 + proto->n_input + proto->n_output + proto->n_attribute)) return false;
    node.in = read_slots(scope, proto->input, proto->n_input);
    node.in_count = (int)proto->n_input;
    node.out = made_slots(scope, proto->output, proto->n_output);
    node.out_count = (int)proto->n_output;
    if (!copy_attributes(scope, proto, &node)) return false;
    const Onnx__FunctionProto *function = find_function(scope->model, proto);
    return function ? inline_call(scope, function, &node) : model_add_node(scope->model, &node);
}

bool scope_copy_body(const Scope *scope, Onnx__NodeProto *const *nodes, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!copy_node(scope, nodes[i])) return false;
    return true;
}

bool copy_graph(Model *model, int64_t opset) {
    Scope *scope = ARENA_NEW(model->arena, Scope);
    *scope = (Scope){.model = model, .opset = opset, .names = &model->names};
    return scope_copy_body(scope, model->proto->graph->node, model->proto->graph->n_node);
}
