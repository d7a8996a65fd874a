/* Expression: a tree of elementwise operators as one node (formula.h). */
#include "ir/formula.h"
#include "ir/op_functions.h"
#include "ir/op_support.h"

/* Every operand is read, and no other is named. */
static bool reads_all_operands(const Node *node, const Formula *formula) {
    bool read[FORMULA_OPERANDS] = {false};
    for (int s = 0; s < formula->count; s++)
        for (int k = 0, from; k < formula_arguments(formula->step[s].op); k++) {
            int argument = formula->step[s].argument[k];
            if (formula_argument_is_step(argument, &from)) continue;
            if (argument >= node->in_count) return false;
            read[argument] = true;
        }
    for (int k = 0; k < node->in_count; k++)
        if (!read[k]) return false;
    return true;
}

bool infer_expression(Graph *graph, Node *node) {
    Formula formula;
    Shape shape = node->in[0]->shape;
    if (!formula_of(node, &formula) || !reads_all_operands(node, &formula))
        return node_fail(graph, node, STATUS_INVALID, "its formula does not fit its %d operands", node->in_count);
    for (int k = 0; k < node->in_count; k++) {
        if (node->in[k]->type != F32)
            return node_fail(graph, node, STATUS_INVALID, "operand %d is %s, f32 is needed", k, dtype_name(node->in[k]->type));
        if (!shape_broadcast(&shape, &node->in[k]->shape, &shape))
            return node_fail(graph, node, STATUS_INVALID, "operand %d, %s, does not broadcast to the others", k,
                             input_shape(graph, node, k));
    }
    return infer_output(graph, node, 0, F32, shape);
}

bool eval_expression(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    (void)scratch, (void)diag;
    Tensor *y = out[0];
    Formula formula;
    if (!y->count || !formula_of(node, &formula)) return true;
    int64_t stride[FORMULA_OPERANDS][MAX_RANK], index[MAX_RANK] = {0};
    for (int k = 0; k < node->in_count; k++) broadcast_strides(&in[k]->shape, &y->shape, stride[k]);
    for (int64_t to = 0; to < y->count; to++) {
        double operands[FORMULA_OPERANDS] = {0};
        for (int k = 0; k < node->in_count; k++) operands[k] = in[k]->f[element_offset(index, stride[k], y->shape.rank)];
        y->f[to] = formula_apply(&formula, operands);
        odometer_next(&y->shape, y->shape.rank, index);
    }
    return true;
}
