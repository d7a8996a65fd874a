/* The wanted nodes become IR, each after the nodes that it reads. Depth first from the nodes in file order, on a stack of our
 * own: a model may be a million nodes deep. An If, once its condition is imported, appends the nodes of the branch that it takes;
 * they and what only they need are imported before it counts as imported. */
#include "frontend/importers.h"
#include "frontend/tensors.h"

#include <string.h>

typedef struct {
    int node;
    int next_input;
    int next_inner, end_inner; /* nodes that its import appended */
} Visit;

typedef struct {
    Model *model;
    Graph *graph;
    Visit *stack;
    int depth, capacity;
} Traversal;

/* An initializer becomes a value when something reads it. */
Value *slot_value(const Model *model, Graph *graph, int index) {
    Slot *slot = &model->slots[index];
    if (!slot->value && slot->initializer) {
        TensorContext context = {.graph = graph, .model_path = model->path};
        slot->value = tensor_import(&context, slot->initializer, slot->name);
    }
    return slot->value;
}

static bool read_inputs(const OpImport *op) {
    for (int k = 0; k < op->in_count; k++) {
        int slot = op->node->in[k];
        if (slot == NO_SLOT || (op->in[k] = slot_value(op->model, op->graph, slot))) continue;
        return op_fail(op, STATUS_UNSUPPORTED, "its input '%s' is an output that is not supported", op->model->slots[slot].name);
    }
    return true;
}

/* Values made for this node alone take its output's name; one that was there before (Identity's input) keeps its own. Where a
 * branch has taken its outputs over, other nodes give them their values. */
static bool bind_outputs(const OpImport *op, int index, int values_before) {
    for (int k = 0; k < op->out_count; k++) {
        if (op->node->out[k] == NO_SLOT) continue;
        Slot *slot = &op->model->slots[op->node->out[k]];
        if (slot->producer != index) continue;
        slot->value = op->out[k];
        if (slot->value && slot->value->id >= values_before) slot->value->name = slot->name;
        if (slot->want == WANTED && !slot->value)
            return op_fail(op, STATUS_UNSUPPORTED, "its output %d ('%s') is not supported", k, slot->name);
    }
    return true;
}

static bool import_node(Model *model, Graph *graph, int index) {
    const OnnxNode *node = &model->nodes[index];
    OpImport op = {.model = model, .graph = graph, .node = node, .in_count = node->in_count, .out_count = node->out_count};
    const Importer *importer = find_importer(node->domain, node->op_type);
    if (!importer) return check_operators(model);
    if (!check_opset(graph->diag, node->opset)) return false;
    op.in = ARENA_ARRAY(graph->arena, Value *, op.in_count + 1);
    op.out = ARENA_ARRAY(graph->arena, Value *, op.out_count + 1);
    bool *wanted = ARENA_ARRAY(graph->arena, bool, op.out_count + 1), *named = ARENA_ARRAY(graph->arena, bool, op.out_count + 1);
    for (int k = 0; k < op.out_count; k++) {
        named[k] = node->out[k] != NO_SLOT;
        wanted[k] = named[k] && model->slots[node->out[k]].want != UNWANTED;
    }
    op.wanted = wanted;
    op.named = named;
    if (!read_inputs(&op) || !check_call(&op, importer)) return false;
    int values_before = graph->value_count;
    return importer->import(&op) && bind_outputs(&op, index, values_before);
}

static void open_visit(Traversal *t, int node) {
    if (t->depth == t->capacity) {
        int capacity = t->capacity ? t->capacity * 2 : 64;
        Visit *stack = ARENA_ARRAY(t->model->arena, Visit, capacity);
        if (t->depth) memcpy(stack, t->stack, sizeof *stack * (size_t)t->depth);
        t->stack = stack;
        t->capacity = capacity;
    }
    t->stack[t->depth++] = (Visit){.node = node};
    t->model->nodes[node].state = BEING_IMPORTED;
}

/* The next node that has to be imported before this one, or NO_NODE. */
static int next_needed(const Model *model, Visit *visit) {
    const OnnxNode *node = &model->nodes[visit->node];
    for (; visit->next_input < node->in_count; visit->next_input++) {
        int slot = node->in[visit->next_input];
        int producer = slot == NO_SLOT ? NO_NODE : model->slots[slot].producer;
        if (producer != NO_NODE && model->nodes[producer].state != IMPORTED) return producer;
    }
    for (; visit->next_inner < visit->end_inner; visit->next_inner++) {
        const OnnxNode *inner = &model->nodes[visit->next_inner];
        if (inner->want == WANTED && inner->state != IMPORTED) return visit->next_inner;
    }
    return NO_NODE;
}

static bool fail_cycle(const Model *model, const Visit *visit) {
    const OnnxNode *node = &model->nodes[visit->node];
    if (visit->next_input >= node->in_count)
        return fail_at(model->diag, STATUS_INVALID, node->name, node->op_type,
                       "is part of a cycle: a node of its branch depends on its output");
    return fail_at(model->diag, STATUS_INVALID, node->name, node->op_type,
                   "is part of a cycle: its input '%s' depends on its own output",
                   model->slots[node->in[visit->next_input]].name);
}

static bool visit_from(Traversal *t, int root) {
    open_visit(t, root);
    while (t->depth > 0) {
        Visit *top = &t->stack[t->depth - 1];
        int needed = next_needed(t->model, top);
        if (needed != NO_NODE) {
            if (t->model->nodes[needed].state == BEING_IMPORTED) return fail_cycle(t->model, top);
            open_visit(t, needed);
        } else if (!top->end_inner) {
            top->next_inner = t->model->node_count;
            if (!import_node(t->model, t->graph, top->node)) return false;
            top->end_inner = t->model->node_count;
        } else {
            t->model->nodes[top->node].state = IMPORTED;
            t->depth--;
        }
    }
    return true;
}

bool import_nodes(Model *model, Graph *graph) {
    Traversal t = {.model = model, .graph = graph};
    int count = model->node_count; /* branches append more, which their Ifs visit */
    for (int i = 0; i < count; i++)
        if (model->nodes[i].want == WANTED && model->nodes[i].state == NOT_IMPORTED && !visit_from(&t, i)) return false;
    return true;
}
