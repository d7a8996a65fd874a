#include "codegen/formula_text.h"

#include "codegen/activation.h"
#include "codegen/kernel_copies.h"

const char *const formula_operand_names[FORMULA_OPERANDS] = {"a", "b", "c", "d", "e", "f"};

static const char *scalar_argument(Emitter *e, const Formula *formula, int argument, const char *const *operands);

/* A product goes through a function, lest a compiler join it with a sum. */
static const char *scalar_call(Emitter *e, const char *kernel, const char *x, const char *y) {
    use_kernel(e, kernel);
    return arena_printf(emitter_graph(e)->arena, "%s(%s, %s)", kernel, x, y);
}

/* A function of runtime/ for whole vectors that an operator with one operand, other than an activation, is. */
typedef struct {
    const char *file, *function;
} VectorFunction;

static VectorFunction vector_function_of(Op op) {
    switch (op) {
    case OP_Exp: return (VectorFunction){"vec_exp", "vec_exp"};
    case OP_Log: return (VectorFunction){"vec_log", "vec_log"};
    case OP_Abs: return (VectorFunction){"vec_sign", "vec_abs"};
    case OP_Sign: return (VectorFunction){"vec_sign", "vec_sign"};
    case OP_Floor: return (VectorFunction){"vec_round", "vec_floor"};
    case OP_Ceil: return (VectorFunction){"vec_round", "vec_ceil"};
    case OP_Round: return (VectorFunction){"vec_round", "vec_round"};
    case OP_Erf: return (VectorFunction){"vec_erf", "vec_erf"};
    case OP_Sin: return (VectorFunction){"vec_sin_cos", "vec_sin"};
    case OP_Cos: return (VectorFunction){"vec_sin_cos", "vec_cos"};
    default: return (VectorFunction){NULL, NULL};
    }
}

static const char *scalar_by_vector(Emitter *e, VectorFunction vector, const char *x) {
    use_kernel(e, vector.file);
    return first_of_vector(e, arena_printf(emitter_graph(e)->arena, "%s(%s)", vector.function, vector_of(e, x)));
}

static const char *scalar_step(Emitter *e, const FormulaStep *step, const char *x, const char *y) {
    Arena *arena = emitter_graph(e)->arena;
    VectorFunction vector = vector_function_of(step->op);
    if (vector.file && step->op != OP_Abs) return scalar_by_vector(e, vector, x);
    switch (step->op) {
    case OP_Abs: use_kernel(e, "libm"); return arena_printf(arena, "fabsf(%s)", x);
    case OP_Add: return arena_printf(arena, "(%s + %s)", x, y);
    case OP_Sub: return arena_printf(arena, "(%s - %s)", x, y);
    case OP_Mul: return scalar_call(e, "product", x, y);
    case OP_Div: return arena_printf(arena, "(%s / %s)", x, y);
    case OP_PRelu: return scalar_call(e, "leaky_relu", x, y);
    case OP_Neg: return arena_printf(arena, "(-%s)", x);
    default: return activation_text(e, activation_of(step->op), step->alpha, step->beta, x);
    }
}

static const char *scalar_argument(Emitter *e, const Formula *formula, int argument, const char *const *operands) {
    int at;
    if (!formula_argument_is_step(argument, &at)) return operands[argument];
    const FormulaStep *step = &formula->step[at];
    const char *x = scalar_argument(e, formula, step->argument[0], operands);
    return scalar_step(e, step, x,
                       formula_arguments(step->op) == 2 ? scalar_argument(e, formula, step->argument[1], operands) : NULL);
}

const char *formula_scalar(Emitter *e, const Formula *formula, const char *const *operands) {
    return scalar_argument(e, formula, -formula->count, operands);
}

const char *formula_step_name(Emitter *e, int step) {
    return arena_printf(emitter_graph(e)->arena, "step%d", step + 1);
}

static const char *vector_argument(Emitter *e, int argument, const char *const *operands) {
    int step;
    return formula_argument_is_step(argument, &step) ? formula_step_name(e, step) : operands[argument];
}

const char *formula_vector_step(Emitter *e, const Formula *formula, int at, const char *const *operands) {
    Arena *arena = emitter_graph(e)->arena;
    const FormulaStep *step = &formula->step[at];
    const char *x = vector_argument(e, step->argument[0], operands), *y = vector_argument(e, step->argument[1], operands);
    VectorFunction vector = vector_function_of(step->op);
    copy_vector_kernel(e, vector.file ? vector.file : "vec_math");
    if (vector.file) return arena_printf(arena, "%s(%s)", vector.function, x);
    switch (step->op) {
    case OP_Add: return arena_printf(arena, "vec_add(%s, %s)", x, y);
    case OP_Sub: return arena_printf(arena, "vec_sub(%s, %s)", x, y);
    case OP_Mul: return arena_printf(arena, "vec_mul(%s, %s)", x, y);
    case OP_Div: return arena_printf(arena, "vec_div(%s, %s)", x, y);
    case OP_PRelu: return arena_printf(arena, "vec_if_less(%s, vec_zero(), vec_mul(%s, %s), %s)", x, x, y, x);
    case OP_Neg: return arena_printf(arena, "vec_neg(%s)", x);
    default: return vector_activation_text(e, activation_of(step->op), step->alpha, step->beta, x);
    }
}
