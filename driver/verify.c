/* skipc verify: the generated C against ONNX Runtime, ONNX's reference evaluator or the reference interpreter, by the parity rule
 * of docs/commands.md. The truth t is the graph in double precision; e = max |y - t| / max |t|.
 * 1. The C is as accurate as the peer: e(skipc) <= 2 e(peer) + 1e-6, or 4 e(peer) + 1e-5 with Winograd kernels.
 * 2. The peer agrees with the truth: t is what skipc's own importer understood, so e(peer) counts only as far as rounding
 * explains it.
 * 3. Shapes, element types and integers are equal; NaN and infinity stand in the same places. */
#include "driver/verify.h"

#include "driver/compare.h"

#include <math.h>

typedef enum { AGAINST_ONNXRUNTIME, AGAINST_ONNX, AGAINST_REFERENCE } Against;

typedef struct {
    ModelOptions model;
    TextList inputs;
    BuildOptions build;
    int against; /* Against */
    int64_t seed;
    bool layers, json;
} VerifyOptions;

/* One run of verify: the graphs, the input, and what was computed from it. */
typedef struct {
    Driver *driver;
    const VerifyOptions *options;
    const Peer *peer; /* NULL: the interpreter in native precision */
    Workshop shop;
    Graph *imported, *optimised;
    NpyArray *inputs;
    Layers *layers; /* NULL: not asked for */
    Tensor **outputs, **peers, **truths;
    Tensor **rounding;        /* of the interpreter in native precision; NULL: not needed */
    Tensor **optimised_peers; /* of ONNX Runtime with its optimisations; NULL: not needed */
} Verification;

static const Peer *const peer_of[] = {
    [AGAINST_ONNXRUNTIME] = &peer_onnxruntime, [AGAINST_ONNX] = &peer_onnx, [AGAINST_REFERENCE] = NULL};

static bool uses_winograd(const Graph *graph) {
    for (const Node *node = graph->first; node; node = node->next)
        if (attr_int(node, A_WINOGRAD, 0)) return true;
    return false;
}

static bool same_form(const Tensor *a, const Tensor *b) {
    return a->type == b->type && shape_equal(&a->shape, &b->shape);
}

/* Whether a float result of the peer is so far from the truth that the network's rounding must be known. */
static bool needs_rounding(const Tensor *peer, const Tensor *truth) {
    return relative_error(peer, truth) > EXPLAINED_WITHOUT_ROUNDING || special_differences(peer, truth) > 0;
}

static void compare_floats(const Verification *v, int index, bool winograd, OutputResult *result) {
    const Tensor *y = result->y, *peer = result->peer, *truth = v->truths[index];
    result->error = relative_error(y, truth);
    result->peer_error = relative_error(peer, truth);
    result->special_differences = special_differences(y, peer);
    result->top1_agree = top1_agreement(y, peer, &result->top1_rows);
    double explained = v->peer ? EXPLAINED_WITHOUT_ROUNDING : INFINITY;
    if (v->rounding && needs_rounding(peer, truth)) {
        result->rounding_error = relative_error(v->rounding[index], truth);
        explained = explained_error(result->rounding_error);
        result->reading = unexplained_specials(peer, truth, v->rounding[index]) > 0;
    }
    result->reading = result->reading || result->peer_error > explained;
    if (v->optimised_peers && same_form(v->optimised_peers[index], truth))
        result->optimised_peer_error = relative_error(v->optimised_peers[index], truth);
    result->bound = error_bound(fmin(fmax(result->peer_error, result->optimised_peer_error), explained), winograd);
    if (result->special_differences)
        result->verdict = VERDICT_SPECIALS;
    else if (result->reading)
        result->verdict = VERDICT_READING;
    else if (!(result->error <= result->bound))
        result->verdict = VERDICT_ERROR;
}

static OutputResult compare_output(const Verification *v, int index, bool winograd) {
    const Tensor *y = v->outputs[index], *peer = v->peers[index], *truth = v->truths[index];
    OutputResult result = {.name = v->imported->output_names[index],
                           .y = y,
                           .peer = peer,
                           .error = NAN,
                           .peer_error = NAN,
                           .bound = NAN,
                           .optimised_peer_error = NAN,
                           .rounding_error = NAN};
    if (!same_form(y, peer) || !same_form(y, truth)) {
        result.verdict = VERDICT_FORM;
        result.reading = !same_form(peer, truth);
    } else if (y->f) {
        compare_floats(v, index, winograd, &result);
    } else {
        result.differences = integer_differences(y, peer);
        result.verdict = result.differences ? VERDICT_INTEGERS : VERDICT_OK;
        result.reading = result.differences && integer_differences(y, truth) == 0;
    }
    return result;
}

static NpyArray *make_inputs(Driver *driver, const Graph *graph, const VerifyOptions *options) {
    if (options->inputs.count > 0) return inputs_read(driver, graph, &options->inputs, false);
    return inputs_random(driver, graph, (uint64_t)options->seed);
}

static Tensor **interpret(const Verification *v, Precision precision, Observe *observe) {
    const Tensor *const *inputs = inputs_tensors(v->driver, v->imported, v->inputs);
    return model_evaluate(v->driver, v->imported, inputs, precision, observe, v->layers);
}

/* What may fail early comes first: the compiler, the network, Python. The interpreter takes longest. */
static bool compute(Verification *v) {
    Driver *driver = v->driver;
    if (!build_runner(driver, &v->shop, v->optimised, &v->options->build) ||
        !write_runner_inputs(driver, &v->shop, v->imported, v->inputs) || !run_runner(driver, &v->shop, NULL, NULL, NULL))
        return false;
    v->outputs = read_runner_outputs(driver, &v->shop, v->optimised);
    if (!v->outputs) return false;
    TextList inner = {.count = 0};
    if (v->layers) inner = inner_names(driver, v->imported);
    if (v->peer) {
        if (!write_peer_inputs(driver, &v->shop, v->imported, v->inputs)) return false;
        v->peers = peer_run(driver, &v->shop, v->imported, v->options->model.path, v->peer, v->layers ? &inner : NULL);
        if (!v->peers) return false;
    }
    v->truths = interpret(v, PRECISION_F64, v->layers ? layers_observe : NULL);
    if (!v->truths) return false;
    if (!v->peer) v->peers = interpret(v, PRECISION_NATIVE, v->layers ? layers_observe_peer : NULL);
    if (v->peer && v->layers) layers_compare_peer(driver, &v->shop, &inner, v->layers);
    return v->peers != NULL;
}

/* How much rounding the network amplifies, where the verdict hangs on it. */
static bool measure_rounding(Verification *v) {
    bool needed = false;
    for (int k = 0; v->peer && k < v->imported->output_count; k++) {
        const Tensor *peer = v->peers[k], *truth = v->truths[k];
        needed = needed || (truth->f && same_form(peer, truth) && needs_rounding(peer, truth));
    }
    if (needed) v->rounding = interpret(v, PRECISION_NATIVE, NULL);
    return !needed || v->rounding;
}

/* Asks the peer again, for the values inside. Where it can't give those, the verdict stands without a place. */
static const Node *find_parting(const Verification *v) {
    Driver *driver = v->driver;
    if (!v->layers) {
        TextList inner = inner_names(driver, v->imported);
        const Diag before = *driver->diag;
        if (!peer_run(driver, &v->shop, v->imported, v->options->model.path, v->peer, &inner)) {
            *driver->diag = before;
            return NULL;
        }
    }
    return first_parting(driver, &v->shop, v->imported, v->inputs);
}

static OutputResult *compare_outputs(const Verification *v) {
    OutputResult *outputs = ARENA_ARRAY(v->driver->arena, OutputResult, v->imported->output_count + 1);
    for (int k = 0; k < v->imported->output_count; k++) outputs[k] = compare_output(v, k, uses_winograd(v->optimised));
    return outputs;
}

/* ONNX Runtime's error differs by how it computes: sometimes by half, with its optimisations or without. Before the C is called
 * less accurate, the other is asked. */
static OutputResult *compare_with_optimised(Verification *v, OutputResult *outputs) {
    bool needed = false;
    for (int k = 0; k < v->imported->output_count; k++) needed = needed || outputs[k].verdict == VERDICT_ERROR;
    if (!needed || v->peer != &peer_onnxruntime) return outputs;
    v->optimised_peers = peer_run(v->driver, &v->shop, v->imported, v->options->model.path, &peer_onnxruntime_optimised, NULL);
    return v->optimised_peers ? compare_outputs(v) : NULL;
}

static bool judge(Verification *v) {
    const Against against = (Against)v->options->against;
    VerifyReport report = {.model = v->options->model.path,
                           .peer = v->peer ? v->peer->name : "reference",
                           .title = v->peer ? v->peer->title : "the reference interpreter",
                           .third = against == AGAINST_ONNXRUNTIME ? peer_onnx.name
                                    : against == AGAINST_ONNX      ? peer_onnxruntime.name
                                                                   : NULL,
                           .output_count = v->imported->output_count,
                           .layers = v->layers,
                           .pass = true};
    report.outputs = compare_with_optimised(v, compare_outputs(v));
    if (!report.outputs) return false;
    for (int k = 0; k < report.output_count; k++) {
        report.pass = report.pass && report.outputs[k].verdict == VERDICT_OK;
        report.reading = report.reading || report.outputs[k].reading;
    }
    if (report.reading && v->peer) report.parting = find_parting(v);
    if (v->layers && !layers_measure(v->driver, &v->shop, v->optimised, &v->options->build, v->layers)) return false;
    progress_end(&v->driver->progress);
    if (v->options->json)
        verify_print_json(&report);
    else
        verify_print(&report);
    return report.pass || verify_fail(v->driver, &report);
}

static bool verify(Driver *driver, const VerifyOptions *options) {
    Verification v = {.driver = driver, .options = options, .peer = peer_of[options->against]};
    v.imported = model_import(driver, &options->model);
    if (!v.imported) return false;
    int notes = driver->diag->note_count; /* the second import would repeat them */
    v.inputs = make_inputs(driver, v.imported, options);
    v.optimised = v.inputs ? model_optimise(driver, &options->model, NULL, NULL) : NULL;
    driver->diag->note_count = notes;
    if (!v.optimised || !workshop_open(driver, &v.shop, options->model.path)) return false;
    if (options->layers) v.layers = layers_choose(driver, v.imported, v.optimised);
    return compute(&v) && measure_rounding(&v) && judge(&v);
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
         .choices = "onnxruntime|onnx|reference",
         .help = "ONNX Runtime (default; needs Python with onnxruntime), the onnx package's reference evaluator, or skipc's own "
                 "interpreter"},
        {.name = "layers",
         .kind = OPTION_FLAG,
         .target = &options.layers,
         .help = "every layer's error and the other's, and the first layer that departs"},
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
        "Builds the C with your compiler, runs it over two fillings of the arena, and compares each output with ONNX\n"
        "Runtime's. The truth is the graph in double precision; with e = max|y-truth|/max|truth|, an output passes where\n"
        "e(skipc) <= 2 e(other) + 1e-6, or 4 e(other) + 1e-5 with Winograd kernels. Where e(other) is more than rounding\n"
        "explains (1e-5, or 16 times the error of the interpreter in floats), the two read the model differently: a mismatch\n"
        "too. Shapes, types, integers, and the places of NaN and infinity must be equal.\n"
        "SKIPC_PYTHON names the Python to use (default: the active virtual environment's, or python3).",
        list, sizeof list / sizeof *list};
    const OptionsResult parsed = options_parse(driver->arena, driver->diag, &table, argc, argv, &options.model.path);
    if (parsed != OPTIONS_RUN) return parsed == OPTIONS_HELP;
    return verify(driver, &options);
}
