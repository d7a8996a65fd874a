/* A branch of an If is inlined where its condition is known: a body without inputs that sees the names around it. */
#include "frontend/scope.h"

static bool check_inputs(const Model *model, const OnnxNode *node, const Onnx__GraphProto *graph, const char *which) {
    NameTable given = names_new(model->arena);
    for (size_t i = 0; i < graph->n_initializer; i++) names_set(&given, text_of(graph->initializer[i]->name), 0);
    for (size_t i = 0; i < graph->n_input; i++) /* old exporters list initializers */
        if (names_find(&given, text_of(graph->input[i]->name)) == NO_NAME)
            return fail_at(model->diag, STATUS_INVALID, node->name, node->op_type, "its %s has the input '%s': a branch has none",
                           which, text_of(graph->input[i]->name));
    return true;
}

/* The names that the branch makes, whatever they mean outside. */
static NameTable made_names(const Model *model, const Onnx__GraphProto *graph) {
    NameTable made = names_new(model->arena);
    for (size_t i = 0; i < graph->n_initializer; i++) names_set(&made, text_of(graph->initializer[i]->name), 0);
    for (size_t i = 0; i < graph->n_node; i++)
        for (size_t k = 0; k < graph->node[i]->n_output; k++) names_set(&made, graph->node[i]->output[k], 0);
    return made;
}

/* Values of the branch keep their names, unless another value has the same: then the If's name stands before it. */
static void make_slot(const Scope *scope, const OnnxNode *node, const char *name) {
    if (!*name || names_find(scope->names, name) != NO_NAME) return;
    bool taken = names_find(&scope->model->taken, name) != NO_NAME;
    slot_add(scope->model, scope->names, name, taken ? arena_printf(scope->model->arena, "%s/%s", node->name, name) : name);
}

/* Before any node of the branch reads: a name that the branch makes hides one outside. */
static void make_slots(const Scope *scope, const OnnxNode *node, const Onnx__GraphProto *graph) {
    for (size_t i = 0; i < graph->n_initializer; i++) make_slot(scope, node, text_of(graph->initializer[i]->name));
    for (size_t i = 0; i < graph->n_node; i++)
        for (size_t k = 0; k < graph->node[i]->n_output; k++) make_slot(scope, node, graph->node[i]->output[k]);
}

static void want_outputs(Model *model, const OnnxNode *node, Want want) {
    for (int k = 0; k < node->out_count; k++)
        if (node->out[k] != NO_SLOT && model->slots[node->out[k]].want >= want) want_slot(model, node->out[k], want);
}

bool inline_branch(Model *model, const OnnxNode *node, const Onnx__GraphProto *graph, const char *which) {
    int first = model->node_count;
    const char **outputs = ARENA_ARRAY(model->arena, const char *, graph->n_output + 1);
    for (size_t k = 0; k < graph->n_output; k++) outputs[k] = text_of(graph->output[k]->name);
    Scope *scope = scope_new(node->scope, node);
    if (!scope || !check_inputs(model, node, graph, which) || !scope_count(scope, node, 1 + graph->n_node + graph->n_initializer))
        return false;
    scope->is_branch = true;
    for (int k = 0; k < node->out_count; k++)
        if (node->out[k] != NO_SLOT) model->slots[node->out[k]].producer = NO_NODE;
    NameTable made = made_names(model, graph);
    if (!scope_bind_outputs(scope, node, outputs, &made)) return false;
    make_slots(scope, node, graph);
    if (!name_initializers(model, scope->names, graph) || !scope_copy_body(scope, graph->node, graph->n_node) ||
        !scope_outputs_produced(scope, node, outputs, which) || !check_inputs_exist(model, first))
        return false;
    want_outputs(model, node, PERHAPS_WANTED);
    want_outputs(model, node, WANTED);
    return true;
}
