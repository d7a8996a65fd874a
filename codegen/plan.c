#include "codegen/plan.h"

#include "codegen/conv_geometry.h"
#include "codegen/lower_resize.h"
#include "ir/op_table.h"

#include <stdlib.h>

/* One piece of arena memory: a storage root's bytes while its values live, or a step's scratch. */
typedef struct {
    int64_t bytes, offset;
    int first, last;
    int value; /* root's id, or -1 - step for scratch */
} Block;

static int64_t align_up(int64_t bytes) {
    return (bytes + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
}

int64_t value_bytes(const Value *value) {
    return value->data ? 0 : align_up(shape_count(&value->shape) * (int64_t)dtype_size(value->type));
}

int64_t scratch_bytes(const Node *node) {
    if (node->op == OP_Conv) return align_up(conv_scratch_bytes(node));
    return node->op == OP_Resize ? align_up(resize_scratch_bytes(node)) : 0;
}

static int number_steps(Graph *graph) {
    int steps = 0;
    for (Node *node = graph->first; node; node = node->next) node->mark = steps++;
    return steps;
}

/* While values share storage, `last` of the root covers all of them. */
static void share(Plan *plan, const Value *value, const Value *root) {
    Placement *shared = &plan->of[root->id], *own = &plan->of[value->id];
    own->storage = root;
    if (own->last > shared->last) shared->last = own->last;
}

/* Memory of a graph input is the caller's and only read. */
static bool is_writable(const Value *root) {
    return !root->data && !root->is_input;
}

static const Value *root_of(const Plan *plan, const Value *value) {
    return plan->of[value->id].storage;
}

/* May `node` write its result over operand `k`: it dies here, and no other operand shares its memory. */
static bool dies_at(const Plan *plan, const Node *node, int k) {
    const Value *operand = node->in[k];
    if (!operand || operand->data) return false;
    const Value *root = root_of(plan, operand);
    if (!is_writable(root) || plan->of[root->id].last != node->mark) return false;
    for (int other = 0; other < node->in_count; other++)
        if (other != k && node->in[other] && !node->in[other]->data && root_of(plan, node->in[other]) == root) return false;
    return true;
}

static bool same_bytes(const Value *a, const Value *b) {
    return shape_equal(&a->shape, &b->shape) && dtype_size(a->type) == dtype_size(b->type) && a->layout == b->layout;
}

static bool is_elementwise(const Node *node) {
    const OpInfo *info = op_info(node->op);
    return (node->op >= OP_Relu && node->op <= OP_Cast) ||
           (node->op >= OP_Add && node->op <= OP_Where && info->most_outputs == 1);
}

/* The operand whose memory the node's first output takes over, or NULL. */
static const Value *reused_operand(const Plan *plan, const Node *node) {
    if (node->op == OP_Reshape || node->op == OP_Reorder) {
        bool view = node->op == OP_Reshape || shape_product(&node->in[0]->shape, 2, node->in[0]->shape.rank) == 1;
        return view && !node->in[0]->data ? node->in[0] : NULL;
    }
    if (node->op == OP_Conv)
        return node->in_count > 3 && node->in[3] && dies_at(plan, node, 3) && same_bytes(node->in[3], node->out[0]) ? node->in[3]
                                                                                                                    : NULL;
    if (is_elementwise(node))
        for (int k = 0; k < node->in_count; k++)
            if (dies_at(plan, node, k) && same_bytes(node->in[k], node->out[0])) return node->in[k];
    return NULL;
}

/* An output's memory is the caller's: at most one output, and no input, may share a root. */
static bool may_share(const Plan *plan, const Value *result, const Value *root, const bool *holds_output) {
    if (result->output_count == 0) return true;
    (void)plan;
    return is_writable(root) && !holds_output[root->id];
}

static void assign_storage(Graph *graph, Plan *plan) {
    bool *holds_output = ARENA_ARRAY(graph->arena, bool, graph->value_count);
    for (int k = 0; k < graph->input_count; k++) plan->of[graph->inputs[k]->id].storage = graph->inputs[k];
    for (Node *node = graph->first; node; node = node->next)
        for (int k = 0; k < node->out_count; k++) {
            Value *result = node->out[k];
            Placement *place = &plan->of[result->id];
            place->storage = result;
            place->first = place->last = node->mark;
            for (int u = 0; u < result->user_count; u++)
                if (result->users[u]->mark > place->last) place->last = result->users[u]->mark;
            if (result->output_count) place->last = plan->steps;
            const Value *operand = k == 0 ? reused_operand(plan, node) : NULL;
            const Value *root = operand ? root_of(plan, operand) : NULL;
            if (root && may_share(plan, result, root, holds_output)) share(plan, result, root);
            if (result->output_count) holds_output[root_of(plan, result)->id] = true;
        }
    /* Storage that a graph output uses is the caller's buffer. */
    for (int id = 0; id < graph->value_count; id++)
        if (holds_output[id]) plan->of[id].offset = -1;
}

static Block *collect_blocks(Graph *graph, Plan *plan, int *count) {
    Block *blocks = ARENA_ARRAY(graph->arena, Block, graph->value_count + plan->steps);
    *count = 0;
    for (Node *node = graph->first; node; node = node->next) {
        for (int k = 0; k < node->out_count; k++) {
            const Value *value = node->out[k];
            const Placement *place = &plan->of[value->id];
            if (place->storage == value && place->offset >= 0 && value_bytes(value) > 0)
                blocks[(*count)++] = (Block){value_bytes(value), 0, place->first, place->last, value->id};
        }
        if (scratch_bytes(node) > 0)
            blocks[(*count)++] = (Block){scratch_bytes(node), 0, node->mark, node->mark, -1 - node->mark};
    }
    return blocks;
}

static int by_size(const void *a, const void *b) {
    const Block *x = a, *y = b;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
    return x->first != y->first ? (x->first < y->first ? -1 : 1) : (x->value < y->value ? -1 : x->value > y->value);
}

static int by_time(const void *a, const void *b) {
    const Block *x = a, *y = b;
    return x->first != y->first ? (x->first < y->first ? -1 : 1) : by_size(a, b);
}

/* The lowest gap that holds `block` among those already placed that live at the same time; `placed` is sorted by offset. */
static int64_t lowest_gap(const Block *block, Block *const *placed, int count) {
    int64_t offset = 0;
    for (int k = 0; k < count; k++) {
        const Block *other = placed[k];
        if (other->last < block->first || other->first > block->last) continue;
        if (other->offset - offset >= block->bytes) return offset;
        if (other->offset + other->bytes > offset) offset = other->offset + other->bytes;
    }
    return offset;
}

/* Greedy placement in the given order (largest first is Pisarchyk and Lee's "greedy by size", arXiv:2001.03288). */
static int64_t place_blocks(Arena *arena, Block *blocks, int count) {
    Block **placed = ARENA_ARRAY(arena, Block *, count + 1);
    int64_t total = 0;
    for (int k = 0; k < count; k++) {
        Block *block = &blocks[k];
        block->offset = lowest_gap(block, placed, k);
        if (block->offset + block->bytes > total) total = block->offset + block->bytes;
        int at = k;
        for (; at > 0 && placed[at - 1]->offset > block->offset; at--) placed[at] = placed[at - 1];
        placed[at] = block;
    }
    return total;
}

static int64_t largest_live(Arena *arena, const Block *blocks, int count, int steps) {
    int64_t *change = ARENA_ARRAY(arena, int64_t, steps + 2), live = 0, most = 0;
    for (int k = 0; k < count; k++) {
        change[blocks[k].first] += blocks[k].bytes;
        change[blocks[k].last + 1] -= blocks[k].bytes;
    }
    for (int s = 0; s <= steps; s++) {
        live += change[s];
        if (live > most) most = live;
    }
    return most;
}

Plan *plan_memory(Graph *graph) {
    Plan *plan = ARENA_NEW(graph->arena, Plan);
    plan->steps = number_steps(graph);
    plan->of = ARENA_ARRAY(graph->arena, Placement, graph->value_count);
    plan->scratch_offset = ARENA_ARRAY(graph->arena, int64_t, plan->steps + 1);
    for (int id = 0; id < graph->value_count; id++) plan->of[id].first = plan->of[id].last = -1;
    assign_storage(graph, plan);
    int count;
    Block *blocks = collect_blocks(graph, plan, &count);
    plan->live_bytes = largest_live(graph->arena, blocks, count, plan->steps);
    qsort(blocks, (size_t)count, sizeof *blocks, by_time);
    int64_t in_time_order = place_blocks(graph->arena, blocks, count);
    qsort(blocks, (size_t)count, sizeof *blocks, by_size);
    plan->arena_bytes = place_blocks(graph->arena, blocks, count);
    if (in_time_order < plan->arena_bytes) {
        qsort(blocks, (size_t)count, sizeof *blocks, by_time);
        plan->arena_bytes = place_blocks(graph->arena, blocks, count);
    }
    for (int s = 0; s <= plan->steps; s++) plan->scratch_offset[s] = -1;
    for (int k = 0; k < count; k++) {
        if (blocks[k].value >= 0)
            plan->of[blocks[k].value].offset = blocks[k].offset;
        else
            plan->scratch_offset[-1 - blocks[k].value] = blocks[k].offset;
    }
    return plan;
}
