/* LRN (1, 13): across channels. */
#include "codegen/step.h"

#include <inttypes.h>

bool lower_lrn(Emitter *e, Node *node) {
    const Shape *x = &node->in[0]->shape;
    int64_t pixels = shape_product(x, 2, x->rank), size = attr_int(node, A_SIZE, 1);
    if (!require_f32(e, node, node->in[0]->type)) return false;
    if (x->dim[0] > INT32_MAX || x->dim[1] > INT32_MAX / 4 || size > INT32_MAX / 4)
        return node_fail(emitter_graph(e), node, STATUS_UNSUPPORTED, "it has more channels than its kernel can count");
    use_kernel(e, "lrn");
    emit(e, "static const struct lrn window = {");
    emit(e, ".images = %" PRId64 ", .channels = %" PRId64 ", .size = %" PRId64 ", .pixels = %" PRId64 ",", x->dim[0], x->dim[1],
         size, pixels);
    emit(e, ".alpha = %s, .beta = %s, .bias = %s,", literal(e, F32, attr_float(node, A_ALPHA, (double)1e-4f)),
         literal(e, F32, attr_float(node, A_BETA, 0.75)), literal(e, F32, attr_float(node, A_BIAS, 1)));
    emit(e, "};");
    emit(e, "lrn(&window, %s, %s);", input_pointer(e, node->in[0]), output_pointer(e, node->out[0]));
    return true;
}
