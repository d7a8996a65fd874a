/* Finding residual blocks, as residual_blocks.h defines them.
 *
 * From the Add, the shortcut is followed upwards through the operators that a projection is made of: each value on this chain
 * may be the fork. The branch is then swept backwards in execution order. `pending` counts the values that some node of the
 * branch reads and whose producer is still to come. A value of the chain that is reached while nothing else is pending is the
 * fork; every other one must have all of its readers inside the branch. */
#include "passes/residual_blocks.h"
#include "passes/rewrite.h"

enum { LONGEST_SHORTCUT = 16, LONGEST_BRANCH = 4096 };

typedef struct {
    Graph *graph;
    int stamp;        /* of the Add that is looked at: makes the marks of earlier ones void */
    int *on_chain;    /* by value id: stamp, when it lies on the shortcut */
    int *read;        /* by value id: stamp, when the branch reads it */
    int *reads;       /* by value id: how many operands of the branch it is */
    bool *ends_block; /* by node->mark */
    Node **layer;     /* of the branch, LONGEST_BRANCH */
    int layer_count;
} Search;

typedef struct {
    Value *value[LONGEST_SHORTCUT + 1];
    bool projected[LONGEST_SHORTCUT + 1]; /* between this value and the Add */
    int count;
} Chain;

static bool is_layer(const Node *node) {
    return node->op == OP_Conv || node->op == OP_Gemm || node->op == OP_MatMul;
}

/* x * 0: how zeros of x's shape are written where sizes are not known. */
static bool is_zeroed(const Value *value, const Value *x) {
    const Node *mul = producer_of(value, OP_Mul);
    if (!mul || !value_single_user(value)) return false;
    return (mul->in[0] == x && is_zero(mul->in[1])) || (mul->in[1] == x && is_zero(mul->in[0]));
}

/* The only operand of a Concat that is not zeros, or NULL. */
static Value *padded_by_concat(const Node *concat) {
    for (int k = 0; k < concat->in_count; k++) {
        Value *x = concat->in[k];
        int others = 0, zeroed = 0;
        if (is_constant(x)) continue;
        for (int i = 0; i < concat->in_count; i++) {
            if (i == k) continue;
            zeroed += is_zeroed(concat->in[i], x);
            others += is_zero(concat->in[i]) || is_zeroed(concat->in[i], x);
        }
        if (others == concat->in_count - 1 && x->user_count == 1 + zeroed && !x->output_count) return x;
    }
    return NULL;
}

static bool has_constant_operands(const Node *node) {
    for (int i = 1; i < node->in_count; i++) {
        if (node->in[i] && !is_constant(node->in[i])) return false;
    }
    return !has_activation(node);
}

/* What the shortcut's `value` is computed from, when that is part of a projection or changes nothing (*projects says which). */
static Value *shortcut_operand(const Value *value, bool *projects) {
    Node *node = value->producer;
    if (!node || node->out[0] != value) return NULL;
    *projects = true;
    switch (node->op) {
    case OP_Reshape:
    case OP_Transpose: *projects = false; return node->in[0];
    case OP_Conv:
    case OP_Gemm:
    case OP_MatMul:
    case OP_BatchNormalization: return has_constant_operands(node) ? node->in[0] : NULL;
    case OP_MaxPool:
    case OP_AveragePool: return node->in[0];
    case OP_Pad: return pads_with_zeros(node) ? node->in[0] : NULL;
    case OP_Slice: return takes_whole_axes(node) ? node->in[0] : NULL;
    case OP_Concat: return padded_by_concat(node);
    case OP_Add:
    case OP_Sub:
    case OP_Mul:
    case OP_Div:
        for (int i = 0; i < 2 && !has_activation(node); i++) {
            if (is_constant(node->in[1 - i]) && shape_equal(&node->in[i]->shape, &value->shape)) return node->in[i];
        }
        return NULL;
    default: return NULL;
    }
}

/* Upwards from the Add; a value that is read elsewhere, too, can only be the fork, and ends the chain. */
static void follow_shortcut(const Search *search, const Node *add, int slot, Chain *chain) {
    bool projected = false;
    Value *value = add->in[slot];
    chain->count = 0;
    const Node *reader = add;
    while (value && !is_constant(value) && chain->count <= LONGEST_SHORTCUT) {
        chain->value[chain->count] = value;
        chain->projected[chain->count++] = projected;
        search->on_chain[value->id] = search->stamp;
        /* Concat with zeros of x's shape reads x twice. */
        bool inside = value_single_user(value) == reader || (reader->op == OP_Concat && padded_by_concat(reader) == value);
        if (!inside || (value->producer && search->ends_block[value->producer->mark])) return;
        bool projects = false;
        reader = value->producer;
        value = shortcut_operand(value, &projects);
        projected |= projects;
    }
}

/* Notes that a node of the branch reads `value`; the number of values that were not known to be read grows by one or none. */
static int note_read(Search *search, const Value *value) {
    if (!value || value->data) return 0;
    if (search->read[value->id] == search->stamp) {
        search->reads[value->id]++;
        return 0;
    }
    search->read[value->id] = search->stamp;
    search->reads[value->id] = 1;
    return 1;
}

static bool is_linear(const Node *node) {
    switch (node->op) {
    case OP_Conv:
    case OP_Gemm:
    case OP_MatMul:
    case OP_BatchNormalization:
    case OP_MaxPool: /* as on a shortcut */
    case OP_AveragePool:
    case OP_Pad:
    case OP_Slice:
    case OP_Concat:
    case OP_Reshape:
    case OP_Transpose:
    case OP_Add:
    case OP_Sub: return !has_activation(node);
    case OP_Mul:
    case OP_Div: return is_constant(node->in[0]) || is_constant(node->in[1]);
    default: return false;
    }
}

static bool belongs_to_branch(const Search *search, const Node *node) {
    if (node->op == OP_Resize || search->ends_block[node->mark]) return false;
    for (int k = 0; k < node->out_count; k++) {
        const Value *out = node->out[k];
        int reads = search->read[out->id] == search->stamp ? search->reads[out->id] : 0;
        if (out->output_count || reads != out->user_count) return false;
    }
    return true;
}

static const Value *read_output(const Search *search, const Node *node) {
    for (int k = 0; k < node->out_count; k++) {
        if (search->read[node->out[k]->id] == search->stamp) return node->out[k];
    }
    return NULL;
}

/* The fork, or NULL; *linear says whether no node of the branch bends. Notes the branch's layers. */
static const Value *sweep_branch(Search *search, const Node *add, int slot, bool *linear) {
    *linear = true;
    search->layer_count = 0;
    int pending = note_read(search, add->in[slot]);
    const Node *node = add->prev;
    for (int steps = 0; node && steps < LONGEST_BRANCH; node = node->prev, steps++) {
        const Value *value = read_output(search, node);
        if (!value) continue;
        if (search->on_chain[value->id] == search->stamp) return pending == 1 ? value : NULL;
        if (!belongs_to_branch(search, node)) return NULL;
        pending--;
        *linear &= is_linear(node);
        if (is_layer(node)) search->layer[search->layer_count++] = (Node *)node;
        for (int i = 0; i < node->in_count; i++) pending += note_read(search, node->in[i]);
    }
    /* Before the first node there are only the graph's inputs. */
    for (int k = 0; !node && pending == 1 && k < search->graph->input_count; k++) {
        const Value *input = search->graph->inputs[k];
        if (search->read[input->id] == search->stamp && search->on_chain[input->id] == search->stamp) return input;
    }
    return NULL;
}

static bool is_candidate(const Node *node) {
    if (node->op != OP_Add || node->in[0] == node->in[1] || !dtype_is_float(node->out[0]->type)) return false;
    for (int i = 0; i < 2; i++) {
        if (is_constant(node->in[i]) || !shape_equal(&node->in[i]->shape, &node->out[0]->shape)) return false;
    }
    return true;
}

static bool is_block(Search *search, Node *add, int slot, ResidualBlock *block) {
    Chain chain;
    bool linear;
    search->stamp++;
    follow_shortcut(search, add, slot, &chain);
    const Value *fork = sweep_branch(search, add, 1 - slot, &linear);
    if (!fork || search->layer_count == 0) return false;
    bool projected = false;
    for (int k = 0; k < chain.count; k++) {
        if (chain.value[k] == fork) projected = chain.projected[k];
    }
    if (projected && linear) return false;
    *block = (ResidualBlock){.add = add,
                             .shortcut = slot,
                             .from = fork->shape,
                             .to = add->out[0]->shape,
                             .layers = search->layer_count,
                             .projection = projected,
                             .droppable = !projected || shape_equal(&fork->shape, &add->out[0]->shape)};
    return true;
}

static void append(Arena *arena, ResidualBlocks *blocks, int *capacity, BranchLayers **branches, const Search *search,
                   ResidualBlock block) {
    if (blocks->count == *capacity) {
        *capacity = 2 * *capacity + 16;
        ResidualBlock *more_blocks = ARENA_ARRAY(arena, ResidualBlock, *capacity);
        BranchLayers *more_branches = ARENA_ARRAY(arena, BranchLayers, *capacity);
        for (int k = 0; k < blocks->count; k++) {
            more_blocks[k] = blocks->block[k];
            more_branches[k] = (*branches)[k];
        }
        blocks->block = more_blocks;
        *branches = more_branches;
    }
    BranchLayers branch = {ARENA_ARRAY(arena, Node *, search->layer_count), search->layer_count};
    for (int k = 0; k < branch.count; k++) branch.layer[k] = search->layer[k];
    (*branches)[blocks->count] = branch;
    blocks->block[blocks->count++] = block;
}

ResidualBlocks residual_blocks_find(Graph *graph) {
    Arena *arena = graph->arena;
    int nodes = 0, capacity = 0, values = graph->value_count + 1;
    for (Node *node = graph->first; node; node = node->next) node->mark = nodes++;
    Search search = {.graph = graph,
                     .on_chain = ARENA_ARRAY(arena, int, values),
                     .read = ARENA_ARRAY(arena, int, values),
                     .reads = ARENA_ARRAY(arena, int, values),
                     .ends_block = ARENA_ARRAY(arena, bool, nodes + 1),
                     .layer = ARENA_ARRAY(arena, Node *, LONGEST_BRANCH)};
    ResidualBlocks blocks = {.count = 0};
    BranchLayers *branches = NULL;
    for (Node *node = graph->first; node; node = node->next) {
        ResidualBlock block;
        if (!is_candidate(node)) continue;
        if (!is_block(&search, node, 0, &block) && !is_block(&search, node, 1, &block)) continue;
        search.ends_block[node->mark] = true;
        append(arena, &blocks, &capacity, &branches, &search, block);
    }
    residual_blocks_name(graph, &blocks, branches);
    return blocks;
}

void residual_block_drop(Graph *graph, const ResidualBlock *block) {
    value_replace(graph, block->add->out[0], block->add->in[block->shortcut]);
}

void residual_block_mark(Graph *graph, const ResidualBlock *block, int index) {
    Node *add = block->add;
    Value *shortcut = add->in[block->shortcut], *branch = add->in[1 - block->shortcut];
    add->in[0] = branch; /* both stay read by the Add once: their lists of readers are right as they are */
    add->in[1] = shortcut;
    set_int(graph, add, A_BLOCK, index);
}
