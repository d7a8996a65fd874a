/* skipc bench: the generated C's time, and a peer's in the same minutes: the two take turns. */
#include "driver/bench.h"

#include "driver/peers.h"
#include "driver/text.h"

#include <inttypes.h>

static void print_times(const char *name, Times times) {
    printf("%-12s %12.3f %12.3f %12.3f %12.3f %12.3f\n", name, times.median, times.low, times.high, times.least, times.most);
}

static void json_times(const char *name, Times times) {
    printf(",\n  \"%s\": ", name);
    json_member(stdout, "{", "median_ms", times.median);
    json_member(stdout, ", ", "low_ms", times.low);
    json_member(stdout, ", ", "high_ms", times.high);
    json_member(stdout, ", ", "min_ms", times.least);
    json_member(stdout, ", ", "max_ms", times.most);
    putchar('}');
}

/* The ratio is the median over the pairs: what slows both for a moment leaves it alone. */
static void json_report(const BenchOptions *options, Times mine, Times peer, Times ratio) {
    printf("{\n  \"model\": ");
    json_string(stdout, file_name(options->model.path));
    printf(",\n  \"threads\": %" PRId64 ",\n  \"runs\": %" PRId64, options->threads, options->runs);
    json_times("skipc", mine);
    if (options->against) {
        json_times(options->against, peer);
        json_member(stdout, ",\n  ", "ratio", ratio.median);
        json_member(stdout, ",\n  ", "ratio_low", ratio.low);
        json_member(stdout, ",\n  ", "ratio_high", ratio.high);
    }
    puts("\n}");
}

static void print_report(const BenchOptions *options, Times mine, Times peer, Times ratio) {
    text_print(stdout, file_name(options->model.path));
    printf(": %" PRId64 " thread%s, %" PRId64 " runs, milliseconds\n%-12s %12s %12s %12s %12s %12s\n", options->threads,
           options->threads == 1 ? "" : "s", options->runs, "", "median", "half from", "to", "min", "max");
    print_times("skipc", mine);
    if (!options->against) return;
    print_times(options->against, peer);
    printf("skipc takes %.2f times as long as %s (median of the pairs; half of them %.2f to %.2f)\n", ratio.median,
           options->against, ratio.low, ratio.high);
}

static bool bench_whole(Driver *driver, const BenchOptions *options) {
    Graph *graph = model_optimise(driver, &options->model, NULL, NULL);
    if (!graph) return false;
    NpyArray *inputs = inputs_random(driver, graph, 1);
    Workshop shop;
    if (!workshop_open(driver, &shop, options->model.path) || !build_runner(driver, &shop, graph, &options->build) ||
        !write_runner_inputs(driver, &shop, graph, inputs))
        return false;
    const char *out = workshop_path(driver, &shop, "times.txt");
    double *mine = ARENA_ARRAY(driver->arena, double, options->runs), *theirs = ARENA_ARRAY(driver->arena, double, options->runs);
    double *ratios = ARENA_ARRAY(driver->arena, double, options->runs), *columns[] = {mine, theirs};
    bool paired = options->against != NULL;
    if (paired ? !write_peer_inputs(driver, &shop, graph, inputs) ||
                     !peer_bench(driver, &shop, graph, options->model.path, peer_find(options->against), options->threads,
                                 options->runs, out)
               : !time_runner(driver, &shop, options->threads, options->runs, out))
        return false;
    if (!times_read(driver, out, paired ? 0 : WARM_UPS, options->runs, columns, paired ? 2 : 1)) return false;
    for (int64_t k = 0; paired && k < options->runs; k++) ratios[k] = mine[k] / theirs[k];
    progress_end(&driver->progress);
    (options->json ? json_report : print_report)(options, times_summary(mine, options->runs),
                                                 times_summary(theirs, options->runs), times_summary(ratios, options->runs));
    return true;
}

bool command_bench(Driver *driver, int argc, char **argv) {
    BenchOptions options = {.build = {.level = "-O3", .weights = WEIGHTS_FILE}, .threads = 1, .runs = 21};
    const Option list[] = {
        {.name = "threads",
         .kind = OPTION_NUMBER,
         .target = &options.threads,
         .argument = "N",
         .least = 1,
         .most = 1024,
         .help = "of both sides (default 1); above 1 the C is built with -fopenmp"},
        {.name = "against",
         .kind = OPTION_TEXT,
         .target = &options.against,
         .argument = PEER_NAMES,
         .help = "time it too, in turn (needs Python with its package)"},
        {.name = "layers",
         .kind = OPTION_FLAG,
         .target = &options.layers,
         .help = "every layer's time and its share of the machine's peak, which is measured first"},
        {.name = "runs",
         .kind = OPTION_NUMBER,
         .target = &options.runs,
         .argument = "R",
         .least = 1,
         .most = 1000000,
         .help = "timed runs (default 21), after 3 to warm up"},
        {.name = "json", .kind = OPTION_FLAG, .target = &options.json, .help = "the result as JSON"},
        BUILD_CC_OPTIONS(&options.build),
        MODEL_INPUT_OPTIONS(&options.model),
        MODEL_OPTIMIZE_OPTIONS(&options.model),
    };
    const OptionTable table = {
        "bench", "MODEL.onnx [--threads N] [--against " PEER_NAMES "] [--layers] [options]",
        "Builds the C with your compiler and times it on random input, beside a peer in 32-bit floats if wanted.", list,
        sizeof list / sizeof *list};
    const OptionsResult parsed = options_parse(driver->arena, driver->diag, &table, argc, argv, &options.model.path);
    if (parsed != OPTIONS_RUN) return parsed == OPTIONS_HELP;
    if (options.against && !peer_find(options.against))
        return fail(driver->diag, STATUS_USAGE, "--against takes " PEER_NAMES ", not '%s'", options.against);
    if (options.against && options.layers)
        return fail(driver->diag, STATUS_USAGE, "--layers times the C alone: leave out --against");
    options.build.openmp = options.threads > 1;
    return options.layers ? bench_layers(driver, &options) : bench_whole(driver, &options);
}
