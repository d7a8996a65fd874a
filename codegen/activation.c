#include "codegen/activation.h"

#include "codegen/kernel_copies.h"
#include "codegen/step.h"

#include <math.h>

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
    Epilogue epilogue = epilogue_of(node);
    return activation_text(e, epilogue.kind, epilogue.alpha, epilogue.beta, x);
}

/* alpha * x + beta between 0 and 1. */
static const char *vector_hard_sigmoid(Emitter *e, double alpha, double beta, const char *x) {
    return arena_printf(emitter_graph(e)->arena, "vec_clamp(vec_fma(%s, %s, vec_set(%s)), 0.0f, 1.0f)", literal(e, F32, alpha), x,
                        literal(e, F32, beta));
}

const char *vector_activation_text(Emitter *e, Activation activation, double alpha, double beta, const char *x) {
    Arena *arena = emitter_graph(e)->arena;
    copy_vector_kernel(e, "vec_math");
    switch (activation) {
    case ACT_NONE: return x;
    case ACT_RELU: return arena_printf(arena, "vec_clamp(%s, 0.0f, %s)", x, literal(e, F32, INFINITY));
    case ACT_LEAKY_RELU:
        return arena_printf(arena, "vec_if_less(%s, vec_zero(), vec_mul(%s, vec_set(%s)), %s)", x, x, literal(e, F32, alpha), x);
    case ACT_CLIP: return arena_printf(arena, "vec_clamp(%s, %s, %s)", x, literal(e, F32, alpha), literal(e, F32, beta));
    case ACT_SIGMOID: copy_vector_kernel(e, "vec_sigmoid"); return arena_printf(arena, "vec_sigmoid(%s)", x);
    case ACT_TANH: copy_vector_kernel(e, "vec_tanh"); return arena_printf(arena, "vec_tanh(%s)", x);
    case ACT_HARD_SIGMOID: return vector_hard_sigmoid(e, alpha, beta, x);
    case ACT_HARD_SWISH: return arena_printf(arena, "vec_mul(%s, %s)", x, vector_hard_sigmoid(e, (double)(1.0f / 6.0f), 0.5, x));
    case ACT_ELU: copy_vector_kernel(e, "vec_elu"); return arena_printf(arena, "vec_elu(%s, %s)", x, literal(e, F32, alpha));
    case ACT_COUNT: break;
    }
    return NULL;
}
