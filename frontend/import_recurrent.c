/* LSTM and GRU (7, 14, 22). Layout 1, batch first, becomes Transposes around layout 0. */
#include "frontend/importers.h"

#include "ir/recurrent.h"

#include <string.h>

static const struct {
    const char *name;
    Activation activation; /* ACT_NONE: ONNX knows it, skipc doesn't */
    bool alpha, beta;      /* has these parameters */
} functions[] = {
    {"Sigmoid", ACT_SIGMOID, false, false},
    {"Tanh", ACT_TANH, false, false},
    {"Relu", ACT_RELU, false, false},
    {"LeakyRelu", ACT_LEAKY_RELU, true, false},
    {"HardSigmoid", ACT_HARD_SIGMOID, true, true},
    {"Elu", ACT_ELU, true, false},
    {"Affine", ACT_NONE, true, true},
    {"ThresholdedRelu", ACT_NONE, true, false},
    {"ScaledTanh", ACT_NONE, true, true},
    {"Softsign", ACT_NONE, false, false},
    {"Softplus", ACT_NONE, false, false},
};

enum { MOST_FUNCTIONS = 6 }; /* three in two directions */

/* The next number of a list of floats, which holds one for each function that takes it; `otherwise` where the list has ended. */
static double next_parameter(const OpImport *op, const char *name, size_t *used, double otherwise) {
    const Onnx__AttributeProto *attr = op_attr(op, name);
    return attr && *used < attr->n_floats ? (double)attr->floats[(*used)++] : otherwise;
}

static bool set_functions(const OpImport *op, Node *node, int count) {
    const Onnx__AttributeProto *attr = op_attr(op, "activations");
    int64_t activations[MOST_FUNCTIONS];
    double alphas[MOST_FUNCTIONS], betas[MOST_FUNCTIONS];
    size_t used_alphas = 0, used_betas = 0;
    if (!attr) return true;
    if (attr->n_strings != (size_t)count)
        return op_fail(op, STATUS_INVALID, "attribute 'activations' must name %d functions", count);
    for (int k = 0; k < count; k++) {
        size_t f = 0, known = sizeof functions / sizeof *functions;
        const ProtobufCBinaryData *name = &attr->strings[k];
        while (f < known && (strlen(functions[f].name) != name->len || memcmp(functions[f].name, name->data, name->len) != 0))
            f++;
        if (f == known) return op_fail(op, STATUS_INVALID, "its activation %d is no function that ONNX has", k);
        if (functions[f].activation == ACT_NONE)
            return op_fail(op, STATUS_UNSUPPORTED, "activation %s is not supported", functions[f].name);
        activations[k] = functions[f].activation;
        activation_defaults(functions[f].activation, &alphas[k], &betas[k]);
        if (functions[f].alpha) alphas[k] = next_parameter(op, "activation_alpha", &used_alphas, alphas[k]);
        if (functions[f].beta) betas[k] = next_parameter(op, "activation_beta", &used_betas, betas[k]);
    }
    set_ints(op->graph, node, A_ACTIVATIONS, activations, count);
    set_doubles(op->graph, node, A_ACTIVATION_ALPHAS, alphas, count);
    set_doubles(op->graph, node, A_ACTIVATION_BETAS, betas, count);
    return true;
}

static Value *transposed(const OpImport *op, Value *x, const int64_t *perm) {
    Node *node = op_node(op, OP_Transpose, &x, 1, 1);
    Value *out = node->out[0];
    set_ints(op->graph, node, A_PERM, perm, x->shape.rank);
    return op_done(op, node) ? out : NULL;
}

static const int64_t swap_batch[] = {1, 0, 2}, y_batch_first[] = {2, 0, 1, 3};

/* The IR's operands: without sequence_lens, batch second. */
static bool read_operands(const OpImport *op, bool batch_first, Value *in[7], int *count) {
    static const int from[7] = {0, 1, 2, 3, 5, 6, 7};
    *count = 3;
    for (int k = 0; k < 7; k++) {
        in[k] = op_in(op, from[k]);
        if (!in[k]) continue;
        *count = k + 1 > *count ? k + 1 : *count;
        bool has_batch = k == 0 || k == 4 || k == 5;
        if (!batch_first || !has_batch) continue;
        if (in[k]->shape.rank != 3) return op_fail(op, STATUS_INVALID, "its input %d must have 3 dimensions", from[k]);
        if (!(in[k] = transposed(op, in[k], swap_batch))) return false;
    }
    return true;
}

static bool set_attributes(const OpImport *op, Node *node) {
    const char *direction = op_string(op, "direction", "forward");
    const Shape *r = &op->in[2]->shape;
    if (r->rank == 3 && op_attr(op, "hidden_size") && op_int(op, "hidden_size", 0) != r->dim[2])
        return op_fail(op, STATUS_INVALID, "hidden_size is %lld, but R has %lld columns", (long long)op_int(op, "hidden_size", 0),
                       (long long)r->dim[2]);
    set_string(op->graph, node, A_DIRECTION, direction);
    if (op_attr(op, "clip")) set_float(op->graph, node, A_CLIP, op_float(op, "clip", 0));
    if (op_int(op, "input_forget", 0)) set_int(op->graph, node, A_INPUT_FORGET, 1);
    if (op_int(op, "linear_before_reset", 0)) set_int(op->graph, node, A_LINEAR_BEFORE_RESET, 1);
    if (op_in(op, 4)) {
        const int64_t *lens;
        int count;
        if (!op_constant_ints(op, 4, "sequence_lens", &lens, &count)) return false;
        set_ints(op->graph, node, A_SEQUENCE_LENS, lens, count);
    }
    int directions = strcmp(direction, "bidirectional") == 0 ? 2 : 1;
    return set_functions(op, node, directions * recurrent_functions(node->op));
}

bool import_recurrent(OpImport *op) {
    bool batch_first = op_int(op, "layout", 0);
    Value *in[7];
    int count, wanted = 1;
    if (!read_operands(op, batch_first, in, &count)) return false;
    for (int k = 0; k < op->out_count; k++)
        if (op->wanted[k]) wanted = k + 1;
    Node *node = op_node(op, strcmp(op->node->op_type, "LSTM") == 0 ? OP_LSTM : OP_GRU, in, count, wanted);
    Value *out[3];
    memcpy(out, node->out, (size_t)wanted * sizeof *out);
    if (!set_attributes(op, node) || !op_done(op, node)) return false;
    for (int k = 0; k < wanted; k++) {
        if (!op->wanted[k]) continue;
        op->out[k] = batch_first ? transposed(op, out[k], k == 0 ? y_batch_first : swap_batch) : out[k];
        if (!op->out[k]) return false;
    }
    return true;
}
