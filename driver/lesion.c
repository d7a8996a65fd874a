/* skipc lesion: compiles the network once, with blocks that can be skipped, and runs every image with every choice of blocks. */
#include "driver/lesion.h"

#include "driver/build.h"
#include "driver/embedded/embedded.h"
#include "driver/model.h"
#include "driver/npz.h"
#include "driver/output.h"
#include "driver/random.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct {
    ModelOptions model;
    BlockOptions blocks;
    BuildOptions build;
    const char *inputs, *labels, *plot; /* labels "": those of `inputs` */
    int64_t seed, draws;
    bool json;
} LesionOptions;

/* Which blocks to keep, one row of bytes for each network that is tried. The first keeps all, then each droppable block is
 * deleted alone, in order; then come the sets of each step. */
typedef struct {
    Arena *arena;
    unsigned char *keep;
    int blocks, droppable, rows, capacity;
    const int *block_of; /* the k-th droppable block */
} Choices;

static unsigned char *choices_add(Choices *choices) {
    if (choices->rows == choices->capacity) {
        choices->capacity = 2 * choices->capacity + 64;
        unsigned char *more = arena_alloc(choices->arena, (size_t)choices->capacity * (size_t)choices->blocks, 1);
        if (choices->rows) memcpy(more, choices->keep, (size_t)choices->rows * (size_t)choices->blocks);
        choices->keep = more;
    }
    unsigned char *row = choices->keep + (size_t)choices->rows++ * (size_t)choices->blocks;
    memset(row, 1, (size_t)choices->blocks);
    return row;
}

/* C(n, k), or `most` where it is larger. */
static int64_t subsets(int n, int k, int64_t most) {
    double count = 1;
    for (int i = 1; i <= k && count <= (double)most; i++) count = count * (n - k + i) / i;
    return count < (double)most ? (int64_t)(count + 0.5) : most;
}

/* All sets of `size` droppable blocks, in order. */
static void add_all_sets(Choices *choices, int size) {
    int *chosen = ARENA_ARRAY(choices->arena, int, size), n = choices->droppable;
    for (int i = 0; i < size; i++) chosen[i] = i;
    for (;;) {
        unsigned char *row = choices_add(choices);
        for (int i = 0; i < size; i++) row[choices->block_of[chosen[i]]] = 0;
        int last = size - 1;
        while (last >= 0 && chosen[last] == n - size + last) last--;
        if (last < 0) return;
        chosen[last]++;
        for (int i = last + 1; i < size; i++) chosen[i] = chosen[i - 1] + 1;
    }
}

/* One set, by the first steps of a Fisher-Yates shuffle. */
static void add_random_set(Choices *choices, int size, int *order, uint64_t *seed) {
    unsigned char *row = choices_add(choices);
    for (int i = 0; i < size; i++) {
        int other = i + (int)(random_bits(seed) % (uint64_t)(choices->droppable - i));
        int swapped = order[i];
        order[i] = order[other];
        order[other] = swapped;
        row[choices->block_of[order[i]]] = 0;
    }
}

/* Fills step[k] for k + 1 deleted blocks: which rows, from step_row[k]. */
static void choose_sets(Choices *choices, LesionStep *step, int *step_row, const LesionOptions *options) {
    uint64_t seed = (uint64_t)options->seed;
    int *order = ARENA_ARRAY(choices->arena, int, choices->droppable);
    for (int k = 0; k < choices->droppable; k++) order[k] = k;
    choices_add(choices);
    for (int k = 0; k < choices->droppable; k++) choices_add(choices)[choices->block_of[k]] = 0;
    for (int size = 1; size <= choices->droppable; size++) {
        LesionStep *at = &step[size - 1];
        at->deleted = size;
        step_row[size - 1] = size == 1 ? 1 : choices->rows;
        int64_t all = subsets(choices->droppable, size, options->draws + 1);
        if (size > 1 && all <= options->draws) add_all_sets(choices, size);
        for (int64_t draw = 0; size > 1 && all > options->draws && draw < options->draws; draw++)
            add_random_set(choices, size, order, &seed);
        at->sets = size == 1 ? choices->droppable : choices->rows - step_row[size - 1];
    }
}

typedef struct {
    NpyArray x, y; /* y.data is NULL without labels */
    int64_t images, batch, classes;
} Data;

static bool check_network(Driver *driver, const Graph *graph, Data *data) {
    if (graph->input_count != 1)
        return fail(driver->diag, STATUS_USAGE, "lesion needs a network with one input; this one has %d", graph->input_count);
    const Shape *in = &graph->inputs[0]->shape, *out = &graph->outputs[0]->shape;
    char shape[256];
    data->batch = in->rank ? in->dim[0] : 0;
    data->classes = out->rank > 1 ? out->dim[1] : 0;
    if (graph->outputs[0]->type == F32 && data->batch > 0 && data->classes > 1 && out->dim[0] == data->batch &&
        shape_count(out) == data->batch * data->classes)
        return true;
    return fail(driver->diag, STATUS_USAGE, "lesion needs a classifier: output '%s' (%s %s) is not one score for each class",
                graph->output_names[0], dtype_onnx_name(graph->outputs[0]->type), shape_text(out, shape, sizeof shape));
}

/* Whole numbers become floats; floats of another width are rounded. Nothing becomes a whole number. */
static bool can_convert(Dtype from, Dtype to) {
    return from == to || ((to == F32 || to == F64) && npy_type_name(from));
}

static bool read_images(Driver *driver, const Graph *graph, const char *path, Data *data) {
    const Value *input = graph->inputs[0];
    char wanted[256], found[256];
    if (!array_read(driver->arena, driver->diag, path, "x", false, &data->x)) return false;
    Shape one = data->x.shape, expected = input->shape;
    data->images = one.rank ? one.dim[0] : 0;
    if (one.rank) one.dim[0] = expected.dim[0];
    if (!shape_equal(&one, &expected) || data->images < 1)
        return fail(driver->diag, STATUS_FILE,
                    "%s: input '%s' has the shape %s, the images are %s: they must differ in the first axis only", path,
                    input->name, shape_text(&expected, wanted, sizeof wanted), shape_text(&data->x.shape, found, sizeof found));
    if (data->images % data->batch != 0 || data->images > INT32_MAX)
        return fail(driver->diag, STATUS_FILE,
                    "%s: %" PRId64 " images are no multiple of the batch of %" PRId64 " (--dim sets it)", path, data->images,
                    data->batch);
    if (can_convert(data->x.type, input->type)) return true;
    return fail(driver->diag, STATUS_FILE, "%s: input '%s' is %s, the images are %s", path, input->name,
                dtype_onnx_name(input->type), npy_type_name(data->x.type));
}

/* For constant_int_at and constant_float_at. */
static Value as_value(const NpyArray *array) {
    return (Value){.type = array->type, .shape = array->shape, .data = array->data};
}

static bool read_labels(Driver *driver, const LesionOptions *options, Data *data) {
    const char *path = *options->labels ? options->labels : options->inputs;
    if (!array_read(driver->arena, driver->diag, path, "y", !*options->labels, &data->y)) return false;
    char shape[256];
    bool whole = data->y.type == U8 || data->y.type == U16 || data->y.type == U32 || data->y.type == I8 || data->y.type == I16 ||
                 data->y.type == I32 || data->y.type == I64;
    if (!whole || data->y.count != data->images || data->y.shape.rank < 1 || data->y.shape.dim[0] != data->images)
        return fail(driver->diag, STATUS_FILE, "%s: labels are one whole number for each of the %" PRId64 " images, not %s %s",
                    path, data->images, npy_type_name(data->y.type), shape_text(&data->y.shape, shape, sizeof shape));
    Value labels = as_value(&data->y);
    for (int64_t k = 0; k < data->images; k++) {
        int64_t label = constant_int_at(&labels, k);
        if (label < 0 || label >= data->classes)
            return fail(driver->diag, STATUS_FILE,
                        "%s: label %" PRId64 " of image %" PRId64 ": the network has %" PRId64 " classes", path, label, k,
                        data->classes);
    }
    return true;
}

/* In the input's type. */
static void print_images(FILE *file, Dtype type, const NpyArray *images) {
    if (images->type == type) {
        fwrite(images->data, dtype_size(type), (size_t)images->count, file);
        return;
    }
    Value values = as_value(images);
    bool whole = !dtype_is_float(images->type);
    for (int64_t k = 0; k < images->count; k++) {
        double number = whole ? (double)constant_int_at(&values, k) : constant_float_at(&values, k);
        float rounded = (float)number;
        fwrite(type == F32 ? (const void *)&rounded : (const void *)&number, dtype_size(type), 1, file);
    }
}

static bool write_images(Driver *driver, const char *path, const Graph *graph, const Data *data) {
    Output output;
    if (!output_open(driver, &output, path)) return false;
    print_images(output.file, graph->inputs[0]->type, &data->x);
    return output_finish(driver, &output) && output_commit(driver, &output);
}

static bool write_choices(Driver *driver, const Workshop *shop, const Choices *choices) {
    Output output;
    if (!output_open(driver, &output, workshop_path(driver, shop, "keep.bin"))) return false;
    fwrite(choices->keep, (size_t)choices->blocks, (size_t)choices->rows, output.file);
    return output_finish(driver, &output) && output_commit(driver, &output);
}

/* top1[row][image] */
static int32_t *read_top1(Driver *driver, const char *path, const Choices *choices, const Data *data) {
    size_t count = (size_t)choices->rows * (size_t)data->images;
    int32_t *raw = ARENA_ARRAY(driver->arena, int32_t, count), *top1 = ARENA_ARRAY(driver->arena, int32_t, count);
    FILE *file = fopen(path, "rbe");
    bool whole = file && fread(raw, sizeof *raw, count, file) == count;
    if (file) fclose(file);
    if (!whole) {
        fail(driver->diag, STATUS_FILE, "%s: the compiled network wrote too few results", path);
        return NULL;
    }
    /* Written batch by batch. */
    for (int64_t image = 0; image < data->images; image++) {
        for (int row = 0; row < choices->rows; row++) {
            int64_t batch = image / data->batch, within = image % data->batch;
            top1[row * data->images + image] = raw[(batch * choices->rows + row) * data->batch + within];
        }
    }
    return top1;
}

static Score score_of(const int32_t *top1, const int32_t *whole, const Data *data) {
    int64_t agree = 0, right = 0;
    Value labels = as_value(&data->y);
    for (int64_t k = 0; k < data->images; k++) {
        agree += top1[k] == whole[k];
        right += data->y.data && top1[k] == constant_int_at(&labels, k);
    }
    double images = (double)data->images;
    return (Score){(double)agree / images, data->y.data ? (double)right / images : (double)NAN};
}

static void include_score(LesionStep *step, Score score, bool first) {
    if (first) step->least = step->most = score;
    step->mean.agreement += score.agreement / step->sets;
    step->mean.accuracy += score.accuracy / step->sets;
    step->least = (Score){fmin(step->least.agreement, score.agreement), fmin(step->least.accuracy, score.accuracy)};
    step->most = (Score){fmax(step->most.agreement, score.agreement), fmax(step->most.accuracy, score.accuracy)};
}

/* Builds, runs, reads. */
static int32_t *try_choices(Driver *driver, const LesionOptions *options, Graph *graph, const Choices *choices,
                            const Data *data) {
    Workshop shop;
    BuildOptions build = options->build;
    build.runner = embedded_lesion_runner_c;
    build.blocks = block_labels(driver, &options->blocks);
    build.block_count = choices->blocks;
    build.definitions =
        arena_printf(driver->arena,
                     "#define CHOICES ((size_t)%d)\n#define BATCHES ((size_t)%" PRId64 ")\n#define BATCH ((size_t)%" PRId64 ")\n",
                     choices->rows, data->images / data->batch, data->batch);
    if (!workshop_open(driver, &shop, options->model.path)) return NULL;
    const char *in = workshop_path(driver, &shop, "images.bin"), *out = workshop_path(driver, &shop, "top1.bin");
    if (!write_images(driver, in, graph, data) || !write_choices(driver, &shop, choices) ||
        !build_runner(driver, &shop, graph, &build) || !run_runner(driver, &shop, in, out, NULL))
        return NULL;
    return read_top1(driver, out, choices, data);
}

static Choices new_choices(Arena *arena, const ResidualBlocks *blocks) {
    Choices choices = {.arena = arena, .blocks = blocks->count};
    int *block_of = ARENA_ARRAY(arena, int, blocks->count);
    for (int k = 0; k < blocks->count; k++) {
        if (blocks->block[k].droppable) block_of[choices.droppable++] = k;
    }
    choices.block_of = block_of;
    return choices;
}

static bool lesion(Driver *driver, LesionOptions *options) {
    Graph *graph = model_optimise(driver, &options->model, NULL, NULL);
    Data data = {.images = 0};
    if (!graph || !check_network(driver, graph, &data) || !read_images(driver, graph, options->inputs, &data) ||
        (options->labels && !read_labels(driver, options, &data)))
        return false;
    const ResidualBlocks *blocks = &options->blocks.found;
    Choices choices = new_choices(driver->arena, blocks);
    if (choices.droppable == 0)
        return fail(driver->diag, STATUS_USAGE, "each of the %d residual blocks changes the shape: none can be deleted",
                    blocks->count);
    LesionStep *step = ARENA_ARRAY(driver->arena, LesionStep, choices.droppable);
    int *step_row = ARENA_ARRAY(driver->arena, int, choices.droppable);
    choose_sets(&choices, step, step_row, options);
    const int32_t *top1 = try_choices(driver, options, graph, &choices, &data);
    if (!top1) return false;

    Score *alone = ARENA_ARRAY(driver->arena, Score, blocks->count);
    for (int k = 0; k < choices.droppable; k++) alone[choices.block_of[k]] = score_of(top1 + (1 + k) * data.images, top1, &data);
    for (int k = 0; k < choices.droppable; k++) {
        for (int set = 0; set < step[k].sets; set++)
            include_score(&step[k], score_of(top1 + (step_row[k] + set) * data.images, top1, &data), set == 0);
    }
    LesionReport report = {.model = options->model.path,
                           .images = data.images,
                           .labelled = data.y.data != NULL,
                           .blocks = blocks,
                           .whole = score_of(top1, top1, &data),
                           .alone = alone,
                           .step = step,
                           .steps = choices.droppable};
    progress_end(&driver->progress);
    if (options->plot && !lesion_plot(driver, &report, options->plot)) return false;
    (options->json ? lesion_print_json : lesion_print)(&report);
    return true;
}

bool command_lesion(Driver *driver, int argc, char **argv) {
    LesionOptions options = {
        .build = {.level = "-O3", .weights = WEIGHTS_FILE}, .blocks = {.droppable = true}, .seed = 1, .draws = 10};
    const Option list[] = {
        {.name = "inputs",
         .kind = OPTION_TEXT,
         .target = &options.inputs,
         .argument = "X.npz",
         .help = "the images: array x of an .npz file, or an .npy file; whole numbers become floats where needed"},
        {.name = "labels",
         .kind = OPTION_OPTIONAL,
         .target = &options.labels,
         .argument = "Y.npy",
         .help = "report accuracy, too: the class of each image, array y of --inputs or of this file"},
        {.name = "seed",
         .kind = OPTION_NUMBER,
         .target = &options.seed,
         .argument = "N",
         .most = INT64_MAX,
         .help = "of the random sets of deleted blocks (default 1)"},
        {.name = "draws",
         .kind = OPTION_NUMBER,
         .target = &options.draws,
         .argument = "N",
         .least = 1,
         .most = 100000,
         .help = "sets for each number of deleted blocks (default 10; all sets where there are fewer)"},
        {.name = "json", .kind = OPTION_FLAG, .target = &options.json, .help = "the result as JSON"},
        {.name = "plot", .kind = OPTION_TEXT, .target = &options.plot, .argument = "OUT.svg", .help = "write a plot"},
        BUILD_CC_OPTIONS(&options.build),
        MODEL_INPUT_OPTIONS(&options.model),
        MODEL_OPTIMIZE_OPTIONS(&options.model),
    };
    const OptionTable table = {
        "lesion", "MODEL.onnx --inputs X.npz [--labels[=Y.npy]] [options]",
        "Deletes each residual block alone, then 1 to n of them at random, and reports how often the network still\n"
        "gives the class that it gave whole (top-1 agreement), and the right one. Builds the C once with your compiler.",
        list, sizeof list / sizeof *list};
    const OptionsResult parsed = options_parse(driver->arena, driver->diag, &table, argc, argv, &options.model.path);
    if (parsed != OPTIONS_RUN) return parsed == OPTIONS_HELP;
    if (!options.inputs) return fail(driver->diag, STATUS_USAGE, "lesion: --inputs X.npz is missing");
    options.model.blocks = &options.blocks;
    return lesion(driver, &options);
}
