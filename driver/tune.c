/* Measures kernels where they will run: the whole network is built once for each candidate, and each of its layers timed. So
 * weights come from the cache or the memory that they come from in use. */
#include "driver/tune.h"

#include "driver/timing.h"
#include "passes/passes.h"

#include <string.h>

/* The candidates take turns, so that a slow moment of the machine meets all of them. The fastest round counts: what else runs
 * only adds. */
enum { ROUNDS = 5, RUNS = 5 };

/* The geometries of the graph that are to be measured, each once. */
typedef struct {
    LayerMeasurement *layers;
    int count;
    int *layer_of; /* by node in order; -1: nothing to measure */
} Geometries;

static int find_layer(const Geometries *geometries, const char *layer) {
    for (int k = 0; k < geometries->count; k++)
        if (strcmp(geometries->layers[k].layer, layer) == 0) return k;
    return -1;
}

static Geometries collect(Driver *driver, const Graph *graph, const Tuning *known) {
    int nodes = graph_node_count(graph), at = 0;
    Geometries all = {.layers = ARENA_ARRAY(driver->arena, LayerMeasurement, nodes + 1),
                      .layer_of = ARENA_ARRAY(driver->arena, int, nodes + 1)};
    for (const Node *node = graph->first; node; node = node->next, at++) {
        const char *layer = kernel_layer(graph, node);
        if (layer && tuning_knows(known, layer)) layer = NULL;
        all.layer_of[at] = layer ? find_layer(&all, layer) : -1;
        if (!layer || all.layer_of[at] >= 0) continue;
        all.layer_of[at] = all.count;
        all.layers[all.count++].layer = layer;
    }
    return all;
}

bool tuning_knows(const Tuning *tuning, const char *layer) {
    for (int k = 0; k < tuning->choice_count; k++)
        if (strcmp(tuning->choices[k].layer, layer) == 0) return true;
    return false;
}

bool tuning_covers(const Tuning *tuning, const Graph *graph) {
    for (const Node *node = graph->first; node; node = node->next) {
        const char *layer = kernel_layer(graph, node);
        if (layer && !tuning_knows(tuning, layer)) return false;
    }
    return true;
}

/* A profiling build in which every layer to be measured takes the candidate, and the others what is known. */
static bool build_candidate(Driver *driver, const ModelOptions *options, Graph *graph, const Tuning *known, const Geometries *all,
                            const KernelCandidate *candidate, const NpyArray *inputs, Workshop *shop) {
    int count = known->choice_count;
    KernelChoice *choices = ARENA_ARRAY(driver->arena, KernelChoice, count + all->count + 1);
    if (count) memcpy(choices, known->choices, (size_t)count * sizeof *choices);
    for (int k = 0; k < all->count; k++) choices[count++] = (KernelChoice){all->layers[k].layer, candidate->winograd};
    graph->choices = choices;
    graph->choice_count = count;
    BuildOptions build = {
        .level = "-O2", .weights = WEIGHTS_FILE, .profile = ARENA_ARRAY(driver->arena, StepProfile, graph_node_count(graph) + 1)};
    return choose_kernels(graph) && workshop_open(driver, shop, options->path) && build_runner(driver, shop, graph, &build) &&
           write_runner_inputs(driver, shop, graph, inputs);
}

/* One round of a candidate: for each geometry the sum over its layers, times[geometry][round]. */
static bool time_round(Driver *driver, const Workshop *shop, const Geometries *all, int nodes, int round,
                       double (*times)[ROUNDS]) {
    StepTimes steps;
    if (!time_steps(driver, shop, 1, RUNS, nodes, &steps)) return false;
    for (int k = 0; k < all->count; k++) times[k][round] = 0;
    for (int k = 0; k < nodes; k++)
        if (all->layer_of[k] >= 0) times[all->layer_of[k]][round] += steps.steps[k].least;
    return true;
}

bool tuning_measure(Driver *driver, const ModelOptions *options, Graph *graph, const Tuning *known) {
    Geometries all = collect(driver, graph, known);
    int nodes = graph_node_count(graph);
    Workshop shops[KERNEL_CANDIDATES];
    double(*times[KERNEL_CANDIDATES])[ROUNDS];
    NpyArray *inputs = inputs_random(driver, graph, 1);
    for (int c = 0; c < KERNEL_CANDIDATES; c++) {
        times[c] = arena_alloc(driver->arena, (size_t)(all.count + 1) * sizeof *times[c], _Alignof(double));
        if (!build_candidate(driver, options, graph, known, &all, &kernel_candidates[c], inputs, &shops[c])) return false;
    }
    for (int round = 0; round < ROUNDS; round++)
        for (int c = 0; c < KERNEL_CANDIDATES; c++)
            if (!time_round(driver, &shops[c], &all, nodes, round, times[c])) return false;
    for (int k = 0; k < all.count; k++)
        for (int c = 0; c < KERNEL_CANDIDATES; c++) all.layers[k].milliseconds[c] = times_summary(times[c][k], ROUNDS).least;
    return tuning_write(driver, options, known, all.layers, all.count);
}
