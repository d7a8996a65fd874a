#include "codegen/vector_elements.h"

#include "codegen/activation.h"
#include "codegen/emitter.h"
#include "codegen/formula_text.h"
#include "codegen/step.h"

#include <inttypes.h>
#include <string.h>

enum { LEAST_ROW = 8 };

/* One step: the loops, and what each operand is. */
typedef struct {
    Emitter *e;
    Nest nest;       /* operand 0 is the result */
    Formula formula; /* what is computed */
    int operands;
    int number[FORMULA_OPERANDS];          /* in the nest; 0 for a constant */
    const char *address[FORMULA_OPERANDS]; /* where it lies; NULL for a constant */
    const char *lanes[FORMULA_OPERANDS];   /* its vector: "a_lanes", or a constant */
} Rows;

static void add_operand(Rows *rows, const Node *node, int k) {
    Emitter *e = rows->e;
    Arena *arena = emitter_graph(e)->arena;
    double number;
    const Value *in = node->in[k];
    if (in->data && constant_is_uniform(in, &number)) {
        rows->lanes[k] = arena_printf(arena, "vec_set(%s)", literal(e, F32, number));
        return;
    }
    View view = broadcast_view(in, node->out[0]);
    rows->number[k] = rows->nest.operands;
    nest_add(&rows->nest, &view, 0);
    rows->lanes[k] = arena_printf(arena, "%s_lanes", formula_operand_names[k]);
}

/* Rows of neighbours in the result, and in each operand neighbours or one number. */
static bool lies_in_rows(const Nest *nest) {
    int inner = nest->rank - 1;
    if (inner < 0 || nest->dim[inner] < LEAST_ROW || nest->stride[0][inner] != 1) return false;
    for (int o = 1; o < nest->operands; o++)
        if (nest->stride[o][inner] != 0 && nest->stride[o][inner] != 1) return false;
    return true;
}

/* "a + i * 64 + k", where operand `o`'s row begins and how far `position` in it is. */
static const char *place(const Rows *rows, const char *pointer, int o, const char *position) {
    Arena *arena = emitter_graph(rows->e)->arena;
    int inner = rows->nest.rank - 1;
    const char *row = nest_partial_index(rows->e, &rows->nest, o, 0, inner);
    bool at_start = strcmp(row, "0") == 0, fixed = rows->nest.stride[o][inner] == 0;
    const char *sum = at_start ? pointer : arena_printf(arena, "%s + %s", pointer, row);
    return fixed ? sum : arena_printf(arena, "%s + %s", sum, position);
}

/* The vectors at `position` of the row; the last `part` elements alone where `part` is not NULL. */
static void add_vectors(const Rows *rows, Text *body, int depth, const char *position, const char *part) {
    int inner = rows->nest.rank - 1;
    for (int k = 0; k < rows->operands; k++) {
        if (!rows->address[k]) continue;
        const char *from = place(rows, formula_operand_names[k], rows->number[k], position);
        text_printf(body, "%*sconst vec %s = ", depth, "", rows->lanes[k]);
        if (rows->nest.stride[rows->number[k]][inner] == 0)
            text_printf(body, "vec_set(*(%s));\n", from);
        else if (part)
            text_printf(body, "vec_load_part(%s, %s);\n", from, part);
        else
            text_printf(body, "vec_load(%s);\n", from);
    }
    const char *to = place(rows, "y", 0, position), *value = NULL;
    for (int s = 0; s < rows->formula.count; s++) {
        if (value) text_printf(body, "%*sconst vec %s = %s;\n", depth, "", formula_step_name(rows->e, s - 1), value);
        value = formula_vector_step(rows->e, &rows->formula, s, rows->lanes);
    }
    if (part)
        text_printf(body, "%*svec_store_part(%s, %s, %s);\n", depth, "", to, value, part);
    else
        text_printf(body, "%*svec_store(%s, %s);\n", depth, "", to, value);
}

/* The last elements of a row, fewer than a vector. `condition` follows "if (rest". */
static void add_rest(const Rows *rows, Text *body, int depth, const char *length, const char *condition) {
    text_printf(body, "%*sconst size_t rest = %s %% LANES;\n%*sif (rest%s) {\n", depth, "", length, depth, "", condition);
    add_vectors(rows, body, depth + 4, arena_printf(body->arena, "(%s - rest)", length), "rest");
    text_printf(body, "%*s}\n", depth, "");
}

/* A row that is all there is takes its length as a parameter, so that layers of any size share the function. The threads share
 * its vectors. */
static const char *row_text(const Rows *rows) {
    Text body = {.arena = emitter_graph(rows->e)->arena};
    const char *at = loop_name(0);
    use_kernel(rows->e, "thread_share");
    text_printf(&body, "    const struct share mine = thread_share((int)(length / LANES), 0);\n");
    text_printf(&body, "    for (size_t %s = (size_t)mine.first * LANES; %s < (size_t)mine.end * LANES; %s += LANES) {\n", at, at,
                at);
    add_vectors(rows, &body, 8, at, NULL);
    text_printf(&body, "    }\n");
    add_rest(rows, &body, 4, "length", " && thread_number() == 0");
    text_printf(&body, "    BARRIER;\n");
    return body.data;
}

/* Loops over rows, each a loop over vectors and what is left of it. The threads share the outermost loop. */
static const char *rows_text(const Rows *rows, const char *length) {
    const Nest *nest = &rows->nest;
    int inner = nest->rank - 1, depth = 4;
    Text body = {.arena = emitter_graph(rows->e)->arena};
    text_printf(&body, "    SHARED_FOR\n");
    for (int k = 0; k < inner; k++, depth += 4)
        text_printf(&body, "%*sfor (size_t %s = 0; %s < %" PRId64 "; %s++) {\n", depth, "", loop_name(k), loop_name(k),
                    nest->dim[k], loop_name(k));
    const char *at = loop_name(inner);
    text_printf(&body, "%*sfor (size_t %s = 0; %s + LANES <= %s; %s += LANES) {\n", depth, "", at, at, length, at);
    add_vectors(rows, &body, depth + 4, at, NULL);
    text_printf(&body, "%*s}\n", depth, "");
    if (nest->dim[inner] % BLOCK) add_rest(rows, &body, depth, length, "");
    while ((depth -= 4) >= 4) text_printf(&body, "%*s}\n", depth, "");
    return body.data;
}

static void emit_rows(const Rows *rows, const char *stem, const char *y) {
    Emitter *e = rows->e;
    Arena *arena = emitter_graph(e)->arena;
    step_by_team(e);
    Text parameters = {.arena = arena}, names = {.arena = arena}, arguments = {.arena = arena};
    for (int k = 0; k < rows->operands; k++) {
        if (!rows->address[k]) continue;
        text_printf(&parameters, "const float *%s, ", formula_operand_names[k]);
        text_printf(&names, "%s, ", formula_operand_names[k]);
        text_printf(&arguments, "%s, ", rows->address[k]);
    }
    int64_t length = rows->nest.dim[rows->nest.rank - 1];
    bool whole = rows->nest.rank == 1;
    text_printf(&parameters, "float *y%s", whole ? ", size_t length" : "");
    text_printf(&names, "y%s", whole ? ", length" : "");
    const char *body = whole ? row_text(rows) : rows_text(rows, arena_printf(arena, "%" PRId64, length));
    const char *function = vector_function(e, stem, parameters.data, names.data, body);
    if (whole)
        emit(e, "%s(%s%s, %" PRId64 ");", function, arguments.data ? arguments.data : "", y, length);
    else
        emit(e, "%s(%s%s);", function, arguments.data ? arguments.data : "", y);
}

static const char *lower_case(Emitter *e, const char *name) {
    char *lower = arena_strdup(emitter_graph(e)->arena, name);
    for (char *c = lower; *c; c++)
        if (*c >= 'A' && *c <= 'Z') *c = (char)(*c - 'A' + 'a');
    return lower;
}

bool emit_vector_elements(Emitter *e, const Node *node) {
    Rows rows = {.e = e, .operands = node->in_count};
    if (!formula_of(node, &rows.formula)) return false;
    View axes = value_view(node->out[0]);
    rows.nest = nest_over(&axes);
    nest_add(&rows.nest, &axes, 0);
    for (int k = 0; k < node->in_count; k++) add_operand(&rows, node, k);
    nest_merge(&rows.nest);
    if (!lies_in_rows(&rows.nest)) return false;
    for (int k = 0; k < node->in_count; k++)
        if (rows.number[k]) rows.address[k] = input_pointer(e, node->in[k]);
    emit_rows(&rows, lower_case(e, op_info(node->op)->name), output_pointer(e, node->out[0]));
    return true;
}

static const char *at_offset(Emitter *e, const char *pointer, int64_t offset) {
    return offset ? arena_printf(emitter_graph(e)->arena, "%s + %" PRId64, pointer, offset) : pointer;
}

void emit_sum_in_place(Emitter *e, const Nest *nest, const char *y, const char *x) {
    Rows rows = {.e = e, .nest = *nest, .operands = 2, .number = {0, 1}, .lanes = {"a_lanes", "b_lanes"}};
    rows.formula = (Formula){.step = {{.op = OP_Add, .argument = {0, 1}}}, .count = 1};
    if (!lies_in_rows(nest)) {
        const char *to = nest_index(e, nest, 0), *from = nest_index(e, nest, 1);
        emit(e, "SINGLE {");
        nest_statement(e, nest, arena_printf(emitter_graph(e)->arena, "%s[%s] += %s[%s];", y, to, x, from));
        emit(e, "}");
        return;
    }
    /* Parts of one value that lie alike share a function: where they start is an argument. */
    rows.nest.offset[0] = rows.nest.offset[1] = 0;
    rows.address[0] = at_offset(e, y, nest->offset[0]);
    rows.address[1] = at_offset(e, x, nest->offset[1]);
    emit_rows(&rows, "add", rows.address[0]);
}

static bool emit_vector_activation(Emitter *e, const Node *node, const char *y) {
    const Value *out = node->out[0];
    Rows rows = {.e = e, .operands = 1, .number = {1}, .lanes = {"a_lanes"}};
    rows.nest = (Nest){.rank = 1, .dim = {shape_count(&out->shape)}, .operands = 2, .stride = {{1}, {1}}};
    if (out->type != F32 || !lies_in_rows(&rows.nest) || !formula_of_epilogue(node, &rows.formula)) return false;
    rows.address[0] = y;
    emit_rows(&rows, activation_name((Activation)attr_int(node, A_ACTIVATION, ACT_NONE)), y);
    return true;
}

void emit_activation_after(Emitter *e, const Node *node, const char *y) {
    if (attr_int(node, A_ACTIVATION, ACT_NONE) == ACT_NONE || emit_vector_activation(e, node, y)) return;
    const char *element = arena_printf(emitter_graph(e)->arena, "%s[i]", y);
    emit(e, "SINGLE for (size_t i = 0; i < %" PRId64 "; i++) %s = %s;", shape_count(&node->out[0]->shape), element,
         activation_expression(e, node, element));
}
