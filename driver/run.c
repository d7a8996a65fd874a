/* skipc run: the model in the reference interpreter, as imported: no pass has touched it. */
#include "driver/driver.h"
#include "driver/inputs.h"
#include "driver/model.h"
#include "driver/output.h"
#include "driver/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

typedef struct {
    ModelOptions model;
    TextList inputs, outputs;
    int precision; /* Precision */
    int64_t seed;  /* -1: none */
} RunOptions;

static double element(const Tensor *tensor, int64_t index) {
    return tensor->f ? tensor->f[index] : (double)tensor->i[index];
}

/* Of each row of a matrix, or of the whole tensor. */
static void print_argmax(const Tensor *tensor) {
    enum { MOST_ROWS = 8 };
    int64_t rows = tensor->shape.rank == 2 ? tensor->shape.dim[0] : 1;
    int64_t columns = tensor->count / rows;
    printf("  argmax");
    for (int64_t row = 0; row < rows && row < MOST_ROWS; row++) {
        int64_t best = 0;
        for (int64_t k = 1; k < columns; k++) {
            if (element(tensor, row * columns + k) > element(tensor, row * columns + best)) best = k;
        }
        printf(" %" PRId64, best);
    }
    puts(rows > MOST_ROWS ? " ..." : "");
}

static void print_summary(const char *name, const Tensor *tensor) {
    enum { FIRST = 8 };
    char shape[256];
    text_print(stdout, name);
    printf(": %s %s\n", dtype_onnx_name(tensor->type), shape_text(&tensor->shape, shape, sizeof shape));
    if (tensor->count == 0) return;
    printf("  first ");
    for (int64_t k = 0; k < tensor->count && k < FIRST; k++) {
        if (tensor->f)
            printf(" %.9g", isnan(tensor->f[k]) ? fabs(tensor->f[k]) : tensor->f[k]); /* libm chooses a NaN's sign */
        else
            printf(" %" PRId64, tensor->i[k]);
    }
    puts(tensor->count > FIRST ? " ..." : "");
    print_argmax(tensor);
}

/* In f64 precision a float output is written as what was computed: f8. */
static bool write_output(Driver *driver, const char *path, const Tensor *tensor, Precision precision) {
    Tensor written = *tensor;
    if (precision == PRECISION_F64 && written.f) written.type = F64;
    Output output;
    if (!output_open(driver, &output, path)) return false;
    bool done = npy_write(driver->diag, output.file, written.type, &written.shape, tensor_to_bytes(driver->arena, &written)) &&
                output_finish(driver, &output) && output_commit(driver, &output);
    output_discard(&output);
    return done;
}

static bool run(Driver *driver, const RunOptions *options) {
    Graph *graph = model_import(driver, &options->model);
    if (!graph) return false;
    Precision precision = (Precision)options->precision;
    if (options->outputs.count > graph->output_count)
        return fail(driver->diag, STATUS_USAGE, "--output is given %d times, the model has %d output%s", options->outputs.count,
                    graph->output_count, graph->output_count == 1 ? "" : "s");
    NpyArray *arrays = options->seed >= 0 ? inputs_random(driver, graph, (uint64_t)options->seed)
                                          : inputs_read(driver, graph, &options->inputs, precision == PRECISION_F64);
    if (!arrays) return false;
    Tensor **outputs = model_evaluate(driver, graph, inputs_tensors(driver, graph, arrays), precision, NULL, NULL);
    if (!outputs) return false;
    progress_end(&driver->progress);
    for (int k = 0; k < options->outputs.count; k++) {
        if (!write_output(driver, options->outputs.item[k], outputs[k], precision)) return false;
    }
    for (int k = 0; options->outputs.count == 0 && k < graph->output_count; k++)
        print_summary(graph->output_names[k], outputs[k]);
    return true;
}

bool command_run(Driver *driver, int argc, char **argv) {
    RunOptions options = {.precision = PRECISION_NATIVE, .seed = -1};
    const Option list[] = {
        INPUTS_OPTION(&options.inputs, ""),
        {.name = "output",
         .letter = 'o',
         .kind = OPTION_LIST,
         .target = &options.outputs,
         .argument = "Y.npy",
         .help = "where an output goes, in graph order (default: a summary is printed)"},
        {.name = "precision",
         .kind = OPTION_CHOICE,
         .target = &options.precision,
         .choices = "native|f64",
         .help = "round every value to its type (default), or compute all floats in double precision"},
        {.name = "random",
         .kind = OPTION_NUMBER,
         .target = &options.seed,
         .argument = "SEED",
         .most = INT64_MAX,
         .help = "random inputs instead of --input"},
        MODEL_INPUT_OPTIONS(&options.model),
    };
    const OptionTable table = {
        "run", "MODEL.onnx --input X.npy [--output Y.npy] [options]",
        "Runs the model in the reference interpreter: the operators as ONNX defines them, no optimisation.", list,
        sizeof list / sizeof *list};
    const OptionsResult parsed = options_parse(driver->arena, driver->diag, &table, argc, argv, &options.model.path);
    if (parsed != OPTIONS_RUN) return parsed == OPTIONS_HELP;
    if (options.seed >= 0 && options.inputs.count > 0)
        return fail(driver->diag, STATUS_USAGE, "--input and --random exclude each other");
    return run(driver, &options);
}
