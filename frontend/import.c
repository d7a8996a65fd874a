#include "frontend/importers.h"
#include "frontend/inputs.h"
#include "frontend/load.h"
#include "frontend/tensors.h"

#include <string.h>

/* Each newer version is read when its operators have been compared with those of the one before. */
enum { IR_VERSION_MIN = 3, IR_VERSION_MAX = 14, OPSET_MIN = 6, OPSET_MAX = 28 };

static bool check_opset(Diag *diag, int64_t opset) {
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

/* Apart from model->slots[...], whose operands may be evaluated before the array moves. */
static Slot *slot_named(Model *model, const char *name) {
    int slot = slot_in(model, &model->names, name);
    return &model->slots[slot];
}

static bool name_initializers(Model *model) {
    const Onnx__GraphProto *graph = model->proto->graph;
    if (graph->n_sparse_initializer > 0) {
        const Onnx__TensorProto *values = graph->sparse_initializer[0]->values;
        return fail(model->diag, STATUS_UNSUPPORTED, "sparse initializer '%s' is not supported",
                    values ? text_of(values->name) : "");
    }
    for (size_t i = 0; i < graph->n_initializer; i++) {
        const char *name = text_of(graph->initializer[i]->name);
        if (!*name) return fail(model->diag, STATUS_INVALID, "an initializer has no name");
        Slot *slot = slot_named(model, name);
        if (slot->initializer) return fail(model->diag, STATUS_INVALID, "initializer '%s' is given twice", name);
        slot->initializer = graph->initializer[i];
    }
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
        Slot *slot = slot_named(model, name);
        slot->is_input = !slot->initializer;
    }
    return true;
}

static bool is_defined(const Slot *slot) {
    return slot->producer != NO_NODE || slot->is_input || slot->initializer;
}

static bool check_inputs_exist(const Model *model) {
    for (int i = 0; i < model->node_count; i++) {
        const OnnxNode *node = &model->nodes[i];
        for (int k = 0; k < node->in_count; k++)
            if (node->in[k] != NO_SLOT && !is_defined(&model->slots[node->in[k]]))
                return fail_at(model->diag, STATUS_INVALID, node->name, node->op_type,
                               "its input '%s' is no node's output, no graph input and no initializer",
                               model->slots[node->in[k]].name);
    }
    return true;
}

static bool name_outputs(Model *model) {
    const Onnx__GraphProto *graph = model->proto->graph;
    if (graph->n_output == 0) return fail(model->diag, STATUS_INVALID, "the graph has no output");
    for (size_t i = 0; i < graph->n_output; i++) {
        const char *name = text_of(graph->output[i]->name);
        int slot = names_find(&model->names, name);
        if (slot == NO_NAME || !is_defined(&model->slots[slot]))
            return fail(model->diag, STATUS_INVALID, "graph output '%s' is no node's output, no graph input and no initializer",
                        name);
        model->slots[slot].wanted = true;
    }
    return true;
}

/* An initializer becomes a value when something reads it. */
static Value *slot_value(const Model *model, Graph *graph, int index) {
    Slot *slot = &model->slots[index];
    if (!slot->value && slot->initializer) {
        TensorContext context = {.graph = graph, .model_path = model->path};
        slot->value = tensor_import(&context, slot->initializer, slot->name);
    }
    return slot->value;
}

/* Values made for this node alone take its output's name; one that was there before (Identity's input) keeps its own. */
static bool bind_outputs(const Model *model, const OpImport *op, int values_before) {
    for (int k = 0; k < op->out_count; k++) {
        if (op->node->out[k] == NO_SLOT) continue;
        Slot *slot = &model->slots[op->node->out[k]];
        slot->value = op->out[k];
        if (slot->value && slot->value->id >= values_before) slot->value->name = slot->name;
        if (slot->wanted && !slot->value)
            return op_fail(op, STATUS_UNSUPPORTED, "its output %d ('%s') is not supported", k, slot->name);
    }
    return true;
}

static bool import_node(const Model *model, Graph *graph, const OnnxNode *node) {
    OpImport op = {.model = model, .graph = graph, .node = node, .in_count = node->in_count, .out_count = node->out_count};
    if (!is_default_domain(node->domain))
        return op_fail(&op, STATUS_UNSUPPORTED, "operator %s of domain '%s' is not supported", node->op_type, node->domain);
    const Importer *importer = find_importer(node->op_type);
    if (!importer) return op_fail(&op, STATUS_UNSUPPORTED, "operator %s is not supported", node->op_type);
    if (!check_opset(graph->diag, node->opset)) return false;
    op.in = ARENA_ARRAY(graph->arena, Value *, op.in_count + 1);
    op.out = ARENA_ARRAY(graph->arena, Value *, op.out_count + 1);
    bool *wanted = ARENA_ARRAY(graph->arena, bool, op.out_count + 1), *named = ARENA_ARRAY(graph->arena, bool, op.out_count + 1);
    for (int k = 0; k < op.in_count; k++)
        if (node->in[k] != NO_SLOT && !(op.in[k] = slot_value(model, graph, node->in[k]))) return false;
    for (int k = 0; k < op.out_count; k++) {
        named[k] = node->out[k] != NO_SLOT;
        wanted[k] = named[k] && model->slots[node->out[k]].wanted;
    }
    op.wanted = wanted;
    op.named = named;
    if (!check_call(&op, importer)) return false;
    int values_before = graph->value_count;
    return importer->import(&op) && bind_outputs(model, &op, values_before);
}

static bool import_nodes(const Model *model, Graph *graph, const int *order) {
    for (int i = 0; i < model->node_count; i++)
        if (model->nodes[order[i]].wanted && !import_node(model, graph, &model->nodes[order[i]])) return false;
    return true;
}

static bool import_outputs(Model *model, Graph *graph) {
    for (size_t i = 0; i < model->proto->graph->n_output; i++) {
        const Onnx__ValueInfoProto *info = model->proto->graph->output[i];
        int slot = names_find(&model->names, info->name);
        Value *value = slot_value(model, graph, slot);
        if (!value) return false;
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
    if (!check_versions(model, &opset) || !name_initializers(model) || !name_inputs(model) || !inline_functions(model, opset) ||
        !check_inputs_exist(model))
        return false;
    int *order = order_nodes(model);
    if (!order || !name_outputs(model)) return false;
    mark_wanted(model, order);
    const Onnx__GraphProto *proto = model->proto->graph;
    return import_inputs(model, graph, options) && import_nodes(model, graph, order) && import_outputs(model, graph) &&
           check_declarations(model, proto->input, proto->n_input) &&
           check_declarations(model, proto->value_info, proto->n_value_info);
}

Graph *onnx_import(Arena *arena, Diag *diag, const char *path, const ImportOptions *options) {
    Model model = {.arena = arena, .diag = diag, .path = path, .names = names_new(arena)};
    model.proto = load_model(arena, diag, path);
    if (!model.proto) return NULL;
    Graph *graph = graph_new(arena, diag, model.proto->graph ? text_of(model.proto->graph->name) : "");
    if (!build(&model, graph, options)) return NULL;
    for (Node *node = graph->first; node; node = node->next) node->mark = 0;
    return graph_verify(graph) ? graph : NULL;
}
