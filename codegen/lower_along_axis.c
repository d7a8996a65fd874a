/* ArgMax and ArgMin, CumSum: a walk along one axis for each place of the others. */
#include "codegen/step.h"
#include "ir/op_support.h"

#include <inttypes.h>

static AxisSplit walk_of(const Node *node) {
    int axis = (int)attr_int(node, A_AXIS, 0);
    return split_at(&node->in[0]->shape, axis < 0 ? axis + node->in[0]->shape.rank : axis);
}

/* Opens the loops over the places, each of which begins at element `start`. */
static void open_walks(Emitter *e, const Node *node, const AxisSplit *walk) {
    declare_input(e, "x", node->in[0]);
    declare_output(e, "y", node->out[0]);
    emit(e, "for (size_t i = 0; i < %" PRId64 "; i++) {", walk->outer);
    emit(e, "for (size_t j = 0; j < %" PRId64 "; j++) {", walk->inner);
    emit(e, "const size_t start = i * %" PRId64 " + j;", walk->length * walk->inner);
}

bool lower_arg(Emitter *e, Node *node) {
    if (!require_arithmetic(e, node, node->in[0]->type)) return false;
    const AxisSplit walk = walk_of(node);
    const char *type = dtype_c_name(node->in[0]->type), *sign = node->op == OP_ArgMin ? "<" : ">";
    open_walks(e, node, &walk);
    emit(e, "%s best = x[start];", type);
    emit(e, "int64_t found = 0;");
    emit(e, "for (size_t k = 1; k < %" PRId64 "; k++) {", walk.length);
    emit(e, "const %s value = x[start + k * %" PRId64 "];", type, walk.inner);
    emit(e, "if (value %s%s best) {", sign, attr_int(node, A_SELECT_LAST_INDEX, 0) ? "=" : "");
    emit(e, "best = value;");
    emit(e, "found = (int64_t)k;");
    nest_close(e, 2);
    emit(e, "y[i * %" PRId64 " + j] = found;", walk.inner);
    nest_close(e, 2);
    return true;
}

/* The sum so far goes to each place, before its own element is added or after. Integers wrap around. */
bool lower_cumsum(Emitter *e, Node *node) {
    Dtype type = node->in[0]->type;
    if (!require_arithmetic(e, node, type)) return false;
    const AxisSplit walk = walk_of(node);
    const char *name = dtype_c_name(type), *sum = dtype_is_float(type) ? name : dtype_size(type) == 8 ? "uint64_t" : "uint32_t";
    const char *place =
        attr_int(node, A_REVERSE, 0) ? arena_printf(emitter_graph(e)->arena, "(%" PRId64 " - k)", walk.length - 1) : "k";
    open_walks(e, node, &walk);
    emit(e, "%s sum = 0;", sum);
    emit(e, "for (size_t k = 0; k < %" PRId64 "; k++) {", walk.length);
    emit(e, "const size_t at = start + %s * %" PRId64 ";", place, walk.inner);
    emit(e, "const %s next = sum + (%s)x[at];", sum, sum);
    emit(e, "y[at] = (%s)%s;", name, attr_int(node, A_EXCLUSIVE, 0) ? "sum" : "next");
    emit(e, "sum = next;");
    nest_close(e, 3);
    return true;
}
