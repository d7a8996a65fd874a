#include "frontend/inputs.h"
#include "frontend/tensors.h"

#include <stdio.h>
#include <string.h>

static bool is_graph_input(const Model *model, const Onnx__ValueInfoProto *info) {
    return model->slots[names_find(&model->names, text_of(info->name))].is_input;
}

static bool import_input(Dims *dims, Graph *graph, const Onnx__ValueInfoProto *info) {
    const char *name = text_of(info->name);
    Slot *slot = &dims->model->slots[names_find(&dims->model->names, name)];
    Dtype type;
    Shape shape;
    const Onnx__TypeProto__Tensor *tensor = tensor_type(info);
    if (!info->type || info->type->value_case == ONNX__TYPE_PROTO__VALUE__NOT_SET)
        return fail(dims->model->diag, STATUS_INVALID, "input '%s' has no type", name);
    if (!tensor) return fail(dims->model->diag, STATUS_UNSUPPORTED, "input '%s' is not a tensor", name);
    const char *what = arena_printf(dims->model->arena, "input '%s'", name);
    if (!dtype_from_onnx(dims->model->diag, tensor->elem_type, what, &type) || !dims_shape(dims, info, &shape)) return false;
    slot->value = value_new(graph, slot->name, type, shape);
    graph_add_input(graph, slot->value);
    return true;
}

bool import_inputs(Model *model, Graph *graph, const ImportOptions *options) {
    static const ImportOptions none = {.dims = NULL};
    Dims dims;
    if (!dims_start(&dims, model, options ? options : &none) || !import_bindings(&dims, graph)) return false;
    for (size_t i = 0; i < model->proto->graph->n_input; i++) {
        const Onnx__ValueInfoProto *info = model->proto->graph->input[i];
        if (is_graph_input(model, info) && !import_input(&dims, graph, info)) return false;
    }
    return dims_complete(&dims);
}

static bool contradicts(const Onnx__ValueInfoProto *declared, const Shape *shape, Shape *said) {
    const Onnx__TypeProto__Tensor *tensor = tensor_type(declared);
    if (!tensor || !tensor->shape || tensor->shape->n_dim > MAX_RANK) return false;
    *said = (Shape){.rank = (int)tensor->shape->n_dim};
    bool differs = said->rank != shape->rank;
    for (int axis = 0; axis < said->rank; axis++) {
        bool open = dimension_is_open(tensor->shape->dim[axis]);
        if (open && differs) return false;
        said->dim[axis] = open ? shape->dim[axis] : tensor->shape->dim[axis]->dim_value;
        differs = differs || said->dim[axis] != shape->dim[axis];
    }
    return differs;
}

static void note_type(Model *model, const Onnx__ValueInfoProto *declared, const Value *value) {
    char buffer[32];
    Dtype type;
    Diag quiet = {.status = STATUS_OK};
    const Onnx__TypeProto__Tensor *tensor = tensor_type(declared);
    if (!tensor || tensor->elem_type == 0 || (dtype_from_onnx(&quiet, tensor->elem_type, "", &type) && type == value->type))
        return;
    note(model->diag, "'%s' is declared as %s; its element type is %s", text_of(declared->name),
         onnx_type_name(tensor->elem_type, buffer, sizeof buffer), dtype_onnx_name(value->type));
}

bool check_declared(Model *model, const Onnx__ValueInfoProto *declared, const Value *value) {
    char declared_text[128], actual_text[128];
    Shape said;
    note_type(model, declared, value);
    if (!contradicts(declared, &value->shape, &said)) return true;
    shape_text(&said, declared_text, sizeof declared_text);
    shape_text(&value->shape, actual_text, sizeof actual_text);
    if (value->data && model->slots[names_find(&model->names, declared->name)].initializer)
        return fail(model->diag, STATUS_INVALID,
                    "initializer '%s': its shape %s contradicts the %s declared for the input of that name", value->name,
                    actual_text, declared_text);
    note(model->diag, "'%s' is declared as %s; its shape is %s", text_of(declared->name), declared_text, actual_text);
    return true;
}
