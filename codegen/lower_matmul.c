/* Gemm and MatMul of values that are computed at run time (constant weights became a convolution). */
#include "codegen/activation.h"
#include "codegen/step.h"

#include <inttypes.h>
#include <string.h>

/* out[m][n] += alpha * sum over k of a[m][k] * b[k][n]. */
typedef struct {
    int64_t rows, columns, depth, a_row, a_column, b_row, b_column;
    double alpha;
} Product;

static const char *at_offset(Emitter *e, const char *pointer, const char *index) {
    if (strcmp(index, "0") == 0) return pointer;
    return strcmp(pointer, "0") == 0 ? index : arena_printf(emitter_graph(e)->arena, "%s + %s", pointer, index);
}

static void declare_product(Emitter *e, const Product *p) {
    use_kernel(e, "matmul");
    emit(e, "static const struct matmul product = {");
    emit(e, ".rows = %" PRId64 ", .columns = %" PRId64 ", .depth = %" PRId64 ",", p->rows, p->columns, p->depth);
    emit(e, ".a_row = %" PRId64 ", .a_column = %" PRId64 ", .b_row = %" PRId64 ", .b_column = %" PRId64 ",", p->a_row,
         p->a_column, p->b_row, p->b_column);
    emit(e, ".alpha = %s,", literal(e, F32, p->alpha));
    emit(e, "};");
}

/* Element types other than f32: plain loops; integers wrap. */
static void emit_typed_product(Emitter *e, Dtype type, const Product *p, const char *a, const char *b, const char *y) {
    const char *c_type = dtype_c_name(type), *sum = type == F64 ? "double" : dtype_size(type) == 8 ? "uint64_t" : "uint32_t";
    emit(e, "for (size_t row = 0; row < %" PRId64 "; row++) {", p->rows);
    emit(e, "for (size_t column = 0; column < %" PRId64 "; column++) {", p->columns);
    emit(e, "%s total = 0;", sum);
    if (p->depth)
        emit(e,
             "for (size_t t = 0; t < %" PRId64 "; t++) total += (%s)a[%s + row * %" PRId64 " + t * %" PRId64
             "] * (%s)b[%s + t * %" PRId64 " + column * %" PRId64 "];",
             p->depth, sum, a, p->a_row, p->a_column, sum, b, p->b_row, p->b_column);
    const char *factor = literal(e, type, p->alpha),
               *result = at_offset(e, y, arena_printf(emitter_graph(e)->arena, "row * %" PRId64 " + column", p->columns));
    emit(e, "y[%s] = (%s)((%s)%s * total + (%s)y[%s]);", result, c_type, sum, factor, sum, result);
    nest_close(e, 2);
}

static void emit_zeros(Emitter *e, const Value *out) {
    emit(e, "for (size_t i = 0; i < %" PRId64 "; i++) y[i] = 0;", shape_count(&out->shape));
}

/* The result starts as beta * addend. */
static void emit_addend(Emitter *e, const Node *node) {
    const Value *addend = node->in[2], *out = node->out[0];
    Arena *arena = emitter_graph(e)->arena;
    double beta = attr_float(node, A_BETA, 1);
    View axes = value_view(out), view = broadcast_view(addend, out);
    Nest nest = nest_over(&axes);
    nest_add(&nest, &axes, 0);
    nest_add(&nest, &view, 0);
    nest_merge(&nest);
    const char *target = nest_index(e, &nest, 0), *source = nest_index(e, &nest, 1), *factor = literal(e, out->type, beta);
    declare_input(e, "addend", addend);
    const char *wide = dtype_size(out->type) == 8 ? "uint64_t" : "uint32_t";
    if (beta == 1)
        nest_statement(e, &nest, arena_printf(arena, "y[%s] = addend[%s];", target, source));
    else if (dtype_is_float(out->type))
        nest_statement(e, &nest, arena_printf(arena, "y[%s] = %s * addend[%s];", target, factor, source));
    else
        nest_statement(e, &nest,
                       arena_printf(arena, "y[%s] = (%s)((%s)%s * (%s)addend[%s]);", target, dtype_c_name(out->type), wide,
                                    factor, wide, source));
}

bool lower_gemm(Emitter *e, Node *node) {
    const Value *a = node->in[0], *b = node->in[1], *out = node->out[0];
    bool trans_a = attr_int(node, A_TRANS_A, 0) != 0, trans_b = attr_int(node, A_TRANS_B, 0) != 0;
    if (!require_arithmetic(e, node, a->type)) return false;
    int64_t a_columns = a->shape.dim[1], b_columns = b->shape.dim[1];
    Product p = {out->shape.dim[0],       out->shape.dim[1],       a->shape.dim[!trans_a],  trans_a ? 1 : a_columns,
                 trans_a ? a_columns : 1, trans_b ? 1 : b_columns, trans_b ? b_columns : 1, attr_float(node, A_ALPHA, 1)};
    double beta = attr_float(node, A_BETA, 1);
    declare_output(e, "y", out);
    if (node->in_count > 2 && node->in[2] && beta != 0)
        emit_addend(e, node);
    else
        emit_zeros(e, out);
    if (p.depth == 0) return true;
    if (a->type == F32) {
        declare_product(e, &p);
        emit(e, "matmul(&product, %s, %s, y);", input_pointer(e, a), input_pointer(e, b));
    } else {
        declare_input(e, "a", a);
        declare_input(e, "b", b);
        emit_typed_product(e, a->type, &p, "0", "0", "0");
    }
    if (attr_int(node, A_ACTIVATION, ACT_NONE) != ACT_NONE && out->type == F32)
        emit(e, "for (size_t i = 0; i < %" PRId64 "; i++) y[i] = %s;", shape_count(&out->shape),
             activation_expression(e, node, "y[i]"));
    return true;
}

/* Batch axes of an operand against those of the result, in elements: one matrix is `matrix` of them. */
static View batch_view(const Shape *operand, const Shape *batch, int64_t matrix) {
    Value own = {.shape = *operand}, onto = {.shape = *batch};
    own.shape.rank = operand->rank > 2 ? operand->rank - 2 : 0;
    View view = broadcast_view(&own, &onto);
    for (int k = 0; k < view.rank; k++) view.stride[k] *= matrix;
    return view;
}

/* Over the batch; operands 0 to 2 are the result and the factors. A vector is a row on the left, a column on the right. */
static Nest batch_nest(const Node *node, const Product *p) {
    const Shape *a = &node->in[0]->shape, *b = &node->in[1]->shape;
    Shape batch = node->out[0]->shape;
    batch.rank -= (a->rank > 1) + (b->rank > 1);
    Value whole = {.shape = batch};
    View y = value_view(&whole), left = batch_view(a, &batch, p->rows * p->depth),
         right = batch_view(b, &batch, p->depth * p->columns);
    for (int k = 0; k < y.rank; k++) y.stride[k] *= p->rows * p->columns;
    Nest nest = nest_over(&y);
    nest_add(&nest, &y, 0);
    nest_add(&nest, &left, 0);
    nest_add(&nest, &right, 0);
    nest_merge(&nest);
    return nest;
}

bool lower_matmul(Emitter *e, Node *node) {
    const Value *a = node->in[0], *b = node->in[1], *out = node->out[0];
    if (!require_arithmetic(e, node, a->type)) return false;
    int64_t depth = a->shape.dim[a->shape.rank - 1], rows = a->shape.rank > 1 ? a->shape.dim[a->shape.rank - 2] : 1;
    int64_t columns = b->shape.rank > 1 ? b->shape.dim[b->shape.rank - 1] : 1;
    Product p = {rows, columns, depth, depth, 1, columns, 1, 1};
    declare_output(e, "y", out);
    emit_zeros(e, out);
    if (depth == 0) return true;
    Nest nest = batch_nest(node, &p);
    const char *y = nest_index(e, &nest, 0), *left = nest_index(e, &nest, 1), *right = nest_index(e, &nest, 2);
    if (a->type == F32) declare_product(e, &p);
    declare_input(e, "a", a);
    declare_input(e, "b", b);
    nest_open(e, &nest, 0, nest.rank);
    if (a->type == F32)
        emit(e, "matmul(&product, %s, %s, %s);", at_offset(e, "a", left), at_offset(e, "b", right), at_offset(e, "y", y));
    else
        emit_typed_product(e, a->type, &p, left, right, y);
    nest_close(e, nest.rank);
    return true;
}
