/* ReduceMean, ReduceSum, ReduceProd, ReduceMax and ReduceMin: loops over what stays around loops over what goes. */
#include "codegen/lower_pool.h"
#include "codegen/step.h"
#include "codegen/sum_terms.h"

#include <inttypes.h>

static bool is_reduced(const Node *node, int axis) {
    int count, rank = node->in[0]->shape.rank;
    const int64_t *axes = attr_ints(node, A_AXES, &count);
    if (!axes) return true;
    for (int k = 0; k < count; k++)
        if (axes[k] == axis || axes[k] + rank == axis) return true;
    return false;
}

static bool is_sum(const Node *node) {
    return node->op == OP_ReduceSum || node->op == OP_ReduceMean;
}

static bool is_extreme(const Node *node) {
    return node->op == OP_ReduceMax || node->op == OP_ReduceMin;
}

/* The result as keepdims would shape it: it broadcasts against the input, with stride 0 where an axis goes. */
static Value kept_axes(const Node *node) {
    Value kept = *node->out[0];
    const Shape *x = &node->in[0]->shape;
    if (kept.shape.rank != x->rank) kept.layout = LAYOUT_PLANAR;
    kept.shape = *x;
    for (int k = 0; k < x->rank; k++)
        if (is_reduced(node, k)) kept.shape.dim[k] = 1;
    return kept;
}

static bool is_plane_mean(const Node *node) {
    const Value *x = node->in[0];
    if (node->op != OP_ReduceMean || x->type != F32 || x->shape.rank < 3 || x->shape.rank > 5 || value_is_empty(x)) return false;
    for (int k = 0; k < x->shape.rank; k++)
        if (is_reduced(node, k) != (k >= 2)) return false;
    return true;
}

/* Operand 0 is the result, operand 1 the input; the loops over the axes that stay come first. */
static Nest reduction_nest(const Node *node, int *kept_loops) {
    Value kept = kept_axes(node), axes = *node->in[0];
    if (kept.layout == LAYOUT_BLOCKED) axes.layout = LAYOUT_BLOCKED;
    View y = broadcast_view(&kept, &axes), x = broadcast_view(node->in[0], &axes);
    View ordered_y = {.rank = y.rank}, ordered_x = {.rank = y.rank};
    int to = 0;
    for (int reduced = 0; reduced < 2; reduced++)
        for (int k = 0; k < y.rank; k++) {
            if ((y.stride[k] == 0) != reduced) continue;
            ordered_y.dim[to] = ordered_x.dim[to] = y.dim[k];
            ordered_y.stride[to] = y.stride[k];
            ordered_x.stride[to++] = x.stride[k];
        }
    Nest nest = nest_over(&ordered_y);
    nest_add(&nest, &ordered_y, 0);
    nest_add(&nest, &ordered_x, 0);
    nest_merge(&nest);
    *kept_loops = 0;
    while (*kept_loops < nest.rank && nest.stride[0][*kept_loops] != 0) (*kept_loops)++;
    return nest;
}

/* What no element at all reduces to. */
static const char *identity(Emitter *e, const Node *node, Dtype type) {
    static const char *const least[DTYPE_COUNT] = {
        [I8] = "INT8_MIN", [I16] = "INT16_MIN", [I32] = "INT32_MIN", [I64] = "INT64_MIN", [U8] = "0",
        [U16] = "0",       [U32] = "0",         [U64] = "0",         [BOOL] = "0"};
    static const char *const most[DTYPE_COUNT] = {
        [I8] = "INT8_MAX",    [I16] = "INT16_MAX",  [I32] = "INT32_MAX",  [I64] = "INT64_MAX", [U8] = "UINT8_MAX",
        [U16] = "UINT16_MAX", [U32] = "UINT32_MAX", [U64] = "UINT64_MAX", [BOOL] = "1"};
    if (is_sum(node)) return type == F32 ? "0.0f" : type == F64 ? "0.0" : "0";
    if (node->op == OP_ReduceProd) return type == F32 ? "1.0f" : type == F64 ? "1.0" : "1";
    if (dtype_is_float(type)) {
        use_kernel(e, "libm");
        return node->op == OP_ReduceMax ? "-INFINITY" : "INFINITY";
    }
    return node->op == OP_ReduceMax ? least[type] : most[type];
}

static void emit_empty(Emitter *e, const Node *node) {
    Dtype type = node->out[0]->type;
    const char *value = identity(e, node, type);
    if (node->op == OP_ReduceMean && dtype_is_float(type)) {
        use_kernel(e, "libm");
        value = "NAN";
    }
    declare_output(e, "y", node->out[0]);
    emit(e, "for (size_t i = 0; i < %" PRId64 "; i++) y[i] = %s;", shape_count(&node->out[0]->shape), value);
}

/* Is the innermost loop over neighbours that are summed? runtime/sum.h does that. */
static bool sums_rows(const Node *node, const Nest *nest, int kept) {
    int inner = nest->rank - 1;
    return is_sum(node) && node->in[0]->type == F32 && inner >= kept && nest->stride[1][inner] == 1;
}

/* Are there more terms of f32, or rows of them, than one part of a sum may have? */
static bool is_long_sum(const Node *node, const Nest *nest, int kept) {
    int64_t terms = 1;
    for (int k = kept; k < nest->rank - sums_rows(node, nest, kept); k++) terms *= nest->dim[k];
    return is_sum(node) && node->in[0]->type == F32 && terms > SUM_TERMS;
}

/* Integers are summed and multiplied modulo 2^64 and cut off at the end. */
static const char *result_text(Emitter *e, const Node *node, bool long_sum, int64_t count) {
    Arena *arena = emitter_graph(e)->arena;
    Dtype type = node->out[0]->type;
    bool mean = node->op == OP_ReduceMean;
    if (is_extreme(node)) return "result";
    const char *total = long_sum ? "long_sum_total(&result)" : "result";
    if (dtype_is_float(type)) return mean ? arena_printf(arena, "%s / %s", total, literal(e, type, (double)count)) : total;
    const char *name = dtype_c_name(type);
    if (!mean) return arena_printf(arena, "(%s)result", name);
    return arena_printf(arena, type == U64 ? "(%s)(result / %" PRId64 ")" : "(%s)((int64_t)result / %" PRId64 ")", name, count);
}

/* A NaN once found stays. */
static void emit_extreme(Emitter *e, const Node *node, const char *x) {
    char sign = node->op == OP_ReduceMax ? '>' : '<';
    emit(e, "const %s value = %s;", dtype_c_name(node->in[0]->type), x);
    if (dtype_is_float(node->in[0]->type))
        emit(e, "if (value %c result || value != value) result = value;", sign);
    else
        emit(e, "if (value %c result) result = value;", sign);
}

static const char *term_text(Emitter *e, const Node *node, const Nest *nest, int kept) {
    Arena *arena = emitter_graph(e)->arena;
    int inner = nest->rank - 1;
    if (sums_rows(node, nest, kept)) {
        use_kernel(e, "sum");
        return arena_printf(arena, "sum(x + %s, %" PRId64 ")", nest_partial_index(e, nest, 1, 0, inner), nest->dim[inner]);
    }
    const char *x = arena_printf(arena, "x[%s]", nest_index(e, nest, 1));
    return is_extreme(node) || dtype_is_float(node->in[0]->type) ? x : arena_printf(arena, "(uint64_t)%s", x);
}

static void emit_terms(Emitter *e, const Node *node, const Nest *nest, int kept) {
    const char *term = term_text(e, node, nest, kept);
    int end = nest->rank - sums_rows(node, nest, kept);
    nest_open(e, nest, kept, end);
    if (is_extreme(node))
        emit_extreme(e, node, term);
    else if (!is_sum(node))
        emit(e, "result *= %s;", term);
    else
        emit(e, is_long_sum(node, nest, kept) ? "long_sum_add(&result, %s);" : "result += %s;", term);
    nest_close(e, end - kept);
}

static void declare_result(Emitter *e, const Node *node, bool long_sum) {
    Dtype type = node->in[0]->type;
    bool wide = !is_extreme(node) && !dtype_is_float(type);
    if (long_sum) {
        use_kernel(e, "long_sum");
        emit(e, "struct long_sum result = {0.0f, 0.0f, 0};");
    } else {
        emit(e, "%s result = %s;", wide ? "uint64_t" : dtype_c_name(type), identity(e, node, type));
    }
}

bool lower_reduce(Emitter *e, Node *node) {
    const Value *in = node->in[0], *out = node->out[0];
    if (!require_arithmetic(e, node, in->type)) return false;
    if (is_plane_mean(node)) return lower_plane_mean(e, node);
    if (value_is_empty(in)) {
        emit_empty(e, node);
        return true;
    }
    int kept;
    Nest nest = reduction_nest(node, &kept);
    bool long_sum = is_long_sum(node, &nest, kept);
    declare_input(e, "x", in);
    declare_output(e, "y", out);
    nest_open(e, &nest, 0, kept);
    declare_result(e, node, long_sum);
    emit_terms(e, node, &nest, kept);
    int64_t count = shape_count(&in->shape) / shape_count(&out->shape);
    emit(e, "y[%s] = %s;", nest_index(e, &nest, 0), result_text(e, node, long_sum, count));
    nest_close(e, kept);
    return true;
}
