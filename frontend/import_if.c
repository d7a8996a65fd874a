/* If: the branch that its condition takes, which has to be known by now, stands in its place. */
#include "frontend/importers.h"
#include "frontend/scope.h"
#include "frontend/tensors.h"
#include "frontend/words.h"

static int64_t declared_type(const Onnx__ValueInfoProto *output) {
    const Onnx__TypeProto *type = output->type;
    return type && type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE ? type->tensor_type->elem_type : 0;
}

/* Shapes may differ, the number of outputs and their element types may not. */
static bool check_branches(const OpImport *op, const Onnx__GraphProto *taken, const Onnx__GraphProto *other) {
    char types[2][32];
    if (taken->n_output != other->n_output)
        return op_fail(op, STATUS_INVALID, "one branch has %zu output%s, the other %zu", taken->n_output,
                       taken->n_output == 1 ? "" : "s", other->n_output);
    if ((size_t)op->out_count != taken->n_output)
        return op_fail(op, STATUS_INVALID, "it has %d outputs, its branches %zu", op->out_count, taken->n_output);
    for (size_t k = 0; k < taken->n_output; k++) {
        int64_t type = declared_type(taken->output[k]), otherwise = declared_type(other->output[k]);
        if (type && otherwise && type != otherwise)
            return op_fail(op, STATUS_INVALID, "its branches give output %zu ('%s') different types: %s ('%s') and %s ('%s')", k,
                           op->node->out[k] == NO_SLOT ? "" : op->model->slots[op->node->out[k]].name,
                           onnx_type_name(type, types[0], sizeof types[0]), text_of(taken->output[k]->name),
                           onnx_type_name(otherwise, types[1], sizeof types[1]), text_of(other->output[k]->name));
    }
    return true;
}

/* Marks the values that `value` is computed from. */
static void mark_sources(const Graph *graph, const Value *value, bool *marked) {
    const Value **stack = ARENA_ARRAY(graph->arena, const Value *, graph->value_count);
    int depth = 0;
    stack[depth++] = value;
    marked[value->id] = true;
    while (depth > 0) {
        const Node *node = stack[--depth]->producer;
        for (int k = 0; node && k < node->in_count; k++) {
            const Value *from = node->in[k];
            if (!from || marked[from->id]) continue;
            marked[from->id] = true;
            stack[depth++] = from;
        }
    }
}

static bool undecided(const OpImport *op, const Value *condition) {
    const Graph *graph = op->graph;
    bool *marked = ARENA_ARRAY(graph->arena, bool, graph->value_count);
    mark_sources(graph, condition, marked);
    WordList inputs = {.separator = ", "}, options = {.separator = " "};
    for (int k = 0; k < graph->input_count; k++) {
        const char *name = graph->inputs[k]->name;
        if (!marked[graph->inputs[k]->id]) continue;
        words_add(graph->arena, &inputs, arena_printf(graph->arena, "'%s'", name));
        words_add(graph->arena, &options, arena_printf(graph->arena, "--bind %s", shell_word(graph->arena, name, "=VALUE")));
    }
    if (inputs.count == 0) return op_fail(op, STATUS_UNSUPPORTED, "its condition is computed from too large constants");
    return op_fail(op, STATUS_UNSUPPORTED, "which branch it takes depends on input%s %s: %s would decide it",
                   inputs.count > 1 ? "s" : "", words_text(graph->arena, &inputs), words_text(graph->arena, &options));
}

bool import_if(OpImport *op) {
    static const char *const names[] = {"else_branch", "then_branch"};
    const Onnx__AttributeProto *branches[2];
    for (int k = 0; k < 2; k++)
        if (!(branches[k] = op_attr(op, names[k]))) return op_fail(op, STATUS_INVALID, "attribute '%s' is missing", names[k]);
    const Value *condition = op->in[0];
    if (condition->type != BOOL || shape_count(&condition->shape) != 1)
        return op_fail(op, STATUS_INVALID, "its condition '%s' must be one bool", condition->name);
    if (!check_branches(op, branches[1]->g, branches[0]->g) || !op_fold(op, 0)) return false;
    if (!condition->data) return undecided(op, condition);
    bool taken = constant_int_at(condition, 0) != 0;
    return inline_branch(op->model, op->node, branches[taken]->g, names[taken]);
}
