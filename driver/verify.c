/* skipc verify: the generated C against ONNX Runtime or the reference interpreter, by the parity rule:
 * e(skipc) <= 2 e(peer) + 1e-6 (4 e(peer) + 1e-5 with Winograd kernels), with e = max |y - truth| / max |truth| and the truth
 * computed in double precision. */
#include "driver/verify.h"

#include "driver/compare.h"
#include "driver/peers.h"

#include <inttypes.h>

typedef enum { AGAINST_ONNXRUNTIME, AGAINST_REFERENCE } Against;

typedef struct {
    ModelOptions model;
    TextList inputs;
    BuildOptions build;
    int against; /* Against */
    int64_t seed;
    bool layers, json;
} VerifyOptions;

/* The most terms that one element of the graph is the sum of. */
static double most_summed_terms(const Graph *graph) {
    double most = 1;
    for (const Node *node = graph->first; node; node = node->next) {
        double elements = (double)shape_count(&node->out[0]->shape);
        double terms = elements > 0 ? (double)node_multiply_adds(node) / elements : 0;
        if (terms > most) most = terms;
    }
    return most;
}

static bool uses_winograd(const Graph *graph) {
    for (const Node *node = graph->first; node; node = node->next)
        if (attr_int(node, A_WINOGRAD, 0)) return true;
    return false;
}

static OutputResult compare_output(const Graph *graph, int index, const Tensor *y, const Tensor *peer, const Tensor *truth,
                                   double summed_terms, bool winograd) {
    OutputResult result = {.name = graph->output_names[index], .value = graph->outputs[index]};
    if (y->f) {
        result.error = relative_error(y, truth);
        result.peer_error = relative_error(peer, truth);
        result.bound = error_bound(result.peer_error, summed_terms, winograd);
        result.special_differences = special_differences(y, peer);
        result.top1_agree = top1_agreement(y, peer, &result.top1_rows);
        result.pass = result.error <= result.bound && result.special_differences == 0;
    } else {
        result.differences = integer_differences(y, peer);
        result.pass = result.differences == 0;
    }
    return result;
}

static bool fail_mismatch(Driver *driver, const VerifyReport *report) {
    const LayerResult *layer = report->layers ? layers_first_departure(report->layers) : NULL;
    for (int k = 0; k < report->output_count; k++) {
        const OutputResult *output = &report->outputs[k];
        if (output->pass) continue;
        if (layer)
            return fail(driver->diag, STATUS_MISMATCH, "output '%s' departs from the truth, first at node '%s' (%s)",
                        output->name, layer->node, layer->op);
        if (output->differences > 0)
            return fail(driver->diag, STATUS_MISMATCH, "output '%s' differs from %s in %" PRId64 " elements", output->name,
                        report->peer, output->differences);
        if (output->special_differences > 0)
            return fail(driver->diag, STATUS_MISMATCH,
                        "output '%s' has NaN or infinity where %s has not, or the other way, %" PRId64 " times", output->name,
                        report->peer, output->special_differences);
        return fail(driver->diag, STATUS_MISMATCH, "output '%s' departs from the truth by %.3g, allowed are %.3g%s", output->name,
                    output->error, output->bound, report->layers ? "" : " (--layers shows where)");
    }
    return false;
}

static NpyArray *make_inputs(Driver *driver, const Graph *graph, const VerifyOptions *options) {
    if (options->inputs.count > 0) return inputs_read(driver, graph, &options->inputs, false);
    return inputs_random(driver, graph, (uint64_t)options->seed);
}

static Tensor **peer_outputs(Driver *driver, const VerifyOptions *options, const Workshop *shop, Graph *graph,
                             const NpyArray *inputs) {
    if (options->against == AGAINST_REFERENCE)
        return model_evaluate(driver, graph, inputs_tensors(driver, graph, inputs), PRECISION_NATIVE, NULL, NULL);
    if (!write_peer_inputs(driver, shop, graph, inputs)) return NULL;
    return onnxruntime_run(driver, shop, graph, options->model.path);
}

static bool verify(Driver *driver, const VerifyOptions *options) {
    Graph *imported = model_import(driver, &options->model);
    if (!imported) return false;
    int notes = driver->diag->note_count; /* the second import would repeat them */
    NpyArray *inputs = make_inputs(driver, imported, options);
    Graph *optimised = inputs ? model_optimise(driver, &options->model, NULL, NULL) : NULL;
    driver->diag->note_count = notes;
    Workshop shop;
    if (!optimised || !workshop_open(driver, &shop, options->model.path)) return false;

    /* What may fail early comes first: the compiler, the network, Python. The interpreter takes longest. */
    if (!build_runner(driver, &shop, optimised, &options->build) || !write_runner_inputs(driver, &shop, imported, inputs) ||
        !run_runner(driver, &shop, NULL, NULL, NULL))
        return false;
    Tensor **outputs = read_runner_outputs(driver, &shop, optimised);
    Tensor **peers = outputs ? peer_outputs(driver, options, &shop, imported, inputs) : NULL;
    if (!peers) return false;
    Layers *layers = options->layers ? layers_choose(driver, imported, optimised) : NULL;
    Tensor **truths = model_evaluate(driver, imported, inputs_tensors(driver, imported, inputs), PRECISION_F64,
                                     layers ? layers_observe : NULL, layers);
    if (!truths) return false;

    VerifyReport report = {.model = options->model.path,
                           .peer = options->against == AGAINST_REFERENCE ? "reference" : "onnxruntime",
                           .output_count = imported->output_count,
                           .layers = layers,
                           .pass = true};
    report.outputs = ARENA_ARRAY(driver->arena, OutputResult, report.output_count + 1);
    double summed_terms = options->against == AGAINST_REFERENCE ? most_summed_terms(imported) : 1;
    for (int k = 0; k < report.output_count; k++) {
        report.outputs[k] = compare_output(imported, k, outputs[k], peers[k], truths[k], summed_terms, uses_winograd(optimised));
        report.pass = report.pass && report.outputs[k].pass;
    }
    if (layers && !layers_measure(driver, &shop, optimised, &options->build, layers)) return false;
    progress_end(&driver->progress);
    if (options->json)
        verify_print_json(&report);
    else
        verify_print(&report);
    return report.pass || fail_mismatch(driver, &report);
}

bool command_verify(Driver *driver, int argc, char **argv) {
    VerifyOptions options = {.build = {.level = "-O2", .weights = WEIGHTS_FILE}, .seed = 1};
    const Option list[] = {
        INPUTS_OPTION(&options.inputs, " (default: random)"),
        {.name = "seed",
         .kind = OPTION_NUMBER,
         .target = &options.seed,
         .argument = "N",
         .most = INT64_MAX,
         .help = "of the random inputs (default 1)"},
        {.name = "against",
         .kind = OPTION_CHOICE,
         .target = &options.against,
         .choices = "onnxruntime|reference",
         .help = "ONNX Runtime (default; needs Python with onnxruntime), or the reference interpreter"},
        {.name = "layers",
         .kind = OPTION_FLAG,
         .target = &options.layers,
         .help = "every layer's error, and the first layer that departs"},
        {.name = "json", .kind = OPTION_FLAG, .target = &options.json, .help = "the result as JSON"},
        BUILD_CC_OPTIONS(&options.build),
        {.name = "weights",
         .kind = OPTION_CHOICE,
         .target = &options.build.weights,
         .choices = "inline|asm|file",
         .help = "as of compile (default: file, which compiles fastest)"},
        MODEL_INPUT_OPTIONS(&options.model),
        MODEL_OPTIMIZE_OPTIONS(&options.model),
    };
    const OptionTable table = {
        "verify", "MODEL.onnx [options]",
        "Builds the C with your compiler, runs it, and compares each output with ONNX Runtime's. The truth is\n"
        "the graph in double precision; with e = max|y-truth|/max|truth|, an output passes where\n"
        "e(skipc) <= 2 e(other) + 1e-6, or 4 e(other) + 1e-5 with Winograd kernels. Outputs that are no floats must be\n"
        "equal. (--against reference: the interpreter sums in double, so its error counts times the root of the longest\n"
        "sum's length.)\n"
        "SKIPC_PYTHON names the Python to use (default: the active virtual environment's, or python3).",
        list, sizeof list / sizeof *list};
    const OptionsResult parsed = options_parse(driver->arena, driver->diag, &table, argc, argv, &options.model.path);
    if (parsed != OPTIONS_RUN) return parsed == OPTIONS_HELP;
    return verify(driver, &options);
}
