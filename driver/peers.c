#include "driver/peers.h"

#include "driver/embedded/embedded.h"
#include "driver/output.h"
#include "driver/process.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SCRIPT_NO_MODULE = 3 }; /* both scripts' exit status when an import fails */

const Peer peer_onnxruntime = {"onnxruntime", "ONNX Runtime", "onnxruntime"},
           peer_onnxruntime_optimised = {"onnxruntime-optimised", "ONNX Runtime", "onnxruntime"},
           peer_onnx = {"onnx", "ONNX's reference evaluator", "onnx"};
static const Peer openvino = {"openvino", "OpenVINO", "openvino"},
                  ncnn = {"ncnn", "ncnn", "ncnn pnnx onnx"}, /* pnnx converts the model */
    mnn = {"mnn", "MNN", "MNN onnx"};
static const Peer *const timed[] = {&peer_onnxruntime, &openvino, &ncnn, &mnn};

const Peer *peer_find(const char *name) {
    for (size_t k = 0; k < sizeof timed / sizeof *timed; k++)
        if (strcmp(timed[k]->name, name) == 0) return timed[k];
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
    if (status > 128) return fail(driver->diag, STATUS_FILE, "%s crashes (%s)", peer->title, strsignal(status - 128));
    return fail(driver->diag, STATUS_FILE, "%s fails: %s", peer->title, line);
}

static TextList script(Driver *driver, const char *text, const char *first) {
    TextList words = {.count = 0};
    list_add(driver->arena, &words, python(driver));
    list_add(driver->arena, &words, "-c");
    list_add(driver->arena, &words, text);
    list_add(driver->arena, &words, first);
    return words;
}

static Tensor *read_peer(Arena *arena, Diag *diag, const char *path) {
    NpyArray array;
    if (!npy_read(arena, diag, path, &array)) return NULL;
    return tensor_from_bytes(arena, array.type, array.shape, array.data);
}

static const char *inner_path(Driver *driver, const Workshop *shop, int index) {
    return arena_printf(driver->arena, "%s/inner_%d.npy", shop->folder, index);
}

/* inner.txt, empty without `inner`: names may hold anything but the zero that ends each. */
static bool write_inner_names(Driver *driver, const Workshop *shop, const TextList *inner) {
    Output output;
    if (!output_open(driver, &output, workshop_path(driver, shop, "inner.txt"))) return false;
    for (int k = 0; inner && k < inner->count; k++) {
        fwrite(inner->item[k], 1, strlen(inner->item[k]) + 1, output.file);
        workshop_path(driver, shop, arena_printf(driver->arena, "inner_%d.npy", k));
    }
    return output_finish(driver, &output) && output_commit(driver, &output);
}

Tensor **peer_run(Driver *driver, const Workshop *shop, const Graph *graph, const char *model_path, const Peer *peer,
                  const TextList *inner) {
    const char *model;
    if (!absolute_path(driver, model_path, &model) || !write_inner_names(driver, shop, inner)) return NULL;
    TextList words = script(driver, embedded_verify_peers_py, peer->name);
    list_add(driver->arena, &words, model);
    add_names(driver, &words, graph);
    const char **paths = ARENA_ARRAY(driver->arena, const char *, graph->output_count + 1);
    for (int k = 0; k < graph->output_count; k++)
        paths[k] = workshop_path(driver, shop, arena_printf(driver->arena, "peer_%d.npy", k));
    if (!run_script(driver, shop, peer, &words, NULL, "1")) return NULL;
    Tensor **outputs = ARENA_ARRAY(driver->arena, Tensor *, graph->output_count + 1);
    for (int k = 0; k < graph->output_count; k++) {
        outputs[k] = read_peer(driver->arena, driver->diag, paths[k]);
        if (!outputs[k]) return NULL;
    }
    return outputs;
}

Tensor *peer_inner(Driver *driver, const Workshop *shop, Arena *arena, int index) {
    Diag ignored = {.status = STATUS_OK}; /* an element type that skipc doesn't know says nothing about the others */
    const char *path = inner_path(driver, shop, index);
    return access(path, R_OK) == 0 ? read_peer(arena, &ignored, path) : NULL;
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
