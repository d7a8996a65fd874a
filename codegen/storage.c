/* Views, in-place results and parts of a Concat share the memory of another value, their storage.
 *
 * Concats come first, from the last one on: where the inputs of one follow each other in memory, they are computed where the
 * result wants them and nothing is copied. In a DenseNet block (Huang et al., arXiv:1608.06993) every Concat holds the one before
 * it, so the last one's memory is the storage of the whole block. Then, in order, what can overwrite an operand that dies does.
 */
#include "codegen/storage.h"

#include "codegen/conv_strips.h"
#include "ir/op_table.h"

typedef struct {
    Graph *graph;
    Plan *plan;
    int *last;          /* by value id: the last step that reads anything in a storage */
    bool *holds_output; /* by value id: a graph output lies in this storage */
} Storage;

/* Memory of a graph input is the caller's and only read. */
static bool is_writable(const Value *root) {
    return !root->data && !root->is_input;
}

static const Value *root_of(const Storage *s, const Value *value) {
    return s->plan->of[value->id].storage;
}

/* The elements before an axis, in memory: only one, or the stretches of the axis do not follow each other. */
static bool is_outermost(const Value *value, int axis) {
    return shape_product(&value->shape, 0, axis) == 1 && (value->layout == LAYOUT_PLANAR || axis == 1);
}

static int normalised_axis(const Node *node) {
    int64_t axis = attr_int(node, A_AXIS, 0);
    return (int)(axis < 0 ? axis + node->out[0]->shape.rank : axis);
}

int64_t concat_offset_bytes(const Node *concat, int index) {
    const Value *whole = concat->out[0];
    if (!is_outermost(whole, normalised_axis(concat))) return -1;
    int64_t bytes = 0;
    for (int k = 0; k < index; k++) {
        if (concat->in[k]->layout != whole->layout) return -1;
        bytes += value_bytes(concat->in[k]);
    }
    return concat->in[index]->layout == whole->layout ? bytes : -1;
}

static int64_t slice_offset_bytes(const Node *slice) {
    const Value *in = slice->in[0], *out = slice->out[0];
    int axis = 0;
    if (in->layout != out->layout || in->shape.rank == 0) return -1;
    while (axis < in->shape.rank - 1 && in->shape.dim[axis] == out->shape.dim[axis]) axis++;
    for (int k = 0; k < in->shape.rank; k++) {
        bool whole = in->shape.dim[k] == out->shape.dim[k];
        if (attr_ints_at(slice, A_STEPS, k, 1) != 1 || (k != axis && !whole)) return -1;
    }
    int64_t first = attr_ints_at(slice, A_STARTS, axis, 0), unit = in->layout == LAYOUT_BLOCKED ? BLOCK : 1;
    if (!is_outermost(in, axis) || first % unit || in->shape.dim[axis] == 0) return -1;
    return value_bytes(in) / in->shape.dim[axis] * first;
}

int64_t view_offset_bytes(const Node *node) {
    if (node->in_count == 0 || !node->in[0] || node->in[0]->data) return -1;
    switch (node->op) {
    case OP_Reshape:
    case OP_TakeImage: return 0; /* of the loop's image, here of the first */
    case OP_Reorder: return shape_product(&node->in[0]->shape, 2, node->in[0]->shape.rank) == 1 ? 0 : -1;
    case OP_Slice: return slice_offset_bytes(node);
    default: return -1;
    }
}

/* May `node` write its result over operand `k`: nothing in that storage is read later, and no other operand lies in it. */
static bool dies_at(const Storage *s, const Node *node, int k) {
    const Value *operand = node->in[k];
    if (!operand || operand->data) return false;
    const Value *root = root_of(s, operand);
    if (!is_writable(root) || s->last[root->id] != node->mark) return false;
    for (int other = 0; other < node->in_count; other++)
        if (other != k && node->in[other] && !node->in[other]->data && root_of(s, node->in[other]) == root) return false;
    return true;
}

static bool same_bytes(const Value *a, const Value *b) {
    return shape_equal(&a->shape, &b->shape) && dtype_size(a->type) == dtype_size(b->type) && a->layout == b->layout;
}

/* The operand whose memory the node's first output takes over, or NULL; *within: from the operand's start, bytes. */
static const Value *reused_operand(const Storage *s, const Node *node, int64_t *within) {
    int64_t view = view_offset_bytes(node);
    *within = view < 0 ? 0 : view;
    if (view >= 0) return node->in[0];
    if (node->op == OP_Conv)
        return node->in_count > 3 && node->in[3] && dies_at(s, node, 3) && same_bytes(node->in[3], node->out[0]) ? node->in[3]
                                                                                                                 : NULL;
    if (node->op == OP_AddShortcut) return dies_at(s, node, 0) && same_bytes(node->in[0], node->out[0]) ? node->in[0] : NULL;
    /* Over its shortcut (operand 1), a block that is skipped at run time costs nothing. */
    int first = attr_find(node, A_BLOCK) ? 1 : 0;
    for (int i = 0; is_elementwise(node) && i < node->in_count; i++) {
        int k = (first + i) % node->in_count;
        if (dies_at(s, node, k) && same_bytes(node->in[k], node->out[0])) return node->in[k];
    }
    return NULL;
}

/* An output's memory is the caller's, and no larger: at most one output, and no input, may share a root of its size. */
static bool may_share(const Storage *s, const Value *result, const Value *root) {
    return result->output_count == 0 ||
           (is_writable(root) && !s->holds_output[root->id] && value_bytes(result) == value_bytes(root));
}

static void lie_in(Storage *s, const Value *value, const Value *root, int64_t within) {
    s->plan->of[value->id].storage = root;
    s->plan->of[value->id].within = within;
    int last = s->plan->of[value->id].last;
    if (last > s->last[root->id]) s->last[root->id] = last;
    if (value->output_count) s->holds_output[root->id] = true;
}

static bool is_placed(const Storage *s, const Value *value) {
    return s->plan->of[value->id].storage != NULL;
}

/* Can it be computed into the memory of a Concat's result? What the caller owns, or a constant, has its place already; a stack of
 * images is a storage of its own, in which the loop finds its image. */
static bool can_be_part(const Value *value) {
    return value->producer && value->producer->op != OP_TakeImage && value->producer->op != OP_StackImages && !value->is_input &&
           !value->data && value->output_count == 0;
}

/* Puts a value, and what it is a view of, into the storage. */
static void place_part(Storage *s, const Value *value, const Value *root, int64_t within) {
    lie_in(s, value, root, within);
    const Node *node = value->producer;
    while (view_offset_bytes(node) == 0 && value_bytes(node->in[0]) == value_bytes(value) && can_be_part(node->in[0]) &&
           !is_placed(s, node->in[0])) {
        value = node->in[0];
        node = value->producer;
        lie_in(s, value, root, within);
    }
}

/* Do all inputs lie one behind the other in one storage already, as a part of a longer Concat? */
static bool inputs_are_stretch(const Storage *s, const Node *concat) {
    const Placement *start = &s->plan->of[concat->in[0]->id];
    for (int k = 0; k < concat->in_count; k++) {
        int64_t offset = concat_offset_bytes(concat, k);
        const Placement *at = &s->plan->of[concat->in[k]->id];
        if (offset < 0 || !at->storage || at->storage != start->storage || at->within != start->within + offset) return false;
    }
    return true;
}

static void place_concat(Storage *s, const Node *concat) {
    const Value *whole = concat->out[0];
    if (value_bytes(whole) == 0 || concat_offset_bytes(concat, concat->in_count - 1) < 0) return;
    const Placement *place = &s->plan->of[whole->id], *start = &s->plan->of[concat->in[0]->id];
    if (!is_placed(s, whole) && whole->output_count == 0 && inputs_are_stretch(s, concat)) {
        lie_in(s, whole, start->storage, start->within);
        return;
    }
    if (!is_placed(s, whole)) lie_in(s, whole, whole, 0);
    for (int k = 0; k < concat->in_count; k++)
        if (can_be_part(concat->in[k]) && !is_placed(s, concat->in[k]))
            place_part(s, concat->in[k], place->storage, place->within + concat_offset_bytes(concat, k));
}

/* The loop's image is computed in its place in the batch, which is kept from the loop's start. */
static void place_stack(Storage *s, const Node *stack) {
    const Value *whole = stack->out[0], *image = stack->in[0];
    s->plan->of[whole->id].first = 0;
    if (!is_placed(s, whole)) lie_in(s, whole, whole, 0);
    const Placement *place = &s->plan->of[whole->id];
    if (can_be_part(image) && !is_placed(s, image)) place_part(s, image, place->storage, place->within);
}

static void place_result(Storage *s, const Node *node, const Value *result, bool is_first) {
    int64_t within;
    const Value *operand = is_first ? reused_operand(s, node, &within) : NULL;
    const Value *root = operand ? root_of(s, operand) : NULL;
    if (root && may_share(s, result, root))
        lie_in(s, result, root, s->plan->of[operand->id].within + within);
    else
        lie_in(s, result, result, 0);
}

/* In which `node` reads its operands. */
static int reading_step(const Node *node) {
    const Node *reader = strips_reader(node);
    return reader ? reader->mark : node->mark;
}

static void find_live_range(const Plan *plan, const Node *node, const Value *result) {
    Placement *place = &plan->of[result->id];
    place->first = place->last = node->mark;
    for (int u = 0; u < result->user_count; u++)
        if (reading_step(result->users[u]) > place->last) place->last = reading_step(result->users[u]);
    if (result->output_count) place->last = plan->steps;
}

/* The storage itself names its start; inside it, the first value at a place does. */
static void name_places(const Graph *graph, Plan *plan) {
    const Value **next = ARENA_ARRAY(graph->arena, const Value *, graph->value_count + 1); /* anchors of one storage, chained */
    const Value **first = ARENA_ARRAY(graph->arena, const Value *, graph->value_count + 1);
    for (const Node *node = graph->first; node; node = node->next)
        for (int k = 0; k < node->out_count; k++) {
            const Value *value = node->out[k], *anchor;
            Placement *place = &plan->of[value->id];
            place->anchor = place->storage;
            if (place->within == 0) continue;
            for (anchor = first[place->storage->id]; anchor; anchor = next[anchor->id])
                if (plan->of[anchor->id].within == place->within) break;
            if (!anchor) {
                next[value->id] = first[place->storage->id];
                anchor = first[place->storage->id] = value;
            }
            place->anchor = anchor;
        }
}

void assign_storage(Graph *graph, Plan *plan) {
    Storage s = {graph, plan, ARENA_ARRAY(graph->arena, int, graph->value_count),
                 ARENA_ARRAY(graph->arena, bool, graph->value_count)};
    for (int k = 0; k < graph->input_count; k++) {
        Placement *place = &plan->of[graph->inputs[k]->id];
        place->storage = place->anchor = graph->inputs[k];
    }
    for (const Node *node = graph->first; node; node = node->next)
        for (int k = 0; k < node->out_count; k++) find_live_range(plan, node, node->out[k]);
    for (const Node *node = graph->last; node; node = node->prev) {
        if (node->op == OP_Concat) place_concat(&s, node);
        if (node->op == OP_StackImages) place_stack(&s, node);
    }
    for (const Node *node = graph->first; node; node = node->next)
        for (int k = 0; k < node->out_count; k++)
            if (!is_placed(&s, node->out[k])) place_result(&s, node, node->out[k], k == 0);
    name_places(graph, plan);
    for (const Node *node = graph->first; node; node = node->next)
        for (int k = 0; k < node->out_count; k++)
            if (s.holds_output[root_of(&s, node->out[k])->id]) plan->of[node->out[k]->id].offset = -1;
}
