/* choose-layout: decides for every value whether its channels are planar or blocked by 16, and inserts a Reorder where a
 * reader needs the other.
 *
 * Convolution kernels keep 16 output channels in a vector, so blocked images are what they like best; Reshape, Transpose,
 * Gemm, reductions and the caller speak planar. kernels/layout.c says what each operator accepts. Three sweeps, each linear:
 *   1. in order: which values could be blocked without converting what comes before;
 *   2. against order: what each value's readers would save or pay if it were blocked: +1 for one that needs blocked, -1 for
 *      one that needs planar, 0 for one that takes either; readers that hand their layout on vote as their result's readers, but
 * a pool that shrinks the image, behind which converting is cheap;
 *   3. in order: the choice, and the Reorders, one for each value and layout, before its first reader.
 * A convolution that only planar readers wait for thus writes planar itself, and an elementwise chain from a planar input
 * stays planar. Graph inputs, outputs and constants are planar. Values of one pixel are the same bytes in both layouts and
 * marked planar. A graph that has been given layouts is left alone. */
#include "kernels/layout.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

typedef struct {
    Graph *graph;
    LayoutRule *rule;  /* by node->mark */
    bool *can;         /* by value id: could be blocked */
    int *vote;         /* by value id */
    Value **reordered; /* by value id: the same value in the other layout, once it was needed */
} Choice;

static bool can_be_blocked(const Value *value) {
    return has_two_layouts(value) && !value->is_input && !value->output_count;
}

static bool is_full_operand(const Node *node, const Value *in) {
    return shape_equal(&in->shape, &node->out[0]->shape);
}

static bool has_layouts(const Graph *graph) {
    for (const Node *node = graph->first; node; node = node->next) {
        if (node->op == OP_Reorder || node->out[0]->layout == LAYOUT_BLOCKED) return true;
    }
    return false;
}

/* Before `before`. Its result is planar or blocked, `value` the other. */
static Value *reorder(Choice *choice, Value *value, Layout layout, Node *before) {
    Graph *graph = choice->graph;
    const char *name = arena_printf(graph->arena, "%s/%s", value->name, layout == LAYOUT_BLOCKED ? "blocked" : "planar");
    Node *node = node_new(graph, before, OP_Reorder, name, &value, 1, 1);
    set_int(graph, node, A_LAYOUT, layout);
    if (!node_infer(graph, node)) return NULL;
    node->out[0]->layout = layout;
    choice->reordered[value->id] = node->out[0];
    return node->out[0];
}

/* A convolution that must write blocked, and whose result the caller gets: the caller gets a Reorder's result instead. */
static bool split_output(Choice *choice, Node *conv) {
    Graph *graph = choice->graph;
    Value *value = conv->out[0], *planar = reorder(choice, value, LAYOUT_PLANAR, conv->next);
    if (!planar) return false;
    for (int i = 0; i < graph->output_count; i++) {
        if (graph->outputs[i] != value) continue;
        graph->outputs[i] = planar;
        value->output_count--;
        planar->output_count++;
    }
    return true;
}

static bool could_be_blocked(const Choice *choice, const Node *node, LayoutRule rule) {
    bool any = false, all = true;
    if (!can_be_blocked(node->out[0])) return false;
    if (rule == RULE_DENSE || rule == RULE_LANES) return true;
    if (rule == RULE_PLANAR || rule == RULE_REORDER) return false;
    for (int i = 0; i < node->in_count; i++) {
        if (rule == RULE_ALIKE && !is_full_operand(node, node->in[i])) continue;
        any |= choice->can[node->in[i]->id];
        all &= choice->can[node->in[i]->id];
    }
    return rule == RULE_ALIKE ? any : all;
}

static int sign(int number) {
    return (number > 0) - (number < 0);
}

/* A dense convolution that reads each element for several taps: it is so much faster from blocks that a Reorder pays. */
static bool prefers_blocked(const Node *conv) {
    const Shape *weight = &conv->in[1]->shape;
    return has_two_layouts(conv->in[0]) && weight->dim[0] >= BLOCK && shape_product(weight, 2, weight->rank) >= 9 &&
           attr_int(conv, A_GROUP, 1) == 1;
}

/* What the reader in this slot saves when the value is blocked. */
static int vote_of(const Choice *choice, const Node *node, int slot) {
    const Value *out = node->out[0];
    int inherited = choice->can[out->id] ? sign(choice->vote[out->id]) : -1;
    switch (choice->rule[node->mark]) {
    case RULE_DENSE: return slot == 0 ? prefers_blocked(node) : inherited;
    case RULE_LANES: return 1;
    case RULE_FOLLOW:
        /* One pixel may come from either; what can't be blocked at all is read planar. */
        if (!has_two_layouts(out)) return lies_as(out, LAYOUT_BLOCKED) ? 0 : -1;
        return is_shrinking_pool(node) ? 0 : inherited;
    case RULE_ALIKE: return is_full_operand(node, node->in[slot]) ? inherited : 0;
    case RULE_CHANNELS: return inherited;
    case RULE_REORDER: return 0;
    default: return -1;
    }
}

/* Adds the votes of this node to what it reads; all its own readers have voted before. */
static void vote(Choice *choice, const Node *node) {
    for (int i = 0; i < node->in_count; i++) {
        if (node->in[i]) choice->vote[node->in[i]->id] += vote_of(choice, node, i);
    }
}

static Layout chosen_layout(const Choice *choice, const Node *node) {
    const Value *out = node->out[0];
    bool any = false, all = true, wanted = choice->vote[out->id] >= 0, blocked = false;
    for (int i = 0; i < node->in_count; i++) {
        const Value *in = node->in[i];
        if (!in || !is_full_operand(node, in)) continue;
        any |= in->layout == LAYOUT_BLOCKED;
        all &= in->layout == LAYOUT_BLOCKED;
    }
    switch (choice->rule[node->mark]) {
    case RULE_DENSE: blocked = wanted; break;
    case RULE_LANES: blocked = true; break;
    case RULE_FOLLOW: blocked = node->in[0]->layout == LAYOUT_BLOCKED; break;
    case RULE_ALIKE: blocked = any && (all || wanted); break;
    case RULE_CHANNELS:
        blocked = true;
        for (int i = 0; i < node->in_count; i++) blocked &= node->in[i]->layout == LAYOUT_BLOCKED;
        break;
    default: break;
    }
    return blocked && choice->can[out->id] ? LAYOUT_BLOCKED : LAYOUT_PLANAR;
}

static bool require(Choice *choice, Node *node, int slot, Layout layout) {
    Value *value = node->in[slot];
    if (!has_two_layouts(value) || value->layout == layout) return true;
    Value *other = choice->reordered[value->id];
    if (!other) other = reorder(choice, value, layout, node);
    if (!other) return false;
    node_set_input(choice->graph, node, slot, other);
    return true;
}

/* The layout in which the node must read this slot: often the one that the value has anyway. */
static Layout needed_layout(const Node *node, LayoutRule rule, int slot) {
    const Value *in = node->in[slot], *out = node->out[0];
    switch (rule) {
    case RULE_REORDER: return in->layout;
    case RULE_DENSE: return slot > 0 ? out->layout : prefers_blocked(node) ? LAYOUT_BLOCKED : in->layout;
    case RULE_LANES: return LAYOUT_BLOCKED;
    case RULE_FOLLOW: return lies_as(out, in->layout) ? in->layout : LAYOUT_PLANAR;
    case RULE_ALIKE:
    case RULE_CHANNELS: return out->layout;
    default: return LAYOUT_PLANAR;
    }
}

static bool choose(Choice *choice, Node *node) {
    LayoutRule rule = choice->rule[node->mark];
    if (rule != RULE_REORDER) node->out[0]->layout = chosen_layout(choice, node);
    for (int i = 0; i < node->in_count; i++) {
        if (node->in[i] && !require(choice, node, i, needed_layout(node, rule, i))) return false;
    }
    return true;
}

/* Numbers the nodes and notes their rules. */
static bool prepare(Choice *choice) {
    Graph *graph = choice->graph;
    int nodes = 0;
    for (Node *node = graph->first; node; node = node->next) nodes++;
    /* Room for a Reorder behind each node; those that choose() inserts are not looked up. */
    choice->rule = ARENA_ARRAY(graph->arena, LayoutRule, 2 * nodes);
    int values = graph->value_count + nodes;
    choice->can = ARENA_ARRAY(graph->arena, bool, values);
    choice->vote = ARENA_ARRAY(graph->arena, int, values);
    choice->reordered = ARENA_ARRAY(graph->arena, Value *, values);
    int mark = 0;
    for (Node *node = graph->first; node; node = node->next) {
        LayoutRule rule = layout_rule(node);
        if (rule == RULE_LANES && has_two_layouts(node->out[0]) && node->out[0]->output_count && !split_output(choice, node))
            return false;
        node->mark = mark;
        choice->rule[mark++] = rule;
    }
    return true;
}

bool choose_layout(Graph *graph) {
    Choice choice = {.graph = graph};
    if (has_layouts(graph)) return true;
    if (!prepare(&choice)) return false;
    for (Node *node = graph->first; node; node = node->next)
        choice.can[node->out[0]->id] = could_be_blocked(&choice, node, choice.rule[node->mark]);
    for (int i = 0; i < graph->output_count; i++) choice.vote[graph->outputs[i]->id] = -1;
    for (Node *node = graph->last; node; node = node->prev) vote(&choice, node);
    for (Node *node = graph->first, *next; node; node = next) {
        next = node->next;
        if (!choose(&choice, node)) return false;
    }
    return true;
}
