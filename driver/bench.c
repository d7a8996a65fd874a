/* skipc bench: the generated C's time, and ONNX Runtime's in the same minutes: the two take turns. */
#include "driver/model.h"
#include "driver/onnxruntime.h"
#include "driver/output.h"
#include "driver/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { WARM_UPS = 3 }; /* as embedded/onnxruntime_bench.py has it */

typedef struct {
    ModelOptions model;
    BuildOptions build;
    int64_t threads, runs;
    const char *against;
    bool json;
} BenchOptions;

typedef struct {
    double median, least, most; /* milliseconds */
} Times;

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts them. */
static Times summary(double *values, int64_t count) {
    qsort(values, (size_t)count, sizeof *values, compare_doubles);
    double median = (values[(count - 1) / 2] + values[count / 2]) / 2;
    return (Times){median, values[0], values[count - 1]};
}

/* One newline per run makes the runner time itself. */
static bool time_alone(Driver *driver, const Workshop *shop, const BenchOptions *options, const char *out) {
    const char *in = workshop_path(driver, shop, "runs.txt");
    Output output;
    if (!output_open(driver, &output, in)) return false;
    for (int64_t k = 0; k < WARM_UPS + options->runs; k++) fputc('\n', output.file);
    return output_finish(driver, &output) && output_commit(driver, &output) &&
           run_runner(driver, shop, in, out, arena_printf(driver->arena, "%" PRId64, options->threads));
}

/* `columns` numbers a line; nanoseconds become milliseconds. */
static bool read_times(Driver *driver, const char *path, int64_t skip, int64_t runs, double *const *columns, int column_count) {
    FILE *file = fopen(path, "re");
    if (!file) return fail(driver->diag, STATUS_FILE, "%s: %s", path, strerror(errno));
    bool whole = true;
    for (int64_t k = -skip; whole && k < runs; k++) {
        for (int column = 0; whole && column < column_count; column++) {
            double nanoseconds;
            whole = fscanf(file, "%lf", &nanoseconds) == 1;
            if (whole && k >= 0) columns[column][k] = nanoseconds * 1e-6;
        }
    }
    fclose(file);
    return whole || fail(driver->diag, STATUS_FILE, "the timed program wrote too few times");
}

static void print_times(const char *name, Times times) {
    printf("%-12s %12.3f %12.3f %12.3f\n", name, times.median, times.least, times.most);
}

static void json_times(const char *name, Times times) {
    printf(",\n  \"%s\": {\"median_ms\": ", name);
    json_number(stdout, times.median);
    printf(", \"min_ms\": ");
    json_number(stdout, times.least);
    printf(", \"max_ms\": ");
    json_number(stdout, times.most);
    putchar('}');
}

/* The ratio is the median over the pairs: what slows both for a moment leaves it alone. */
static void report(const BenchOptions *options, double *ours, double *theirs, double *ratios) {
    Times mine = summary(ours, options->runs), peer = {0}, ratio = {0};
    if (theirs) {
        peer = summary(theirs, options->runs);
        ratio = summary(ratios, options->runs);
    }
    if (options->json) {
        printf("{\n  \"model\": ");
        json_string(stdout, file_name(options->model.path));
        printf(",\n  \"threads\": %" PRId64 ",\n  \"runs\": %" PRId64, options->threads, options->runs);
        json_times("skipc", mine);
        if (theirs) {
            json_times("onnxruntime", peer);
            printf(",\n  \"ratio\": ");
            json_number(stdout, ratio.median);
        }
        puts("\n}");
        return;
    }
    text_print(stdout, file_name(options->model.path));
    printf(": %" PRId64 " thread%s, %" PRId64 " runs, milliseconds\n%-12s %12s %12s %12s\n", options->threads,
           options->threads == 1 ? "" : "s", options->runs, "", "median", "min", "max");
    print_times("skipc", mine);
    if (!theirs) return;
    print_times("onnxruntime", peer);
    printf("skipc takes %.2f times as long as onnxruntime (median of the pairs)\n", ratio.median);
}

static bool bench(Driver *driver, const BenchOptions *options) {
    Graph *graph = model_optimise(driver, &options->model, NULL, NULL);
    if (!graph) return false;
    NpyArray *inputs = inputs_random(driver, graph, 1);
    Workshop shop;
    if (!workshop_open(driver, &shop, options->model.path) || !build_runner(driver, &shop, graph, &options->build) ||
        !write_runner_inputs(driver, &shop, graph, inputs))
        return false;
    const char *out = workshop_path(driver, &shop, "times.txt");
    double *columns[] = {ARENA_ARRAY(driver->arena, double, options->runs), NULL}, *ratios = NULL;
    if (options->against) {
        columns[1] = ARENA_ARRAY(driver->arena, double, options->runs);
        ratios = ARENA_ARRAY(driver->arena, double, options->runs);
        if (!write_peer_inputs(driver, &shop, graph, inputs) ||
            !onnxruntime_bench(driver, &shop, graph, options->model.path, options->threads, options->runs, out) ||
            !read_times(driver, out, 0, options->runs, columns, 2))
            return false;
        for (int64_t k = 0; k < options->runs; k++) ratios[k] = columns[0][k] / columns[1][k];
    } else if (!time_alone(driver, &shop, options, out) || !read_times(driver, out, WARM_UPS, options->runs, columns, 1)) {
        return false;
    }
    progress_end(&driver->progress);
    report(options, columns[0], columns[1], ratios);
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
         .argument = "onnxruntime",
         .help = "time ONNX Runtime too, in turn (needs Python with onnxruntime)"},
        {.name = "runs",
         .kind = OPTION_NUMBER,
         .target = &options.runs,
         .argument = "R",
         .least = 1,
         .most = 1000000,
         .help = "timed runs (default 21), after 3 to warm up"},
        {.name = "json", .kind = OPTION_FLAG, .target = &options.json, .help = "the result as JSON"},
        BUILD_CC_OPTIONS(&options.build),
        MODEL_DIM_OPTION(&options.model),
        MODEL_OPTIMIZE_OPTIONS(&options.model),
    };
    const OptionTable table = {"bench", "MODEL.onnx [--threads N] [--against onnxruntime] [options]",
                               "Builds the C with your compiler and times it on random input.", list, sizeof list / sizeof *list};
    switch (options_parse(driver->arena, driver->diag, &table, argc, argv, &options.model.path)) {
    case OPTIONS_HELP: return true;
    case OPTIONS_WRONG: return false;
    case OPTIONS_RUN: break;
    }
    if (options.against && strcmp(options.against, "onnxruntime") != 0)
        return fail(driver->diag, STATUS_USAGE, "--against takes onnxruntime, not '%s'", options.against);
    options.build.openmp = options.threads > 1;
    return bench(driver, &options);
}
