/* fuse-shortcut: a shortcut that takes every second pixel and has zeros for new channels is read where it lies.
 *
 * The residual blocks of CIFAR ResNets that change shape add such a shortcut (He et al. 2015, arXiv:1512.03385, section 4.2,
 * option A), written as a Slice or a 1x1 pool of stride 2, and a Pad (or a Concat with zeros, which simplify makes one). Each
 * would have a buffer of its own; AddShortcut adds the pixels to the branch's result in place. Legal where nobody else reads what
 * lies between, the pad is of zeros (x + 0 is x, but for the sign of a zero), on channels only, and crops nothing, and the Slice
 * takes whole axes from their first pixel on. Not worth it without a stride: the padded image then lies where the sum does, and
 * the shortcut would have to be kept longer. Nor where the branch's result is read again, for the sum could not take its place.
 * An Add that ends a block that can be skipped at run time stays as it is. */
#include "passes/passes.h"
#include "passes/rewrite.h"

/* What is read in the place of a shortcut, and how. */
typedef struct {
    Node *pad, *stride; /* the nodes that go */
    Value *source;
    int64_t before, behind; /* channels of zeros */
    int64_t strides[MAX_RANK];
} Shortcut;

/* What `pad` surrounds with channels of zeros, or NULL. */
static Value *padded_operand(const Node *pad, Shortcut *shortcut) {
    int rank = pad->out[0]->shape.rank;
    if (!pads_with_zeros(pad)) return NULL;
    for (int k = 0; k < 2 * rank; k++) {
        int64_t count = attr_ints_at(pad, A_PADS, k, 0);
        if (count < 0 || (count > 0 && k % rank != 1)) return NULL;
    }
    shortcut->before = attr_ints_at(pad, A_PADS, 1, 0);
    shortcut->behind = attr_ints_at(pad, A_PADS, rank + 1, 0);
    return pad->in[0];
}

static bool is_strided_slice(const Node *slice, Shortcut *shortcut) {
    for (int axis = 2; axis < slice->in[0]->shape.rank; axis++)
        shortcut->strides[axis - 2] = attr_ints_at(slice, A_STEPS, axis, 1);
    return takes_whole_axes(slice) && attr_ints_at(slice, A_STEPS, 0, 1) == 1 && attr_ints_at(slice, A_STEPS, 1, 1) == 1;
}

static bool is_strided_pool(const Node *pool, Shortcut *shortcut) {
    if (pool->out_count > 1 || !ints_are(pool, A_KERNEL_SHAPE, 1) || !has_no_padding(pool)) return false;
    for (int axis = 2; axis < pool->in[0]->shape.rank; axis++)
        shortcut->strides[axis - 2] = attr_ints_at(pool, A_STRIDES, axis - 2, 1);
    return true;
}

static bool has_stride(const Shortcut *shortcut, int rank) {
    bool strided = false;
    for (int k = 0; k < rank - 2; k++) strided |= shortcut->strides[k] > 1;
    return strided;
}

/* Is `value`, which `add` reads, such a shortcut? */
static bool read_shortcut(const Value *value, const Node *add, Shortcut *shortcut) {
    *shortcut = (Shortcut){.pad = producer_of(value, OP_Pad)};
    if (!shortcut->pad || value_single_user(value) != add || value->shape.rank < 3) return false;
    const Value *padded = padded_operand(shortcut->pad, shortcut);
    if (!padded || value_single_user(padded) != shortcut->pad || shape_count(&padded->shape) < 1) return false;
    Node *node = shortcut->stride = padded->producer;
    bool strided = node && (node->op == OP_Slice                                   ? is_strided_slice(node, shortcut)
                            : node->op == OP_MaxPool || node->op == OP_AveragePool ? is_strided_pool(node, shortcut)
                                                                                   : false);
    if (!strided || !has_stride(shortcut, value->shape.rank)) return false;
    shortcut->source = node->in[0];
    for (int axis = 2; axis < value->shape.rank; axis++) { /* a stride past the end takes one pixel, as the end itself does */
        int64_t size = shortcut->source->shape.dim[axis];
        if (shortcut->strides[axis - 2] > size) shortcut->strides[axis - 2] = size;
    }
    return true;
}

static bool takes_sum(const Value *value, const Node *add) {
    return !is_constant(value) && shape_equal(&value->shape, &add->out[0]->shape) && value_single_user(value) == add;
}

static const char *names_of(Graph *graph, const Shortcut *shortcut, const Node *add) {
    return joined_name(graph, joined_name(graph, shortcut->stride->name, shortcut->pad->name), add->name);
}

static bool fuse(Graph *graph, Node *add, Value *branch, const Shortcut *shortcut) {
    Node *sum = node_new(graph, add, OP_AddShortcut, names_of(graph, shortcut, add), (Value *[]){branch, shortcut->source}, 2, 1);
    sum->op_type = add->op_type;
    sum->out[0]->name = add->out[0]->name;
    set_ints(graph, sum, A_STRIDES, shortcut->strides, branch->shape.rank - 2);
    set_ints(graph, sum, A_PADS, (int64_t[]){shortcut->before, shortcut->behind}, 2);
    take_activation(graph, sum, add);
    if (!node_infer(graph, sum)) return false;
    node_replace(graph, add, sum->out[0]);
    node_remove(graph, shortcut->pad);
    node_remove(graph, shortcut->stride);
    return true;
}

bool fuse_shortcut(Graph *graph) {
    for (Node *node = graph->first, *next; node; node = next) {
        next = node->next;
        if (node->op != OP_Add || node->out[0]->type != F32 || attr_find(node, A_BLOCK)) continue;
        for (int slot = 0; slot < 2; slot++) {
            Shortcut shortcut;
            if (!takes_sum(node->in[1 - slot], node) || !read_shortcut(node->in[slot], node, &shortcut)) continue;
            if (!fuse(graph, node, node->in[1 - slot], &shortcut)) return false;
            break;
        }
    }
    return true;
}
