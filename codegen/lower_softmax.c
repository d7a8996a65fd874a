/* Softmax and LogSoftmax (13) along one axis. */
#include "codegen/emitter.h"
#include "codegen/kernel_copies.h"
#include "codegen/step.h"

#include <inttypes.h>

/* As in runtime/softmax_short_rows.h. */
enum { SHORT_ROW = 32 };

/* A kernel of runtime/ for rows or for columns, with `log` filled in. */
static const char *kernel_function(Emitter *e, const char *kernel, bool logarithm, bool columns) {
    Arena *arena = emitter_graph(e)->arena;
    const char *sizes = columns ? "outer, count, inner" : "rows, count";
    copy_vector_kernel(e, kernel);
    return vector_function(e, logarithm ? arena_printf(arena, "log_%s", kernel) : kernel,
                           columns ? "const float *x, float *y, size_t outer, size_t count, size_t inner"
                                   : "const float *x, float *y, size_t rows, size_t count",
                           arena_printf(arena, "x, y, %s", sizes),
                           arena_printf(arena, "    %s(x, y, %s, %d);\n", kernel, sizes, logarithm));
}

bool lower_softmax(Emitter *e, Node *node) {
    const Shape *x = &node->in[0]->shape;
    int64_t axis = attr_int(node, A_AXIS, -1), outer = 1, count = 1, inner = 1;
    if (!require_f32(e, node, node->in[0]->type)) return false;
    if (value_is_empty(node->in[0])) return true;
    if (axis < 0) axis += x->rank;
    if (x->rank > 0) {
        outer = shape_product(x, 0, (int)axis);
        count = x->dim[axis];
        inner = shape_product(x, (int)axis + 1, x->rank);
    }
    const char *in = input_pointer(e, node->in[0]), *out = output_pointer(e, node->out[0]);
    const char *kernel = inner > 1 ? "softmax_columns" : count > SHORT_ROW ? "softmax_rows" : "softmax_short_rows";
    const char *function = kernel_function(e, kernel, node->op == OP_LogSoftmax, inner > 1);
    step_by_team(e);
    if (inner > 1)
        emit(e, "%s(%s, %s, %" PRId64 ", %" PRId64 ", %" PRId64 ");", function, in, out, outer, count, inner);
    else
        emit(e, "%s(%s, %s, %" PRId64 ", %" PRId64 ");", function, in, out, outer, count);
    return true;
}
