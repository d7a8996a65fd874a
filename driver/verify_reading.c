/* Where skipc and a peer read the model differently: the peer's inner values beside those of the imported graph in double
 * precision. */
#include "driver/compare.h"
#include "driver/verify.h"

#include <math.h>
#include <string.h>

TextList inner_names(Driver *driver, const Graph *imported) {
    TextList names = {.count = 0};
    for (const Node *node = imported->first; node; node = node->next) {
        for (int k = 0; k < node->out_count; k++) {
            if (node->out[k]) list_add(driver->arena, &names, node->out[k]->name);
        }
    }
    return names;
}

void layers_compare_peer(Driver *driver, const Workshop *shop, const TextList *inner, Layers *layers) {
    for (int k = 0; k < inner->count; k++) {
        Arena arena;
        arena_init(&arena, driver->arena->out_of_memory);
        const Tensor *peer = peer_inner(driver, shop, &arena, k);
        LayerResult *layer = peer && peer->f ? layers_find(layers, inner->item[k], &peer->shape) : NULL;
        if (layer && layer->truth) layer->peer_error = relative_error(peer, layer->truth);
        arena_free(&arena);
    }
}

typedef struct {
    Driver *driver;
    const Workshop *shop;
    ValueError *errors; /* by value id */
    int next;           /* index of the next value among inner_names: nodes are observed in that order */
} Parting;

/* Infinite where no rounding could explain it. */
static double distance(const Tensor *peer, const Tensor *truth) {
    if (peer->type != truth->type || !shape_equal(&peer->shape, &truth->shape)) return INFINITY;
    if (!truth->f) return integer_differences(peer, truth) ? INFINITY : 0;
    return special_differences(peer, truth) ? INFINITY : relative_error(peer, truth);
}

static void compare_node(void *context, const Node *node, Tensor *const *out) {
    Parting *parting = context;
    for (int k = 0; k < node->out_count; k++) {
        if (!node->out[k]) continue;
        Arena arena;
        arena_init(&arena, parting->driver->arena->out_of_memory);
        const Tensor *peer = peer_inner(parting->driver, parting->shop, &arena, parting->next++);
        if (peer && out[k]) parting->errors[node->out[k]->id] = (ValueError){.measured = true, .error = distance(peer, out[k])};
        arena_free(&arena);
    }
}

/* The first that jumps; else the first that is off at all. */
static const Node *first_off(const Graph *graph, const ValueError *errors) {
    const Node *off = NULL;
    for (const Node *node = graph->first; node; node = node->next) {
        for (int k = 0; k < node->out_count; k++) {
            if (!node->out[k] || !errors[node->out[k]->id].measured) continue;
            const ValueError *e = &errors[node->out[k]->id];
            if (error_departs(e->error, e->inputs_error)) return node;
            if (!off && e->error > EXPLAINED_WITHOUT_ROUNDING) off = node;
        }
    }
    return off;
}

const Node *first_parting(Driver *driver, const Workshop *shop, Graph *imported, const NpyArray *inputs) {
    Parting parting = {
        .driver = driver, .shop = shop, .errors = ARENA_ARRAY(driver->arena, ValueError, imported->value_count + 1)};
    if (!model_evaluate(driver, imported, inputs_tensors(driver, imported, inputs), PRECISION_F64, compare_node, &parting))
        return NULL;
    errors_carry(imported, parting.errors);
    return first_off(imported, parting.errors);
}
