/* LSTM and GRU: packs the weights by 16 hidden units, and calls the kernel for each direction and sequence. */
#include "codegen/lower_recurrent.h"

#include "codegen/emitter.h"
#include "codegen/step.h"
#include "codegen/sum_terms.h"
#include "ir/recurrent.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <string.h>

static int64_t blocks_of(const Recurrent *r) {
    return whole_blocks(r->hidden) / BLOCK;
}

int64_t recurrent_scratch_bytes(const Node *node) {
    Recurrent r = recurrent_of(node);
    if (shape_count(&node->out[0]->shape) == 0) return 0; /* nothing is computed, and sizes are bounded by nothing */
    return (r.gates * r.steps + 4) * blocks_of(&r) * BLOCK * (int64_t)sizeof(float);
}

/* Unit u of a gate is lane u % 16 of block u / 16. */
static void pack_rows(const Recurrent *r, const float *rows, int64_t columns, int64_t block_step, int64_t gate_step,
                      int64_t column_step, float *packed) {
    for (int64_t gate = 0; gate < r->gates; gate++)
        for (int64_t u = 0; u < r->hidden; u++)
            for (int64_t c = 0; c < columns; c++)
                packed[u / BLOCK * block_step + gate * gate_step + c * column_step + u % BLOCK] =
                    rows[(gate * r->hidden + u) * columns + c];
}

/* [gate][block][input][16], then [block][hidden unit][gate][16], as runtime/lstm.h and gru.h have them. */
static const char *packed_weights(Emitter *e, const Node *node, const Recurrent *r, int d) {
    int64_t units = blocks_of(r) * BLOCK, rows = r->gates * r->hidden;
    int64_t count = r->gates * units * (r->inputs + r->hidden);
    const float *w = (const float *)node->in[1]->data + d * rows * r->inputs;
    const float *recurrent = (const float *)node->in[2]->data + d * rows * r->hidden;
    float *packed = ARENA_ARRAY(emitter_graph(e)->arena, float, count);
    pack_rows(r, w, r->inputs, r->inputs * BLOCK, units * r->inputs, BLOCK, packed);
    pack_rows(r, recurrent, r->hidden, r->hidden * r->gates * BLOCK, BLOCK, r->gates * BLOCK,
              packed + r->gates * units * r->inputs);
    return packed_table(e, node->in[1]->name, packed, count);
}

/* [gate][unit]: both biases' sum. GRU has one more row, of the candidate's recurrent products: their bias where the reset gate
 * scales it too, and then the sum is without it. */
static const char *packed_bias(Emitter *e, const Node *node, const Recurrent *r, int d) {
    const Value *bias = node->in_count > 3 ? node->in[3] : NULL;
    int64_t units = blocks_of(r) * BLOCK, rows = r->gates * r->hidden, count = (node->op == OP_GRU ? 4 : r->gates) * units;
    float *packed = ARENA_ARRAY(emitter_graph(e)->arena, float, count);
    const float *of_input = bias ? (const float *)bias->data + d * 2 * rows : NULL, *of_state = bias ? of_input + rows : NULL;
    for (int64_t row = 0; bias && row < rows; row++) {
        int64_t gate = row / r->hidden, u = row % r->hidden;
        bool apart = gate == 2 && node->op == OP_GRU && r->reset_after;
        packed[gate * units + u] = apart ? of_input[row] : (float)((double)of_input[row] + (double)of_state[row]);
        if (apart) packed[3 * units + u] = of_state[row];
    }
    return packed_table(e, bias ? bias->name : "zero_bias", packed, count);
}

/* [i, o, f][unit], or NULL. */
static const char *packed_peepholes(Emitter *e, const Node *node, const Recurrent *r, int d) {
    const Value *peepholes = node->in_count > 6 ? node->in[6] : NULL;
    if (!peepholes) return "NULL";
    int64_t units = blocks_of(r) * BLOCK;
    const float *rows = (const float *)peepholes->data + d * 3 * r->hidden;
    float *packed = ARENA_ARRAY(emitter_graph(e)->arena, float, (3 * units));
    for (int gate = 0; gate < 3; gate++)
        memcpy(packed + gate * units, rows + gate * r->hidden, (size_t)r->hidden * sizeof *packed);
    return packed_table(e, peepholes->name, packed, 3 * units);
}

static const char *const gate_names[ACT_COUNT] = {
    [ACT_SIGMOID] = "SIGMOID",           [ACT_TANH] = "TANH", [ACT_RELU] = "RELU", [ACT_LEAKY_RELU] = "LEAKY_RELU",
    [ACT_HARD_SIGMOID] = "HARD_SIGMOID", [ACT_ELU] = "ELU",
};

/* "SIGMOID, TANH" and the like, each with `prefix`. */
static const char *function_names(Emitter *e, const Node *node, int d, const char *prefix, const char *between) {
    const char *text = "";
    for (int k = 0; k < recurrent_functions(node->op); k++)
        text = arena_printf(emitter_graph(e)->arena, "%s%s%s%s", text, k ? between : "", prefix,
                            gate_names[recurrent_function(node, d, k).kind]);
    return text;
}

static int64_t in_step(const Recurrent *r) {
    return r->batch * r->inputs;
}

static const char *kernel_function(Emitter *e, const Node *node, const Recurrent *r, int d) {
    Arena *arena = emitter_graph(e)->arena;
    bool lstm = node->op == OP_LSTM;
    const char *kernel = lstm ? "lstm" : "gru";
    const char *name = arena_printf(arena, "%s_%" PRId64 "_%s", kernel, in_step(r), function_names(e, node, d, "", "_"));
    char *lower = arena_strdup(arena, name);
    for (char *c = lower; *c; c++)
        if (*c >= 'A' && *c <= 'Z') *c = (char)(*c - 'A' + 'a');
    const char *parameters = arena_printf(arena,
                                          "const struct recurrent *g, const struct sequence *s, const float *weights,\n"
                                          "                const float *bias, %sfloat *scratch",
                                          lstm ? "const float *peephole, " : "");
    specialise_kernel(e, kernel, lower, parameters,
                      lstm ? "g, s, weights, bias, peephole, scratch" : "g, s, weights, bias, scratch",
                      arena_printf(arena, "%" PRId64 ", %s", in_step(r), function_names(e, node, d, "GATE_", ", ")));
    return lower;
}

static const char *geometry(Emitter *e, const Node *node, const Recurrent *r, int d, int64_t steps) {
    Text fields = {.arena = emitter_graph(e)->arena};
    use_kernel(e, "recurrent");
    text_printf(&fields,
                "{\n    .input = {.groups = 1, .in_channels = %" PRId64 ", .out_channels = %" PRId64 ", .in_height = 1,\n",
                r->inputs, r->gates * blocks_of(r) * BLOCK);
    text_printf(&fields,
                "              .in_width = %" PRId64 ", .out_height = 1, .out_width = %" PRId64
                ", .kernel_height = 1, .kernel_width = 1,\n",
                steps, steps);
    text_printf(&fields, "              .stride_height = 1, .stride_width = 1, .dilation_height = 1, .dilation_width = 1,\n");
    text_printf(&fields, "              .sum_channels = %d, .blocked_out = 1, .low = %s, .high = %s},\n", SUM_TERMS,
                literal(e, F32, -INFINITY), literal(e, F32, INFINITY));
    text_printf(&fields, "    .hidden = %" PRId64 ", .blocks = %" PRId64 ", .sum_units = %d, .reverse = %d, .coupled = %d,\n",
                r->hidden, blocks_of(r), SUM_TERMS, recurrent_reverse(node, d), r->coupled);
    text_printf(&fields, "    .reset_after = %d, .in_step = %" PRId64 ", .out_step = %" PRId64 ", .clip = %s,\n", r->reset_after,
                in_step(r), r->directions * r->batch * r->hidden, literal(e, F32, r->clip));
    const char *alphas = "", *betas = "";
    for (int k = 0; k < recurrent_functions(node->op); k++) {
        Epilogue f = recurrent_function(node, d, k);
        alphas = arena_printf(fields.arena, "%s%s%s", alphas, k ? ", " : "", literal(e, F32, f.alpha));
        betas = arena_printf(fields.arena, "%s%s%s", betas, k ? ", " : "", literal(e, F32, f.beta));
    }
    text_printf(&fields, "    .alpha = {%s}, .beta = {%s},\n}", alphas, betas);
    const char *stem =
        arena_printf(fields.arena, "%s_%" PRId64 "_to_%" PRId64, node->op == OP_LSTM ? "lstm" : "gru", r->inputs, r->hidden);
    return define_constant(e, "struct recurrent", stem, fields.data);
}

/* An initial state's pointer; NULL where it is absent or all zeros. */
static const char *initial_state(Emitter *e, const Node *node, int index) {
    const Value *value = index < node->in_count ? node->in[index] : NULL;
    double number;
    if (!value || (value->data && constant_is_uniform(value, &number) && number == 0)) return NULL;
    return input_pointer(e, value);
}

static const char *result(Emitter *e, const Node *node, int index) {
    const Value *value = index < node->out_count ? node->out[index] : NULL;
    return value && (value->user_count || value->output_count) ? output_pointer(e, value) : NULL;
}

/* "pointer + first + n * step", NULL's text where there is no pointer. */
static const char *at(Emitter *e, const char *pointer, int64_t first, int64_t step) {
    if (!pointer) return "NULL";
    Arena *arena = emitter_graph(e)->arena;
    const char *text = first ? arena_printf(arena, "%s + %" PRId64, pointer, first) : pointer;
    return step ? arena_printf(arena, "%s + n * %" PRId64, text, step) : text;
}

/* What all calls of one direction share: the function and the tables' expressions, peepholes with a comma behind them. */
typedef struct {
    const char *function, *weights, *bias, *peepholes;
} Tables;

static Tables tables_of(Emitter *e, const Node *node, const Recurrent *r, int d) {
    Tables tables = {kernel_function(e, node, r, d), packed_weights(e, node, r, d), packed_bias(e, node, r, d), ""};
    if (node->op == OP_LSTM) tables.peepholes = arena_printf(emitter_graph(e)->arena, "%s, ", packed_peepholes(e, node, r, d));
    return tables;
}

/* The sequences from `n` on that have one length are a loop. */
static void emit_sequences(Emitter *e, const Node *node, const Recurrent *r, const Tables *tables, int d, int64_t n,
                           int64_t count) {
    int64_t state = (d * r->batch + n) * r->hidden, step = count > 1 ? r->hidden : 0, steps = recurrent_steps(node, n);
    const char *y = result(e, node, 0);
    if (count > 1)
        emit(e, "for (size_t n = 0; n < %" PRId64 "; n++) {", count);
    else
        emit(e, "{");
    emit(e, "const struct sequence sequence = {");
    emit(e, ".x = %s,", at(e, input_pointer(e, node->in[0]), n * r->inputs, count > 1 ? r->inputs : 0));
    emit(e, ".first_h = %s, .first_c = %s,", at(e, initial_state(e, node, 4), state, step),
         at(e, initial_state(e, node, 5), state, step));
    emit(e, ".y = %s, .last_h = %s, .last_c = %s,", at(e, y, state, step), at(e, result(e, node, 1), state, step),
         at(e, result(e, node, 2), state, step));
    emit(e, "};");
    emit(e, "%s(&%s, &sequence, %s, %s, %s(float *)%s);", tables->function, geometry(e, node, r, d, steps), tables->weights,
         tables->bias, tables->peepholes, scratch_pointer(e, node));
    if (y && steps < r->steps) {
        emit(e, "SINGLE for (size_t t = %" PRId64 "; t < %" PRId64 "; t++) {", steps, r->steps);
        emit(e, "float *after_end = %s + t * %" PRId64 ";", at(e, y, state, step), r->directions * r->batch * r->hidden);
        emit(e, "memset(after_end, 0, %" PRId64 " * sizeof *after_end);", r->hidden);
        emit(e, "}");
    }
    emit(e, "}");
}

static bool is_supported(Emitter *e, const Node *node, const Recurrent *r) {
    static const char *const names[] = {"X", "W", "R", "B", "initial_h", "initial_c", "P"};
    if (!require_f32(e, node, node->in[0]->type)) return false;
    for (int k = 1; k < node->in_count; k++)
        if (k != 4 && k != 5 && node->in[k] && !node->in[k]->data)
            return node_fail(emitter_graph(e), node, STATUS_UNSUPPORTED,
                             "its input %s must be constant: it is packed when compiling", names[k]);
    const int64_t most = INT_MAX / 64, sizes[] = {r->steps, r->inputs, r->hidden, r->hidden * r->hidden / BLOCK};
    for (int k = 0; k < 4; k++)
        if (sizes[k] > most)
            return node_fail(emitter_graph(e), node, STATUS_UNSUPPORTED,
                             "it is too large: at most %" PRId64 " steps, inputs and units", most);
    return true;
}

static bool lower_recurrent(Emitter *e, Node *node) {
    Recurrent r = recurrent_of(node);
    if (!is_supported(e, node, &r)) return false;
    step_by_team(e);
    for (int d = 0; d < r.directions; d++) {
        Tables tables = tables_of(e, node, &r, d);
        for (int64_t n = 0, count; n < r.batch; n += count) {
            for (count = 1; n + count < r.batch && recurrent_steps(node, n + count) == recurrent_steps(node, n);) count++;
            emit_sequences(e, node, &r, &tables, d, n, count);
        }
    }
    return true;
}

bool lower_lstm(Emitter *e, Node *node) {
    return lower_recurrent(e, node);
}

bool lower_gru(Emitter *e, Node *node) {
    return lower_recurrent(e, node);
}
