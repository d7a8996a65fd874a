#include "driver/peers.h"

#include "driver/embedded/embedded.h"
#include "driver/output.h"
#include "driver/process.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SCRIPT_NO_MODULE = 3 }; /* both scripts' exit status when an import fails */

static const Peer peers[] = {
    {"onnxruntime", "ONNX Runtime", "onnxruntime"},
    {"openvino", "OpenVINO", "openvino"},
    {"ncnn", "ncnn", "ncnn pnnx onnx"}, /* pnnx converts the model */
    {"mnn", "MNN", "MNN onnx"},
};

const Peer *peer_find(const char *name) {
    for (size_t k = 0; k < sizeof peers / sizeof *peers; k++)
        if (strcmp(peers[k].name, name) == 0) return &peers[k];
    return NULL;
}

static bool write_peer_input(Driver *driver, const Workshop *shop, int index, Dtype type, const Shape *shape, const void *data) {
    Output output;
    const char *path = workshop_path(driver, shop, arena_printf(driver->arena, "input_%d.npy", index));
    if (!output_open(driver, &output, path)) return false;
    bool written = npy_write(driver->diag, output.file, type, shape, data) && output_finish(driver, &output) &&
                   output_commit(driver, &output);
    output_discard(&output);
    return written;
}

bool write_peer_inputs(Driver *driver, const Workshop *shop, const Graph *graph, const NpyArray *inputs) {
    for (int k = 0; k < graph->input_count; k++)
        if (!write_peer_input(driver, shop, k, inputs[k].type, &inputs[k].shape, inputs[k].data)) return false;
    for (int k = 0; k < graph->bound_count; k++) {
        const Value *bound = graph->bound[k];
        if (!write_peer_input(driver, shop, graph->input_count + k, bound->type, &bound->shape, bound->data)) return false;
    }
    return true;
}

/* Absolute, because Python works in the temporary folder. */
static const char *python(Driver *driver) {
    const char *chosen = getenv("SKIPC_PYTHON"), *environment = getenv("VIRTUAL_ENV");
    const char *name = chosen && *chosen ? chosen : NULL;
    if (!name) return environment && *environment ? arena_printf(driver->arena, "%s/bin/python", environment) : "python3";
    if (name[0] == '/' || !strchr(name, '/')) return name;
    /* Not realpath: a virtual environment's python is a link, and finds its packages by the link's place. */
    char *folder = realpath(".", NULL);
    if (!folder) return name;
    name = arena_printf(driver->arena, "%s/%s", folder, name);
    free(folder);
    return name;
}

static bool absolute_path(Driver *driver, const char *path, const char **absolute) {
    char *resolved = realpath(path, NULL);
    if (!resolved) return fail(driver->diag, STATUS_FILE, "%s: %s", path, strerror(errno));
    *absolute = arena_strdup(driver->arena, resolved);
    free(resolved);
    return true;
}

static void add_names(Driver *driver, TextList *words, const Graph *graph) {
    list_add(driver->arena, words, arena_printf(driver->arena, "%d", graph->input_count + graph->bound_count));
    for (int k = 0; k < graph->input_count; k++) list_add(driver->arena, words, graph->inputs[k]->name);
    for (int k = 0; k < graph->bound_count; k++) list_add(driver->arena, words, graph->bound[k]->name);
    for (int k = 0; k < graph->output_count; k++) list_add(driver->arena, words, graph->output_names[k]);
}

static bool run_script(Driver *driver, const Workshop *shop, const Peer *peer, const TextList *words, const char *out,
                       const char *threads) {
    Process process = {.arguments = words,
                       .folder = shop->folder,
                       .out = out,
                       .error = shop->log,
                       .variable = "OMP_NUM_THREADS",
                       .value = threads};
    int status;
    progress_update(&driver->progress, "running %s", peer->title);
    if (!process_run(driver, &process, &status)) return false;
    if (status == 0) return true;
    const char *line = complaint(driver->arena, shop->log);
    if (status == SCRIPT_NO_MODULE)
        return fail(driver->diag, STATUS_FILE, "%s has no %s (%s): 'pip install %s', or name another Python in SKIPC_PYTHON%s",
                    words->item[0], peer->title, line, peer->packages,
                    out ? "" : ", or compare with --against reference"); /* bench, which has no such choice, takes times */
    return fail(driver->diag, STATUS_FILE, "%s fails: %s", peer->title, line);
}

static TextList script(Driver *driver, const char *text, const char *model) {
    TextList words = {.count = 0};
    list_add(driver->arena, &words, python(driver));
    list_add(driver->arena, &words, "-c");
    list_add(driver->arena, &words, text);
    list_add(driver->arena, &words, model);
    return words;
}

static Tensor *read_peer(Driver *driver, const Workshop *shop, const Graph *graph, int index) {
    const Value *value = graph->outputs[index];
    const char *path = arena_printf(driver->arena, "%s/peer_%d.npy", shop->folder, index);
    char ours[256], theirs[256];
    NpyArray array;
    if (!npy_read(driver->arena, driver->diag, path, &array)) return NULL;
    if (array.type == value->type && shape_equal(&array.shape, &value->shape))
        return tensor_from_bytes(driver->arena, array.type, array.shape, array.data);
    fail(driver->diag, STATUS_MISMATCH, "output '%s' is %s %s, ONNX Runtime's %s %s", graph->output_names[index],
         dtype_name(value->type), shape_text(&value->shape, ours, sizeof ours), dtype_name(array.type),
         shape_text(&array.shape, theirs, sizeof theirs));
    return NULL;
}

Tensor **onnxruntime_run(Driver *driver, const Workshop *shop, const Graph *graph, const char *model_path) {
    const char *model;
    if (!absolute_path(driver, model_path, &model)) return NULL;
    TextList words = script(driver, embedded_onnxruntime_run_py, model);
    add_names(driver, &words, graph);
    for (int k = 0; k < graph->output_count; k++) workshop_path(driver, shop, arena_printf(driver->arena, "peer_%d.npy", k));
    if (!run_script(driver, shop, peers, &words, NULL, "1")) return NULL;
    Tensor **outputs = ARENA_ARRAY(driver->arena, Tensor *, graph->output_count + 1);
    for (int k = 0; k < graph->output_count; k++) {
        outputs[k] = read_peer(driver, shop, graph, k);
        if (!outputs[k]) return NULL;
    }
    return outputs;
}

bool peer_bench(Driver *driver, const Workshop *shop, const Graph *graph, const char *model_path, const Peer *peer,
                int64_t threads, int64_t runs, const char *out) {
    const char *model;
    if (!absolute_path(driver, model_path, &model)) return false;
    TextList words = script(driver, embedded_bench_peers_py, model);
    list_add(driver->arena, &words, peer->name);
    const char *thread_text = arena_printf(driver->arena, "%" PRId64, threads);
    list_add(driver->arena, &words, thread_text);
    list_add(driver->arena, &words, arena_printf(driver->arena, "%" PRId64, runs));
    add_names(driver, &words, graph);
    return run_script(driver, shop, peer, &words, out, thread_text);
}
