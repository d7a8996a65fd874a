/* TakeImage and StackImages: one image of a batch, and a batch of images (ir/images.h). */
#include "ir/images.h"
#include "ir/op_functions.h"
#include "ir/op_support.h"

const Node *image_loop_end(const Graph *graph) {
    for (const Node *node = graph->last; node; node = node->prev)
        if (node->op == OP_StackImages) return node;
    return NULL;
}

int64_t image_loop_count(const Node *end) {
    return end ? attr_int(end, A_IMAGES, 1) : 1;
}

int64_t node_runs(const Node *node) {
    for (; node; node = node->next)
        if (node->op == OP_StackImages) return image_loop_count(node);
    return 1;
}

/* The shape of in[0] with another first dimension. */
static bool infer_batch(Graph *graph, Node *node, int64_t from, int64_t to) {
    Shape shape = node->in[0]->shape;
    if (shape.rank < 1 || shape.dim[0] != from || to < 1)
        return node_fail(graph, node, STATUS_INVALID, "its input is %s, but a batch of %lld is needed",
                         input_shape(graph, node, 0), (long long)from);
    shape.dim[0] = to;
    return infer_output(graph, node, 0, node->in[0]->type, shape);
}

bool infer_take_image(Graph *graph, Node *node) {
    return infer_batch(graph, node, attr_int(node, A_IMAGES, 1), 1);
}

bool infer_stack_images(Graph *graph, Node *node) {
    return infer_batch(graph, node, 1, attr_int(node, A_IMAGES, 1));
}

/* The evaluator hands over the loop's image of the batch. */
bool eval_image(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    (void)node, (void)scratch, (void)diag;
    copy_elements(out[0], 0, in[0], 0, in[0]->count);
    return true;
}
