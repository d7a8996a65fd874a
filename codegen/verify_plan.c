/* The plan verifier: runs a plan on labels instead of numbers.
 *
 * Each memory (the arena, and what the caller passes) remembers for each byte whose it is, and every step reads and writes as its
 * kernel does. What a value consists of is told by the graph alone: a computed value is something new, a Reshape is its operand's
 * bytes, a Concat those of its inputs where they follow each other, an image of a batch is a part of the batch's. So values may
 * share memory for whatever reason the planner has (plan.c, storage.c; nothing of them is used here): a step is right where the
 * bytes at its operands' places are its operands', and it overwrites none of them but what its kernel reads element by element at
 * the same place.
 *
 * The image loop runs as often as it does in the file, with the addresses of each image. Blocks that can be skipped are skipped:
 * all, and so that of any two of them each is skipped without the other. */
#include "codegen/verify_plan.h"

#include "codegen/conv_geometry.h"
#include "codegen/conv_strips.h"
#include "codegen/lower_recurrent.h"
#include "codegen/lower_resize.h"
#include "codegen/memory_labels.h"
#include "codegen/skip.h"
#include "ir/images.h"
#include "ir/op_table.h"

typedef struct {
    Graph *graph;
    const Plan *plan;
    LabelledMemory *memory; /* 0: the arena; 1 + id of a value: the caller's memory that is called by it */
    Content *content;       /* by value id: of the loop's image where it is one */
    const Value **owner;    /* by label: whom to name */
    int labels, label_capacity;
    const Node *loop_end; /* NULL where there is no loop */
    int64_t images;       /* of the loop */
    int64_t image;        /* -1 outside the loop */
    const int *block;     /* by step, or NULL */
    const bool *skipped;  /* by block */
} Run;

/* Some bytes of one memory. */
typedef struct {
    int memory;
    int64_t start, bytes;
} Place;

static bool broken(const Run *run, const Node *node, const char *what, const Value *value, const char *more, const char *name) {
    return node_fail(run->graph, node, STATUS_INVALID, "defect of skipc: the memory plan %s '%s'%s%s%s", what, value->name, more,
                     *name ? " " : "", name);
}

static int new_label(Run *run, const Value *owner) {
    if (run->labels == run->label_capacity) {
        const int capacity = 2 * run->labels + 64;
        const Value **grown = ARENA_ARRAY(run->graph->arena, const Value *, capacity);
        for (int k = 0; k < run->labels; k++) grown[k] = run->owner[k];
        run->owner = grown;
        run->label_capacity = capacity;
    }
    run->owner[run->labels] = owner;
    return run->labels++;
}

static const char *name_of(const Run *run, int label) {
    return label == NEVER_WRITTEN ? "" : run->owner[label] ? run->owner[label]->name : "a step's scratch";
}

/* Of the whole batch, while the loop is at one image of it. */
static bool is_batch(const Value *root) {
    return root->is_input || (root->producer && root->producer->op == OP_StackImages);
}

static bool is_callers(const Run *run, const Value *value) {
    const Placement *place = &run->plan->of[value->id];
    return place->offset < 0 || place->storage->is_input;
}

static Place place_of(const Run *run, const Value *value) {
    const Placement *place = &run->plan->of[value->id];
    const Value *root = place->storage;
    const bool callers = is_callers(run, value);
    int64_t start = callers ? place->within : place->offset;
    if (run->image >= 0 && is_batch(root)) start += run->image * (value_bytes(root) / run->images);
    return (Place){callers ? 1 + root->id : 0, start, value_bytes(value)};
}

/* Bytes of a memory; -1 where it is nobody's. A caller's buffer is as large as the input or output that is called by it. */
static int64_t memory_bytes(const Run *run, int memory) {
    const Graph *graph = run->graph;
    if (memory == 0) return run->plan->arena_bytes;
    for (int k = 0; k < graph->input_count; k++)
        if (graph->inputs[k]->id == memory - 1) return value_bytes(graph->inputs[k]);
    for (int k = 0; k < graph->output_count; k++) {
        const Value *value = graph->outputs[k];
        if (!value->data && run->plan->of[value->id].storage->id == memory - 1)
            return run->plan->of[value->id].within ? -1 : value_bytes(value);
    }
    return -1;
}

static bool overlap(const Place *a, const Place *b) {
    return a->memory == b->memory && a->start < b->start + b->bytes && b->start < a->start + a->bytes;
}

static bool is_inside(const Run *run, const Place *place) {
    return place->start >= 0 && place->start + place->bytes <= memory_bytes(run, place->memory);
}

/* Do the bytes at `place` hold those of a value's content? Nothing holds what was never computed. */
static bool holds(const Run *run, const Place *place, const Content *content, int *instead) {
    *instead = NEVER_WRITTEN;
    return content->bytes == place->bytes && memory_holds(&run->memory[place->memory], place->start, content, instead);
}

static bool check_read(const Run *run, const Node *node, const Value *value) {
    int instead;
    const Place place = place_of(run, value);
    if (!is_inside(run, &place)) return broken(run, node, "reads outside of memory:", value, "", "");
    if (holds(run, &place, &run->content[value->id], &instead)) return true;
    if (instead == NEVER_WRITTEN) return broken(run, node, "reads", value, " before it is written", "");
    return broken(run, node, "reads", value, " where it has put", name_of(run, instead));
}

/* The caller's inputs are only read. */
static bool is_writable(const Run *run, const Place *place) {
    for (int k = 0; k < run->graph->input_count; k++)
        if (place->memory == 1 + run->graph->inputs[k]->id) return false;
    return true;
}

static bool check_writable(const Run *run, const Node *node, const Value *value) {
    const Place place = place_of(run, value);
    if (!is_inside(run, &place)) return broken(run, node, "writes outside of memory:", value, "", "");
    if (place.start % (int64_t)dtype_size(value->type)) return broken(run, node, "misaligns", value, "", "");
    return is_writable(run, &place) || broken(run, node, "puts", value, " into an input of the caller", "");
}

/* Does the node's kernel read this operand element by element, each before the result's element at the same place is written? */
static bool reads_in_step(const Node *node, int operand) {
    const Value *in = node->in[operand], *out = node->out[0];
    if (!shape_equal(&in->shape, &out->shape) || in->layout != out->layout || dtype_size(in->type) != dtype_size(out->type))
        return false;
    return is_elementwise(node) || (node->op == OP_Conv && operand == 3) || (node->op == OP_AddShortcut && operand == 0);
}

static bool is_recurrent(const Node *node) {
    return node->op == OP_LSTM || node->op == OP_GRU;
}

static int64_t scratch_of(const Run *run, const Node *node) {
    if (strips_producer(node)) return strips_scratch_bytes(run->graph, node);
    if (is_recurrent(node)) return recurrent_scratch_bytes(node);
    if (node->op == OP_Resize) return resize_scratch_bytes(node);
    return node->op == OP_Conv ? conv_scratch_bytes(run->graph, node) : 0;
}

static bool in_memory(const Value *value) {
    return value && !value->data && value_bytes(value) > 0;
}

/* A recurrent layer writes no state that nobody reads. */
static bool is_written(const Node *node, const Value *value) {
    return in_memory(value) && (!is_recurrent(node) || value->user_count || value->output_count);
}

static bool check_scratch(const Run *run, const Node *node, const Place *scratch) {
    if (scratch->bytes == 0) return true;
    if (run->plan->scratch_offset[node->mark] < 0 || !is_inside(run, scratch) || scratch->start % ARENA_ALIGN)
        return broken(run, node, "has no place for the scratch of", node->out[0], "", "");
    for (int k = 0; k < node->out_count; k++) {
        if (!is_written(node, node->out[k])) continue;
        const Place out = place_of(run, node->out[k]);
        if (overlap(scratch, &out)) return broken(run, node, "puts scratch over the result", node->out[k], "", "");
    }
    return true;
}

/* The operands that `reader` holds are read while the results of `node` are written: they are the same node, but where one is
 * computed depth first. */
static bool check_operands(const Run *run, const Node *reader, const Node *node, const Place *scratch) {
    for (int k = 0; k < reader->in_count; k++) {
        const Value *in = reader->in[k];
        if (!in_memory(in) || (in->producer && in->producer == strips_producer(node))) continue;
        if (!check_read(run, node, in)) return false;
        const Place place = place_of(run, in);
        if (overlap(&place, scratch)) return broken(run, node, "puts scratch over", in, "", "");
        for (int o = 0; o < node->out_count; o++) {
            if (!is_written(node, node->out[o])) continue;
            const Place out = place_of(run, node->out[o]);
            if (!overlap(&place, &out)) continue;
            if (o > 0 || place.start != out.start || reader != node || !reads_in_step(node, k))
                return broken(run, node, "overwrites", in, ", which this step still reads, with", node->out[o]->name);
        }
    }
    return true;
}

static bool check_results(const Run *run, const Node *node) {
    for (int k = 0; k < node->out_count; k++) {
        if (!is_written(node, node->out[k])) continue;
        if (!check_writable(run, node, node->out[k])) return false;
        const Place place = place_of(run, node->out[k]);
        for (int o = 0; o < k; o++) {
            const Place other = place_of(run, node->out[o]);
            if (is_written(node, node->out[o]) && overlap(&place, &other))
                return broken(run, node, "puts two results in one place:", node->out[o], " and", node->out[k]->name);
        }
    }
    return true;
}

static void write_result(Run *run, const Value *value) {
    const Place place = place_of(run, value);
    run->content[value->id] = content_new(run->graph->arena, place.bytes, new_label(run, value));
    memory_write(run->graph->arena, &run->memory[place.memory], place.start, &run->content[value->id]);
}

/* A step whose kernel computes its results. */
static bool compute(Run *run, const Node *node) {
    Arena *arena = run->graph->arena;
    const Node *producer = strips_producer(node);
    const Place scratch = {0, run->plan->scratch_offset[node->mark], scratch_of(run, node)};
    if (!check_scratch(run, node, &scratch) || !check_results(run, node)) return false;
    if (producer && !check_operands(run, producer, node, &scratch)) return false;
    if (!check_operands(run, node, node, &scratch)) return false;
    if (scratch.bytes) {
        const Content used = content_new(arena, scratch.bytes, new_label(run, NULL));
        memory_write(arena, &run->memory[0], scratch.start, &used);
    }
    for (int k = 0; k < node->out_count; k++)
        if (is_written(node, node->out[k])) write_result(run, node->out[k]);
    return true;
}

/* Where a Slice's result lies in its operand's bytes, when it is one stretch of them; else -1. */
static int64_t sliced_stretch(const Node *slice) {
    const Value *in = slice->in[0], *out = slice->out[0];
    if (in->layout != out->layout) return -1;
    const bool blocked = in->layout == LAYOUT_BLOCKED;
    const View from = value_view(in), to = value_view(out);
    int64_t first = 0, stretch = 1;
    for (int k = to.rank - 1; k >= 0; k--) {
        const bool lane = blocked && k == 4;
        const int64_t unit = blocked && k == 1 ? BLOCK : 1, start = lane ? 0 : attr_ints_at(slice, A_STARTS, k, 0);
        if (start % unit) return -1;
        first += start / unit * from.stride[k];
        if (to.dim[k] == 1) continue;
        if (from.stride[k] * (lane ? 1 : attr_ints_at(slice, A_STEPS, k, 1)) != stretch) return -1;
        stretch *= to.dim[k];
    }
    return first * (int64_t)dtype_size(in->type);
}

/* Do the inputs of a Concat follow each other in its result's bytes? */
static bool is_joined(const Node *concat) {
    const Value *out = concat->out[0];
    int64_t axis = attr_int(concat, A_AXIS, 0), before = 1;
    if (axis < 0) axis += out->shape.rank;
    for (int k = 0; k < axis; k++) before *= out->shape.dim[k];
    if (out->layout == LAYOUT_BLOCKED && axis > 1) return false;
    for (int k = 0; k < concat->in_count; k++)
        if (concat->in[k]->layout != out->layout) return false;
    return before == 1;
}

/* Is the node's result made of its operands' bytes as they are? *from: where they begin in its only operand. */
static bool moves_bytes(const Run *run, const Node *node, int64_t *from) {
    const Value *in = node->in_count ? node->in[0] : NULL;
    *from = 0;
    switch (node->op) {
    case OP_Reshape: return in->layout == LAYOUT_PLANAR && node->out[0]->layout == LAYOUT_PLANAR;
    case OP_Reorder: return in->layout == node->out[0]->layout || shape_product(&in->shape, 2, in->shape.rank) == 1;
    case OP_TakeImage: *from = run->image * value_bytes(node->out[0]); return true;
    case OP_StackImages: return true;
    case OP_Slice: return (*from = sliced_stretch(node)) >= 0;
    case OP_Concat: return is_joined(node);
    default: return false;
    }
}

/* The bytes [from, from + to.bytes) of `in` come to stand at `to`, unless they stand there already: as the plan says, nothing is
 * copied then. */
static bool move(Run *run, const Node *node, const Value *in, int64_t from, Place to) {
    Arena *arena = run->graph->arena;
    Content part = {NULL, 0, 0};
    int instead;
    content_append(arena, &part, &run->content[in->id], from, to.bytes);
    if (!is_inside(run, &to)) return broken(run, node, "writes outside of memory:", node->out[0], "", "");
    if (holds(run, &to, &part, &instead)) return true;
    if (!is_writable(run, &to)) return broken(run, node, "puts", node->out[0], " into an input of the caller", "");
    if (in_memory(in)) {
        Place source = place_of(run, in);
        if (node->op == OP_TakeImage) return broken(run, node, "takes for an image what is none:", node->out[0], "", "");
        if (!check_read(run, node, in)) return false;
        source.start += from;
        source.bytes = to.bytes;
        if (overlap(&source, &to))
            return broken(run, node, "overwrites", in, ", which this step still reads, with", node->out[0]->name);
    }
    memory_write(arena, &run->memory[to.memory], to.start, &part);
    return true;
}

/* A step whose result is made of its operands' bytes. */
static bool join(Run *run, const Node *node, int64_t from) {
    const Value *out = node->out[0];
    Place place = place_of(run, out);
    Content *content = &run->content[out->id];
    const bool stack = node->op == OP_StackImages;
    if (!stack || run->image == 0) *content = (Content){NULL, 0, 0};
    for (int k = 0; k < node->in_count; k++) {
        const Value *in = node->in[k];
        place.bytes = node->op == OP_Concat || stack ? value_bytes(in) : value_bytes(out);
        if (place.bytes == 0) continue;
        if (in->data && !run->content[in->id].count)
            run->content[in->id] = content_new(run->graph->arena, value_bytes(in), new_label(run, in));
        if (!move(run, node, in, from, place)) return false;
        content_append(run->graph->arena, content, &run->content[in->id], from, place.bytes);
        place.start += place.bytes;
    }
    return true;
}

/* In the place of a block that is skipped: its shortcut, under the block's activation. */
static bool take_shortcut(Run *run, const Node *end) {
    const Value *shortcut = end->in[shortcut_slot(end)], *out = end->out[0];
    const Place from = place_of(run, shortcut), to = place_of(run, out);
    if (!in_memory(out)) return true;
    if (!check_read(run, end, shortcut) || !check_writable(run, end, out)) return false;
    if (overlap(&from, &to) && from.start != to.start) return broken(run, end, "overwrites", shortcut, " with", out->name);
    write_result(run, out);
    return true;
}

static bool run_step(Run *run, const Node *node) {
    const int block = run->block ? run->block[node->mark] : -1;
    int64_t from;
    bool empty = true;
    for (int k = 0; k < node->out_count; k++) empty = empty && value_bytes(node->out[k]) == 0;
    if (empty || strips_reader(node)) return true; /* nothing to compute, or in its reader's step */
    if (block >= 0 && run->skipped[block]) return attr_int(node, A_BLOCK, -1) != block || take_shortcut(run, node);
    return moves_bytes(run, node, &from) ? join(run, node, from) : compute(run, node);
}

static bool run_loop(Run *run) {
    for (run->image = 0; run->image < run->images; run->image++)
        for (const Node *node = run->graph->first; node; node = node == run->loop_end ? NULL : node->next)
            if (!run_step(run, node)) return false;
    run->image = -1;
    return true;
}

static bool check_outputs(const Run *run) {
    for (int k = 0; k < run->graph->output_count; k++) {
        const Value *value = run->graph->outputs[k];
        if (in_memory(value) && !value->is_input && !check_read(run, value->producer, value)) return false;
    }
    return true;
}

static bool run_plan(Run run) {
    Graph *graph = run.graph;
    run.memory = ARENA_ARRAY(graph->arena, LabelledMemory, graph->value_count + 1);
    run.content = ARENA_ARRAY(graph->arena, Content, graph->value_count + 1);
    run.image = -1;
    new_label(&run, NULL); /* NEVER_WRITTEN */
    for (int k = 0; k < graph->input_count; k++)
        if (in_memory(graph->inputs[k])) write_result(&run, graph->inputs[k]);
    if (run.loop_end && !run_loop(&run)) return false;
    for (const Node *node = run.loop_end ? run.loop_end->next : graph->first; node; node = node->next)
        if (!run_step(&run, node)) return false;
    return check_outputs(&run);
}

static int count_blocks(const Graph *graph) {
    int blocks = 0;
    for (const Node *node = graph->first; node; node = node->next) {
        const int block = (int)attr_int(node, A_BLOCK, -1);
        if (block >= blocks) blocks = block + 1;
    }
    return blocks;
}

bool verify_plan(Graph *graph, const Plan *plan) {
    const Node *loop_end = image_loop_end(graph);
    Run run = {.graph = graph, .plan = plan, .loop_end = loop_end, .images = image_loop_count(loop_end)};
    if (!run_plan(run)) return false;
    const int blocks = count_blocks(graph);
    if (blocks == 0) return true;
    bool *skipped = ARENA_ARRAY(graph->arena, bool, blocks);
    run.block = steps_of_blocks(graph);
    run.skipped = skipped;
    for (int bit = -1; bit < 0 || blocks >> bit; bit++) /* -1: all */
        for (int value = 0; value < (bit < 0 ? 1 : 2); value++) {
            for (int k = 0; k < blocks; k++) skipped[k] = bit < 0 || (k >> bit & 1) == value;
            if (!run_plan(run)) return false;
        }
    return true;
}
