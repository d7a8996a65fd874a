#include "codegen/plan.h"

#include "codegen/conv_geometry.h"
#include "codegen/conv_strips.h"
#include "codegen/lower_recurrent.h"
#include "codegen/lower_resize.h"
#include "codegen/storage.h"

#include <stdlib.h>
#include <string.h>

/* A piece of a block: bytes that are used while one of its values lives. */
typedef struct {
    int64_t within, bytes; /* within: from the block's start */
    int first, last;
    const struct Block *block;
} Piece;

/* Arena memory that is placed as a whole: a storage root with every value that lies in it, or a step's scratch. While no piece
 * of it lives, its bytes are free for others. */
typedef struct Block {
    Piece *piece;
    int pieces;
    int64_t bytes, offset;
    int first; /* step */
    int value; /* root's id, or -1 - step for scratch */
} Block;

static int64_t align_up(int64_t bytes) {
    return (bytes + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
}

int64_t value_bytes(const Value *value) {
    return shape_count(&value->shape) * (int64_t)dtype_size(value->type);
}

static bool is_recurrent(const Node *node) {
    return node->op == OP_LSTM || node->op == OP_GRU;
}

int64_t scratch_bytes(Graph *graph, const Node *node) {
    if (strips_reader(node)) return 0;
    if (strips_producer(node)) return align_up(strips_scratch_bytes(graph, node));
    if (is_recurrent(node)) return align_up(recurrent_scratch_bytes(node));
    if (node->op == OP_Resize) return align_up(resize_scratch_bytes(node));
    return node->op == OP_Conv ? align_up(conv_scratch_bytes(graph, node)) : 0;
}

bool lies_within(const Plan *plan, const Value *part, const Value *whole, int64_t bytes) {
    if (part->data || bytes < 0) return false;
    const Placement *p = &plan->of[part->id], *w = &plan->of[whole->id];
    return p->storage == w->storage && p->within == w->within + bytes;
}

static int number_steps(Graph *graph) {
    int steps = 0;
    for (Node *node = graph->first; node; node = node->next) node->mark = steps++;
    return steps;
}

static void add_piece(Block *block, Piece piece) {
    if (block->pieces == 0 || piece.first < block->first) block->first = piece.first;
    if (piece.within + piece.bytes > block->bytes) block->bytes = piece.within + piece.bytes;
    block->piece[block->pieces++] = piece;
}

/* A recurrent layer leaves out what nobody reads: the sequence, where its last state is wanted alone. What is computed depth
 * first exists only in its reader's scratch. */
static bool is_written(const Value *value) {
    if (strips_reader(value->producer)) return false;
    return !is_recurrent(value->producer) || value->user_count > 0 || value->output_count > 0;
}

/* Is it in the arena? */
static bool needs_memory(const Plan *plan, const Value *value) {
    const Placement *place = &plan->of[value->id];
    return value_bytes(value) > 0 && is_written(value) && place->offset >= 0 && !place->storage->is_input;
}

/* All pieces live in all steps. */
static void keep_separate(const Plan *plan, Block *blocks, int count) {
    for (int k = 0; k < count; k++)
        for (int p = 0; p < blocks[k].pieces; p++) {
            blocks[k].piece[p].first = 0;
            blocks[k].piece[p].last = plan->steps - 1;
        }
}

/* The blocks in order of their first steps. */
static Block *collect_blocks(Graph *graph, const Plan *plan, int *count) {
    Block *blocks = ARENA_ARRAY(graph->arena, Block, graph->value_count + plan->steps + 1);
    int *pieces = ARENA_ARRAY(graph->arena, int, graph->value_count + 1),
        *index = ARENA_ARRAY(graph->arena, int, graph->value_count + 1);
    *count = 0;
    for (const Node *node = graph->first; node; node = node->next)
        for (int k = 0; k < node->out_count; k++)
            if (needs_memory(plan, node->out[k])) pieces[plan->of[node->out[k]->id].storage->id]++;
    for (const Node *node = graph->first; node; node = node->next) {
        for (int k = 0; k < node->out_count; k++) {
            const Value *value = node->out[k];
            const Placement *place = &plan->of[value->id];
            if (!needs_memory(plan, value)) continue;
            int root = place->storage->id;
            if (!index[root]) {
                blocks[*count] = (Block){.piece = ARENA_ARRAY(graph->arena, Piece, pieces[root]), .value = root};
                index[root] = ++*count;
            }
            Block *block = &blocks[index[root] - 1];
            add_piece(block, (Piece){place->within, value_bytes(value), place->first, place->last, block});
        }
        if (scratch_bytes(graph, node) > 0) {
            Block *block = &blocks[(*count)++];
            *block = (Block){.piece = ARENA_NEW(graph->arena, Piece), .value = -1 - node->mark};
            add_piece(block, (Piece){0, scratch_bytes(graph, node), node->mark, node->mark, block});
        }
    }
    return blocks;
}

static int by_size(const void *a, const void *b) {
    const Block *x = *(Block *const *)a, *y = *(Block *const *)b;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
    return x->first != y->first ? (x->first < y->first ? -1 : 1) : (x->value < y->value ? -1 : x->value > y->value);
}

static int by_time(const void *a, const void *b) {
    const Block *x = *(Block *const *)a, *y = *(Block *const *)b;
    return x->first != y->first ? (x->first < y->first ? -1 : 1) : by_size(a, b);
}

static int64_t piece_offset(const Piece *piece) {
    return piece->block->offset + piece->within;
}

/* The least offset, from `offset` on, at which `piece` is clear of those already placed that live at the same time; `placed`
 * is sorted by offset. */
static int64_t clear_offset(const Piece *piece, int64_t offset, Piece *const *placed, int count) {
    for (int k = 0; k < count; k++) {
        const Piece *other = placed[k];
        int64_t start = piece_offset(other);
        if (start >= offset + piece->within + piece->bytes) break;
        if (other->last < piece->first || other->first > piece->last || start + other->bytes <= offset + piece->within) continue;
        offset = align_up(start + other->bytes - piece->within);
    }
    return offset;
}

/* The lowest place for a whole block. */
static int64_t lowest_gap(const Block *block, Piece *const *placed, int count) {
    int64_t offset = 0, before;
    do {
        before = offset;
        for (int k = 0; k < block->pieces; k++) offset = clear_offset(&block->piece[k], offset, placed, count);
    } while (offset != before);
    return offset;
}

/* Greedy placement in the given order (largest first is Pisarchyk and Lee's "greedy by size", arXiv:2001.03288). */
static int64_t place_blocks(Piece **placed, Block **blocks, int count) {
    int64_t total = 0;
    int pieces = 0;
    for (int k = 0; k < count; k++) {
        Block *block = blocks[k];
        block->offset = lowest_gap(block, placed, pieces);
        if (block->offset + block->bytes > total) total = block->offset + block->bytes;
        for (int p = 0; p < block->pieces; p++) {
            int at = pieces++;
            for (; at > 0 && piece_offset(placed[at - 1]) > piece_offset(&block->piece[p]); at--) placed[at] = placed[at - 1];
            placed[at] = &block->piece[p];
        }
    }
    return align_up(total);
}

/* Counts the bytes [from, to) of a block once in every step in which a piece that covers them lives. Pieces are in order of their
 * first steps. */
static void add_live_stretch(const Block *block, int64_t from, int64_t to, int64_t *change) {
    int first = -1, last = -1;
    for (int k = 0; k < block->pieces; k++) {
        const Piece *piece = &block->piece[k];
        if (piece->within > from || piece->within + piece->bytes < to) continue;
        if (first < 0 || piece->first > last) {
            if (first >= 0) change[last + 1] -= to - from;
            change[piece->first] += to - from;
            first = piece->first;
            last = piece->last;
        } else if (piece->last > last) {
            last = piece->last;
        }
    }
    if (first >= 0) change[last + 1] -= to - from;
}

static int by_number(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Between the ends of pieces, all bytes of a block live alike. */
static void add_live_block(Arena *arena, const Block *block, int64_t *change) {
    int ends = 2 * block->pieces;
    int64_t *end = ARENA_ARRAY(arena, int64_t, ends);
    for (int k = 0; k < block->pieces; k++) {
        end[2 * k] = block->piece[k].within;
        end[2 * k + 1] = block->piece[k].within + block->piece[k].bytes;
    }
    qsort(end, (size_t)ends, sizeof *end, by_number);
    for (int k = 0; k + 1 < ends; k++)
        if (end[k] < end[k + 1]) add_live_stretch(block, end[k], end[k + 1], change);
}

static int64_t largest_live(Arena *arena, const Block *blocks, int count, int steps) {
    int64_t *change = ARENA_ARRAY(arena, int64_t, steps + 2), live = 0, most = 0;
    for (int k = 0; k < count; k++) add_live_block(arena, &blocks[k], change);
    for (int s = 0; s <= steps; s++) {
        live += change[s];
        if (live > most) most = live;
    }
    return most;
}

typedef struct {
    Block **order, **best;
    Piece **placed; /* by offset */
    int count, pieces;
    int64_t best_bytes;
} Search;

/* Places the blocks in the current order, which is kept where it is the best so far. */
static void try_order(Search *search) {
    int64_t bytes = place_blocks(search->placed, search->order, search->count);
    if (bytes < search->best_bytes) {
        search->best_bytes = bytes;
        memcpy(search->best, search->order, (size_t)search->count * sizeof *search->best);
    }
}

/* The block that reaches highest goes first, where it has the free choice. */
static void move_highest_first(Search *search) {
    int highest = 0;
    for (int k = 1; k < search->count; k++)
        if (search->order[k]->offset + search->order[k]->bytes > search->order[highest]->offset + search->order[highest]->bytes)
            highest = k;
    Block *block = search->order[highest];
    memmove(search->order + 1, search->order, (size_t)highest * sizeof *search->order);
    search->order[0] = block;
}

/* Tries two orders, and from both goes on while the lower bound is not reached and it takes no noticeable time. */
static void place_all(Arena *arena, Plan *plan, Block *blocks, int count) {
    enum { MOST_COMPARISONS = 20 * 1000 * 1000, MOST_TRIES = 200 };
    Search search = {ARENA_ARRAY(arena, Block *, count + 1), ARENA_ARRAY(arena, Block *, count + 1), NULL, count, 0, INT64_MAX};
    for (int k = 0; k < count; k++) {
        search.order[k] = &blocks[k];
        search.pieces += blocks[k].pieces;
    }
    search.placed = ARENA_ARRAY(arena, Piece *, search.pieces + 1);
    int64_t tries = MOST_COMPARISONS / ((int64_t)search.pieces * search.pieces + 1);
    if (tries > MOST_TRIES) tries = MOST_TRIES;
    int (*const orders[])(const void *, const void *) = {by_size, by_time};
    for (int k = 0; k < 2; k++) {
        qsort(search.order, (size_t)count, sizeof *search.order, orders[k]);
        try_order(&search);
        for (int64_t t = 0; t < tries && search.best_bytes > plan->live_bytes; t++) {
            move_highest_first(&search);
            try_order(&search);
        }
    }
    plan->arena_bytes = place_blocks(search.placed, search.best, count);
}

static void keep_offsets(Graph *graph, Plan *plan, const Block *blocks, int count) {
    int64_t *root = ARENA_ARRAY(graph->arena, int64_t, graph->value_count + 1);
    for (int s = 0; s <= plan->steps; s++) plan->scratch_offset[s] = -1;
    for (int k = 0; k < count; k++) {
        if (blocks[k].value >= 0)
            root[blocks[k].value] = blocks[k].offset;
        else
            plan->scratch_offset[-1 - blocks[k].value] = blocks[k].offset;
    }
    for (const Node *node = graph->first; node; node = node->next)
        for (int k = 0; k < node->out_count; k++) {
            Placement *place = &plan->of[node->out[k]->id];
            if (needs_memory(plan, node->out[k])) place->offset = root[place->storage->id] + place->within;
        }
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
    if (graph->separate) keep_separate(plan, blocks, count);
    plan->live_bytes = largest_live(graph->arena, blocks, count, plan->steps);
    place_all(graph->arena, plan, blocks, count);
    keep_offsets(graph, plan, blocks, count);
    return plan;
}
