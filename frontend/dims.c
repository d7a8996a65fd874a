#include "frontend/dims.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

typedef Onnx__TensorShapeProto__Dimension Dimension;

const Onnx__TypeProto__Tensor *tensor_type(const Onnx__ValueInfoProto *info) {
    const Onnx__TypeProto *type = info->type;
    return type && type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE ? type->tensor_type : NULL;
}

static size_t dimension_count(const Onnx__ValueInfoProto *info) {
    const Onnx__TypeProto__Tensor *tensor = tensor_type(info);
    return tensor && tensor->shape ? tensor->shape->n_dim : 0;
}

static const Dimension *dimension_at(const Onnx__ValueInfoProto *info, size_t axis) {
    return tensor_type(info)->shape->dim[axis];
}

bool dimension_is_open(const Dimension *dimension) {
    return dimension->value_case != ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE || dimension->dim_value == 0 ||
           dimension->dim_value == -1;
}

/* "" for static and unnamed dimensions. */
static const char *symbol(const Onnx__ValueInfoProto *info, size_t axis) {
    const Dimension *dimension = dimension_at(info, axis);
    return dimension->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM ? text_of(dimension->dim_param) : "";
}

/* What --dim calls it. */
static const char *dimension_name(const Dims *dims, const Onnx__ValueInfoProto *info, size_t axis) {
    const char *own = symbol(info, axis);
    return *own ? own : arena_printf(dims->model->arena, "%s:%zu", text_of(info->name), axis);
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

/* No size but what the model itself writes may be 0: a tensor that is meant to be empty. */
static bool allows(const DimSetting *setting, const Dimension *dimension) {
    return setting->size >= 1 || (setting->size == 0 && dimension->dim_value == 0 &&
                                  dimension->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE);
}

/* How many dimensions it names. */
static int check_setting(const Dims *dims, const DimSetting *setting, Onnx__ValueInfoProto *const *infos, size_t count) {
    int named = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t axis = 0; axis < dimension_count(infos[i]); axis++) {
            if (!names_dimension(setting, infos[i], axis)) continue;
            named++;
            if (!allows(setting, dimension_at(infos[i], axis)))
                fail(dims->model->diag, STATUS_USAGE, "--dim %s: the size must be at least 1", setting->name);
        }
    return named;
}

bool dims_start(Dims *dims, Model *model, const ImportOptions *options) {
    *dims = (Dims){.model = model, .options = options};
    dims->noted = names_new(model->arena);
    dims->bound = names_new(model->arena);
    dims->missing = names_new(model->arena);
    dims->missing_dims.separator = ", ";
    dims->missing_options.separator = " ";
    const Onnx__GraphProto *graph = model->proto->graph;
    for (int i = 0; i < options->dim_count; i++) {
        const DimSetting *setting = &options->dims[i];
        int named = check_setting(dims, setting, graph->input, graph->n_input) +
                    check_setting(dims, setting, graph->output, graph->n_output);
        if (named == 0)
            fail(model->diag, STATUS_USAGE, "--dim %s=%lld: the model has no dimension of that name", setting->name,
                 (long long)setting->size);
        if (model->diag->status != STATUS_OK) return false;
    }
    return true;
}

/* By --dim, the model itself, or a bound input; -1 where none of them says. */
static int64_t known_size(const Dims *dims, const Onnx__ValueInfoProto *info, size_t axis) {
    for (int i = 0; i < dims->options->dim_count; i++)
        if (names_dimension(&dims->options->dims[i], info, axis)) return dims->options->dims[i].size;
    const Dimension *dimension = dimension_at(info, axis);
    if (!dimension_is_open(dimension)) return dimension->dim_value;
    int bound = *symbol(info, axis) ? names_find(&dims->bound, symbol(info, axis)) : NO_NAME;
    return bound == NO_NAME ? -1 : dims->bound_sizes[bound];
}

bool dims_declared(Dims *dims, const Onnx__ValueInfoProto *info, Shape *shape) {
    Diag *diag = dims->model->diag;
    const char *name = text_of(info->name);
    size_t rank = dimension_count(info);
    if (rank > MAX_RANK)
        return fail(diag, STATUS_UNSUPPORTED, "input '%s' has %zu dimensions, at most %d are supported", name, rank, MAX_RANK);
    *shape = (Shape){.rank = (int)rank};
    for (size_t axis = 0; axis < rank; axis++) {
        const Dimension *dimension = dimension_at(info, axis);
        if (!dimension_is_open(dimension) && dimension->dim_value < 0)
            return fail(diag, STATUS_INVALID, "input '%s': dimension %zu is negative", name, axis);
        shape->dim[axis] = known_size(dims, info, axis);
    }
    return true;
}

static void bind_symbol(Dims *dims, const char *name, int64_t size) {
    if (dims->bound_count == dims->bound_capacity) {
        int capacity = dims->bound_capacity ? dims->bound_capacity * 2 : 8;
        int64_t *sizes = ARENA_ARRAY(dims->model->arena, int64_t, capacity);
        if (dims->bound_count) memcpy(sizes, dims->bound_sizes, sizeof *sizes * (size_t)dims->bound_count);
        dims->bound_sizes = sizes;
        dims->bound_capacity = capacity;
    }
    names_set(&dims->bound, name, dims->bound_count);
    dims->bound_sizes[dims->bound_count++] = size;
}

bool dims_bind(Dims *dims, const Onnx__ValueInfoProto *info, const Shape *shape) {
    for (size_t axis = 0; axis < dimension_count(info); axis++) {
        const char *name = symbol(info, axis);
        int64_t known = known_size(dims, info, axis), size = shape->dim[axis];
        if (known != -1 && known != size) /* of two axes with one symbol: others were checked before */
            return fail(dims->model->diag, STATUS_USAGE, "--bind %s: dimension %zu ('%s') has two sizes, %lld and %lld",
                        text_of(info->name), axis, name, (long long)known, (long long)size);
        if (known == -1 && *name) bind_symbol(dims, name, size);
    }
    return true;
}

static bool is_called_batch(const char *name) {
    static const char *const names[] = {"batch", "batch_size", "batchsize"};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (strcasecmp(name, names[k]) == 0) return true;
    return false;
}

/* The first dimension of an input is its batch; so is one that says it is, or has the symbol of such a first one. */
static bool is_batch(const Dims *dims, const Onnx__ValueInfoProto *info, size_t axis) {
    const char *name = symbol(info, axis);
    if (axis == 0 || is_called_batch(name)) return true;
    const Onnx__GraphProto *graph = dims->model->proto->graph;
    for (size_t i = 0; i < graph->n_input && *name; i++)
        if (dims->model->slots[names_find(&dims->model->names, text_of(graph->input[i]->name))].is_input &&
            dimension_count(graph->input[i]) > 0 && strcmp(symbol(graph->input[i], 0), name) == 0)
            return true;
    return false;
}

static void note_default(Dims *dims, const Onnx__ValueInfoProto *info, size_t axis) {
    const char *name = dimension_name(dims, info, axis), *setting = shell_word(dims->model->arena, name, "=N");
    if (names_find(&dims->noted, name) != NO_NAME) return;
    names_set(&dims->noted, name, 0);
    if (*symbol(info, axis))
        note(dims->model->diag, "dimension '%s' is symbolic: taken as 1 (--dim %s sets it)", name, setting);
    else
        note(dims->model->diag, "dimension %zu of input '%s' has no size: taken as 1 (--dim %s sets it)", axis,
             text_of(info->name), setting);
}

static void add_missing(Dims *dims, const Onnx__ValueInfoProto *info, size_t axis) {
    Arena *arena = dims->model->arena;
    const char *name = dimension_name(dims, info, axis), *input = text_of(info->name);
    if (names_find(&dims->missing, name) != NO_NAME) return;
    names_set(&dims->missing, name, 0);
    const char *called = *symbol(info, axis) ? arena_printf(arena, " ('%s')", name) : "";
    const char *setting = shell_word(arena, name, "=N");
    if (!dims->first_missing)
        dims->first_missing =
            arena_printf(arena, "input '%s': dimension %zu%s has no fixed size: --dim %s sets it", input, axis, called, setting);
    words_add(arena, &dims->missing_dims, arena_printf(arena, "%zu%s of input '%s'", axis, called, input));
    words_add(arena, &dims->missing_options, arena_printf(arena, "--dim %s", setting));
}

bool dims_shape(Dims *dims, const Onnx__ValueInfoProto *info, Shape *shape) {
    Diag *diag = dims->model->diag;
    const char *name = text_of(info->name);
    if (!tensor_type(info)->shape)
        return fail(diag, STATUS_UNSUPPORTED, "input '%s' has no shape: export the model with one", name);
    if (!dims_declared(dims, info, shape)) return false;
    for (int axis = 0; axis < shape->rank; axis++) {
        if (shape->dim[axis] != -1) continue;
        shape->dim[axis] = 1;
        if (is_batch(dims, info, (size_t)axis))
            note_default(dims, info, (size_t)axis);
        else
            add_missing(dims, info, (size_t)axis);
    }
    if (shape_count(shape) < 0) return fail(diag, STATUS_INVALID, "input '%s': its dimensions overflow", name);
    return true;
}

bool dims_complete(const Dims *dims) {
    if (dims->missing_dims.count == 0) return true;
    Diag *diag = dims->model->diag;
    if (dims->missing_dims.count == 1) return fail(diag, STATUS_UNSUPPORTED, "%s", dims->first_missing);
    return fail(diag, STATUS_UNSUPPORTED, "dimensions without a fixed size: %s: %s set them",
                words_text(dims->model->arena, &dims->missing_dims), words_text(dims->model->arena, &dims->missing_options));
}
