#include "ir/activation.h"

#include <math.h>

/* Defaults are those of ONNX's LeakyRelu-16, Elu-6, Celu-12, Selu-6, Swish-24, ThresholdedRelu-10 and HardSigmoid-6, whose
 * attributes are 32-bit floats, and a Clip-13 without bounds. */
static const struct {
    const char *name;
    int parameters;
    float alpha, beta;
} activations[ACT_COUNT] = {
    [ACT_NONE] = {"none", 0, 0, 0},
    [ACT_RELU] = {"relu", 0, 0, 0},
    [ACT_LEAKY_RELU] = {"leaky_relu", 1, 0.01f, 0},
    [ACT_CLIP] = {"clip", 2, -INFINITY, INFINITY},
    [ACT_SIGMOID] = {"sigmoid", 0, 0, 0},
    [ACT_TANH] = {"tanh", 0, 0, 0},
    [ACT_HARD_SIGMOID] = {"hard_sigmoid", 2, 0.2f, 0.5f},
    [ACT_HARD_SWISH] = {"hard_swish", 0, 0, 0},
    [ACT_ELU] = {"elu", 1, 1, 0},
    [ACT_CELU] = {"celu", 1, 1, 0},
    [ACT_SELU] = {"selu", 2, 1.67326319217681884765625f, 1.05070102214813232421875f},
    [ACT_SOFTPLUS] = {"softplus", 0, 0, 0},
    [ACT_SOFTSIGN] = {"softsign", 0, 0, 0},
    [ACT_MISH] = {"mish", 0, 0, 0},
    [ACT_SWISH] = {"swish", 1, 1, 0},
    [ACT_GELU] = {"gelu", 0, 0, 0},
    [ACT_GELU_TANH] = {"gelu_tanh", 0, 0, 0},
    [ACT_THRESHOLDED_RELU] = {"thresholded_relu", 1, 1, 0},
};

const char *activation_name(Activation activation) {
    return activations[activation].name;
}

int activation_parameter_count(Activation activation) {
    return activations[activation].parameters;
}

void activation_defaults(Activation activation, double *alpha, double *beta) {
    *alpha = (double)activations[activation].alpha;
    *beta = (double)activations[activation].beta;
}

/* Comparisons are written so that NaN passes through each of them. */
static double clamped(double x, double low, double high) {
    x = x < low ? low : x;
    return x > high ? high : x;
}

static double softplus(double x) {
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

/* x (1 + tanh(u)) / 2 with u = sqrt(2/pi) (x + 0.044715 x^3), written without the cancellation below zero. */
static double gelu_tanh(double x) {
    return x / (1 + exp(-1.5957691216057308 * (x + 0.044715 * x * x * x)));
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
    case ACT_CELU: return x < 0 ? alpha * expm1(x / alpha) : x;
    case ACT_SELU: return beta * (x < 0 ? alpha * expm1(x) : x);
    case ACT_SOFTPLUS: return softplus(x);
    case ACT_SOFTSIGN: return x / (1 + fabs(x));
    case ACT_MISH: return x * tanh(softplus(x));
    case ACT_SWISH: return x / (1 + exp(-alpha * x));
    case ACT_GELU: return 0.5 * x * erfc(-x / 1.4142135623730951);
    case ACT_GELU_TANH: return gelu_tanh(x);
    case ACT_THRESHOLDED_RELU: return x > alpha ? x : 0;
    case ACT_NONE:
    case ACT_COUNT: break;
    }
    return x;
}

Activation activation_of(Op op) {
    switch (op) {
    case OP_Relu: return ACT_RELU;
    case OP_LeakyRelu: return ACT_LEAKY_RELU;
    case OP_Clip: return ACT_CLIP;
    case OP_Sigmoid: return ACT_SIGMOID;
    case OP_Tanh: return ACT_TANH;
    case OP_HardSigmoid: return ACT_HARD_SIGMOID;
    case OP_HardSwish: return ACT_HARD_SWISH;
    case OP_Elu: return ACT_ELU;
    case OP_Celu: return ACT_CELU;
    case OP_Selu: return ACT_SELU;
    case OP_Softplus: return ACT_SOFTPLUS;
    case OP_Softsign: return ACT_SOFTSIGN;
    case OP_Mish: return ACT_MISH;
    case OP_Swish: return ACT_SWISH;
    case OP_Gelu: return ACT_GELU;
    case OP_GeluTanh: return ACT_GELU_TANH;
    case OP_ThresholdedRelu: return ACT_THRESHOLDED_RELU;
    default: return ACT_NONE;
    }
}

void activation_parameters(const Node *node, double *alpha, double *beta) {
    Activation activation = activation_of(node->op);
    activation_defaults(activation, alpha, beta);
    *alpha = attr_float(node, activation == ACT_CLIP ? A_MIN : A_ALPHA, *alpha);
    *beta = attr_float(node, activation == ACT_CLIP ? A_MAX : A_BETA, *beta);
}

Epilogue epilogue_of(const Node *node) {
    Epilogue epilogue = {.kind = (Activation)attr_int(node, A_ACTIVATION, ACT_NONE)};
    activation_defaults(epilogue.kind, &epilogue.alpha, &epilogue.beta);
    epilogue.alpha = attr_float(node, A_ACTIVATION_ALPHA, epilogue.alpha);
    epilogue.beta = attr_float(node, A_ACTIVATION_BETA, epilogue.beta);
    return epilogue;
}

bool epilogue_limits(const Node *node, double *low, double *high) {
    const Epilogue epilogue = epilogue_of(node);
    *low = epilogue.kind == ACT_RELU ? 0.0 : epilogue.kind == ACT_CLIP ? epilogue.alpha : -INFINITY;
    *high = epilogue.kind == ACT_CLIP ? epilogue.beta : INFINITY;
    return epilogue.kind == ACT_NONE || epilogue.kind == ACT_RELU || epilogue.kind == ACT_CLIP;
}

double epilogue_apply(const Epilogue *epilogue, double x) {
    return activation_apply(epilogue->kind, epilogue->alpha, epilogue->beta, x);
}
