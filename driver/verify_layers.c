/* Every layer's error: the network is built once more with the layers' results as outputs, and each is compared with the value
 * of the same name in the imported graph. Passes keep the name of the last value they fuse. */
#include "driver/compare.h"
#include "driver/verify.h"
#include "ir/images.h"
#include "ir/op_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare_values(const void *a, const void *b) {
    return strcmp((*(const Value *const *)a)->name, (*(const Value *const *)b)->name);
}

static int compare_shapes(const Shape *a, const Shape *b) {
    if (a->rank != b->rank) return a->rank < b->rank ? -1 : 1;
    for (int k = 0; k < a->rank; k++)
        if (a->dim[k] != b->dim[k]) return a->dim[k] < b->dim[k] ? -1 : 1;
    return 0;
}

/* The parts of one ONNX node give values of one name, in other shapes. */
static int compare_layers(const void *a, const void *b) {
    const LayerResult *one = *(const LayerResult *const *)a, *other = *(const LayerResult *const *)b;
    const int order = strcmp(one->value_name, other->value_name);
    return order ? order : compare_shapes(&one->shape, &other->shape);
}

/* Every node output of a graph, by name. */
static Value **sorted_values(Driver *driver, const Graph *graph, size_t *count) {
    Value **values = ARENA_ARRAY(driver->arena, Value *, graph->value_count + 1);
    *count = 0;
    for (const Node *node = graph->first; node; node = node->next) {
        for (int k = 0; k < node->out_count; k++) {
            if (node->out[k]) values[(*count)++] = node->out[k];
        }
    }
    qsort(values, *count, sizeof *values, compare_values);
    return values;
}

/* In the loop over images a value is that of one image. */
static bool is_of_one_image(const Value *value) {
    return value->producer->op != OP_StackImages && node_runs(value->producer) > 1;
}

static Shape shape_of_all_images(const Value *value) {
    Shape shape = value->shape;
    if (is_of_one_image(value)) shape.dim[0] = node_runs(value->producer);
    return shape;
}

/* Of the values of one name that of its shape. Halves are computed in float, and only rounded for the caller. */
static bool comparable(const Value *value, Value *const *known, size_t known_count) {
    if (value->type != F32 && value->type != F64) return false;
    Value *const *found = bsearch(&value, known, known_count, sizeof *known, compare_values);
    const Shape shape = shape_of_all_images(value);
    while (found && found > known && compare_values(found - 1, found) == 0) found--;
    for (; found && found < known + known_count && compare_values(found, &value) == 0; found++)
        if (dtype_is_float((*found)->type) && shape_equal(&(*found)->shape, &shape)) return true;
    return false;
}

Layers *layers_choose(Driver *driver, const Graph *imported, const Graph *optimised) {
    size_t known_count;
    Value **known = sorted_values(driver, imported, &known_count);
    Layers *layers = ARENA_NEW(driver->arena, Layers);
    layers->arena = driver->arena;
    layers->layers = ARENA_ARRAY(driver->arena, LayerResult, optimised->value_count + 1);
    for (const Node *node = optimised->first; node; node = node->next) {
        for (int k = 0; k < node->out_count; k++) {
            Value *value = node->out[k];
            /* A Reorder computes nothing, and its result may carry the name of what it moves. */
            if (!value || node->op == OP_Reorder || !comparable(value, known, known_count)) continue;
            const Node *layer = node->op == OP_StackImages ? node->in[0]->producer : node;
            layers->layers[layers->count++] = (LayerResult){.node = layer->name,
                                                            .op = op_info(layer->op)->name,
                                                            .value_name = value->name,
                                                            .value = value,
                                                            .peer_error = NAN,
                                                            .shape = shape_of_all_images(value)};
        }
    }
    layers->by_name = ARENA_ARRAY(driver->arena, const LayerResult *, layers->count + 1);
    for (int k = 0; k < layers->count; k++) layers->by_name[k] = &layers->layers[k];
    if (layers->count) qsort(layers->by_name, (size_t)layers->count, sizeof *layers->by_name, compare_layers);
    return layers;
}

/* The interpreter releases its tensors after their last reader. */
static Tensor *tensor_copy(Arena *arena, const Tensor *from) {
    Tensor *to = tensor_new(arena, from->type, from->shape);
    if (from->count) memcpy(to->f, from->f, (size_t)from->count * sizeof *to->f);
    return to;
}

LayerResult *layers_find(Layers *layers, const char *value_name, const Shape *shape) {
    LayerResult key = {.value_name = value_name, .shape = *shape};
    const LayerResult *wanted = &key;
    if (!layers->count) return NULL;
    const LayerResult *const *found =
        bsearch(&wanted, layers->by_name, (size_t)layers->count, sizeof *layers->by_name, compare_layers);
    return found ? &layers->layers[*found - layers->layers] : NULL;
}

static LayerResult *find_result(Layers *layers, const Value *value, const Tensor *result) {
    return value && result && result->f ? layers_find(layers, value->name, &result->shape) : NULL;
}

void layers_observe(void *context, const Node *node, Tensor *const *out) {
    Layers *layers = context;
    for (int k = 0; k < node->out_count; k++) {
        LayerResult *layer = find_result(layers, node->out[k], out[k]);
        if (layer) layer->truth = tensor_copy(layers->arena, out[k]);
    }
}

void layers_observe_peer(void *context, const Node *node, Tensor *const *out) {
    for (int k = 0; k < node->out_count; k++) {
        LayerResult *layer = find_result(context, node->out[k], out[k]);
        if (layer && layer->truth) layer->peer_error = relative_error(out[k], layer->truth);
    }
}

/* Outputs belong to the caller, who knows no blocked layout. */
static bool add_output(Graph *graph, const LayerResult *layer) {
    Value *value = layer->value;
    if (value->layout == LAYOUT_BLOCKED) {
        Node *reorder = node_new(graph, value->producer->next, OP_Reorder, layer->value_name, &value, 1, 1);
        set_int(graph, reorder, A_LAYOUT, LAYOUT_PLANAR);
        if (!node_infer(graph, reorder)) return false;
        value = reorder->out[0];
        value->layout = LAYOUT_PLANAR;
    }
    if (is_of_one_image(value)) {
        const int64_t images = node_runs(value->producer);
        Node *stack = node_new(graph, value->producer->next, OP_StackImages, layer->value_name, &value, 1, 1);
        set_int(graph, stack, A_IMAGES, images);
        if (!node_infer(graph, stack)) return false;
        value = stack->out[0];
    }
    graph_add_output(graph, value, layer->value_name);
    return true;
}

void errors_carry(const Graph *graph, ValueError *errors) {
    for (const Node *node = graph->first; node; node = node->next) {
        double largest = 0;
        for (int k = 0; k < node->in_count; k++) {
            if (node->in[k] && errors[node->in[k]->id].error > largest) largest = errors[node->in[k]->id].error;
        }
        for (int k = 0; k < node->out_count; k++) {
            if (!node->out[k]) continue;
            ValueError *e = &errors[node->out[k]->id];
            e->inputs_error = largest;
            if (!e->measured) e->error = largest;
        }
    }
}

bool error_departs(double error, double inputs_error) {
    double before = inputs_error > 1e-7 ? inputs_error : 1e-7;
    return error > 100 * before || (error > 1e-4 && error > 10 * before);
}

bool layers_measure(Driver *driver, const Workshop *shop, Graph *optimised, const BuildOptions *build, Layers *layers) {
    int original = optimised->output_count;
    for (int k = 0; k < layers->count; k++) {
        if (!add_output(optimised, &layers->layers[k])) return false;
    }
    if (!build_runner(driver, shop, optimised, build) || !run_runner(driver, shop, NULL, NULL, NULL)) return false;
    Tensor **outputs = read_runner_outputs(driver, shop, optimised);
    if (!outputs) return false;
    ValueError *errors = ARENA_ARRAY(driver->arena, ValueError, optimised->value_count + 1);
    for (int k = 0; k < layers->count; k++) {
        LayerResult *layer = &layers->layers[k];
        if (layer->truth) layer->error = relative_error(outputs[original + k], layer->truth);
        errors[layer->value->id] = (ValueError){.measured = true, .error = layer->error};
    }
    errors_carry(optimised, errors);
    for (int k = 0; k < layers->count; k++) {
        LayerResult *layer = &layers->layers[k];
        layer->inputs_error = errors[layer->value->id].inputs_error;
        layer->departs = error_departs(layer->error, layer->inputs_error);
    }
    return true;
}

const LayerResult *layers_first_departure(const Layers *layers) {
    for (int k = 0; k < layers->count; k++) {
        if (layers->layers[k].departs) return &layers->layers[k];
    }
    return NULL;
}
