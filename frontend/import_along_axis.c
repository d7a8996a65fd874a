/* ArgMax and ArgMin (1, 11, 12, 13), CumSum (11, 14). */
#include "frontend/importers.h"

#include <string.h>

bool import_arg(OpImport *op) {
    int axis;
    if (!op_axis(op, op_int(op, "axis", 0), op->in[0]->shape.rank, &axis)) return false;
    Node *node = op_node(op, strcmp(op->node->op_type, "ArgMax") == 0 ? OP_ArgMax : OP_ArgMin, op->in, 1, 1);
    set_int(op->graph, node, A_AXIS, axis);
    set_int(op->graph, node, A_KEEPDIMS, op_int(op, "keepdims", 1));
    set_int(op->graph, node, A_SELECT_LAST_INDEX, op_int(op, "select_last_index", 0));
    return op_finish(op, node);
}

bool import_cumsum(OpImport *op) {
    const int64_t *given;
    int count, axis;
    if (!op_constant_ints(op, 1, "axis", &given, &count)) return false;
    if (count != 1) return op_fail(op, STATUS_INVALID, "its axis must be one number");
    if (!op_axis(op, given[0], op->in[0]->shape.rank, &axis)) return false;
    Node *node = op_node(op, OP_CumSum, op->in, 1, 1);
    set_int(op->graph, node, A_AXIS, axis);
    set_int(op->graph, node, A_EXCLUSIVE, op_int(op, "exclusive", 0));
    set_int(op->graph, node, A_REVERSE, op_int(op, "reverse", 0));
    return op_finish(op, node);
}
