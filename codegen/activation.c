#include "codegen/activation.h"

#include "codegen/kernel_copies.h"
#include "codegen/step.h"

#include <math.h>

/* `x` in parentheses behind the function's name, and the activation's parameters. */
static const char *call_text(Emitter *e, const char *function, Activation activation, double alpha, double beta, const char *x) {
    Arena *arena = emitter_graph(e)->arena;
    int parameters = activation_parameter_count(activation);
    if (parameters == 0) return arena_printf(arena, "%s(%s)", function, x);
    if (parameters == 1) return arena_printf(arena, "%s(%s, %s)", function, x, literal(e, F32, alpha));
    return arena_printf(arena, "%s(%s, %s, %s)", function, x, literal(e, F32, alpha), literal(e, F32, beta));
}

/* Functions of runtime/ for whole vectors, and the file that each is in. */
static const struct {
    const char *file, *function;
} vector_functions[ACT_COUNT] = {
    [ACT_SIGMOID] = {"vec_sigmoid", "vec_sigmoid"},
    [ACT_TANH] = {"vec_tanh", "vec_tanh"},
    [ACT_ELU] = {"vec_elu", "vec_elu"},
    [ACT_CELU] = {"vec_elu", "vec_celu"},
    [ACT_SELU] = {"vec_elu", "vec_selu"},
    [ACT_SOFTPLUS] = {"vec_softplus", "vec_softplus"},
    [ACT_SOFTSIGN] = {"vec_softsign", "vec_softsign"},
    [ACT_MISH] = {"vec_mish", "vec_mish"},
    [ACT_SWISH] = {"vec_swish", "vec_swish"},
    [ACT_GELU] = {"vec_gelu", "vec_gelu"},
    [ACT_GELU_TANH] = {"vec_gelu", "vec_gelu_tanh"},
    [ACT_THRESHOLDED_RELU] = {"vec_thresholded_relu", "vec_thresholded_relu"},
};

/* `kernel` of runtime/<kernel>.h. */
static const char *call(Emitter *e, const char *kernel, Activation activation, double alpha, double beta, const char *x) {
    use_kernel(e, kernel);
    return call_text(e, kernel, activation, alpha, beta, x);
}

const char *activation_text(Emitter *e, Activation activation, double alpha, double beta, const char *x) {
    Arena *arena = emitter_graph(e)->arena;
    switch (activation) {
    case ACT_NONE:
    case ACT_COUNT: return x;
    case ACT_RELU: return call(e, "relu", activation, alpha, beta, x);
    case ACT_LEAKY_RELU: return call(e, "leaky_relu", activation, alpha, beta, x);
    case ACT_CLIP: return call(e, "clip", activation, alpha, beta, x);
    case ACT_SIGMOID: use_kernel(e, "sigmoid"); return arena_printf(arena, "sigmoid_f32(%s)", x);
    case ACT_TANH: use_kernel(e, "tanh"); return arena_printf(arena, "tanh_f32(%s)", x);
    case ACT_HARD_SIGMOID: return call(e, "hard_sigmoid", activation, alpha, beta, x);
    case ACT_HARD_SWISH: return call(e, "hard_swish", activation, alpha, beta, x);
    default: break;
    }
    use_kernel(e, vector_functions[activation].file);
    return first_of_vector(e, call_text(e, vector_functions[activation].function, activation, alpha, beta, vector_of(e, x)));
}

const char *vector_of(Emitter *e, const char *x) {
    return arena_printf(emitter_graph(e)->arena, "vec_set(%s)", x);
}

const char *first_of_vector(Emitter *e, const char *vector) {
    use_kernel(e, "vec_math");
    use_kernel(e, "vec_first");
    return arena_printf(emitter_graph(e)->arena, "vec_first(%s)", vector);
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
    case ACT_NONE:
    case ACT_COUNT: return x;
    case ACT_RELU: return arena_printf(arena, "vec_clamp(%s, 0.0f, %s)", x, literal(e, F32, INFINITY));
    case ACT_LEAKY_RELU:
        return arena_printf(arena, "vec_if_less(%s, vec_zero(), vec_mul(%s, vec_set(%s)), %s)", x, x, literal(e, F32, alpha), x);
    case ACT_CLIP: return arena_printf(arena, "vec_clamp(%s, %s, %s)", x, literal(e, F32, alpha), literal(e, F32, beta));
    case ACT_HARD_SIGMOID: return vector_hard_sigmoid(e, alpha, beta, x);
    case ACT_HARD_SWISH: return arena_printf(arena, "vec_mul(%s, %s)", x, vector_hard_sigmoid(e, (double)(1.0f / 6.0f), 0.5, x));
    default: break;
    }
    copy_vector_kernel(e, vector_functions[activation].file);
    return call_text(e, vector_functions[activation].function, activation, alpha, beta, x);
}
