/* Gemm (7, 9, 11, 13) and MatMul (1, 9, 13). */
#include "ir/op_functions.h"
#include "ir/op_support.h"

#include <inttypes.h>
#include <math.h>

/* Matrix operand: element (row, column) at data[row * row_step + column * column_step]. */
typedef struct {
    const Tensor *tensor;
    int64_t offset, row_step, column_step;
} Matrix;

static bool check_product_type(Graph *graph, Node *node) {
    Dtype type = node->in[0]->type;
    if (!infer_types(graph, node, false)) return false;
    if (dtype_is_float(type) || type == I32 || type == U32 || type == I64 || type == U64) return true;
    return node_fail(graph, node, STATUS_INVALID, "is not defined for elements of type %s", dtype_name(type));
}

bool infer_gemm(Graph *graph, Node *node) {
    const Shape *a = &node->in[0]->shape, *b = &node->in[1]->shape;
    if (!check_product_type(graph, node)) return false;
    if (a->rank != 2 || b->rank != 2)
        return node_fail(graph, node, STATUS_INVALID, "multiplies matrices, but its inputs are %s and %s",
                         input_shape(graph, node, 0), input_shape(graph, node, 1));
    bool trans_a = attr_int(node, A_TRANS_A, 0) != 0, trans_b = attr_int(node, A_TRANS_B, 0) != 0;
    if (a->dim[!trans_a] != b->dim[trans_b])
        return node_fail(graph, node, STATUS_INVALID, "can't multiply %s%s by %s%s: %" PRId64 " columns meet %" PRId64 " rows",
                         input_shape(graph, node, 0), trans_a ? " (transposed)" : "", input_shape(graph, node, 1),
                         trans_b ? " (transposed)" : "", a->dim[!trans_a], b->dim[trans_b]);
    Shape out = shape_of(2, a->dim[trans_a], b->dim[!trans_b]), joined;
    if (node->in_count > 2 && node->in[2] &&
        (!shape_broadcast(&node->in[2]->shape, &out, &joined) || !shape_equal(&joined, &out))) {
        char text[256];
        return node_fail(graph, node, STATUS_INVALID, "its addend %s does not broadcast to %s", input_shape(graph, node, 2),
                         shape_text(&out, text, sizeof text));
    }
    return infer_output(graph, node, 0, node->in[0]->type, out);
}

static void copy_rows(const Matrix *a, int64_t m, int64_t k, double *rows) {
    for (int64_t r = 0; r < m; r++)
        for (int64_t i = 0; i < k; i++) rows[r * k + i] = a->tensor->f[a->offset + r * a->row_step + i * a->column_step];
}

/* y[m][n] = a[m][k] * b[k][n] from element `at`, y contiguous. */
static void multiply_floats(const Matrix *a, const Matrix *b, int64_t m, int64_t k, int64_t n, const Tensor *y, int64_t at,
                            Arena *scratch) {
    const double *rows = a->tensor->f + a->offset;
    int64_t row_step = a->row_step;
    if (a->column_step != 1) {
        double *copy = ARENA_ARRAY(scratch, double, (m * k));
        copy_rows(a, m, k, copy);
        rows = copy;
        row_step = k;
    }
    double *panel = ARENA_ARRAY(scratch, double, (k * PANEL)), *sums = ARENA_ARRAY(scratch, double, (m * PANEL));
    for (int64_t first = 0; first < n; first += PANEL) {
        int64_t columns = n - first < PANEL ? n - first : PANEL;
        const double *from = b->tensor->f + b->offset + first * b->column_step;
        for (int64_t i = 0; i < k; i++)
            for (int64_t p = 0; p < columns; p++) panel[i * PANEL + p] = from[i * b->row_step + p * b->column_step];
        gemm_panel(m, k, rows, row_step, panel, sums, y->float_sums);
        for (int64_t r = 0; r < m; r++)
            for (int64_t p = 0; p < columns; p++) y->f[at + r * n + first + p] = sums[r * PANEL + p];
    }
}

/* The same for integers, wrapping around. */
static void multiply_integers(const Matrix *a, const Matrix *b, int64_t m, int64_t k, int64_t n, int64_t *y) {
    for (int64_t r = 0; r < m; r++) {
        for (int64_t c = 0; c < n; c++) {
            uint64_t sum = 0;
            for (int64_t i = 0; i < k; i++)
                sum += (uint64_t)a->tensor->i[a->offset + r * a->row_step + i * a->column_step] *
                       (uint64_t)b->tensor->i[b->offset + i * b->row_step + c * b->column_step];
            y[r * n + c] = integer_wrap(a->tensor->type, (int64_t)sum);
        }
    }
}

static Matrix matrix_of(const Tensor *tensor, bool transposed) {
    int64_t columns = tensor->shape.dim[1];
    return (Matrix){tensor, 0, transposed ? 1 : columns, transposed ? columns : 1};
}

/* alpha * product + beta * addend; the factors of integers are rounded to what their type holds. */
static void add_scaled(const Node *node, const Tensor *c, Tensor *y) {
    double alpha = attr_float(node, A_ALPHA, 1), beta = attr_float(node, A_BETA, 1);
    int64_t stride[MAX_RANK] = {0};
    if (c) broadcast_strides(&c->shape, &y->shape, stride);
    int64_t integer_alpha = integer_of_float(I64, alpha), integer_beta = integer_of_float(I64, beta);
    int64_t columns = y->shape.dim[1];
    for (int64_t i = 0; i < y->count; i++) {
        int64_t at = i / columns * stride[0] + i % columns * stride[1];
        if (y->f) {
            y->f[i] = alpha * y->f[i] + (c ? beta * c->f[at] : 0);
        } else {
            uint64_t sum = (uint64_t)integer_alpha * (uint64_t)y->i[i];
            if (c) sum += (uint64_t)integer_beta * (uint64_t)c->i[at];
            y->i[i] = integer_wrap(y->type, (int64_t)sum);
        }
    }
}

bool eval_gemm(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    (void)diag;
    bool trans_a = attr_int(node, A_TRANS_A, 0) != 0, trans_b = attr_int(node, A_TRANS_B, 0) != 0;
    Matrix a = matrix_of(in[0], trans_a), b = matrix_of(in[1], trans_b);
    Tensor *y = out[0];
    int64_t m = y->shape.dim[0], n = y->shape.dim[1], k = in[0]->shape.dim[!trans_a];
    if (y->f)
        multiply_floats(&a, &b, m, k, n, y, 0, scratch);
    else
        multiply_integers(&a, &b, m, k, n, y->i);
    add_scaled(node, node->in_count > 2 ? in[2] : NULL, y);
    return true;
}

/* numpy's matmul: a vector on the left is a row, on the right a column, and its axis leaves the result. */
typedef struct {
    Shape a, b, batch;
    int64_t m, k, n;
} Product;

static bool product_of(const Shape *a, const Shape *b, Product *p) {
    if (a->rank < 1 || b->rank < 1) return false;
    p->a = a->rank == 1 ? shape_of(2, (int64_t)1, a->dim[0]) : *a;
    p->b = b->rank == 1 ? shape_of(2, b->dim[0], (int64_t)1) : *b;
    p->m = p->a.dim[p->a.rank - 2];
    p->k = p->a.dim[p->a.rank - 1];
    p->n = p->b.dim[p->b.rank - 1];
    if (p->b.dim[p->b.rank - 2] != p->k) return false;
    p->a.rank -= 2; /* what is left are the batch axes */
    p->b.rank -= 2;
    return shape_broadcast(&p->a, &p->b, &p->batch);
}

bool infer_matmul(Graph *graph, Node *node) {
    const Shape *a = &node->in[0]->shape, *b = &node->in[1]->shape;
    Product p;
    if (!check_product_type(graph, node)) return false;
    if (!product_of(a, b, &p))
        return node_fail(graph, node, STATUS_INVALID, "can't multiply %s by %s", input_shape(graph, node, 0),
                         input_shape(graph, node, 1));
    Shape out = p.batch;
    if (a->rank > 1) out.dim[out.rank++] = p.m;
    if (b->rank > 1) out.dim[out.rank++] = p.n;
    return infer_output(graph, node, 0, node->in[0]->type, out);
}

bool eval_matmul(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    Product p;
    Tensor *y = out[0];
    if (!product_of(&in[0]->shape, &in[1]->shape, &p))
        return fail_at(diag, STATUS_INVALID, node->name, node->op_type, "its inputs can't be multiplied");
    if (!y->count) return true;
    int64_t stride_a[MAX_RANK], stride_b[MAX_RANK], index[MAX_RANK] = {0}, to = 0;
    broadcast_strides(&p.a, &p.batch, stride_a);
    broadcast_strides(&p.b, &p.batch, stride_b);
    do {
        int64_t at_a = element_offset(index, stride_a, p.batch.rank), at_b = element_offset(index, stride_b, p.batch.rank);
        Matrix a = {in[0], at_a * p.m * p.k, p.k, 1}, b = {in[1], at_b * p.k * p.n, p.n, 1};
        if (y->f)
            multiply_floats(&a, &b, p.m, p.k, p.n, y, to, scratch);
        else
            multiply_integers(&a, &b, p.m, p.k, p.n, y->i + to);
        to += p.m * p.n;
    } while (odometer_next(&p.batch, p.batch.rank, index));
    return true;
}
