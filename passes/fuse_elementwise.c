/* fuse-elementwise: a tree of elementwise operators becomes one Expression, which reads each operand once and stores nothing in
 * between. So the gate of a Highway layer (Srivastava, Greff, Schmidhuber, arXiv:1505.00387), y = h t + x (1 - t), is one step,
 * however its exporter wrote it, and so are x sigmoid(x) and a channel's gate with the residual and ReLU behind it.
 *
 * Legal because each element is computed by the same operators in the same order, each rounded as before. An operator joins its
 * reader where
 *   - both have a formula (formula.h: f32 throughout), and the one reader reads it once; it is no graph output;
 *   - its result has the shape and layout of the reader's: otherwise it would be computed again for every repetition;
 *   - the whole has at most FORMULA_OPERANDS operands and FORMULA_STEPS steps;
 *   - nothing else is computed between the two, or at most one of its operands is an image as large as its result: otherwise two
 *     would be kept where one is now;
 *   - neither ends a block that can be skipped at run time, whose Add code generation looks for.
 * It runs last: the other passes see plain operators. */
#include "ir/formula.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

#include <string.h>

/* A node and what it computes. */
typedef struct {
    Node *node;
    Formula formula;
} Part;

/* The two as one; each operand once. */
typedef struct {
    Value *operand[FORMULA_OPERANDS];
    int operand_count;
    Formula formula;
} Tree;

/* Adds the value where it is new; false where there is no room. */
static bool append_operand(Tree *tree, Value *value, int *argument) {
    int k = 0;
    while (k < tree->operand_count && tree->operand[k] != value) k++;
    if (k == FORMULA_OPERANDS) return false;
    if (k == tree->operand_count) tree->operand[tree->operand_count++] = value;
    *argument = k;
    return true;
}

/* Appends what `from` computes up to `argument`, and *argument becomes its place in the tree. What `joined` (or NULL) computes
 * stands in place of its result. Depth first, so that equal trees get equal numbers, however they were joined. */
static bool append(Tree *tree, const Part *from, const Part *joined, int *argument) {
    int at;
    if (!formula_argument_is_step(*argument, &at)) {
        Value *value = from->node->in[*argument];
        if (!joined || value != joined->node->out[0]) return append_operand(tree, value, argument);
        *argument = -joined->formula.count;
        return append(tree, joined, NULL, argument);
    }
    FormulaStep step = from->formula.step[at];
    for (int k = 0; k < formula_arguments(step.op); k++)
        if (!append(tree, from, joined, &step.argument[k])) return false;
    if (formula_arguments(step.op) == 1) step.argument[1] = step.argument[0];
    if (tree->formula.count == FORMULA_STEPS) return false;
    tree->formula.step[tree->formula.count] = step;
    *argument = -1 - tree->formula.count++;
    return true;
}

static bool find_part(Node *node, Part *part) {
    part->node = node;
    return node && !attr_find(node, A_BLOCK) && formula_of(node, &part->formula);
}

static bool same_place(const Value *a, const Value *b) {
    return shape_equal(&a->shape, &b->shape) && a->layout == b->layout;
}

/* Does it keep no more memory in use until `reader`? */
static bool can_wait(const Node *node, const Node *reader) {
    int images = 0;
    for (int k = 0; k < node->in_count; k++) images += !is_constant(node->in[k]) && same_place(node->in[k], node->out[0]);
    return node->next == reader || images <= 1;
}

/* The operator behind operand `k` of `reader`, and the two as one; false where they are best left alone. */
static bool find_join(const Part *reader, int k, Part *joined, Tree *tree) {
    Value *value = reader->node->in[k];
    int result = -reader->formula.count;
    if (!find_part(value->producer, joined) || value_single_user(value) != reader->node) return false;
    if (!same_place(value, reader->node->out[0]) || !can_wait(joined->node, reader->node)) return false;
    *tree = (Tree){.operand_count = 0};
    return append(tree, reader, joined, &result);
}

/* What lower-batchnorm made of one node bears its name twice. */
static const char *name_of_both(Graph *graph, const char *first, const char *second) {
    size_t length = strlen(first);
    bool repeated = strncmp(first, second, length) == 0 && (!second[length] || strncmp(second + length, " + ", 3) == 0);
    return repeated ? second : joined_name(graph, first, second);
}

static Node *join(Graph *graph, Node *reader, Node *joined, Tree *tree) {
    const char *name = name_of_both(graph, joined->name, reader->name);
    Node *node = node_new(graph, reader, OP_Expression, name, tree->operand, tree->operand_count, 1);
    Value *result = node->out[0], *replaced = reader->out[0];
    formula_set(graph, node, &tree->formula);
    if (!node_infer(graph, node)) return NULL;
    node->op_type = reader->op_type;
    result->name = replaced->name;
    result->layout = replaced->layout;
    node_replace(graph, reader, result);
    node_remove(graph, joined);
    return node;
}

/* Joins one operand's operator to *node, which is then the Expression of both; the last operand's is nearest. Sets *found. */
static bool join_one(Graph *graph, Node **node, bool *found) {
    Part reader, joined;
    Tree tree;
    *found = false;
    if (!find_part(*node, &reader)) return true;
    for (int k = (*node)->in_count - 1; k >= 0 && !*found; k--) *found = find_join(&reader, k, &joined, &tree);
    if (*found) *node = join(graph, *node, joined.node, &tree);
    return *node != NULL;
}

bool fuse_elementwise(Graph *graph) {
    for (Node *node = graph->first; node; node = node->next)
        for (bool found = true; found;)
            if (!join_one(graph, &node, &found)) return false;
    return true;
}
