#include "ir/op_table.h"
#include "ir/op_functions.h"
#include "ir/op_support.h"

#include <math.h>

static const OpInfo ops[OP_COUNT] = {
#define OP(id, least, most, outputs, infer, evaluate, lower, attributes, notes)                                                  \
    [OP_##id] = {#id, least, most, outputs, infer, evaluate, attributes},
#include "ir/ops.def"
#undef OP
};

static const char *const attr_names[ATTR_COUNT] = {
#define ATTR(id, name) name,
#include "ir/attrs.def"
#undef ATTR
};

const OpInfo *op_info(Op op) {
    return &ops[op];
}

const char *attr_name(AttrKey key) {
    return attr_names[key];
}

bool node_infer(Graph *graph, Node *node) {
    const OpInfo *info = op_info(node->op);
    if (node->in_count < info->least_inputs || (info->most_inputs >= 0 && node->in_count > info->most_inputs))
        return node_fail(graph, node, STATUS_INVALID, "%d inputs given, %s takes %d to %d", node->in_count, info->name,
                         info->least_inputs, info->most_inputs);
    if (node->out_count < 1 || node->out_count > info->most_outputs)
        return node_fail(graph, node, STATUS_INVALID, "%d outputs asked for, %s has 1 to %d", node->out_count, info->name,
                         info->most_outputs);
    for (int i = 0; i < node->in_count; i++) {
        if (!node->in[i] && (i < info->least_inputs || info->most_inputs < 0))
            return node_fail(graph, node, STATUS_INVALID, "input %d is missing", i);
        if (node->in[i] && shape_count(&node->in[i]->shape) < 0)
            return node_fail(graph, node, STATUS_INVALID, "input %d has an impossible shape", i);
    }
    return info->infer(graph, node);
}

static const char *const activation_names[ACT_COUNT] = {
    [ACT_NONE] = "none",       [ACT_RELU] = "relu", [ACT_LEAKY_RELU] = "leaky_relu",     [ACT_CLIP] = "clip",
    [ACT_SIGMOID] = "sigmoid", [ACT_TANH] = "tanh", [ACT_HARD_SIGMOID] = "hard_sigmoid", [ACT_HARD_SWISH] = "hard_swish",
    [ACT_ELU] = "elu",
};

const char *activation_name(Activation activation) {
    return activation_names[activation];
}

/* Comparisons are written so that NaN passes through each of them. */
static double clamped(double x, double low, double high) {
    x = x < low ? low : x;
    return x > high ? high : x;
}

double activation_apply(Activation activation, double alpha, double beta, double x) {
    switch (activation) {
    case ACT_RELU: return x < 0 ? 0 : x;
    case ACT_LEAKY_RELU: return x < 0 ? alpha * x : x;
    case ACT_CLIP: return clamped(x, alpha, beta);
    case ACT_SIGMOID: return 1 / (1 + exp(-x));
    case ACT_TANH: return tanh(x);
    case ACT_HARD_SIGMOID: return clamped(alpha * x + beta, 0, 1);
    case ACT_HARD_SWISH: return x * clamped(x / 6 + 0.5, 0, 1);
    case ACT_ELU: return x < 0 ? alpha * expm1(x) : x;
    case ACT_NONE:
    case ACT_COUNT: break;
    }
    return x;
}

/* ONNX's defaults, which are 32-bit floats. */
void activation_defaults(Activation activation, double *alpha, double *beta) {
    *alpha = *beta = 0;
    if (activation == ACT_LEAKY_RELU) *alpha = (double)0.01f;
    if (activation == ACT_ELU) *alpha = 1;
    if (activation == ACT_HARD_SIGMOID) {
        *alpha = (double)0.2f;
        *beta = 0.5;
    }
    if (activation == ACT_CLIP) {
        *alpha = -INFINITY;
        *beta = INFINITY;
    }
}

void activation_parameters(const Node *node, double *alpha, double *beta) {
    Activation activation = activation_of(node->op);
    bool bounds = activation == ACT_CLIP;
    activation_defaults(activation, alpha, beta);
    *alpha = attr_float(node, bounds ? A_MIN : A_ALPHA, *alpha);
    *beta = attr_float(node, bounds ? A_MAX : A_BETA, *beta);
}

Epilogue epilogue_of(const Node *node) {
    Epilogue epilogue = {.kind = (Activation)attr_int(node, A_ACTIVATION, ACT_NONE)};
    activation_defaults(epilogue.kind, &epilogue.alpha, &epilogue.beta);
    epilogue.alpha = attr_float(node, A_ACTIVATION_ALPHA, epilogue.alpha);
    epilogue.beta = attr_float(node, A_ACTIVATION_BETA, epilogue.beta);
    return epilogue;
}

double epilogue_apply(const Epilogue *epilogue, double x) {
    return epilogue->kind == ACT_NONE ? x : activation_apply(epilogue->kind, epilogue->alpha, epilogue->beta, x);
}
