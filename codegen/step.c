#include "codegen/step.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <string.h>

/* Rows shorter than this are copied element by element. */
enum { MEMCPY_LEAST = 8 };

bool same_memory(Emitter *e, const Value *in, const Value *out) {
    return lies_within(emitter_plan(e), in, out, 0);
}

void copy_whole(Emitter *e, const Node *node) {
    const Value *in = node->in[0], *out = node->out[0];
    if (same_memory(e, in, out)) return;
    emit(e, "memcpy(%s, %s, %" PRId64 ");", output_pointer(e, out), input_pointer(e, in), value_bytes(in));
}

void declare_input(Emitter *e, const char *name, const Value *value) {
    emit(e, "const %s *%s = %s;", dtype_c_name(value->type), name, input_pointer(e, value));
}

void declare_output(Emitter *e, const char *name, const Value *value) {
    emit(e, "%s *%s = %s;", dtype_c_name(value->type), name, output_pointer(e, value));
}

const char *int_literal(Emitter *e, Dtype type, int64_t number) {
    Arena *arena = emitter_graph(e)->arena;
    if (type == U64) return arena_printf(arena, "%" PRIu64 "u", (uint64_t)number);
    if (type == U32) return arena_printf(arena, "%" PRIu32 "u", (uint32_t)number);
    if (number == INT64_MIN) return "(-9223372036854775807 - 1)";
    if (number == INT32_MIN) return "(-2147483647 - 1)";
    return arena_printf(arena, "%" PRId64, number);
}

const char *literal(Emitter *e, Dtype type, double number) {
    if (type != F32 && type != F64) return int_literal(e, type, (int64_t)number);
    if (!isfinite(number)) {
        use_kernel(e, "libm");
        return isnan(number) ? "NAN" : number < 0 ? "-INFINITY" : "INFINITY";
    }
    return type == F32 ? float_literal(e, number) : arena_printf(emitter_graph(e)->arena, "%a", number);
}

bool dtype_is_signed(Dtype type) {
    return type == I8 || type == I16 || type == I32 || type == I64;
}

bool require_arithmetic(Emitter *e, const Node *node, Dtype type) {
    if (!dtype_is_half(type)) return true;
    return node_fail(emitter_graph(e), node, STATUS_UNSUPPORTED, "element type %s cannot be compiled: convert the model to float",
                     dtype_onnx_name(type));
}

bool require_f32(Emitter *e, const Node *node, Dtype type) {
    if (type == F32) return true;
    return node_fail(emitter_graph(e), node, STATUS_UNSUPPORTED,
                     "element type %s cannot be compiled for this operator, only float", dtype_onnx_name(type));
}

bool value_is_empty(const Value *value) {
    return shape_count(&value->shape) == 0;
}

Nest nest_over(const View *axes) {
    Nest nest = {.rank = axes->rank};
    for (int k = 0; k < axes->rank; k++) nest.dim[k] = axes->dim[k];
    return nest;
}

void nest_add(Nest *nest, const View *view, int64_t offset) {
    int operand = nest->operands++;
    for (int k = 0; k < nest->rank; k++) nest->stride[operand][k] = view->stride[k];
    nest->offset[operand] = offset;
}

static void nest_move_axis(Nest *nest, int from, int to) {
    nest->dim[to] = nest->dim[from];
    for (int o = 0; o < nest->operands; o++) nest->stride[o][to] = nest->stride[o][from];
}

/* Does every operand step over axis `outer` as if it continued axis `inner`? */
static bool joins(const Nest *nest, int outer, int inner) {
    for (int o = 0; o < nest->operands; o++)
        if (nest->stride[o][outer] != nest->stride[o][inner] * nest->dim[inner]) return false;
    return true;
}

void nest_merge(Nest *nest) {
    int rank = 0;
    for (int k = 0; k < nest->rank; k++) {
        if (nest->dim[k] == 1) continue;
        nest_move_axis(nest, k, rank);
        if (rank > 0 && joins(nest, rank - 1, rank)) {
            int64_t joined = nest->dim[rank - 1] * nest->dim[rank];
            nest_move_axis(nest, rank, rank - 1);
            nest->dim[rank - 1] = joined;
        } else {
            rank++;
        }
    }
    nest->rank = rank;
}

/* Lanes of a block that stay together when channels move by `begin`: the largest power of two that divides it. */
static int64_t lanes_together(int64_t begin) {
    int64_t lanes = BLOCK;
    while (begin % lanes) lanes /= 2;
    return lanes;
}

int nests_of_channels(Layout layout, const View *y, int64_t y_offset, const View *x, int64_t x_offset, int64_t begin,
                      Nest *nests) {
    int count = 0;
    bool blocked = layout == LAYOUT_BLOCKED;
    int64_t lanes = blocked ? lanes_together(begin) : 1, all = blocked ? BLOCK : 1;
    View axes = *y;
    if (blocked) axes.dim[4] = lanes;
    for (int64_t lane = 0; lane < all; lane += lanes) {
        int64_t channel = begin + lane;
        int64_t place = blocked ? channel / BLOCK * y->stride[1] + channel % BLOCK : channel * y->stride[1];
        Nest nest = nest_over(&axes);
        nest_add(&nest, y, y_offset + place);
        nest_add(&nest, x, x_offset + lane);
        nest_merge(&nest);
        nests[count++] = nest;
    }
    return count;
}

const char *loop_name(int k) {
    static const char *const names[MAX_RANK + 1] = {"i", "j", "k", "l", "m", "n", "o", "p", "q"};
    return names[k];
}

static const char *loop_text(Emitter *e, const Nest *nest, int k) {
    const char *name = loop_name(k);
    return arena_printf(emitter_graph(e)->arena, "for (size_t %s = 0; %s < %" PRId64 "; %s++)", name, name, nest->dim[k], name);
}

void nest_open(Emitter *e, const Nest *nest, int first, int end) {
    for (int k = first; k < end; k++) emit(e, "%s {", loop_text(e, nest, k));
}

void nest_close(Emitter *e, int loops) {
    while (loops-- > 0) emit(e, "}");
}

static const char *index_term(Arena *arena, const char *text, int k, int64_t stride) {
    const char *sign = stride < 0 ? " - " : *text ? " + " : "";
    int64_t size = stride < 0 ? -stride : stride;
    if (size == 1) return arena_printf(arena, "%s%s%s", text, sign, loop_name(k));
    return arena_printf(arena, "%s%s%s * %" PRId64, text, sign, loop_name(k), size);
}

const char *nest_partial_index(Emitter *e, const Nest *nest, int operand, int first, int end) {
    Arena *arena = emitter_graph(e)->arena;
    const int64_t *stride = nest->stride[operand];
    const char *text = first == 0 && nest->offset[operand] ? arena_printf(arena, "%" PRId64, nest->offset[operand]) : "";
    for (int k = first; k < end; k++)
        if (stride[k] > 0) text = index_term(arena, text, k, stride[k]);
    for (int k = first; k < end; k++)
        if (stride[k] < 0) text = index_term(arena, text, k, stride[k]);
    return *text ? text : "0";
}

const char *nest_index(Emitter *e, const Nest *nest, int operand) {
    return nest_partial_index(e, nest, operand, 0, nest->rank);
}

void nest_statement(Emitter *e, const Nest *nest, const char *statement) {
    int outer = nest->rank - 1;
    nest_open(e, nest, 0, outer);
    if (outer >= 0)
        emit(e, "%s %s", loop_text(e, nest, outer), statement);
    else
        emit(e, "%s", statement);
    nest_close(e, outer);
}

void nest_copy(Emitter *e, const Nest *nest, const char *target, const char *source) {
    Arena *arena = emitter_graph(e)->arena;
    int inner = nest->rank - 1;
    bool rows = inner >= 0 && nest->stride[0][inner] == 1 && nest->stride[1][inner] == 1 && nest->dim[inner] >= MEMCPY_LEAST;
    if (!rows) {
        nest_statement(e, nest,
                       arena_printf(arena, "%s[%s] = %s[%s];", target, nest_index(e, nest, 0), source, nest_index(e, nest, 1)));
        return;
    }
    Nest outer = *nest;
    outer.rank = inner;
    const char *to = nest_index(e, &outer, 0), *from = nest_index(e, &outer, 1);
    const char *to_sum = strcmp(to, "0") ? arena_printf(arena, "%s + %s", target, to) : target;
    const char *from_sum = strcmp(from, "0") ? arena_printf(arena, "%s + %s", source, from) : source;
    nest_statement(e, &outer,
                   arena_printf(arena, "memcpy(%s, %s, %" PRId64 " * sizeof *%s);", to_sum, from_sum, nest->dim[inner], target));
}
