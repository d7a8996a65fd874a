#include "driver/model.h"

#include "driver/bindings.h"
#include "driver/tune.h"

#include "frontend/frontend.h"

#include <string.h>

/* A dimension's name may itself contain '=': the last one counts. */
static bool parse_dim(Driver *driver, const char *text, DimSetting *setting) {
    const char *equals = strrchr(text, '=');
    if (!equals || equals == text) return fail(driver->diag, STATUS_USAGE, "--dim takes NAME=N, not '%s'", text);
    setting->name = arena_strndup(driver->arena, text, (size_t)(equals - text));
    /* INPUT:AXIS may be 0, where the model itself says so. */
    int64_t least = strchr(setting->name, ':') ? 0 : 1;
    if (number_parse(equals + 1, least, INT32_MAX, &setting->size)) return true;
    return fail(driver->diag, STATUS_USAGE, "--dim %s: the size is a whole number from 1 to %d", text, INT32_MAX);
}

Graph *model_import(Driver *driver, const ModelOptions *options) {
    DimSetting *dims = ARENA_ARRAY(driver->arena, DimSetting, options->dims.count ? options->dims.count : 1);
    for (int k = 0; k < options->dims.count; k++) {
        if (!parse_dim(driver, options->dims.item[k], &dims[k])) return NULL;
    }
    for (int k = 0; k < options->binds.count; k++) {
        const char *text = options->binds.item[k], *equals = strchr(text, '=');
        if (!equals || equals == text) {
            fail(driver->diag, STATUS_USAGE, "--bind takes NAME=VALUE, not '%s'", text);
            return NULL;
        }
    }
    driver->diag->model = options->path;
    progress_update(&driver->progress, "reading %s", options->path);
    ImportOptions import = {.dims = dims,
                            .dim_count = options->dims.count,
                            .binds = options->binds.item,
                            .bind_count = options->binds.count,
                            .read = binding_read,
                            .context = driver};
    return onnx_import(driver->arena, driver->diag, options->path, &import);
}

typedef struct {
    Driver *driver;
    void (*after)(void *context, const Pass *pass, Graph *graph);
    void *context;
} AfterPass;

static void after_pass(void *context, const Pass *pass, Graph *graph) {
    AfterPass *step = context;
    progress_update(&step->driver->progress, "optimising: %s", pass->name);
    if (step->after) step->after(step->context, pass, graph);
}

Graph *model_optimise(Driver *driver, const ModelOptions *options, void (*after)(void *context, const Pass *pass, Graph *graph),
                      void *context) {
    AfterPass step = {driver, after, context};
    Tuning tuning = {.choice_count = 0};
    if (options->tune && !tuning_read(driver, options, &tuning)) return NULL;
    Graph *graph = model_import(driver, options);
    if (!graph) return NULL;
    graph->optimize = (Optimize)options->optimize;
    graph->exact = options->exact;
    graph->separate = options->separate;
    graph->strict_types = options->strict_types;
    if (options->blocks && !blocks_apply(driver, graph, options->blocks)) return NULL;
    graph->choices = tuning.choices;
    graph->choice_count = tuning.choice_count;
    if (!pipeline_run(graph, after_pass, &step)) return NULL;
    if (!options->tune || *options->tune || tuning_covers(&tuning, graph)) return graph;
    /* The file that this writes covers the graph. */
    return tuning_measure(driver, options, graph, &tuning) ? model_optimise(driver, options, after, context) : NULL;
}

typedef struct {
    Driver *driver;
    Observe *observe;
    void *context;
} Watched;

static void after_node(void *context, const Node *node, Tensor *const *out) {
    Watched *watched = context;
    progress_update(&watched->driver->progress, "evaluating %s", node->name);
    if (watched->observe) watched->observe(watched->context, node, out);
}

Tensor **model_evaluate(Driver *driver, Graph *graph, const Tensor *const *inputs, Precision precision, Observe *observe,
                        void *context) {
    Watched watched = {driver, observe, context};
    EvaluateOptions options = {.precision = precision, .observe = after_node, .context = &watched};
    Tensor **outputs = ARENA_ARRAY(driver->arena, Tensor *, graph->output_count ? graph->output_count : 1);
    return graph_evaluate(graph, inputs, outputs, options) ? outputs : NULL;
}
