/* gemm-to-conv: a fully connected layer with constant weights becomes a convolution.
 *
 * Gemm(A [N,K], B [K,M]) is a 1x1 convolution of an N x K x 1 x 1 image, so that one family of kernels, with its fused bias,
 * activation and residual, serves both. Where A is a flattened image [N,C,H,W] (VGG: 512x7x7), or one flattened channel-last
 * (TensorFlow: a Transpose before the Reshape), the convolution is H x W over the image as it lies, and no layout change is
 * needed. Several rows of A share weights that a core's first cache doesn't hold: they become the pixels of one row of one image,
 * 1 x K x 1 x N, between two Transposes. Alpha and beta go into weights and bias, in double, rounded once. A bias of one number
 * an output (Gemm's C, or an Add behind a MatMul) becomes the convolution's. Legal for f32, transA 0 and constant B; any other
 * bias leaves the node alone. */
#include "passes/passes.h"
#include "passes/rewrite.h"

/* Weights up to this many are at hand for each row of A anew. */
enum { SMALL_WEIGHTS = 16 * 1024 };

typedef struct {
    Value *image;   /* what the convolution reads; NULL: A as N x K x 1 x 1 */
    int64_t dim[4]; /* [N, C, H, W] of it */
    int axis[3];    /* axes of the image in the order in which A flattens C, H and W */
    bool one_row;   /* A's rows are pixels of a row: the image is transposed to [1, K, 1, N] */
} Source;

typedef struct {
    const Value *weight, *bias;
    bool transposed; /* weight is [M, K] */
    double alpha, beta;
    int64_t k, m;
    Node *last; /* the node whose result the convolution gives: the layer, or the Add behind it */
} Layer;

/* The Add of one number an output behind `node`. */
static Node *bias_add(const Node *node, const Value **bias) {
    Node *add = value_single_user(node->out[0]);
    if (!add || add->op != OP_Add || has_activation(add)) return NULL;
    *bias = add->in[add->in[0] == node->out[0]];
    const Shape *shape = &node->out[0]->shape;
    if (!shape_equal(&add->out[0]->shape, shape) || !is_axis_constant(*bias, shape, shape->rank - 1)) return NULL;
    return add;
}

static bool read_layer(Node *node, Layer *layer) {
    const Value *a = node->in[0], *b = node->in[1];
    if (a->type != F32 || is_constant(a) || !is_constant(b) || b->shape.rank != 2 || a->shape.rank < 2) return false;
    if (node->op == OP_Gemm && attr_int(node, A_TRANS_A, 0)) return false;
    *layer = (Layer){.weight = b, .bias = input_at(node, 2), .alpha = 1, .beta = 1, .last = node};
    if (node->op == OP_Gemm) {
        layer->transposed = attr_int(node, A_TRANS_B, 0) != 0;
        layer->alpha = attr_float(node, A_ALPHA, 1);
        layer->beta = attr_float(node, A_BETA, 1);
    }
    layer->k = b->shape.dim[layer->transposed ? 1 : 0];
    layer->m = b->shape.dim[layer->transposed ? 0 : 1];
    if (layer->bias) return is_axis_constant(layer->bias, &node->out[0]->shape, 1);
    Node *add = bias_add(node, &layer->bias);
    if (add) {
        layer->last = add;
        layer->beta = 1;
    } else {
        layer->bias = NULL;
    }
    return true;
}

/* The image behind A = Reshape(image) or Reshape(Transpose(image)), when rows are its batch. */
static void find_source(const Value *a, const Layer *layer, Source *source) {
    int64_t rows = shape_count(&a->shape) / layer->k;
    *source = (Source){.dim = {rows, layer->k, 1, 1}, .axis = {1, 2, 3}};
    source->one_row = rows > 1 && layer->k * layer->m > SMALL_WEIGHTS;
    if (source->one_row) return;
    Node *reshape = producer_of(a, OP_Reshape);
    Value *image = reshape ? reshape->in[0] : NULL;
    if (!image || a->shape.rank != 2 || image->shape.rank != 4 || image->shape.dim[0] != rows) return;
    Node *transpose = producer_of(image, OP_Transpose);
    if (transpose && attr_ints_at(transpose, A_PERM, 0, -1) == 0) {
        image = transpose->in[0];
        for (int i = 0; i < 3; i++) source->axis[i] = (int)attr_ints_at(transpose, A_PERM, i + 1, 0);
    }
    source->image = image;
    for (int i = 0; i < 4; i++) source->dim[i] = image->shape.dim[i];
}

/* [M][C][H][W]. The model's own bytes where they are already that: the first layer of a VGG has 411 MB of them. */
static const float *weights(Graph *graph, const Layer *layer, const Source *source) {
    bool in_order = source->axis[0] == 1 && source->axis[1] == 2 && source->axis[2] == 3;
    if (layer->transposed && layer->alpha == 1 && in_order) return layer->weight->data;
    /* Position of (c, h, w) in a row of A: the sum of its coordinates times these strides. */
    int64_t stride[4], next = 1;
    for (int i = 2; i >= 0; i--) {
        stride[source->axis[i]] = next;
        next *= source->dim[source->axis[i]];
    }
    int64_t k_stride = layer->transposed ? 1 : layer->m, m_stride = layer->transposed ? layer->k : 1;
    const float *from = layer->weight->data;
    float *to = ARENA_ARRAY(graph->arena, float, layer->k * layer->m), *next_to = to;
    for (int64_t m = 0; m < layer->m; m++) {
        for (int64_t c = 0; c < source->dim[1]; c++) {
            for (int64_t h = 0; h < source->dim[2]; h++) {
                for (int64_t w = 0; w < source->dim[3]; w++) {
                    int64_t k = c * stride[1] + h * stride[2] + w * stride[3];
                    *next_to++ = (float)(layer->alpha * (double)from[k * k_stride + m * m_stride]);
                }
            }
        }
    }
    return to;
}

static Value *bias_vector(Graph *graph, const Node *node, const Layer *layer) {
    double *bias = ARENA_ARRAY(graph->arena, double, layer->m);
    for (int64_t m = 0; m < layer->m; m++) bias[m] = layer->beta * axis_constant_at(layer->bias, m);
    return constant_from_doubles(graph, arena_printf(graph->arena, "%s/bias", node->name), F32, shape_of(1, layer->m), bias);
}

static Node *reshape(Graph *graph, Node *before, const char *name, Value *x, const int64_t *dims, int rank) {
    Node *node = node_new(graph, before, OP_Reshape, name, &x, 1, 1);
    set_ints(graph, node, A_SHAPE, dims, rank);
    return node_infer(graph, node) ? node : NULL;
}

/* Exchanges the batch [N, C, 1, 1] with the row's pixels [1, C, 1, N], either way. */
static Node *exchange_rows_and_pixels(Graph *graph, Node *before, const char *name, Value *x) {
    Node *node = node_new(graph, before, OP_Transpose, name, &x, 1, 1);
    set_ints(graph, node, A_PERM, (int64_t[]){3, 1, 2, 0}, 4);
    return node_infer(graph, node) ? node : NULL;
}

static Node *new_conv(Graph *graph, Node *node, const Layer *layer, const Source *source, Value *image) {
    Shape shape = shape_of(4, layer->m, source->dim[1], source->dim[2], source->dim[3]);
    const char *weight_name = arena_printf(graph->arena, "%s/weight", node->name);
    Value *weight = constant_new(graph, weight_name, F32, shape, weights(graph, layer, source));
    Value *in[] = {image, weight, layer->bias ? bias_vector(graph, node, layer) : NULL};
    Node *conv = node_new(graph, node, OP_Conv, node->name, in, layer->bias ? 3 : 2, 1);
    conv->op_type = node->op_type;
    set_ints(graph, conv, A_KERNEL_SHAPE, &shape.dim[2], 2);
    set_ints(graph, conv, A_STRIDES, (int64_t[]){1, 1}, 2);
    set_ints(graph, conv, A_PADS, (int64_t[]){0, 0, 0, 0}, 4);
    set_ints(graph, conv, A_DILATIONS, (int64_t[]){1, 1}, 2);
    set_int(graph, conv, A_GROUP, 1);
    return node_infer(graph, conv) ? conv : NULL;
}

/* `*next` is where the sweep goes on: behind the Add where that was taken in. */
static bool convert(Graph *graph, Node *node, Node **next) {
    Layer layer;
    if (!read_layer(node, &layer) || layer.k < 1 || layer.m < 1 || shape_count(&node->in[0]->shape) < 1) return true;
    if (node->in[0]->shape.dim[node->in[0]->shape.rank - 1] != layer.k) return true;
    Source source;
    find_source(node->in[0], &layer, &source);
    Value *image = source.image;
    if (!image) {
        Node *unflatten = reshape(graph, node, arena_printf(graph->arena, "%s/image", node->name), node->in[0], source.dim, 4);
        if (!unflatten) return false;
        image = unflatten->out[0];
    }
    if (source.one_row) {
        Node *row = exchange_rows_and_pixels(graph, node, arena_printf(graph->arena, "%s/row", node->name), image);
        if (!row) return false;
        image = row->out[0];
    }
    Node *conv = new_conv(graph, node, &layer, &source, image), *last = conv;
    if (!conv) return false;
    Value *result = layer.last->out[0];
    conv->out[0]->name = arena_printf(graph->arena, "%s/image", result->name);
    if (source.one_row) {
        last = exchange_rows_and_pixels(graph, node, arena_printf(graph->arena, "%s/rows", node->name), conv->out[0]);
        if (!last) return false;
    }
    Node *flatten = reshape(graph, node, result->name, last->out[0], result->shape.dim, result->shape.rank);
    if (!flatten) return false;
    flatten->name = node->name;
    if (layer.last != node) {
        if (*next == layer.last) *next = layer.last->next;
        conv->name = arena_printf(graph->arena, "%s + %s", node->name, layer.last->name);
        node_replace(graph, layer.last, flatten->out[0]);
        node_remove(graph, node);
        return true;
    }
    node_replace(graph, node, flatten->out[0]);
    return true;
}

bool gemm_to_conv(Graph *graph) {
    for (Node *node = graph->first, *next; node; node = next) {
        next = node->next;
        if (node->op != OP_Gemm && node->op != OP_MatMul) continue;
        if (!convert(graph, node, &next)) return false;
    }
    return true;
}
