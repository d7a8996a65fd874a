/* The invariants of the IR. A broken one is a defect of skipc or of a model that slipped through the importer. */
#include "ir/op_table.h"

#include <string.h>

typedef struct {
    Graph *graph;
    bool *defined; /* by value id: computed before the current node */
    int *reads;    /* by value id: input slots that read it */
} Check;

/* True when `word` is one of the space-separated words of `list`. */
static bool listed(const char *list, const char *word) {
    size_t length = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at += length)
        if ((at == list || at[-1] == ' ') && (at[length] == 0 || at[length] == ' ')) return true;
    return false;
}

static bool check_arity(Graph *graph, const Node *node) {
    const OpInfo *info = op_info(node->op);
    if (node->in_count < info->least_inputs || (info->most_inputs >= 0 && node->in_count > info->most_inputs))
        return node_fail(graph, node, STATUS_INVALID, "has %d inputs, but %s takes %d to %d", node->in_count, info->name,
                         info->least_inputs, info->most_inputs);
    if (node->out_count < 1 || node->out_count > info->most_outputs)
        return node_fail(graph, node, STATUS_INVALID, "has %d outputs, but %s has 1 to %d", node->out_count, info->name,
                         info->most_outputs);
    for (int i = 0; i < info->least_inputs; i++)
        if (!node->in[i]) return node_fail(graph, node, STATUS_INVALID, "input %d is missing", i);
    return true;
}

static bool check_attributes(Graph *graph, const Node *node) {
    for (int i = 0; i < node->attr_count; i++) {
        const char *name = attr_name(node->attrs[i].key);
        if (!listed(op_info(node->op)->attributes, name))
            return node_fail(graph, node, STATUS_INVALID, "attribute '%s' does not belong to %s", name, op_info(node->op)->name);
    }
    return true;
}

/* Constants and layouts are checked where a node reads or writes a value. */
static bool check_value(Graph *graph, const Node *node, const Value *value) {
    if (value->id < 0 || value->id >= graph->value_count)
        return node_fail(graph, node, STATUS_INVALID, "value '%s' has id %d, outside the graph's %d", value->name, value->id,
                         graph->value_count);
    if (shape_count(&value->shape) < 0)
        return node_fail(graph, node, STATUS_INVALID, "value '%s' has an impossible shape", value->name);
    if (value->data && (value->producer || value->is_input))
        return node_fail(graph, node, STATUS_INVALID, "constant '%s' is also computed or an input", value->name);
    if (!value->data && !value->producer && !value->is_input)
        return node_fail(graph, node, STATUS_INVALID, "value '%s' has neither producer nor data", value->name);
    if (value->layout == LAYOUT_BLOCKED && (value->data || value->shape.rank != 4 || value->shape.dim[1] % BLOCK))
        return node_fail(graph, node, STATUS_INVALID, "value '%s' can't have the blocked layout", value->name);
    return true;
}

static bool check_inputs(Check *check, const Node *node) {
    for (int i = 0; i < node->in_count; i++) {
        const Value *value = node->in[i];
        if (!value) continue;
        if (!check_value(check->graph, node, value)) return false;
        check->reads[value->id]++;
        if (!value->data && !check->defined[value->id])
            return node_fail(check->graph, node, STATUS_INVALID, "reads '%s' before it is computed", value->name);
        bool known = false;
        for (int k = 0; k < value->user_count && !known; k++) known = value->users[k] == node;
        if (!known) return node_fail(check->graph, node, STATUS_INVALID, "is missing among the users of '%s'", value->name);
    }
    return true;
}

static bool check_outputs(Check *check, const Node *node) {
    for (int i = 0; i < node->out_count; i++) {
        const Value *value = node->out[i];
        if (value->producer != node)
            return node_fail(check->graph, node, STATUS_INVALID, "output '%s' names another producer", value->name);
        if (!check_value(check->graph, node, value)) return false;
        if (check->defined[value->id])
            return node_fail(check->graph, node, STATUS_INVALID, "output '%s' is computed twice", value->name);
        check->defined[value->id] = true;
    }
    if (node->op == OP_Reorder && (int64_t)node->out[0]->layout != attr_int(node, A_LAYOUT, LAYOUT_PLANAR))
        return node_fail(check->graph, node, STATUS_INVALID, "its result has another layout than it produces");
    return true;
}

static bool check_inference(Graph *graph, Node *node) {
    Dtype types[4];
    Shape shapes[4];
    for (int i = 0; i < node->out_count; i++) {
        types[i] = node->out[i]->type;
        shapes[i] = node->out[i]->shape;
    }
    if (!node_infer(graph, node)) return false;
    bool same = true;
    for (int i = 0; i < node->out_count; i++) {
        Value *out = node->out[i];
        if (out->type != types[i] || !shape_equal(&out->shape, &shapes[i])) {
            char stated[256], inferred[256];
            same = node_fail(graph, node, STATUS_INVALID, "output '%s' is %s %s, but its inputs give %s %s", out->name,
                             dtype_name(types[i]), shape_text(&shapes[i], stated, sizeof stated), dtype_name(out->type),
                             shape_text(&out->shape, inferred, sizeof inferred));
        }
        out->type = types[i];
        out->shape = shapes[i];
    }
    return same;
}

static bool check_reads(Check *check, const Value *value) {
    if (check->reads[value->id] == value->user_count) return true;
    return fail(check->graph->diag, STATUS_INVALID, "value '%s' lists %d users, but %d inputs read it", value->name,
                value->user_count, check->reads[value->id]);
}

/* After all nodes were seen: the use lists hold nobody who is not in the graph. */
static bool check_uses(Check *check) {
    const Graph *graph = check->graph;
    for (int i = 0; i < graph->input_count; i++)
        if (!check_reads(check, graph->inputs[i])) return false;
    for (const Node *node = graph->first; node; node = node->next) {
        for (int i = 0; i < node->in_count; i++)
            if (node->in[i] && !check_reads(check, node->in[i])) return false;
        for (int i = 0; i < node->out_count; i++)
            if (!check_reads(check, node->out[i])) return false;
    }
    return true;
}

static bool check_graph_outputs(Check *check) {
    Graph *graph = check->graph;
    int *outputs = ARENA_ARRAY(graph->arena, int, graph->value_count);
    for (int i = 0; i < graph->output_count; i++) {
        const Value *value = graph->outputs[i];
        outputs[value->id]++;
        if (!value->data && !check->defined[value->id])
            return fail(graph->diag, STATUS_INVALID, "graph output '%s' is never computed", graph->output_names[i]);
    }
    for (int i = 0; i < graph->output_count; i++) {
        const Value *value = graph->outputs[i];
        if (outputs[value->id] != value->output_count)
            return fail(graph->diag, STATUS_INVALID, "value '%s' counts %d graph outputs, but is %d", value->name,
                        value->output_count, outputs[value->id]);
    }
    return true;
}

bool graph_verify(Graph *graph) {
    Check check = {.graph = graph,
                   .defined = ARENA_ARRAY(graph->arena, bool, graph->value_count),
                   .reads = ARENA_ARRAY(graph->arena, int, graph->value_count)};
    for (int i = 0; i < graph->input_count; i++) {
        if (!graph->inputs[i]->is_input || graph->inputs[i]->producer)
            return fail(graph->diag, STATUS_INVALID, "graph input '%s' is also computed", graph->inputs[i]->name);
        check.defined[graph->inputs[i]->id] = true;
    }
    for (Node *node = graph->first; node; node = node->next) {
        if ((node->next ? node->next->prev : graph->last) != node)
            return node_fail(graph, node, STATUS_INVALID, "the list of nodes is broken here");
        if (!check_arity(graph, node) || !check_attributes(graph, node) || !check_inputs(&check, node) ||
            !check_outputs(&check, node) || !check_inference(graph, node))
            return false;
    }
    return check_uses(&check) && check_graph_outputs(&check);
}
