/* LSTM and GRU (7, 14, 22) with layout 0: the importer transposes layout 1. */
#include "ir/recurrent.h"

#include "ir/op_functions.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

Recurrent recurrent_of(const Node *node) {
    const Shape *x = &node->in[0]->shape, *r = &node->in[2]->shape;
    bool both = strcmp(attr_string(node, A_DIRECTION, "forward"), "bidirectional") == 0;
    return (Recurrent){.gates = node->op == OP_LSTM ? 4 : 3,
                       .directions = both ? 2 : 1,
                       .steps = x->dim[0],
                       .batch = x->dim[1],
                       .inputs = x->dim[2],
                       .hidden = r->dim[2],
                       .coupled = attr_int(node, A_INPUT_FORGET, 0) != 0,
                       .reset_after = attr_int(node, A_LINEAR_BEFORE_RESET, 0) != 0,
                       .clip = attr_float(node, A_CLIP, INFINITY)};
}

bool recurrent_reverse(const Node *node, int d) {
    return d == 1 || strcmp(attr_string(node, A_DIRECTION, "forward"), "reverse") == 0;
}

int64_t recurrent_steps(const Node *node, int64_t n) {
    int count;
    const int64_t *lens = attr_ints(node, A_SEQUENCE_LENS, &count);
    return n < count ? lens[n] : node->in[0]->shape.dim[0];
}

int recurrent_functions(Op op) {
    return op == OP_LSTM ? 3 : 2;
}

Epilogue recurrent_function(const Node *node, int d, int k) {
    int index = d * recurrent_functions(node->op) + k;
    Activation kind = (Activation)attr_ints_at(node, A_ACTIVATIONS, index, k == 0 ? ACT_SIGMOID : ACT_TANH);
    Epilogue function = {.kind = kind};
    activation_defaults(kind, &function.alpha, &function.beta);
    function.alpha = attr_double_at(node, A_ACTIVATION_ALPHAS, index, function.alpha);
    function.beta = attr_double_at(node, A_ACTIVATION_BETAS, index, function.beta);
    return function;
}

static bool check_input(Graph *graph, const Node *node, int index, const char *name, Shape expected) {
    char text[256];
    if (index >= node->in_count || !node->in[index] || shape_equal(&node->in[index]->shape, &expected)) return true;
    return node_fail(graph, node, STATUS_INVALID, "its input %s is %s, %s is needed", name, input_shape(graph, node, index),
                     shape_text(&expected, text, sizeof text));
}

static bool check_direction(Graph *graph, const Node *node) {
    const char *direction = attr_string(node, A_DIRECTION, "forward");
    if (strcmp(direction, "forward") == 0 || strcmp(direction, "reverse") == 0 || strcmp(direction, "bidirectional") == 0)
        return true;
    return node_fail(graph, node, STATUS_INVALID, "its direction '%s' is none of forward, reverse, bidirectional", direction);
}

static bool check_sequence_lens(Graph *graph, const Node *node, const Recurrent *r) {
    int count;
    const int64_t *lens = attr_ints(node, A_SEQUENCE_LENS, &count);
    if (lens && count != r->batch)
        return node_fail(graph, node, STATUS_INVALID, "it has lengths of %d sequences, but a batch of %" PRId64, count, r->batch);
    for (int n = 0; n < count; n++)
        if (lens[n] < 0 || lens[n] > r->steps)
            return node_fail(graph, node, STATUS_INVALID, "the length of sequence %d is %" PRId64 ", of at most %" PRId64, n,
                             lens[n], r->steps);
    return true;
}

bool infer_recurrent(Graph *graph, Node *node) {
    if (!infer_types(graph, node, true) || !check_direction(graph, node)) return false;
    for (int k = 0; k < 3; k++)
        if (node->in[k]->shape.rank != 3)
            return node_fail(graph, node, STATUS_INVALID, "its input %d has %d dimensions, 3 are needed", k,
                             node->in[k]->shape.rank);
    Recurrent r = recurrent_of(node);
    int64_t rows, biases, d = r.directions;
    if (!checked_mul(r.gates, r.hidden, &rows) || !checked_mul(2, rows, &biases))
        return node_fail(graph, node, STATUS_INVALID, "its hidden size overflows");
    if (!check_input(graph, node, 1, "W", shape_of(3, d, rows, r.inputs))) return false;
    if (!check_input(graph, node, 2, "R", shape_of(3, d, rows, r.hidden))) return false;
    if (!check_input(graph, node, 3, "B", shape_of(2, d, biases))) return false;
    Shape state = shape_of(3, d, r.batch, r.hidden);
    if (!check_input(graph, node, 4, "initial_h", state) || !check_input(graph, node, 5, "initial_c", state)) return false;
    if (!check_input(graph, node, 6, "P", shape_of(2, d, 3 * r.hidden))) return false;
    if (!(r.clip > 0)) return node_fail(graph, node, STATUS_INVALID, "attribute 'clip' must be positive");
    if (!check_sequence_lens(graph, node, &r)) return false;
    if (!infer_output(graph, node, 0, node->in[0]->type, shape_of(4, r.steps, d, r.batch, r.hidden))) return false;
    for (int k = 1; k < node->out_count; k++)
        if (!infer_output(graph, node, k, node->in[0]->type, state)) return false;
    return true;
}

/* One direction of one sequence: where its operands begin, and its state. */
typedef struct {
    const Node *node;
    Recurrent r;
    int d;
    const double *w, *recurrent, *bias, *peephole;
    Epilogue function[3];
    double *h, *c, *sums, *products, *next;
    const Tensor *y; /* the result: how sums and states are held */
} Run;

static double clipped(const Run *run, double x) {
    return x < -run->r.clip ? -run->r.clip : x > run->r.clip ? run->r.clip : x;
}

static double function(const Run *run, int k, double x) {
    const double value = epilogue_apply(&run->function[k], x);
    return run->function[k].kind == ACT_SIGMOID ? held_logistic(run->y, value) : value;
}

static double bias_at(const Run *run, int64_t row) {
    return run->bias ? run->bias[row] : 0;
}

/* The product with a row of a matrix, and that row's bias. */
static double row_sum(const Run *run, const double *row, const double *x, int64_t count, int64_t bias_row) {
    double sum = 0;
    for (int64_t i = 0; i < count; i++) sum = held(run->y, sum + row[i] * x[i]);
    return held(run->y, bias_at(run, bias_row) + sum);
}

/* sums: W x + Wb; products: R h + Rb. */
static void gate_sums(const Run *run, const double *x) {
    const Recurrent *r = &run->r;
    int64_t rows = r->gates * r->hidden;
    for (int64_t row = 0; row < rows; row++) {
        run->sums[row] = row_sum(run, run->w + row * r->inputs, x, r->inputs, row);
        run->products[row] = row_sum(run, run->recurrent + row * r->hidden, run->h, r->hidden, rows + row);
    }
}

static void lstm_step(const Run *run, const double *x) {
    int64_t hidden = run->r.hidden;
    gate_sums(run, x);
    for (int64_t u = 0; u < hidden; u++) {
        double gate[4];
        for (int k = 0; k < 4; k++) gate[k] = held(run->y, run->sums[k * hidden + u] + run->products[k * hidden + u]);
        const double *p = run->peephole;
        if (p) gate[0] += p[u] * run->c[u];
        if (p) gate[2] += p[2 * hidden + u] * run->c[u];
        double input = function(run, 0, clipped(run, gate[0]));
        double forget = run->r.coupled ? 1 - input : function(run, 0, clipped(run, gate[2]));
        run->c[u] = held(run->y, forget * run->c[u] + input * function(run, 1, clipped(run, gate[3])));
        if (p) gate[1] += p[hidden + u] * run->c[u];
        run->h[u] = held(run->y, function(run, 0, clipped(run, gate[1])) * function(run, 2, run->c[u]));
    }
}

static void gru_step(const Run *run, const double *x) {
    const Recurrent *r = &run->r;
    int64_t hidden = r->hidden, first = 2 * hidden; /* of the candidate's rows */
    gate_sums(run, x);
    for (int64_t u = 0; u < hidden; u++) /* c: the reset state */
        run->c[u] = function(run, 0, clipped(run, run->sums[hidden + u] + run->products[hidden + u])) * run->h[u];
    for (int64_t u = 0; u < hidden; u++) {
        double update = function(run, 0, clipped(run, run->sums[u] + run->products[u]));
        double product = run->products[first + u];
        if (r->reset_after)
            product *= function(run, 0, clipped(run, run->sums[hidden + u] + run->products[hidden + u]));
        else
            product = row_sum(run, run->recurrent + (first + u) * hidden, run->c, hidden, 3 * hidden + first + u);
        double candidate = function(run, 1, clipped(run, run->sums[first + u] + product));
        run->next[u] = held(run->y, (1 - update) * candidate + update * run->h[u]);
    }
    memcpy(run->h, run->next, (size_t)hidden * sizeof *run->h);
}

static const Tensor *operand(const Node *node, const Tensor *const *in, int index) {
    return index < node->in_count ? in[index] : NULL;
}

static void start_state(double *state, const Tensor *initial, int64_t at, int64_t hidden) {
    for (int64_t u = 0; u < hidden; u++) state[u] = initial ? initial->f[at + u] : 0;
}

static void run_sequence(Run *run, const Tensor *const *in, Tensor *const *out, int64_t n) {
    const Recurrent *r = &run->r;
    const Node *node = run->node;
    int64_t hidden = r->hidden, steps = recurrent_steps(node, n), state = (run->d * r->batch + n) * hidden;
    start_state(run->h, operand(node, in, 4), state, hidden);
    start_state(run->c, operand(node, in, 5), state, hidden);
    for (int64_t step = 0; step < r->steps; step++) {
        /* Past its end a sequence gives zeros and keeps its state. */
        int64_t t = step < steps && recurrent_reverse(node, run->d) ? steps - 1 - step : step;
        const double *x = in[0]->f + (t * r->batch + n) * r->inputs;
        if (step < steps) node->op == OP_LSTM ? lstm_step(run, x) : gru_step(run, x);
        double *y = out[0]->f + ((t * r->directions + run->d) * r->batch + n) * hidden;
        for (int64_t u = 0; u < hidden; u++) y[u] = step < steps ? run->h[u] : 0;
    }
    if (node->out_count > 1) memcpy(out[1]->f + state, run->h, (size_t)hidden * sizeof(double));
    if (node->out_count > 2) memcpy(out[2]->f + state, run->c, (size_t)hidden * sizeof(double));
}

static bool evaluate(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch) {
    Run run = {.node = node, .r = recurrent_of(node), .y = out[0]};
    const Recurrent *r = &run.r;
    int64_t rows = r->gates * r->hidden;
    const Tensor *bias = operand(node, in, 3), *peephole = operand(node, in, 6);
    run.h = ARENA_ARRAY(scratch, double, r->hidden);
    run.c = ARENA_ARRAY(scratch, double, r->hidden);
    run.next = ARENA_ARRAY(scratch, double, r->hidden);
    run.sums = ARENA_ARRAY(scratch, double, rows);
    run.products = ARENA_ARRAY(scratch, double, rows);
    for (run.d = 0; run.d < r->directions; run.d++) {
        run.w = in[1]->f + run.d * rows * r->inputs;
        run.recurrent = in[2]->f + run.d * rows * r->hidden;
        run.bias = bias ? bias->f + run.d * 2 * rows : NULL;
        run.peephole = peephole ? peephole->f + run.d * 3 * r->hidden : NULL;
        for (int k = 0; k < recurrent_functions(node->op); k++) run.function[k] = recurrent_function(node, run.d, k);
        for (int64_t n = 0; r->hidden && n < r->batch; n++) run_sequence(&run, in, out, n);
    }
    return true;
}

bool eval_lstm(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    (void)diag;
    return evaluate(node, in, out, scratch);
}

bool eval_gru(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    (void)diag;
    return evaluate(node, in, out, scratch);
}
