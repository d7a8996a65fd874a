#include "driver/build.h"

#include "driver/embedded/embedded.h"
#include "driver/output.h"
#include "driver/process.h"
#include "driver/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool workshop_open(Driver *driver, Workshop *shop, const char *model_path) {
    shop->model = file_name(model_path);
    shop->folder = temp_folder(driver->arena, driver->diag, &driver->temp);
    if (!shop->folder) return false;
    shop->log = workshop_path(driver, shop, "log.txt");
    return true;
}

const char *workshop_path(Driver *driver, const Workshop *shop, const char *name) {
    return temp_path(driver->arena, &driver->temp, shop->folder, name);
}

bool workshop_write(Driver *driver, const Workshop *shop, const char *name, const char *text) {
    Output output;
    if (!output_open(driver, &output, workshop_path(driver, shop, name))) return false;
    fputs(text, output.file);
    return output_finish(driver, &output) && output_commit(driver, &output);
}

static int64_t bytes_of(const Value *value) {
    return shape_count(&value->shape) * (int64_t)dtype_size(value->type);
}

static void print_sizes(FILE *file, const char *role, Value *const *values, int count) {
    fprintf(file, "static const size_t %s_bytes[] = {", role);
    for (int k = 0; k < count; k++) fprintf(file, "%" PRId64 ", ", bytes_of(values[k]));
    fputs("0};\n", file);
}

/* In octal, since a name may hold anything; control characters would break the message's line. */
static void print_names(FILE *file, const Graph *graph) {
    fputs("static const char *const output_names[] = {", file);
    for (int k = 0; k < graph->output_count; k++) {
        fputc('"', file);
        for (const unsigned char *c = (const unsigned char *)graph->output_names[k]; *c; c++)
            fprintf(file, "\\%03o", *c < ' ' || *c == 0x7f ? '?' : *c);
        fputs("\", ", file);
    }
    fputs("\"\"};\n", file);
}

/* A macro that calls `function` with what the runner has in arrays. */
static void print_call(FILE *file, const Graph *graph, bool weights, const char *macro, const char *function, const char *last) {
    fprintf(file, "#define %s(in, out, weights, arena%s%s) ((void)(weights), %s(", macro, *last ? ", " : "", last, function);
    for (int k = 0; k < graph->input_count; k++)
        fprintf(file, "(const %s *)(const void *)(in)[%d], ", dtype_c_name(graph->inputs[k]->type), k);
    for (int k = 0; k < graph->output_count; k++)
        fprintf(file, "(%s *)(void *)(out)[%d], ", dtype_c_name(graph->outputs[k]->type), k);
    fprintf(file, "%s(arena)%s%s))\n", weights ? "(weights), " : "", *last ? ", " : "", last);
}

/* What the runner must know of the network. */
static void print_shape(FILE *file, const Graph *graph, const BuildOptions *options, int64_t weight_file_bytes) {
    fputs("#include \"model.h\"\n#include <stddef.h>\n\n", file);
    fprintf(file, "#define INPUT_COUNT ((size_t)%d)\n#define OUTPUT_COUNT ((size_t)%d)\n", graph->input_count,
            graph->output_count);
    fprintf(file, "#define ARENA_BYTES ((size_t)(MODEL_ARENA_BYTES))\n#define WEIGHTS_BYTES ((size_t)%" PRId64 ")\n",
            weight_file_bytes > 0 ? weight_file_bytes : 0);
    if (options->profile) fprintf(file, "#define STEPS ((size_t)%d)\n", graph_node_count(graph));
    print_sizes(file, "input", graph->inputs, graph->input_count);
    print_sizes(file, "output", graph->outputs, graph->output_count);
    if (!options->runner) print_names(file, graph);
    print_call(file, graph, weight_file_bytes >= 0, "CALL", "model_run", "");
    if (options->blocks) print_call(file, graph, weight_file_bytes >= 0, "CALL_BLOCKS", "model_run_blocks", "keep");
    if (options->definitions) fputs(options->definitions, file);
}

static bool write_shape(Driver *driver, const Workshop *shop, const Graph *graph, const BuildOptions *options,
                        int64_t weight_file_bytes) {
    Output output;
    if (!output_open(driver, &output, workshop_path(driver, shop, "shape.h"))) return false;
    print_shape(output.file, graph, options, weight_file_bytes);
    return output_finish(driver, &output) && output_commit(driver, &output);
}

enum { RUNNER_FAILED_FILL = 14 }; /* driver/embedded/runner.h: FAILED_FILL */
enum { MODEL_SOURCE, MODEL_HEADER, MODEL_WEIGHTS, MODEL_FILES };

/* *weight_bytes: of the file that the runner reads; -1 where it reads none. */
static bool generate(Driver *driver, const Workshop *shop, Graph *graph, const BuildOptions *build, int64_t *weight_bytes) {
    static const char *const names[MODEL_FILES] = {"model.c", "model.h", "model.weights"};
    WeightsMode mode = (WeightsMode)build->weights;
    CodegenOptions options = {.name = "model",
                              .model = shop->model,
                              .weights = mode,
                              .target = targets(),
                              .profile = build->profile,
                              .header_name = names[MODEL_HEADER],
                              .weights_name = names[MODEL_WEIGHTS],
                              .blocks = build->blocks,
                              .block_count = build->block_count};
    Output outputs[MODEL_FILES] = {{.path = NULL}};
    int files = mode == WEIGHTS_INLINE ? MODEL_WEIGHTS : MODEL_FILES;
    bool done = true;
    for (int k = 0; done && k < files; k++) done = output_open(driver, &outputs[k], workshop_path(driver, shop, names[k]));
    done = done &&
           codegen_emit(graph, &options, outputs[MODEL_SOURCE].file, outputs[MODEL_HEADER].file, outputs[MODEL_WEIGHTS].file);
    *weight_bytes = done && mode == WEIGHTS_FILE ? (int64_t)ftell(outputs[MODEL_WEIGHTS].file) : -1;
    for (int k = 0; done && k < files; k++) done = output_finish(driver, &outputs[k]) && output_commit(driver, &outputs[k]);
    for (int k = 0; k < files; k++) output_discard(&outputs[k]);
    return done;
}

const char *compiler_name(const BuildOptions *options) {
    const char *environment = getenv("CC");
    return options->cc ? options->cc : environment && *environment ? environment : "cc";
}

static TextList compiler_words(Driver *driver, const BuildOptions *options) {
    TextList words = {.count = 0};
    list_add_words(driver->arena, &words, compiler_name(options));
    return words;
}

/* Whether the compiler knows -march=native; some know only -mcpu, and cross compilers neither. */
static bool knows_native(Driver *driver, const Workshop *shop, const BuildOptions *options, bool *known) {
    TextList words = compiler_words(driver, options);
    list_add_words(driver->arena, &words, "-march=native -E -x c /dev/null");
    Process probe = {.arguments = &words, .folder = shop->folder};
    int status;
    if (!process_run(driver, &probe, &status)) return false;
    *known = status == 0;
    return true;
}

bool build_program(Driver *driver, const Workshop *shop, const BuildOptions *options, const char *name, const char *sources) {
    TextList words = compiler_words(driver, options);
    if (options->cflags) {
        list_add_words(driver->arena, &words, options->cflags);
    } else {
        bool native = false;
        if (!knows_native(driver, shop, options, &native)) return false;
        list_add(driver->arena, &words, options->level);
        if (native) list_add(driver->arena, &words, "-march=native");
    }
    if (options->openmp) list_add(driver->arena, &words, "-fopenmp");
    workshop_path(driver, shop, name);
    list_add_words(driver->arena, &words, arena_printf(driver->arena, "-o %s %s -lm", name, sources));
    Process process = {.arguments = &words, .folder = shop->folder, .error = shop->log};
    int status;
    progress_update(&driver->progress, "compiling the C with %s", words.item[0]);
    if (!process_run(driver, &process, &status)) return false;
    if (status == 0) return true;
    return fail(driver->diag, STATUS_FILE, "%s does not compile the generated C (status %d): %s", words.item[0], status,
                complaint(driver->arena, shop->log));
}

static const char *numbered(Driver *driver, const char *role, int number) {
    return arena_printf(driver->arena, "%s_%d.bin", role, number);
}

bool build_runner(Driver *driver, const Workshop *shop, Graph *graph, const BuildOptions *options) {
    int64_t weight_bytes;
    progress_update(&driver->progress, "generating C");
    for (int k = 0; k < graph->output_count; k++) workshop_path(driver, shop, numbered(driver, "output", k));
    return generate(driver, shop, graph, options, &weight_bytes) && write_shape(driver, shop, graph, options, weight_bytes) &&
           workshop_write(driver, shop, "runner.h", embedded_runner_h) &&
           workshop_write(driver, shop, "runner.c", options->runner ? options->runner : embedded_runner_c) &&
           build_program(driver, shop, options, "runner", "runner.c model.c");
}

bool write_runner_inputs(Driver *driver, const Workshop *shop, const Graph *graph, const NpyArray *inputs) {
    for (int k = 0; k < graph->input_count; k++) {
        Output output;
        if (!output_open(driver, &output, workshop_path(driver, shop, numbered(driver, "input", k)))) return false;
        fwrite(inputs[k].data, dtype_size(inputs[k].type), (size_t)inputs[k].count, output.file);
        if (!output_finish(driver, &output) || !output_commit(driver, &output)) return false;
    }
    return true;
}

bool run_program(Driver *driver, const Workshop *shop, const char *name, const char *in, const char *out, const char *threads,
                 int *status) {
    TextList words = {.count = 0};
    list_add(driver->arena, &words, arena_printf(driver->arena, "%s/%s", shop->folder, name));
    Process process = {.arguments = &words,
                       .folder = shop->folder,
                       .in = in,
                       .out = out,
                       .error = shop->log,
                       .variable = threads ? "OMP_NUM_THREADS" : NULL,
                       .value = threads};
    return process_run(driver, &process, status);
}

bool run_runner(Driver *driver, const Workshop *shop, const char *in, const char *out, const char *threads) {
    int status;
    progress_update(&driver->progress, "running the compiled network");
    if (!run_program(driver, shop, "runner", in, out, threads, &status)) return false;
    if (status == 0) return true;
    if (status == RUNNER_FAILED_FILL) return fail(driver->diag, STATUS_MISMATCH, "%s", complaint(driver->arena, shop->log));
    if (status > 128) return fail(driver->diag, STATUS_MISMATCH, "the compiled network crashes (%s)", strsignal(status - 128));
    return fail(driver->diag, STATUS_MISMATCH, "the compiled network does not run (status %d): %s", status,
                complaint(driver->arena, shop->log));
}

static Tensor *read_tensor(Driver *driver, const char *path, const Value *value) {
    int64_t bytes = bytes_of(value);
    void *data = arena_alloc(driver->arena, bytes ? (size_t)bytes : 1, 1);
    FILE *file = fopen(path, "rbe");
    if (!file) {
        fail(driver->diag, STATUS_FILE, "%s: %s", path, strerror(errno));
        return NULL;
    }
    bool whole = fread(data, 1, (size_t)bytes, file) == (size_t)bytes;
    fclose(file);
    if (whole) return tensor_from_bytes(driver->arena, value->type, value->shape, data);
    fail(driver->diag, STATUS_FILE, "%s is too short", path);
    return NULL;
}

Tensor **read_runner_outputs(Driver *driver, const Workshop *shop, const Graph *graph) {
    Tensor **outputs = ARENA_ARRAY(driver->arena, Tensor *, graph->output_count + 1);
    for (int k = 0; k < graph->output_count; k++) {
        const char *path = arena_printf(driver->arena, "%s/%s", shop->folder, numbered(driver, "output", k));
        outputs[k] = read_tensor(driver, path, graph->outputs[k]);
        if (!outputs[k]) return NULL;
    }
    return outputs;
}
