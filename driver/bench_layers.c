/* skipc bench --layers: where the time goes, and what of the machine's peak each step reaches. */
#include "codegen/conv_strips.h"
#include "driver/bench.h"
#include "driver/embedded/embedded.h"
#include "driver/text.h"
#include "ir/images.h"
#include "ir/op_table.h"

#include <inttypes.h>
#include <math.h>

typedef struct {
    double gflops; /* multiply-adds count twice */
    double gigabytes;
} Machine;

typedef struct {
    const Node *node;
    const StepProfile *profile;
    double milliseconds, least;   /* median and fastest run */
    int64_t multiply_adds, bytes; /* bytes: what the step reads and writes once, weights as packed */
    double arithmetic, memory;    /* milliseconds that its products and its bytes take at the machine's peak */
} LayerTime;

static bool measure_machine(Driver *driver, const Workshop *shop, const BenchOptions *options, Machine *machine) {
    const char *out = workshop_path(driver, shop, "peak.txt"),
               *threads = arena_printf(driver->arena, "%" PRId64, options->threads);
    int status;
    /* Without it -std=c99 among the flags would keep multiply and add apart. */
    if (!workshop_write(driver, shop, "peak.c", embedded_peak_c) ||
        !build_program(driver, shop, &options->build, "peak", "-ffp-contract=fast peak.c") ||
        !run_program(driver, shop, "peak", NULL, out, threads, &status))
        return false;
    FILE *file = status == 0 ? fopen(out, "re") : NULL;
    bool whole = file && fscanf(file, "%lf %lf", &machine->gflops, &machine->gigabytes) == 2;
    if (file) fclose(file);
    return whole || fail(driver->diag, STATUS_FILE, "the program that measures the machine's peak wrote no numbers");
}

static int64_t bytes_of(const Value *value) {
    return value ? shape_count(&value->shape) * (int64_t)dtype_size(value->type) : 0;
}

/* Of values that are read and written. What is computed depth first is neither. */
static int64_t bytes_moved(const Node *node) {
    const Node *reads = strips_producer(node) ? strips_producer(node) : node;
    int64_t bytes = 0;
    if (strips_reader(node)) return 0;
    for (int k = 0; k < reads->in_count; k++)
        if (reads->in[k] && !reads->in[k]->data) bytes += bytes_of(reads->in[k]);
    for (int k = 0; k < node->out_count; k++) bytes += bytes_of(node->out[k]);
    return bytes;
}

static LayerTime layer_time(const Node *node, const StepProfile *profile, Times times, const Machine *machine) {
    LayerTime layer = {.node = node,
                       .profile = profile,
                       .milliseconds = times.median,
                       .least = times.least,
                       .multiply_adds = step_total(node, node_multiply_adds),
                       .bytes = (profile->weight_bytes + bytes_moved(node)) * node_runs(node)};
    layer.arithmetic = 2e-6 * (double)profile->products / machine->gflops;
    layer.memory = 1e-6 * (double)layer.bytes / machine->gigabytes;
    return layer;
}

static double rate(double amount, double milliseconds) {
    return milliseconds > 0 ? amount / milliseconds : 0;
}

/* Of the operator's multiply-adds, counted as direct convolution: Winograd's can pass the peak. */
static double gflops(const LayerTime *layer) {
    return rate(2e-6 * (double)layer->multiply_adds, layer->milliseconds);
}

static const char *bound(const LayerTime *layer) {
    return layer->arithmetic >= layer->memory ? "arithmetic" : "memory";
}

/* How near the step is to the roofline: the time that its bound allows, over the time it takes. */
static double roofline(const LayerTime *layer) {
    return rate(fmax(layer->arithmetic, layer->memory), layer->milliseconds);
}

static const char *kernel_name(const LayerTime *layer) {
    return layer->profile->kernel ? layer->profile->kernel : "-";
}

static void print_layers(const BenchOptions *options, const Machine *machine, Times whole, const LayerTime *layers, int count) {
    char number[32];
    text_print(stdout, file_name(options->model.path));
    printf(": %" PRId64 " thread%s, medians of %" PRId64 " runs, %.3f ms in all\n"
           "peak: %.1f GFLOP/s in multiply-adds, %.1f GB/s reading memory\n",
           options->threads, options->threads == 1 ? "" : "s", options->runs, whole.median, machine->gflops, machine->gigabytes);
    printf("%4s %9s %6s %9s %8s %15s %11s %-10s %8s  %-22s %s\n", "step", "ms", "share", "GFLOP/s", "of peak", "multiply-adds",
           "KB moved", "bound", "of bound", "kernel", "layer");
    for (int k = 0; k < count; k++) {
        const LayerTime *layer = &layers[k];
        printf("%4d %9.3f %5.1f%% %9.1f %7.1f%% %15s %11.1f %-10s %7.1f%%  %-22s ", k + 1, layer->milliseconds,
               100 * rate(layer->milliseconds, whole.median), gflops(layer), 100 * gflops(layer) / machine->gflops,
               grouped(layer->multiply_adds, number), (double)layer->bytes / 1000, bound(layer), 100 * roofline(layer),
               kernel_name(layer));
        text_print(stdout, layer->node->name);
        putchar('\n');
    }
}

static void json_layer(const LayerTime *layer, const Machine *machine) {
    printf("{\"name\": ");
    json_string(stdout, layer->node->name);
    printf(", \"op\": \"%s\", \"kernel\": ", op_info(layer->node->op)->name);
    if (layer->profile->kernel)
        json_string(stdout, layer->profile->kernel);
    else
        printf("null");
    json_member(stdout, ", ", "ms", layer->milliseconds);
    json_member(stdout, ", ", "min_ms", layer->least);
    json_member(stdout, ", ", "gflops", gflops(layer));
    json_member(stdout, ", ", "of_peak", gflops(layer) / machine->gflops);
    printf(", \"multiply_adds\": %" PRId64 ", \"products\": %" PRId64 ", \"bytes\": %" PRId64 ", \"bound\": \"%s\"",
           layer->multiply_adds, layer->profile->products, layer->bytes, bound(layer));
    json_member(stdout, ", ", "of_bound", roofline(layer));
    putchar('}');
}

static void json_layers(const BenchOptions *options, const Machine *machine, Times whole, const LayerTime *layers, int count) {
    printf("{\n  \"model\": ");
    json_string(stdout, file_name(options->model.path));
    printf(",\n  \"threads\": %" PRId64 ",\n  \"runs\": %" PRId64, options->threads, options->runs);
    json_member(stdout, ",\n  ", "median_ms", whole.median);
    json_member(stdout, ",\n  ", "peak_gflops", machine->gflops);
    json_member(stdout, ",\n  ", "memory_gb_per_s", machine->gigabytes);
    printf(",\n  \"layers\": [");
    for (int k = 0; k < count; k++) {
        printf(k ? ",\n    " : "\n    ");
        json_layer(&layers[k], machine);
    }
    printf("%s]\n}\n", count ? "\n  " : "");
}

bool bench_layers(Driver *driver, const BenchOptions *options) {
    Graph *graph = model_optimise(driver, &options->model, NULL, NULL);
    if (!graph) return false;
    int steps = graph_node_count(graph);
    BuildOptions build = options->build;
    build.profile = ARENA_ARRAY(driver->arena, StepProfile, steps + 1);
    NpyArray *inputs = inputs_random(driver, graph, 1);
    Workshop shop;
    Machine machine;
    StepTimes times;
    if (!workshop_open(driver, &shop, options->model.path) || !measure_machine(driver, &shop, options, &machine) ||
        !build_runner(driver, &shop, graph, &build) || !write_runner_inputs(driver, &shop, graph, inputs) ||
        !time_steps(driver, &shop, options->threads, options->runs, steps, &times))
        return false;
    LayerTime *layers = ARENA_ARRAY(driver->arena, LayerTime, steps + 1);
    int k = 0;
    for (const Node *node = graph->first; node; node = node->next, k++)
        layers[k] = layer_time(node, &build.profile[k], times.steps[k], &machine);
    progress_end(&driver->progress);
    (options->json ? json_layers : print_layers)(options, &machine, times.whole, layers, steps);
    return true;
}
