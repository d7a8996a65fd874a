/* BatchNormalization (6, 7, 9, 14, 15), LRN, Gemm (6, 7, 9, 11, 13), MatMul, Softmax and LogSoftmax (1, 11, 13), reductions. */
#include "frontend/importers.h"

#include <string.h>

/* Opset 14 says it by an attribute; 7 to 13 by the outputs' number, whether anybody reads them or not; before, is_test says it,
 * and where it is missing one output is inference (as ONNX's version converter takes it). */
static bool trains(const OpImport *op) {
    int outputs = 0;
    for (int k = 0; k < op->out_count; k++) outputs += op->named[k];
    if (op->node->opset >= 14) return op_int(op, "training_mode", 0) != 0;
    if (op->node->opset < 7 && op_attr(op, "is_test")) return op_int(op, "is_test", 0) == 0;
    return outputs > 1;
}

static bool check_batchnorm(const OpImport *op) {
    if (op->in[0]->shape.rank < 2)
        return op_fail(op, STATUS_UNSUPPORTED, "its input has %d dimensions, at least 2 are needed", op->in[0]->shape.rank);
    if (trains(op))
        return op_fail(op, STATUS_UNSUPPORTED, "%s: export the model for inference (model.eval())",
                       op->node->opset >= 14  ? "training_mode is 1"
                       : op->node->opset >= 7 ? "its statistics are outputs, which is training mode before opset 14"
                                              : "it is in training mode, its is_test is 0");
    for (int k = 1; k < op->out_count; k++)
        if (op->wanted[k]) return op_fail(op, STATUS_UNSUPPORTED, "its training outputs are not supported");
    if (op->node->opset < 9 && op_int(op, "spatial", 1) == 0 && op->in[0]->shape.rank > 2)
        return op_fail(op, STATUS_UNSUPPORTED, "spatial is 0: statistics per element are not supported");
    for (int k = 1; k < 5; k++)
        if (op->in[k]->shape.rank != 1 || op->in[k]->shape.dim[0] != op->in[0]->shape.dim[1])
            return op_fail(op, STATUS_INVALID, "its input %d ('%s') must hold one number for each of %lld channels", k,
                           op->in[k]->name, (long long)op->in[0]->shape.dim[1]);
    return true;
}

/* Since opset 15 the parameters may be wider than x: they are rounded to its type. */
bool import_batchnorm(OpImport *op) {
    if (!check_batchnorm(op)) return false;
    Value *in[5] = {op->in[0]};
    for (int k = 1; k < 5; k++) {
        bool mixed = op->in[k]->type != in[0]->type;
        if (mixed && (op->node->opset < 14 || !dtype_is_float(op->in[k]->type)))
            return op_fail(op, STATUS_INVALID, "its input %d is %s, its input 0 %s", k, dtype_onnx_name(op->in[k]->type),
                           dtype_onnx_name(in[0]->type));
        in[k] = op_cast(op, op->in[k], in[0]->type);
        if (!in[k]) return false;
    }
    Node *node = op_node(op, OP_BatchNormalization, in, 5, 1);
    set_float(op->graph, node, A_EPSILON, op_float(op, "epsilon", (double)1e-5f));
    return op_finish(op, node);
}

bool import_lrn(OpImport *op) {
    int64_t size = op_int(op, "size", 0);
    if (!op_attr(op, "size")) return op_fail(op, STATUS_INVALID, "attribute 'size' is missing");
    if (size < 1 || size > INT32_MAX) return op_fail(op, STATUS_INVALID, "attribute 'size' is out of range");
    Node *node = op_node(op, OP_LRN, op->in, 1, 1);
    set_float(op->graph, node, A_ALPHA, op_float(op, "alpha", (double)0.0001f));
    set_float(op->graph, node, A_BETA, op_float(op, "beta", 0.75));
    set_float(op->graph, node, A_BIAS, op_float(op, "bias", 1.0));
    set_int(op->graph, node, A_SIZE, size);
    return op_finish(op, node);
}

bool import_gemm(OpImport *op) {
    bool has_c = op_in(op, 2);
    for (int k = 0; k < 2; k++)
        if (op->in[k]->shape.rank != 2)
            return op_fail(op, STATUS_INVALID, "its input %d has %d dimensions, 2 are needed", k, op->in[k]->shape.rank);
    Node *node = op_node(op, OP_Gemm, op->in, has_c ? 3 : 2, 1);
    set_int(op->graph, node, A_TRANS_A, op_int(op, "transA", 0));
    set_int(op->graph, node, A_TRANS_B, op_int(op, "transB", 0));
    set_float(op->graph, node, A_ALPHA, op_float(op, "alpha", 1.0));
    set_float(op->graph, node, A_BETA, op_float(op, "beta", 1.0));
    return op_finish(op, node);
}

bool import_matmul(OpImport *op) {
    return op_finish(op, op_node(op, OP_MatMul, op->in, 2, 1));
}

static Value *softmax_along(const OpImport *op, Value *x, int axis) {
    bool plain = strcmp(op->node->op_type, "Softmax") == 0;
    Node *node = op_node(op, plain ? OP_Softmax : OP_LogSoftmax, &x, 1, 1);
    Value *out = node->out[0];
    set_int(op->graph, node, A_AXIS, axis);
    return op_done(op, node) ? out : NULL;
}

/* Before opset 13, x is seen as a matrix whose rows are the dimensions from `axis` on. */
bool import_softmax(OpImport *op) {
    Value *x = op->in[0];
    int rank = x->shape.rank, axis = 0;
    bool old = op->node->opset < 13;
    if (!op_axis(op, op_int(op, "axis", old ? 1 : -1), rank, &axis)) return false;
    if (!old || shape_product(&x->shape, axis + 1, rank) == 1) {
        op->out[0] = softmax_along(op, x, axis);
        return op->out[0];
    }
    Shape matrix = {.rank = 2, .dim = {shape_product(&x->shape, 0, axis), shape_product(&x->shape, axis, rank)}};
    Value *rows = op_reshape(op, x, &matrix);
    Value *y = rows ? softmax_along(op, rows, 1) : NULL;
    op->out[0] = y ? op_reshape(op, y, &x->shape) : NULL;
    return op->out[0];
}

/* A reduction of what `before` makes of each element, and what `after` makes of the result. */
typedef struct {
    const char *name;
    Op reduce;
    enum { AS_IT_IS, MAGNITUDE, SQUARE } before;
    Op after; /* OP_COUNT: none */
} Reduction;

static const Reduction *find_reduction(const char *name) {
    static const Reduction reductions[] = {
        {"ReduceL1", OP_ReduceSum, MAGNITUDE, OP_COUNT},   {"ReduceL2", OP_ReduceSum, SQUARE, OP_Sqrt},
        {"ReduceLogSum", OP_ReduceSum, AS_IT_IS, OP_Log},  {"ReduceMax", OP_ReduceMax, AS_IT_IS, OP_COUNT},
        {"ReduceMean", OP_ReduceMean, AS_IT_IS, OP_COUNT}, {"ReduceMin", OP_ReduceMin, AS_IT_IS, OP_COUNT},
        {"ReduceProd", OP_ReduceProd, AS_IT_IS, OP_COUNT}, {"ReduceSumSquare", OP_ReduceSum, SQUARE, OP_COUNT},
        {"ReduceSum", OP_ReduceSum, AS_IT_IS, OP_COUNT},
    };
    const Reduction *found = reductions;
    while (strcmp(found->name, name) != 0) found++;
    return found;
}

static Value *before_reduction(const OpImport *op, const Reduction *reduction, Value *x) {
    if (reduction->before == MAGNITUDE) return op_unary(op, OP_Abs, x);
    return reduction->before == SQUARE ? op_binary(op, OP_Mul, x, x) : x;
}

static Value *reduced_value(const OpImport *op, const Reduction *reduction, Value *x, const int64_t *axes, int count) {
    Node *node = op_node(op, reduction->reduce, &x, 1, 1);
    Value *out = node->out[0];
    set_ints(op->graph, node, A_AXES, axes, count);
    set_int(op->graph, node, A_KEEPDIMS, op_int(op, "keepdims", 1));
    return op_done(op, node) ? out : NULL;
}

/* Axes are an attribute before opset 18 (ReduceSum: 13), then an input. */
bool import_reduce(OpImport *op) {
    const Reduction *reduction = find_reduction(op->node->op_type);
    int rank = op->in[0]->shape.rank, count, axes[MAX_RANK];
    const int64_t *given;
    if (!op_ints_of(op, "axes", 1, &given, &count)) return false;
    if (count > 0 && !op_axes(op, given, count, rank, axes)) return false;
    bool reduced[MAX_RANK] = {false}, reduces = count > 0 || op_int(op, "noop_with_empty_axes", 0) == 0;
    for (int k = 0; k < count; k++) reduced[axes[k]] = true;
    int64_t sorted[MAX_RANK];
    int kept = 0;
    for (int k = 0; k < rank; k++)
        if (count <= 0 || reduced[k]) sorted[kept++] = k;
    Value *y = before_reduction(op, reduction, op->in[0]);
    if (y && reduces) y = reduced_value(op, reduction, y, sorted, kept);
    if (y && reduction->after != OP_COUNT) y = op_unary(op, reduction->after, y);
    op->out[0] = y;
    return y;
}
