/* --bind: an input whose value is known becomes a constant. */
#include "frontend/inputs.h"
#include "frontend/tensors.h"

#include <string.h>

/* The input that stands before one of the '='; what follows is the value. Names may contain '=' as well as values may. */
static const Onnx__ValueInfoProto *find_input(const Model *model, const char *text, const char **value) {
    const Onnx__GraphProto *graph = model->proto->graph;
    for (const char *equals = strchr(text, '='); equals; equals = strchr(equals + 1, '=')) {
        size_t length = (size_t)(equals - text);
        for (size_t i = 0; i < graph->n_input; i++) {
            const char *name = text_of(graph->input[i]->name);
            if (strlen(name) != length || memcmp(name, text, length) != 0) continue;
            *value = equals + 1;
            return graph->input[i];
        }
    }
    return NULL;
}

static bool unknown_input(const Model *model, const char *text) {
    const Onnx__GraphProto *graph = model->proto->graph;
    WordList inputs = {.separator = ", "};
    for (size_t i = 0; i < graph->n_input; i++) {
        const char *name = text_of(graph->input[i]->name);
        if (model->slots[names_find(&model->names, name)].is_input)
            words_add(model->arena, &inputs, arena_printf(model->arena, "'%s'", name));
    }
    return fail(model->diag, STATUS_USAGE, "--bind %s: the model has no such input: its input%s %s", text,
                inputs.count == 1 ? " is" : "s are", words_text(model->arena, &inputs));
}

static bool bind_input(Dims *dims, Graph *graph, const Onnx__ValueInfoProto *info, const char *text) {
    Model *model = dims->model;
    Slot *slot = &model->slots[names_find(&model->names, text_of(info->name))];
    Shape declared;
    Binding binding = {.name = slot->name};
    const char *what = arena_printf(model->arena, "input '%s'", slot->name);
    if (!tensor_type(info)) return fail(model->diag, STATUS_UNSUPPORTED, "%s is not a tensor", what);
    if (!dtype_from_onnx(model->diag, tensor_type(info)->elem_type, what, &binding.type) || !dims_declared(dims, info, &declared))
        return false;
    if (tensor_type(info)->shape) binding.declared = &declared;
    if (!dims->options->read(dims->options->context, text, &binding) || !dims_bind(dims, info, &binding.shape)) return false;
    slot->value = constant_new(graph, slot->name, binding.type, binding.shape, binding.data);
    slot->is_input = false;
    slot->initializer = NULL; /* only the default of an input that may be given */
    graph_add_bound(graph, slot->value);
    return true;
}

/* All names are looked up before any input is bound: a wrong one hears of all inputs. */
bool import_bindings(Dims *dims, Graph *graph) {
    const ImportOptions *options = dims->options;
    const Onnx__ValueInfoProto **infos = ARENA_ARRAY(dims->model->arena, const Onnx__ValueInfoProto *, options->bind_count + 1);
    const char **values = ARENA_ARRAY(dims->model->arena, const char *, options->bind_count + 1);
    NameTable bound = names_new(dims->model->arena);
    for (int i = 0; i < options->bind_count; i++) {
        infos[i] = find_input(dims->model, options->binds[i], &values[i]);
        if (!infos[i]) return unknown_input(dims->model, options->binds[i]);
        const char *name = text_of(infos[i]->name);
        if (names_find(&bound, name) != NO_NAME)
            return fail(dims->model->diag, STATUS_USAGE, "--bind %s: input '%s' is bound twice", options->binds[i], name);
        names_set(&bound, name, 0);
    }
    for (int i = 0; i < options->bind_count; i++)
        if (!bind_input(dims, graph, infos[i], values[i])) return false;
    return true;
}
