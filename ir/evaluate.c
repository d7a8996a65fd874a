#include "ir/evaluate.h"
#include "ir/images.h"
#include "ir/op_table.h"

#include <string.h>

/* A computed value and the memory it lives in, released when its last reader ran. */
typedef struct {
    Arena arena;
    Tensor *tensor;
    int readers;
} Slot;

typedef struct {
    Graph *graph;
    EvaluateOptions options;
    Slot *slots; /* by value id; none to fold one node */
    int slot_count;
    const Node *loop_end; /* of the image loop (ir/images.h), or NULL */
    int64_t image;        /* its image */
    Arena scratch;        /* of the node being evaluated: its constants, its working memory */
    jmp_buf exhausted, *outer;
} Evaluation;

static void release_all(Evaluation *e) {
    for (int i = 0; i < e->slot_count; i++) arena_free(&e->slots[i].arena);
    arena_free(&e->scratch);
    e->graph->arena->out_of_memory = e->outer;
}

static Tensor *constant_tensor(Arena *arena, const Value *value) {
    return tensor_from_bytes(arena, value->type, value->shape, value->data);
}

static const Tensor *read_value(Evaluation *e, const Value *value) {
    if (!value) return NULL;
    return value->data ? constant_tensor(&e->scratch, value) : e->slots[value->id].tensor;
}

static void drop_reader(Evaluation *e, const Value *value) {
    if (!value || value->data) return;
    Slot *slot = &e->slots[value->id];
    if (--slot->readers > 0) return;
    arena_free(&slot->arena);
    slot->tensor = NULL;
}

/* Graph outputs outlive the evaluation: they are made in the graph's own arena. */
static Tensor *make_output(Evaluation *e, const Value *value) {
    Slot *slot = &e->slots[value->id];
    slot->readers = value->user_count + value->output_count + 1; /* the node itself reads it until it is observed */
    arena_init(&slot->arena, &e->exhausted);
    slot->tensor = tensor_new(value->output_count ? e->graph->arena : &slot->arena, value->type, value->shape);
    slot->tensor->float_sums = e->options.precision == PRECISION_NATIVE && dtype_is_float(value->type) && value->type != F64;
    return slot->tensor;
}

static bool is_last_image(const Evaluation *e) {
    return e->image + 1 >= image_loop_count(e->loop_end);
}

/* The loop's image of a batch: a view. */
static Tensor *image_of(Evaluation *e, const Tensor *batch) {
    Tensor *image = ARENA_NEW(&e->scratch, Tensor);
    *image = *batch;
    image->shape.dim[0] = 1;
    image->count = batch->count / image_loop_count(e->loop_end);
    if (batch->f) image->f = batch->f + e->image * image->count;
    if (batch->i) image->i = batch->i + e->image * image->count;
    return image;
}

static bool evaluate_node(Evaluation *e, const Node *node) {
    const Tensor **in = ARENA_ARRAY(&e->scratch, const Tensor *, node->in_count);
    Tensor **out = ARENA_ARRAY(&e->scratch, Tensor *, node->out_count);
    for (int i = 0; i < node->in_count; i++) in[i] = read_value(e, node->in[i]);
    const bool takes = node->op == OP_TakeImage, stacks = node->op == OP_StackImages;
    for (int i = 0; i < node->out_count; i++)
        out[i] = stacks && e->image ? e->slots[node->out[i]->id].tensor : make_output(e, node->out[i]);
    if (takes) in[0] = image_of(e, in[0]);
    if (stacks) out[0] = image_of(e, out[0]);
    if (!op_info(node->op)->evaluate(node, in, out, &e->scratch, e->graph->diag)) return false;
    for (int i = 0; i < node->out_count; i++)
        if (e->options.precision == PRECISION_NATIVE || !dtype_is_float(out[i]->type)) tensor_round(out[i]);
    if (e->options.observe) e->options.observe(e->options.context, node, out);
    for (int i = 0; i < node->in_count && (!takes || is_last_image(e)); i++) drop_reader(e, node->in[i]);
    for (int i = 0; i < node->out_count && (!stacks || is_last_image(e)); i++) drop_reader(e, node->out[i]);
    arena_free(&e->scratch);
    return true;
}

static Tensor *copy_tensor(Arena *arena, const Tensor *from) {
    Tensor *to = tensor_new(arena, from->type, from->shape);
    size_t bytes = (size_t)from->count * sizeof(double);
    if (bytes && from->f) memcpy(to->f, from->f, bytes);
    if (bytes && from->i) memcpy(to->i, from->i, bytes);
    return to;
}

static bool take_inputs(Evaluation *e, const Tensor *const *inputs) {
    Graph *graph = e->graph;
    for (int i = 0; i < graph->input_count; i++) {
        const Value *value = graph->inputs[i];
        if (inputs[i]->type != value->type || !shape_equal(&inputs[i]->shape, &value->shape)) {
            char given[256], needed[256];
            return fail(graph->diag, STATUS_USAGE, "input '%s' is %s %s, but %s %s was given", value->name,
                        dtype_name(value->type), shape_text(&value->shape, needed, sizeof needed), dtype_name(inputs[i]->type),
                        shape_text(&inputs[i]->shape, given, sizeof given));
        }
        /* Only read: evaluation functions take their inputs as const. */
        e->slots[value->id].tensor = (Tensor *)(uintptr_t)inputs[i];
        e->slots[value->id].readers = value->user_count + value->output_count;
    }
    return true;
}

static void give_outputs(Evaluation *e, Tensor **outputs) {
    Graph *graph = e->graph;
    for (int i = 0; i < graph->output_count; i++) {
        const Value *value = graph->outputs[i];
        if (value->data)
            outputs[i] = constant_tensor(graph->arena, value);
        else if (value->is_input)
            outputs[i] = copy_tensor(graph->arena, e->slots[value->id].tensor);
        else
            outputs[i] = e->slots[value->id].tensor;
    }
}

/* The image loop's first node follows its last one, until all images are done. */
static const Node *next_node(Evaluation *e, const Node *node) {
    if (node != e->loop_end || is_last_image(e)) return node->next;
    e->image++;
    return e->graph->first;
}

static bool run(Evaluation *e, const Tensor *const *inputs, Tensor **outputs) {
    if (!take_inputs(e, inputs)) return false;
    e->loop_end = image_loop_end(e->graph);
    for (const Node *node = e->graph->first; node; node = next_node(e, node))
        if (!evaluate_node(e, node)) return false;
    give_outputs(e, outputs);
    return true;
}

/* Tensors live outside the graph's arena, so an exhausted heap must pass by here before it reaches the driver. */
static Evaluation *evaluation_new(Graph *graph, EvaluateOptions options, int slot_count) {
    Evaluation *e = ARENA_NEW(graph->arena, Evaluation);
    e->graph = graph;
    e->options = options;
    e->slots = ARENA_ARRAY(graph->arena, Slot, slot_count);
    e->slot_count = slot_count;
    arena_init(&e->scratch, &e->exhausted);
    e->outer = graph->arena->out_of_memory;
    return e;
}

static _Noreturn void pass_on(Evaluation *e) {
    release_all(e);
    arena_exhausted(e->graph->arena);
}

bool graph_evaluate(Graph *graph, const Tensor *const *inputs, Tensor **outputs, EvaluateOptions options) {
    Evaluation *e = evaluation_new(graph, options, graph->value_count);
    if (setjmp(e->exhausted)) pass_on(e);
    graph->arena->out_of_memory = &e->exhausted;
    bool good = run(e, inputs, outputs);
    release_all(e);
    return good;
}

/* The results, in their own encoding, in the graph's arena. */
static bool fold(Evaluation *e, const Node *node) {
    const Tensor **in = ARENA_ARRAY(&e->scratch, const Tensor *, node->in_count);
    Tensor **out = ARENA_ARRAY(&e->scratch, Tensor *, node->out_count);
    for (int i = 0; i < node->in_count; i++) in[i] = read_value(e, node->in[i]);
    for (int i = 0; i < node->out_count; i++) out[i] = tensor_new(&e->scratch, node->out[i]->type, node->out[i]->shape);
    if (!op_info(node->op)->evaluate(node, in, out, &e->scratch, e->graph->diag)) return false;
    for (int i = 0; i < node->out_count; i++) {
        Value *value = node->out[i];
        value->data = tensor_to_bytes(e->graph->arena, out[i]);
        value->layout = LAYOUT_PLANAR;
        value->pool = POOL_CONSTANT;
        value->producer = NULL;
    }
    return true;
}

bool node_fold(Graph *graph, Node *node) {
    for (int i = 0; i < node->in_count; i++)
        if (node->in[i] && !node->in[i]->data)
            return node_fail(graph, node, STATUS_INVALID, "can't be folded: input '%s' is no constant", node->in[i]->name);
    Evaluation *e = evaluation_new(graph, (EvaluateOptions){.precision = PRECISION_NATIVE}, 0);
    if (setjmp(e->exhausted)) pass_on(e);
    graph->arena->out_of_memory = &e->exhausted;
    bool good = fold(e, node);
    release_all(e);
    if (good) node_remove(graph, node);
    return good;
}
