#include "driver/inputs.h"

#include "driver/random.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

static int input_index(const Graph *graph, const char *name, size_t length) {
    for (int k = 0; k < graph->input_count; k++) {
        const char *known = graph->inputs[k]->name;
        if (strlen(known) == length && memcmp(known, name, length) == 0) return k;
    }
    return -1;
}

/* Which file each input comes from. What stands before '=' is a name only where an input has it: paths may contain '='. */
static bool assign_files(Driver *driver, const Graph *graph, const TextList *files, const char **paths) {
    int next = 0;
    for (int k = 0; k < files->count; k++) {
        const char *path = files->item[k];
        int index = -1;
        for (const char *equals = strchr(path, '='); equals && index < 0; equals = strchr(equals + 1, '=')) {
            index = input_index(graph, path, (size_t)(equals - path));
            if (index >= 0) path = equals + 1;
        }
        if (index < 0) {
            if (strchr(path, '=') && access(path, F_OK) != 0)
                return fail(driver->diag, STATUS_USAGE, "--input %s: there is no such input, and no file of that name", path);
            while (next < graph->input_count && paths[next]) next++;
            index = next;
        }
        if (index >= graph->input_count)
            return fail(driver->diag, STATUS_USAGE, "--input %s is one too many: the model has %d input%s", path,
                        graph->input_count, graph->input_count == 1 ? "" : "s");
        if (paths[index]) return fail(driver->diag, STATUS_USAGE, "input '%s' is given twice", graph->inputs[index]->name);
        paths[index] = path;
    }
    return true;
}

static bool check_array(Driver *driver, const Value *input, const char *path, const NpyArray *array, bool widened) {
    char wanted[256], found[256];
    const char *type = npy_type_name(input->type);
    if (array->type != input->type && !(widened && dtype_is_float(input->type) && array->type == F64))
        return fail(driver->diag, STATUS_FILE, "%s: input '%s' is %s%s%s%s, the file has %s", path, input->name,
                    dtype_onnx_name(input->type), type ? " (" : "", type ? type : "", type ? ")" : "",
                    npy_type_name(array->type));
    if (!shape_equal(&array->shape, &input->shape))
        return fail(driver->diag, STATUS_FILE, "%s: input '%s' has the shape %s, the file %s", path, input->name,
                    shape_text(&input->shape, wanted, sizeof wanted), shape_text(&array->shape, found, sizeof found));
    return true;
}

static NpyArray *arrays_new(Driver *driver, const Graph *graph) {
    return ARENA_ARRAY(driver->arena, NpyArray, graph->input_count ? graph->input_count : 1);
}

NpyArray *inputs_read(Driver *driver, const Graph *graph, const TextList *files, bool widened) {
    const char **paths = ARENA_ARRAY(driver->arena, const char *, graph->input_count ? graph->input_count : 1);
    if (!assign_files(driver, graph, files, paths)) return NULL;
    NpyArray *arrays = arrays_new(driver, graph);
    for (int k = 0; k < graph->input_count; k++) {
        const Value *input = graph->inputs[k];
        char shape[256];
        if (!paths[k]) {
            fail(driver->diag, STATUS_USAGE, "no --input for input '%s' (%s %s)", input->name, dtype_onnx_name(input->type),
                 shape_text(&input->shape, shape, sizeof shape));
            return NULL;
        }
        if (!npy_read(driver->arena, driver->diag, paths[k], &arrays[k]) ||
            !check_array(driver, input, paths[k], &arrays[k], widened))
            return NULL;
    }
    return arrays;
}

/* The central limit of twelve uniform numbers: unlike Box and Muller's, it needs no libm, so its bits are the same everywhere. */
static double random_normal(uint64_t *state) {
    double sum = -6;
    for (int k = 0; k < 12; k++) sum += (double)(random_bits(state) >> 11) * 0x1p-53;
    return sum;
}

static void fill_random(Tensor *tensor, uint64_t *state) {
    uint64_t limit = tensor->type == BOOL ? 2 : tensor->type == U8 ? 256 : 4;
    for (int64_t k = 0; k < tensor->count; k++) {
        if (tensor->f)
            tensor->f[k] = random_normal(state);
        else if (tensor->type == I8)
            tensor->i[k] = (int64_t)(random_bits(state) % 256) - 128;
        else
            tensor->i[k] = (int64_t)(random_bits(state) % limit);
    }
    tensor_round(tensor);
}

NpyArray *inputs_random(Driver *driver, const Graph *graph, uint64_t seed) {
    NpyArray *arrays = arrays_new(driver, graph);
    for (int k = 0; k < graph->input_count; k++) {
        const Value *input = graph->inputs[k];
        Tensor *tensor = tensor_new(driver->arena, input->type, input->shape);
        fill_random(tensor, &seed);
        arrays[k] = (NpyArray){input->type, input->shape, tensor->count, tensor_to_bytes(driver->arena, tensor)};
    }
    return arrays;
}

const Tensor *const *inputs_tensors(Driver *driver, const Graph *graph, const NpyArray *arrays) {
    const Tensor **tensors = ARENA_ARRAY(driver->arena, const Tensor *, graph->input_count ? graph->input_count : 1);
    for (int k = 0; k < graph->input_count; k++) {
        Tensor *tensor = tensor_from_bytes(driver->arena, arrays[k].type, arrays[k].shape, arrays[k].data);
        tensor->type = graph->inputs[k]->type; /* an f8 file for a float input keeps its precision */
        tensors[k] = tensor;
    }
    return tensors;
}
