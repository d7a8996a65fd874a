#include "frontend/importers.h"
#include "frontend/inputs.h"
#include "frontend/load.h"
#include "frontend/scope.h"

#include <string.h>

/* Each newer version is read when its operators have been compared with those of the one before. */
enum { IR_VERSION_MIN = 3, IR_VERSION_MAX = 14, OPSET_MIN = 6, OPSET_MAX = 28 };

bool check_opset(Diag *diag, int64_t opset) {
    if (opset < OPSET_MIN || opset > OPSET_MAX)
        return fail(diag, STATUS_UNSUPPORTED, "opset %lld is not supported: versions %d to %d are", (long long)opset, OPSET_MIN,
                    OPSET_MAX);
    return true;
}

static bool check_versions(const Model *model, int64_t *opset) {
    const Onnx__ModelProto *proto = model->proto;
    Diag *diag = model->diag;
    if (!proto->has_ir_version || !proto->graph)
        return fail(diag, STATUS_INVALID, "not an ONNX model: it has no version or no graph");
    if (proto->ir_version < IR_VERSION_MIN || proto->ir_version > IR_VERSION_MAX)
        return fail(diag, STATUS_UNSUPPORTED, "ONNX IR version %lld is not supported: versions %d to %d are",
                    (long long)proto->ir_version, IR_VERSION_MIN, IR_VERSION_MAX);
    *opset = default_opset(proto->opset_import, proto->n_opset_import, 0);
    if (*opset != 0) return check_opset(diag, *opset);
    if (proto->n_opset_import == 0) return fail(diag, STATUS_INVALID, "the model imports no operator set");
    *opset = OPSET_MAX; /* custom domains only: functions, perhaps, that bring an operator set of their own */
    return true;
}

static bool name_inputs(Model *model) {
    const Onnx__GraphProto *graph = model->proto->graph;
    NameTable seen = names_new(model->arena);
    for (size_t i = 0; i < graph->n_input; i++) {
        const char *name = text_of(graph->input[i]->name);
        if (!*name) return fail(model->diag, STATUS_INVALID, "a graph input has no name");
        if (names_find(&seen, name) != NO_NAME) return fail(model->diag, STATUS_INVALID, "graph input '%s' is given twice", name);
        names_set(&seen, name, 0);
        int slot = slot_in(model, &model->names, name);
        model->slots[slot].is_input = !model->slots[slot].initializer;
    }
    return true;
}

static bool name_outputs(Model *model) {
    const Onnx__GraphProto *graph = model->proto->graph;
    if (graph->n_output == 0) return fail(model->diag, STATUS_INVALID, "the graph has no output");
    for (size_t i = 0; i < graph->n_output; i++) {
        const char *name = text_of(graph->output[i]->name);
        int slot = names_find(&model->names, name);
        if (slot == NO_NAME || !slot_is_defined(&model->slots[slot]))
            return fail(model->diag, STATUS_INVALID, "graph output '%s' is no node's output, no graph input and no initializer",
                        name);
    }
    return true;
}

static void want_outputs(Model *model, Want want) {
    const Onnx__GraphProto *graph = model->proto->graph;
    for (size_t i = 0; i < graph->n_output; i++) want_slot(model, names_find(&model->names, graph->output[i]->name), want);
}

static bool import_outputs(Model *model, Graph *graph) {
    for (size_t i = 0; i < model->proto->graph->n_output; i++) {
        const Onnx__ValueInfoProto *info = model->proto->graph->output[i];
        int slot = names_find(&model->names, info->name);
        Value *value = slot_value(model, graph, slot);
        if (!value) return fail(model->diag, STATUS_UNSUPPORTED, "graph output '%s' is not supported", model->slots[slot].name);
        graph_add_output(graph, value, model->slots[slot].name);
        if (!check_declared(model, info, value)) return false;
    }
    return true;
}

/* Shapes that the model states for what it computes, or for initializers listed as inputs. */
static bool check_declarations(Model *model, Onnx__ValueInfoProto *const *infos, size_t count) {
    for (size_t i = 0; i < count; i++) {
        int slot = names_find(&model->names, text_of(infos[i]->name));
        if (slot == NO_NAME || !model->slots[slot].value) continue;
        if (!model->slots[slot].is_input && !check_declared(model, infos[i], model->slots[slot].value)) return false;
    }
    return true;
}

static bool build(Model *model, Graph *graph, const ImportOptions *options) {
    int64_t opset = 0;
    const Onnx__GraphProto *proto = model->proto->graph;
    if (!check_versions(model, &opset) || !name_initializers(model, &model->names, proto) || !name_inputs(model) ||
        !copy_graph(model, opset) || !check_inputs_exist(model, 0) || !name_outputs(model))
        return false;
    want_outputs(model, PERHAPS_WANTED);
    want_outputs(model, WANTED);
    return check_operators(model) && import_inputs(model, graph, options) && import_nodes(model, graph) &&
           import_outputs(model, graph) && check_declarations(model, proto->input, proto->n_input) &&
           check_declarations(model, proto->value_info, proto->n_value_info);
}

Graph *onnx_import(Arena *arena, Diag *diag, const char *path, const ImportOptions *options) {
    Model model = {.arena = arena, .diag = diag, .path = path, .names = names_new(arena), .taken = names_new(arena)};
    model.proto = load_model(arena, diag, path);
    if (!model.proto) return NULL;
    Graph *graph = graph_new(arena, diag, model.proto->graph ? text_of(model.proto->graph->name) : "");
    if (!build(&model, graph, options)) return NULL;
    for (Node *node = graph->first; node; node = node->next) node->mark = 0;
    return graph_verify(graph) ? graph : NULL;
}
