#include "ir/op_table.h"
#include "ir/op_functions.h"

static const OpInfo ops[OP_COUNT] = {
#define OP(id, least, most, outputs, infer, evaluate, lower, attributes, notes)                                                  \
    [OP_##id] = {#id, least, most, outputs, infer, evaluate, attributes},
#include "ir/ops.def"
#undef OP
};

static const char *const attr_names[ATTR_COUNT] = {
#define ATTR(id, name) name,
#include "ir/attrs.def"
#undef ATTR
};

const OpInfo *op_info(Op op) {
    return &ops[op];
}

const char *attr_name(AttrKey key) {
    return attr_names[key];
}

bool is_unary(const Node *node) {
    return ops[node->op].evaluate == eval_unary || ops[node->op].evaluate == eval_cast;
}

bool is_binary(const Node *node) {
    return ops[node->op].evaluate == eval_binary;
}

bool is_elementwise(const Node *node) {
    return is_unary(node) || is_binary(node) || node->op == OP_Where || node->op == OP_Expression;
}

bool node_infer(Graph *graph, Node *node) {
    const OpInfo *info = op_info(node->op);
    if (node->in_count < info->least_inputs || (info->most_inputs >= 0 && node->in_count > info->most_inputs))
        return node_fail(graph, node, STATUS_INVALID, "%d inputs given, %s takes %d to %d", node->in_count, info->name,
                         info->least_inputs, info->most_inputs);
    if (node->out_count < 1 || node->out_count > info->most_outputs)
        return node_fail(graph, node, STATUS_INVALID, "%d outputs asked for, %s has 1 to %d", node->out_count, info->name,
                         info->most_outputs);
    for (int i = 0; i < node->in_count; i++) {
        if (!node->in[i] && (i < info->least_inputs || info->most_inputs < 0))
            return node_fail(graph, node, STATUS_INVALID, "input %d is missing", i);
        if (node->in[i] && shape_count(&node->in[i]->shape) < 0)
            return node_fail(graph, node, STATUS_INVALID, "input %d has an impossible shape", i);
    }
    return info->infer(graph, node);
}
