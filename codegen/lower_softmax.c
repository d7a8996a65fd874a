/* Softmax and LogSoftmax (13) along one axis. */
#include "codegen/step.h"

#include <inttypes.h>

bool lower_softmax(Emitter *e, Node *node) {
    const Shape *x = &node->in[0]->shape;
    int64_t axis = attr_int(node, A_AXIS, -1), outer = 1, count = 1, inner = 1;
    if (!require_f32(e, node, node->in[0]->type)) return false;
    if (axis < 0) axis += x->rank;
    if (x->rank > 0) {
        outer = shape_product(x, 0, (int)axis);
        count = x->dim[axis];
        inner = shape_product(x, (int)axis + 1, x->rank);
    }
    const char *kernel = node->op == OP_Softmax ? "softmax" : "log_softmax";
    use_kernel(e, kernel);
    emit(e, "%s(%s, %s, %" PRId64 ", %" PRId64 ", %" PRId64 ");", kernel, input_pointer(e, node->in[0]),
         output_pointer(e, node->out[0]), outer, count, inner);
    return true;
}
