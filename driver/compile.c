/* skipc compile: model -> OUT.c, OUT.h and, unless weights are inline, OUT.weights. */
#include "codegen/codegen.h"
#include "driver/driver.h"
#include "driver/identifier.h"
#include "driver/model.h"
#include "driver/output.h"
#include "driver/text.h"

#include <stdio.h>
#include <string.h>

typedef struct {
    ModelOptions model;
    BlockOptions blocks;
    const char *out, *name, *target;
    const char *dump; /* NULL: none; "": the final IR; else "import" or a pass */
    int weights;      /* WeightsMode */
} CompileOptions;

static const Target *find_target(Driver *driver, const char *name) {
    const Target *target = target_find(name);
    if (target) return target;
    const char *names = "";
    for (const Target *known = targets(); known->name; known++)
        names = arena_printf(driver->arena, "%s%s%s", names, *names ? ", " : "", known->name);
    fail(driver->diag, STATUS_USAGE, "target '%s' is not supported: there are %s", name, names);
    return NULL;
}

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), end_length = strlen(end);
    return length > end_length && strcmp(text + length - end_length, end) == 0;
}

/* The header's name stands in an #include of the source. */
static bool check_out(Driver *driver, const char *out) {
    const char *name = file_name(out);
    if (!ends_with(name, ".c")) return fail(driver->diag, STATUS_USAGE, "the output '%s' must end in .c", out);
    for (const char *c = name; *c; c++) {
        if (*c == '"' || *c == '\\' || (unsigned char)*c < 0x20 || *c == 0x7f)
            return fail(driver->diag, STATUS_USAGE, "the output's name '%s' can't stand in an #include: choose another with -o",
                        name);
    }
    return true;
}

/* Fills in what was not given, and checks what was. */
static bool complete_options(Driver *driver, CompileOptions *options) {
    Arena *arena = driver->arena;
    if (!find_target(driver, options->target)) return false;
    if (!options->out) {
        const char *model = file_name(options->model.path);
        size_t stem = strlen(model) - (ends_with(model, ".onnx") ? strlen(".onnx") : 0);
        options->out = arena_printf(arena, "%.*s.c", (int)stem, model);
    }
    if (!check_out(driver, options->out)) return false;
    if (!options->name) {
        const char *name = file_name(options->out);
        options->name = identifier_from(arena, arena_strndup(arena, name, strlen(name) - 2));
    }
    const char *problem = identifier_problem(options->name);
    return !problem || fail(driver->diag, STATUS_USAGE, "--name '%s': %s", options->name, problem);
}

static bool check_dump(Driver *driver, const char *wanted) {
    int count;
    const Pass *passes = pipeline(&count);
    char list[DIAG_TEXT / 2] = "import";
    for (int k = 0; k < count; k++) {
        if (strcmp(passes[k].name, wanted) == 0) return true;
        bool listed = false; /* some run twice */
        for (int j = 0; j < k && !listed; j++) listed = strcmp(passes[j].name, passes[k].name) == 0;
        size_t used = strlen(list);
        if (!listed) snprintf(list + used, sizeof list - used, ", %s", passes[k].name);
    }
    if (strcmp(wanted, "import") == 0 || !*wanted) return true;
    return fail(driver->diag, STATUS_USAGE, "--dump-ir: no pass '%s': there are %s", wanted, list);
}

/* A pass may run more than once in the pipeline: its last run is the one shown. */
typedef struct {
    const char *pass;
    const char *text;
} Dump;

static void dump_after(void *context, const Pass *pass, Graph *graph) {
    Dump *dump = context;
    if (strcmp(pass->name, dump->pass) == 0) dump->text = graph_print(graph);
}

static bool dump_ir(Driver *driver, const CompileOptions *options) {
    if (!check_dump(driver, options->dump)) return false;
    Dump dump = {.pass = options->dump};
    bool imported_only = strcmp(dump.pass, "import") == 0;
    Graph *graph =
        imported_only ? model_import(driver, &options->model) : model_optimise(driver, &options->model, dump_after, &dump);
    if (!graph) return false;
    progress_end(&driver->progress);
    fputs(dump.text ? dump.text : graph_print(graph), stdout);
    return true;
}

enum { WEIGHTS, HEADER, SOURCE, OUTPUTS }; /* in the order they get their names: the source comes last */

static bool open_outputs(Driver *driver, const CompileOptions *options, Output *outputs) {
    Arena *arena = driver->arena;
    int stem = (int)strlen(options->out) - 2;
    if (options->weights != WEIGHTS_INLINE &&
        !output_open(driver, &outputs[WEIGHTS], arena_printf(arena, "%.*s.weights", stem, options->out)))
        return false;
    return output_open(driver, &outputs[HEADER], arena_printf(arena, "%.*s.h", stem, options->out)) &&
           output_open(driver, &outputs[SOURCE], options->out);
}

static bool finish_outputs(Driver *driver, Output *outputs) {
    for (int k = 0; k < OUTPUTS; k++) {
        if (outputs[k].file && !output_finish(driver, &outputs[k])) return false;
    }
    for (int k = 0; k < OUTPUTS; k++) {
        if (outputs[k].path && !output_commit(driver, &outputs[k])) return false;
    }
    return true;
}

static bool write_outputs(Driver *driver, Graph *graph, const CompileOptions *options, Output *outputs) {
    if (!open_outputs(driver, options, outputs)) return false;
    const char *weights = outputs[WEIGHTS].path;
    CodegenOptions codegen = {.name = options->name,
                              .model = file_name(options->model.path),
                              .weights = (WeightsMode)options->weights,
                              .target = find_target(driver, options->target),
                              .header_name = file_name(outputs[HEADER].path),
                              .weights_name = weights ? file_name(weights) : NULL,
                              .blocks = block_labels(driver, &options->blocks),
                              .block_count = options->blocks.found.count};
    progress_update(&driver->progress, "writing %s", options->out);
    return codegen_emit(graph, &codegen, outputs[SOURCE].file, outputs[HEADER].file, outputs[WEIGHTS].file) &&
           finish_outputs(driver, outputs);
}

bool command_compile(Driver *driver, int argc, char **argv) {
    CompileOptions options = {.target = "portable", .weights = WEIGHTS_INLINE};
    const Option list[] = {
        {.name = "out",
         .letter = 'o',
         .kind = OPTION_TEXT,
         .target = &options.out,
         .argument = "OUT.c",
         .help = "the C file; OUT.h is written beside it (default: the model's stem in the current folder)"},
        {.name = "name",
         .kind = OPTION_TEXT,
         .target = &options.name,
         .argument = "ID",
         .help = "prefix of the C names: net gives net_run() (default: the stem of OUT)"},
        {.name = "target",
         .kind = OPTION_TEXT,
         .target = &options.target,
         .argument = "TARGET",
         .help = "portable (default: any C99 compiler, as wide as its flags say), auto (x86-64 widths chosen at run time),\n"
                 "                              x86-64-v2, x86-64-v3, x86-64-v4, aarch64"},
        {.name = "weights",
         .kind = OPTION_CHOICE,
         .target = &options.weights,
         .choices = "inline|asm|file",
         .help = "in the C file (default), in OUT.weights by .incbin, or in OUT.weights passed to the function"},
        MODEL_INPUT_OPTIONS(&options.model),
        MODEL_OPTIMIZE_OPTIONS(&options.model),
        {.name = "separate",
         .kind = OPTION_FLAG,
         .target = &options.model.separate,
         .help = "a place of its own for every value and every kernel's scratch, to debug: no memory is used twice"},
        {.name = "drop-blocks",
         .kind = OPTION_TEXT,
         .target = &options.blocks.drop,
         .argument = "LIST",
         .help = "leave residual blocks out: indexes and names, as inspect shows them, separated by commas"},
        {.name = "survival",
         .kind = OPTION_TEXT,
         .target = &options.blocks.survival,
         .argument = "P",
         .help = "stochastic depth's test-time rule: scale each branch by its p, 'linear:0.5' or one p a block"},
        {.name = "droppable",
         .kind = OPTION_FLAG,
         .target = &options.blocks.droppable,
         .help = "also write NAME_run_blocks(), which can skip residual blocks at run time"},
        {.name = "dump-ir",
         .kind = OPTION_OPTIONAL,
         .target = &options.dump,
         .argument = "PASS",
         .help = "print the IR (after PASS, or 'import') and write no files"},
    };
    const OptionTable table = {"compile", "MODEL.onnx [-o OUT.c] [options]",
                               "Writes the network as OUT.c and OUT.h: both, or neither where something is wrong.", list,
                               sizeof list / sizeof *list};
    const OptionsResult parsed = options_parse(driver->arena, driver->diag, &table, argc, argv, &options.model.path);
    if (parsed != OPTIONS_RUN) return parsed == OPTIONS_HELP;
    if (options.blocks.drop || options.blocks.survival || options.blocks.droppable) options.model.blocks = &options.blocks;
    if (options.dump) return dump_ir(driver, &options);
    if (!complete_options(driver, &options)) return false;
    Graph *graph = model_optimise(driver, &options.model, NULL, NULL);
    if (!graph) return false;
    Output outputs[OUTPUTS] = {{.path = NULL}};
    bool written = write_outputs(driver, graph, &options, outputs);
    for (int k = 0; k < OUTPUTS; k++) output_discard(&outputs[k]);
    return written;
}
