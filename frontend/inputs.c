#include "frontend/inputs.h"
#include "frontend/tensors.h"

#include <stdio.h>
#include <string.h>

typedef Onnx__TensorShapeProto__Dimension Dimension;

typedef struct {
    Model *model;
    const ImportOptions *options;
    NameTable noted; /* symbolic dimensions taken as 1 */
} Dims;

static const Onnx__TypeProto__Tensor *tensor_type(const Onnx__ValueInfoProto *info) {
    const Onnx__TypeProto *type = info->type;
    return type && type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE ? type->tensor_type : NULL;
}

static size_t dimension_count(const Onnx__ValueInfoProto *info) {
    const Onnx__TypeProto__Tensor *tensor = tensor_type(info);
    return tensor && tensor->shape ? tensor->shape->n_dim : 0;
}

/* "" for static and unnamed dimensions. */
static const char *symbol(const Onnx__ValueInfoProto *info, size_t axis) {
    const Dimension *dimension = tensor_type(info)->shape->dim[axis];
    return dimension->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM ? text_of(dimension->dim_param) : "";
}

/* The setting that names this dimension, by its symbol or as INPUT:AXIS. */
static bool names_dimension(const DimSetting *setting, const Onnx__ValueInfoProto *info, size_t axis) {
    const char *own = symbol(info, axis), *input = text_of(info->name);
    if (*own && strcmp(own, setting->name) == 0) return true;
    size_t length = strlen(input);
    char suffix[24];
    snprintf(suffix, sizeof suffix, ":%zu", axis);
    return strncmp(setting->name, input, length) == 0 && strcmp(setting->name + length, suffix) == 0;
}

static bool named_by(const DimSetting *setting, Onnx__ValueInfoProto *const *infos, size_t count) {
    for (size_t i = 0; i < count; i++)
        for (size_t axis = 0; axis < dimension_count(infos[i]); axis++)
            if (names_dimension(setting, infos[i], axis)) return true;
    return false;
}

static bool settings_name_something(const Dims *dims) {
    const Onnx__GraphProto *graph = dims->model->proto->graph;
    for (int i = 0; i < dims->options->dim_count; i++) {
        const DimSetting *setting = &dims->options->dims[i];
        if (setting->size < 1)
            return fail(dims->model->diag, STATUS_USAGE, "--dim %s: the size must be at least 1", setting->name);
        if (!named_by(setting, graph->input, graph->n_input) && !named_by(setting, graph->output, graph->n_output))
            return fail(dims->model->diag, STATUS_USAGE, "--dim %s=%lld: the model has no dimension of that name", setting->name,
                        (long long)setting->size);
    }
    return true;
}

static bool is_graph_input(const Model *model, const Onnx__ValueInfoProto *info) {
    return model->slots[names_find(&model->names, text_of(info->name))].is_input;
}

/* The first dimension of an input is its batch; the same symbol elsewhere is the same size. */
static bool is_batch(const Dims *dims, const Onnx__ValueInfoProto *info, size_t axis) {
    if (axis == 0) return true;
    const Onnx__GraphProto *graph = dims->model->proto->graph;
    for (size_t i = 0; i < graph->n_input; i++)
        if (is_graph_input(dims->model, graph->input[i]) && dimension_count(graph->input[i]) > 0 && *symbol(info, axis) &&
            strcmp(symbol(graph->input[i], 0), symbol(info, axis)) == 0)
            return true;
    return false;
}

static bool default_dimension(Dims *dims, const Onnx__ValueInfoProto *info, size_t axis, int64_t *size) {
    Diag *diag = dims->model->diag;
    const char *name = symbol(info, axis);
    bool named = *name;
    if (!named) name = arena_printf(dims->model->arena, "%s:%zu", text_of(info->name), axis);
    if (!is_batch(dims, info, axis))
        return fail(diag, STATUS_UNSUPPORTED, "input '%s': dimension %zu%s%s%s has no fixed size: --dim %s=N sets it",
                    text_of(info->name), axis, named ? " ('" : "", named ? name : "", named ? "')" : "", name);
    *size = 1;
    if (names_find(&dims->noted, name) == NO_NAME) {
        if (named)
            note(diag, "dimension '%s' is symbolic: taken as 1 (--dim %s=N sets it)", name, name);
        else
            note(diag, "dimension 0 of input '%s' has no size: taken as 1 (--dim %s=N sets it)", text_of(info->name), name);
        names_set(&dims->noted, name, 0);
    }
    return true;
}

static bool dimension_size(Dims *dims, const Onnx__ValueInfoProto *info, size_t axis, int64_t *size) {
    for (int i = 0; i < dims->options->dim_count; i++)
        if (names_dimension(&dims->options->dims[i], info, axis)) {
            *size = dims->options->dims[i].size;
            return true;
        }
    const Dimension *dimension = tensor_type(info)->shape->dim[axis];
    if (dimension->value_case != ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE)
        return default_dimension(dims, info, axis, size);
    *size = dimension->dim_value;
    if (*size < 0)
        return fail(dims->model->diag, STATUS_INVALID, "input '%s': dimension %zu is negative", text_of(info->name), axis);
    return true;
}

static bool input_shape(Dims *dims, const Onnx__ValueInfoProto *info, Shape *shape) {
    Diag *diag = dims->model->diag;
    const char *name = text_of(info->name);
    if (!tensor_type(info)->shape)
        return fail(diag, STATUS_UNSUPPORTED, "input '%s' has no shape: export the model with one", name);
    size_t rank = dimension_count(info);
    if (rank > MAX_RANK)
        return fail(diag, STATUS_UNSUPPORTED, "input '%s' has %zu dimensions, at most %d are supported", name, rank, MAX_RANK);
    *shape = (Shape){.rank = (int)rank};
    for (size_t axis = 0; axis < rank; axis++)
        if (!dimension_size(dims, info, axis, &shape->dim[axis])) return false;
    if (shape_count(shape) < 0) return fail(diag, STATUS_INVALID, "input '%s': its dimensions overflow", name);
    return true;
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
    if (!dtype_from_onnx(dims->model->diag, tensor->elem_type, what, &type) || !input_shape(dims, info, &shape)) return false;
    slot->value = value_new(graph, slot->name, type, shape);
    graph_add_input(graph, slot->value);
    return true;
}

bool import_inputs(Model *model, Graph *graph, const ImportOptions *options) {
    static const ImportOptions none = {.dims = NULL};
    Dims dims = {.model = model, .options = options ? options : &none, .noted = names_new(model->arena)};
    if (!settings_name_something(&dims)) return false;
    for (size_t i = 0; i < model->proto->graph->n_input; i++) {
        const Onnx__ValueInfoProto *info = model->proto->graph->input[i];
        if (is_graph_input(model, info) && !import_input(&dims, graph, info)) return false;
    }
    return true;
}

static bool contradicts(const Onnx__ValueInfoProto *declared, const Shape *shape, Shape *said) {
    const Onnx__TypeProto__Tensor *tensor = tensor_type(declared);
    if (!tensor || !tensor->shape || tensor->shape->n_dim > MAX_RANK) return false;
    *said = (Shape){.rank = (int)tensor->shape->n_dim};
    bool differs = said->rank != shape->rank;
    for (int axis = 0; axis < said->rank; axis++) {
        const Dimension *dimension = tensor->shape->dim[axis];
        bool fixed = dimension->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
        if (!fixed && differs) return false;
        said->dim[axis] = fixed ? dimension->dim_value : shape->dim[axis];
        differs = differs || said->dim[axis] != shape->dim[axis];
    }
    return differs;
}

bool check_declared(Model *model, const Onnx__ValueInfoProto *declared, const Value *value) {
    char declared_text[128], actual_text[128];
    Shape said;
    if (!contradicts(declared, &value->shape, &said)) return true;
    shape_text(&said, declared_text, sizeof declared_text);
    shape_text(&value->shape, actual_text, sizeof actual_text);
    if (value->data && model->slots[names_find(&model->names, declared->name)].initializer)
        return fail(model->diag, STATUS_INVALID,
                    "initializer '%s': its shape %s contradicts the %s declared for the input of that name", value->name,
                    actual_text, declared_text);
    note(model->diag, "'%s' is declared as %s; its shape is %s", value->name, declared_text, actual_text);
    return true;
}
