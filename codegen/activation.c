#include "codegen/activation.h"

#include "codegen/step.h"

/* `function` of runtime/<function>.h applied to x and up to two parameters. */
static const char *call(Emitter *e, const char *function, const char *x, int parameters, double alpha, double beta) {
    Arena *arena = emitter_graph(e)->arena;
    use_kernel(e, function);
    if (parameters == 0) return arena_printf(arena, "%s(%s)", function, x);
    if (parameters == 1) return arena_printf(arena, "%s(%s, %s)", function, x, literal(e, F32, alpha));
    return arena_printf(arena, "%s(%s, %s, %s)", function, x, literal(e, F32, alpha), literal(e, F32, beta));
}

const char *activation_text(Emitter *e, Activation activation, double alpha, double beta, const char *x) {
    switch (activation) {
    case ACT_RELU: return call(e, "relu", x, 0, 0, 0);
    case ACT_LEAKY_RELU: return call(e, "leaky_relu", x, 1, alpha, 0);
    case ACT_CLIP: return call(e, "clip", x, 2, alpha, beta);
    case ACT_SIGMOID: use_kernel(e, "sigmoid"); return arena_printf(emitter_graph(e)->arena, "sigmoid_f32(%s)", x);
    case ACT_TANH: use_kernel(e, "tanh"); return arena_printf(emitter_graph(e)->arena, "tanh_f32(%s)", x);
    case ACT_HARD_SIGMOID: return call(e, "hard_sigmoid", x, 2, alpha, beta);
    case ACT_HARD_SWISH: return call(e, "hard_swish", x, 0, 0, 0);
    case ACT_ELU: return call(e, "elu", x, 1, alpha, 0);
    case ACT_NONE:
    case ACT_COUNT: break;
    }
    return x;
}

const char *activation_expression(Emitter *e, const Node *node, const char *x) {
    Activation activation = (Activation)attr_int(node, A_ACTIVATION, ACT_NONE);
    return activation_text(e, activation, attr_float(node, A_ACTIVATION_ALPHA, 0), attr_float(node, A_ACTIVATION_BETA, 0), x);
}
