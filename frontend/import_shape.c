/* What changes the shape and not the order of the elements; and Transpose and Expand. */
#include "frontend/importers.h"

static bool reshape_to(OpImport *op, const Shape *shape) {
    op->out[0] = op_reshape(op, op->in[0], shape);
    return op->out[0];
}

static bool check_result_rank(const OpImport *op, int64_t rank) {
    if (rank <= MAX_RANK) return true;
    return op_fail(op, STATUS_UNSUPPORTED, "its result has %lld dimensions, at most %d are supported", (long long)rank, MAX_RANK);
}

/* The size that -1 stands for, given the others; -1 where none fits. */
static int64_t missing_dimension(const Shape *shape, int unknown, int64_t count) {
    int64_t others = 1;
    for (int k = 0; k < shape->rank; k++)
        if (k != unknown && !checked_mul(others, shape->dim[k], &others)) return -1;
    if (others == 0) return count == 0 ? 0 : -1;
    return count % others == 0 ? count / others : -1;
}

/* Opset 5: shape is an input; 0 copies the input's dimension, unless allowzero (14) is set; one -1 is computed. */
bool import_reshape(OpImport *op) {
    const Shape *x = &op->in[0]->shape;
    const int64_t *given;
    int count, unknown = -1;
    if (!op_constant_ints(op, 1, "shape", &given, &count) || !check_result_rank(op, count)) return false;
    Shape shape = {.rank = count};
    for (int k = 0; k < count; k++) {
        shape.dim[k] = given[k];
        if (given[k] < -1) return op_fail(op, STATUS_INVALID, "dimension %d of its shape is %lld", k, (long long)given[k]);
        if (given[k] == 0 && op_int(op, "allowzero", 0) == 0) {
            if (k >= x->rank) return op_fail(op, STATUS_INVALID, "dimension %d of its shape copies one that does not exist", k);
            shape.dim[k] = x->dim[k];
        }
        if (given[k] == -1 && unknown >= 0) return op_fail(op, STATUS_INVALID, "its shape has more than one -1");
        if (given[k] == -1) unknown = k;
    }
    int64_t elements = shape_count(x);
    if (unknown >= 0) shape.dim[unknown] = missing_dimension(&shape, unknown, elements);
    if (shape_count(&shape) == elements) return reshape_to(op, &shape);
    char from[128];
    return op_fail(op, STATUS_INVALID, "its input of shape %s can't be reshaped as its shape input asks",
                   shape_text(x, from, sizeof from));
}

bool import_flatten(OpImport *op) {
    const Shape *x = &op->in[0]->shape;
    int64_t axis = op_int(op, "axis", 1);
    if (axis < -x->rank || axis > x->rank)
        return op_fail(op, STATUS_INVALID, "axis %lld is out of range for %d dimensions", (long long)axis, x->rank);
    if (axis < 0) axis += x->rank;
    Shape shape = {.rank = 2, .dim = {shape_product(x, 0, (int)axis), shape_product(x, (int)axis, x->rank)}};
    return reshape_to(op, &shape);
}

/* Axes are an attribute before opset 13, then an input; absent or, as ONNX Runtime takes it, empty: all dimensions of 1. */
bool import_squeeze(OpImport *op) {
    const Shape *x = &op->in[0]->shape;
    const int64_t *given;
    int count, axes[MAX_RANK];
    if (!op_ints_of(op, "axes", 1, &given, &count)) return false;
    if (count > 0 && !op_axes(op, given, count, x->rank, axes)) return false;
    bool removed[MAX_RANK];
    for (int k = 0; k < x->rank; k++) removed[k] = count <= 0 && x->dim[k] == 1;
    for (int k = 0; k < count; k++) {
        if (x->dim[axes[k]] != 1)
            return op_fail(op, STATUS_INVALID, "dimension %d is %lld, only a 1 can be squeezed", axes[k],
                           (long long)x->dim[axes[k]]);
        removed[axes[k]] = true;
    }
    Shape shape = {.rank = 0};
    for (int k = 0; k < x->rank; k++)
        if (!removed[k]) shape.dim[shape.rank++] = x->dim[k];
    return reshape_to(op, &shape);
}

bool import_unsqueeze(OpImport *op) {
    const Shape *x = &op->in[0]->shape;
    const int64_t *given;
    int count, axes[MAX_RANK];
    if (!op_ints_of(op, "axes", 1, &given, &count)) return false;
    if (count < 0) return op_fail(op, STATUS_INVALID, "its axes are missing");
    if (!check_result_rank(op, (int64_t)x->rank + count)) return false;
    Shape shape = {.rank = x->rank + count};
    if (!op_axes(op, given, count, shape.rank, axes)) return false;
    bool added[MAX_RANK] = {false};
    for (int k = 0; k < count; k++) added[axes[k]] = true;
    for (int k = 0, from = 0; k < shape.rank; k++) shape.dim[k] = added[k] ? 1 : x->dim[from++];
    return reshape_to(op, &shape);
}

bool import_transpose(OpImport *op) {
    int rank = op->in[0]->shape.rank, count, axes[MAX_RANK];
    const int64_t *given;
    int64_t perm[MAX_RANK];
    for (int k = 0; k < rank; k++) perm[k] = rank - 1 - k;
    if (op_ints(op, "perm", &given, &count)) {
        if (count != rank) return op_fail(op, STATUS_INVALID, "perm has %d entries for %d dimensions", count, rank);
        for (int k = 0; k < rank; k++)
            if (given[k] < 0) return op_fail(op, STATUS_INVALID, "perm holds %lld", (long long)given[k]);
        if (!op_axes(op, given, count, rank, axes)) return false;
        for (int k = 0; k < rank; k++) perm[k] = axes[k];
    }
    Node *node = op_node(op, OP_Transpose, op->in, 1, 1);
    set_ints(op->graph, node, A_PERM, perm, rank);
    return op_finish(op, node);
}

bool import_expand(OpImport *op) {
    const int64_t *given;
    int count;
    if (!op_constant_ints(op, 1, "shape", &given, &count) || !check_result_rank(op, count)) return false;
    Shape wanted = {.rank = count}, shape;
    for (int k = 0; k < count; k++) wanted.dim[k] = given[k];
    char from[128], to[128];
    if (shape_count(&wanted) < 0 || !shape_broadcast(&op->in[0]->shape, &wanted, &shape))
        return op_fail(op, STATUS_INVALID, "its input of shape %s does not expand to %s",
                       shape_text(&op->in[0]->shape, from, sizeof from), shape_text(&wanted, to, sizeof to));
    if (shape_equal(&shape, &op->in[0]->shape)) {
        op->out[0] = op->in[0];
        return true;
    }
    Node *node = op_node(op, OP_Expand, op->in, 1, 1);
    set_ints(op->graph, node, A_SHAPE, shape.dim, shape.rank);
    return op_finish(op, node);
}
