/* image-loop: a batch runs image by image, as long as that is what moves fewer bytes.
 *
 * A layer that runs once for a batch reads its weights once, but the images that it leaves to the next layer are as many as the
 * batch has: of a ResNet-50's first stages 3 MB each, which no cache keeps. Image by image they stay near, and every image reads
 * the weights anew, which are small there. So the nodes up to one of them run in a loop (ir/images.h), and those behind it, whose
 * weights outweigh their images, run over whole batches. The loop ends where one value, or none, is handed on. */
#include "ir/images.h"
#include "passes/passes.h"
#include "passes/rewrite.h"

typedef struct {
    Graph *graph;
    int64_t images;
    bool *of_batch; /* by value id: one image after the other */
} Batch;

/* The batch that all inputs have, or 1. */
static int64_t batch_of_inputs(const Graph *graph) {
    int64_t images = 0;
    for (int k = 0; k < graph->input_count; k++) {
        const Shape *shape = &graph->inputs[k]->shape;
        if (shape->rank == 0 || shape_count(shape) < 1 || (k > 0 && shape->dim[0] != images)) return 1;
        images = shape->dim[0];
    }
    return images > 0 ? images : 1;
}

/* Is each operand one of images, or a constant that is the same for all of them? `rank` axes of the result. */
static bool operands_fit(const Batch *batch, const Node *node, int rank) {
    for (int k = 0; k < node->in_count; k++) {
        const Value *in = node->in[k];
        if (!in) continue;
        bool fits = in->data ? in->shape.rank < rank || in->shape.dim[0] == 1 : batch->of_batch[in->id] && in->shape.rank == rank;
        if (!fits) return false;
    }
    return true;
}

/* The first operand is of images, the others are constants, or a residual. */
static bool is_window(const Batch *batch, const Node *node) {
    for (int k = 0; k < node->in_count; k++)
        if (node->in[k] && !(node->in[k]->data ? k > 0 : batch->of_batch[node->in[k]->id] && (k == 0 || k == 3))) return false;
    return true;
}

static bool leaves_axis_0(const Node *node) {
    const Shape *x = &node->in[0]->shape;
    switch (node->op) {
    case OP_Pad: return attr_ints_at(node, A_PADS, 0, 0) == 0 && attr_ints_at(node, A_PADS, x->rank, 0) == 0;
    case OP_Slice: return attr_ints_at(node, A_STARTS, 0, 0) == 0 && attr_ints_at(node, A_STEPS, 0, 1) == 1;
    case OP_Transpose: return attr_ints_at(node, A_PERM, 0, -1) == 0;
    case OP_Concat: return attr_int(node, A_AXIS, 0) > 0;
    default: return true;
    }
}

/* Does it do the same to each image, whatever the others are? */
static bool is_image_wise(const Batch *batch, const Node *node) {
    const Shape *y = &node->out[0]->shape;
    if (node->out_count != 1 || y->rank < 1 || y->dim[0] != batch->images || shape_count(y) < 1) return false;
    switch (node->op) {
    case OP_Conv:
    case OP_MaxPool:
    case OP_AveragePool: return is_window(batch, node);
    case OP_LRN:
    case OP_Reorder:
    case OP_AddShortcut:
    case OP_Reshape:
    case OP_Pad:
    case OP_Slice:
    case OP_Transpose:
    case OP_Concat:
        for (int k = 0; k < node->in_count; k++)
            if (node->in[k]->data || !batch->of_batch[node->in[k]->id]) return false;
        return leaves_axis_0(node);
    default: return is_elementwise(node) && operands_fit(batch, node, y->rank);
    }
}

static double bytes_of(const Value *value) {
    return (double)shape_count(&value->shape) * (double)dtype_size(value->type);
}

/* Bytes that each image reads once more in the loop: the weights, of which a 3x3 kernel's become four times as many
 * (F(4x4,3x3): 36 for 9). */
static double weight_bytes(const Node *node) {
    double bytes = 0;
    for (int k = 0; k < node->in_count; k++)
        if (node->in[k] && node->in[k]->data) bytes += bytes_of(node->in[k]);
    const Shape *w = node->op == OP_Conv ? &node->in[1]->shape : NULL;
    return w && w->rank == 4 && w->dim[2] == 3 && w->dim[3] == 3 && w->dim[1] >= BLOCK ? 4 * bytes : bytes;
}

/* Bytes of an image that a whole batch keeps no cache for; a view moves none. */
static double image_bytes(const Batch *batch, const Node *node) {
    if (node->op == OP_Reshape) return 0;
    double bytes = bytes_of(node->out[0]);
    for (int k = 0; k < node->in_count; k++)
        if (node->in[k] && !node->in[k]->data) bytes += bytes_of(node->in[k]);
    return bytes / (double)batch->images;
}

/* The node up to which image by image is cheapest, or NULL. With --optimize memory that is as far as it goes. */
static Node *choose_end(Batch *batch) {
    Graph *graph = batch->graph;
    int *readers = ARENA_ARRAY(graph->arena, int, graph->value_count + 1); /* that still come */
    double saved = 0, most = 0;
    int handed_on = 0; /* values that later nodes read */
    Node *end = NULL;
    for (int k = 0; k < graph->input_count; k++) batch->of_batch[graph->inputs[k]->id] = true;
    for (Node *node = graph->first; node && is_image_wise(batch, node); node = node->next) {
        for (int k = 0; k < node->in_count; k++) {
            const Value *in = node->in[k];
            if (in && in->producer && --readers[in->id] == 0) handed_on--;
        }
        readers[node->out[0]->id] = node->out[0]->user_count;
        batch->of_batch[node->out[0]->id] = true;
        handed_on += node->out[0]->user_count > 0;
        const double bytes = image_bytes(batch, node);
        saved += graph->optimize == OPTIMIZE_MEMORY ? bytes : bytes - weight_bytes(node);
        if (handed_on > 1 || saved <= most) continue;
        most = saved;
        end = node;
    }
    return end;
}

/* Users of `value` up to `last`, or behind it, read `other` instead. */
static void redirect(Graph *graph, Value *value, Value *other, int last, bool behind) {
    for (int u = 0; u < value->user_count;) {
        Node *user = value->users[u++];
        if (user == other->producer || (user->mark > last) != behind) continue;
        for (int k = 0; k < user->in_count; k++)
            if (user->in[k] == value) node_set_input(graph, user, k, other);
        u = 0; /* the list has changed */
    }
}

static Node *image_node(Batch *batch, Node *before, Op op, Value *x, const char *suffix) {
    Graph *graph = batch->graph;
    Node *node = node_new(graph, before, op, arena_printf(graph->arena, "%s%s", x->name, suffix), &x, 1, 1);
    set_int(graph, node, A_IMAGES, batch->images);
    if (!node_infer(graph, node)) return NULL;
    node->out[0]->layout = x->layout;
    return node;
}

static bool take_inputs(Batch *batch, int last) {
    Graph *graph = batch->graph;
    Node *first = graph->first;
    for (int k = 0; k < graph->input_count; k++) {
        Node *take = image_node(batch, first, OP_TakeImage, graph->inputs[k], "/image");
        if (!take) return false;
        take->mark = -1;
        redirect(graph, graph->inputs[k], take->out[0], last, false);
    }
    return true;
}

static void narrow(Graph *graph, Node *node) {
    node->out[0]->shape.dim[0] = 1;
    const AttrKey key = node->op == OP_Reshape ? A_SHAPE : A_SIZES;
    int count;
    const int64_t *dims = attr_ints(node, key, &count);
    if ((node->op != OP_Reshape && node->op != OP_Slice) || count < 1) return;
    Shape shape = {.rank = count};
    for (int k = 0; k < count; k++) shape.dim[k] = k ? dims[k] : 1;
    set_ints(graph, node, key, shape.dim, count);
}

/* What the caller or a node behind the loop reads. */
static bool stack_result(Batch *batch, Node *node, Node *after_loop, int last) {
    Graph *graph = batch->graph;
    Value *image = node->out[0];
    bool is_read = image->output_count > 0;
    for (int u = 0; u < image->user_count; u++) is_read |= image->users[u]->mark > last;
    if (!is_read) return true;
    Node *stack = image_node(batch, after_loop, OP_StackImages, image, "");
    if (!stack) return false;
    stack->mark = last;
    Value *whole = stack->out[0];
    whole->name = image->name;
    image->name = arena_printf(graph->arena, "%s/image", image->name);
    redirect(graph, image, whole, last, true);
    for (int k = 0; k < graph->output_count; k++)
        if (graph->outputs[k] == image) graph->outputs[k] = whole;
    whole->output_count = image->output_count;
    image->output_count = 0;
    return true;
}

bool image_loop(Graph *graph) {
    Batch batch = {graph, batch_of_inputs(graph), ARENA_ARRAY(graph->arena, bool, graph->value_count + 1)};
    if (batch.images == 1 || image_loop_end(graph)) return true;
    int nodes = 0;
    for (Node *node = graph->first; node; node = node->next) {
        node->mark = nodes++;
        if (attr_find(node, A_BLOCK)) return true; /* a block that can be skipped is skipped for all images */
    }
    Node *end = choose_end(&batch), *after_loop = end ? end->next : NULL;
    if (!end) return true;
    const int last = end->mark;
    for (Node *node = graph->first; node != after_loop; node = node->next) narrow(graph, node);
    if (!take_inputs(&batch, last)) return false;
    for (Node *node = graph->first; node && node->op != OP_StackImages && node->mark <= last; node = node->next)
        if (node->op != OP_TakeImage && !stack_result(&batch, node, after_loop, last)) return false;
    return true;
}
