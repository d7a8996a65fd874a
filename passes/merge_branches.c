/* merge-branches: parallel branches that differ in their weights only become one branch with wider layers.
 *
 * Xie et al. 2017 (arXiv:1611.05431, figure 3) draw a ResNeXt block in three ways that compute the same: (a) paths of
 * 1x1, 3x3 and 1x1 convolutions that are added, (b) paths of 1x1 and 3x3 that are concatenated before one 1x1, (c) one path
 * with a grouped 3x3. This pass brings (a) and (b) to (c):
 *   siblings   convolutions of one input: one convolution with all their output channels
 *   parallel   convolutions of neighbouring channels, equally wide: one grouped convolution
 *   activation of neighbouring channels: one activation
 *   Concat     of neighbouring channels: nothing
 *   Add        of convolutions of neighbouring channels: W0 x0 + W1 x1 = [W0 W1] [x0 x1], one convolution
 * The proof goes upwards from a join (a Concat of channels, or a tree of Adds) through each operand's branch to the base that all
 * read; branches.c compares and merges. Only whole branches merge, so that nobody has to take channels out of the merged
 * result: every value inside must have one reader and be no graph output, all weights constant, no activation between
 * the last convolutions and the Adds. Runs of equal branches merge where a join has others, too. Spelled-out activations
 * (activations.c) are recognised first; batch normalization should have been folded.
 *
 * Siblings whose results go different ways (Inception's 1x1 reductions) are merge-siblings' business. */
#include "passes/branches.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

/* Room for the operands of the largest tree of Adds. */
typedef struct {
    Value **operand, **stack;
    Node **add;
    int operands, adds;
} Tree;

/* The first of the branches' last links to run: all that the merged branch reads is there before it. */
static Node *earliest(const Branch *branches, int count, Node *join) {
    Node *first = join;
    for (int k = 0; k < count; k++) {
        Node *top = branches[k].length ? branches[k].link[branches[k].length - 1] : join;
        if (top->mark < first->mark) first = top;
    }
    return first;
}

static Branch *branches_of(Graph *graph, Value *const *operands, int count, const Node *join) {
    Branch *branches = ARENA_ARRAY(graph->arena, Branch, count);
    for (int k = 0; k < count; k++) branches[k] = branch_to(graph, operands[k], join);
    return branches;
}

/* How many branches from the first one on can be merged for a Concat; at least 1. */
static int concat_run(const Branch *branches, int count) {
    int run = 1;
    while (run < count && branches_alike(&branches[run - 1], &branches[run])) run++;
    return run > 1 && branches_cover_base(branches, run) ? run : 1;
}

static bool is_channel_concat(const Node *node) {
    int64_t axis = attr_int(node, A_AXIS, 0), rank = node->out[0]->shape.rank;
    return node->op == OP_Concat && rank > 1 && (axis == 1 || axis + rank == 1);
}

/* The Concat's place is taken by one of its operands' joined results. */
static void become_operand(Graph *graph, Node *concat, const Branch *branch, Value *merged) {
    if (branch->length)
        node_absorb(graph, merged->producer, concat);
    else
        node_replace(graph, concat, merged); /* all slices of the base, in order */
}

static bool merge_concat(Graph *graph, Node *concat) {
    int count = concat->in_count, kept = 0;
    Branch *branches = branches_of(graph, concat->in, count, concat);
    Value **operands = ARENA_ARRAY(graph->arena, Value *, count);
    int *run = ARENA_ARRAY(graph->arena, int, count);
    for (int k = 0; k < count; k += run[kept++]) {
        run[kept] = concat_run(&branches[k], count - k);
        operands[kept] = concat->in[k];
        if (run[kept] == 1) continue;
        operands[kept] = branches_merge(graph, &branches[k], run[kept], earliest(&branches[k], run[kept], concat));
        if (!operands[kept]) return false;
    }
    if (kept == count) return true;
    if (kept == 1) {
        become_operand(graph, concat, &branches[0], operands[0]);
    } else {
        Node *narrow = node_new(graph, concat, OP_Concat, concat->name, operands, kept, 1);
        narrow->mark = concat->mark;
        narrow->out[0]->name = concat->out[0]->name;
        narrow->op_type = concat->op_type;
        attrs_copy(graph, narrow, concat);
        if (!node_infer(graph, narrow)) return false;
        node_replace(graph, concat, narrow->out[0]);
    }
    for (int k = count, i = kept - 1; i >= 0; i--) {
        k -= run[i];
        if (run[i] > 1) branches_remove(graph, &branches[k], run[i]);
    }
    return true;
}

/* Without broadcasting. The Add that ends a residual block which can be skipped at run time stays as it is. */
static bool is_plain_add(const Node *node) {
    if (node->op != OP_Add || node->out[0]->type != F32 || has_activation(node) || attr_find(node, A_BLOCK)) return false;
    return shape_equal(&node->in[0]->shape, &node->out[0]->shape) && shape_equal(&node->in[1]->shape, &node->out[0]->shape);
}

/* Not an operand of a larger tree. */
static bool is_tree_root(const Node *node) {
    if (!is_plain_add(node)) return false;
    const Node *user = value_single_user(node->out[0]);
    return !user || !is_plain_add(user);
}

/* The Adds, each before those that it reads, and the operands from left to right. */
static void read_tree(Node *root, Tree *tree) {
    int depth = 0;
    tree->operands = tree->adds = 0;
    tree->stack[depth++] = root->out[0];
    while (depth) {
        Value *value = tree->stack[--depth];
        Node *node = value->producer;
        bool inner = node == root || (node && is_plain_add(node) && value_single_user(value));
        if (!inner) {
            tree->operand[tree->operands++] = value;
            continue;
        }
        tree->add[tree->adds++] = node;
        tree->stack[depth++] = node->in[1];
        tree->stack[depth++] = node->in[0];
    }
}

/* The node of the tree that reads the operand. */
static const Node *reader_of(const Value *operand, const Node *root) {
    const Node *user = value_single_user(operand);
    return user ? user : root;
}

static bool ends_in_conv(const Branch *branch) {
    return branch->length > 0 && branch->link[branch->length - 1]->op == OP_Conv;
}

static bool sums_alike(const Branch *a, const Branch *b) {
    if (!ends_in_conv(a) || !ends_in_conv(b)) return false;
    if (!convs_can_be_summed(a->link[a->length - 1], b->link[b->length - 1])) return false;
    Branch x = branch_below(a), y = branch_below(b);
    return branches_alike(&x, &y);
}

static int sum_run(const Branch *branches, int count) {
    int run = 1;
    while (run < count && sums_alike(&branches[run - 1], &branches[run])) run++;
    if (run == 1) return 1;
    return branches_cover_base(branches, run) ? run : 1;
}

static Value *merge_sum(Graph *graph, const Branch *branches, int count, Node *root) {
    Node *before = earliest(branches, count, root);
    Branch *below = ARENA_ARRAY(graph->arena, Branch, count);
    for (int k = 0; k < count; k++) below[k] = branch_below(&branches[k]);
    Value *x = branches_merge(graph, below, count, before);
    return x ? branches_merge_sum(graph, branches, count, x, before) : NULL;
}

/* `operands` added from left to right, instead of the tree under `root`. */
static bool replace_tree(Graph *graph, Node *root, const Tree *tree, Value *const *operands, int count) {
    Value *sum = operands[0];
    const char *name = root->out[0]->name;
    if (count == 1) sum->producer->name = arena_printf(graph->arena, "%s + %s", sum->producer->name, root->name);
    for (int k = 1; k < count; k++) {
        Node *add = node_new(graph, root, OP_Add, root->name, (Value *[]){sum, operands[k]}, 2, 1);
        add->mark = root->mark;
        add->op_type = root->op_type;
        if (!node_infer(graph, add)) return false;
        sum = add->out[0];
        sum->name = arena_printf(graph->arena, "%s/partial %d", name, k);
    }
    sum->name = name;
    value_replace(graph, root->out[0], sum);
    for (int k = 0; k < tree->adds; k++) node_remove(graph, tree->add[k]);
    return true;
}

static bool merge_tree(Graph *graph, Node *root, Tree *tree) {
    read_tree(root, tree);
    int count = tree->operands, kept = 0;
    Branch *branches = ARENA_ARRAY(graph->arena, Branch, count);
    for (int k = 0; k < count; k++) branches[k] = branch_to(graph, tree->operand[k], reader_of(tree->operand[k], root));
    Value **operands = ARENA_ARRAY(graph->arena, Value *, count);
    int *run = ARENA_ARRAY(graph->arena, int, count);
    for (int k = 0; k < count; k += run[kept++]) {
        run[kept] = sum_run(&branches[k], count - k);
        operands[kept] = run[kept] > 1 ? merge_sum(graph, &branches[k], run[kept], root) : tree->operand[k];
        if (!operands[kept]) return false;
    }
    if (kept == count) return true;
    if (!replace_tree(graph, root, tree, operands, kept)) return false;
    for (int k = count, i = kept - 1; i >= 0; i--) {
        k -= run[i];
        if (run[i] > 1) branches_remove(graph, &branches[k], run[i]);
    }
    return true;
}

bool merge_branches(Graph *graph) {
    if (!recognise_activations(graph)) return false;
    int nodes = 0;
    for (Node *node = graph->first; node; node = node->next) node->mark = nodes++;
    Tree tree = {.operand = ARENA_ARRAY(graph->arena, Value *, nodes + 1),
                 .stack = ARENA_ARRAY(graph->arena, Value *, nodes + 2),
                 .add = ARENA_ARRAY(graph->arena, Node *, nodes)};
    for (Node *node = graph->first, *next; node; node = next) {
        next = node->next;
        if (is_channel_concat(node) && !merge_concat(graph, node)) return false;
        if (is_tree_root(node) && !merge_tree(graph, node, &tree)) return false;
    }
    return true;
}
