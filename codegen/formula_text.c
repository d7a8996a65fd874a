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

/* One lane of a vector function: `kernel` of runtime/<kernel>.h, whose function is <kernel>_f32. */
static const char *scalar_function(Emitter *e, const char *kernel, const char *x) {
    use_kernel(e, kernel);
    return arena_printf(emitter_graph(e)->arena, "%s_f32(%s)", kernel, x);
}

static const char *scalar_step(Emitter *e, const FormulaStep *step, const char *x, const char *y) {
    Arena *arena = emitter_graph(e)->arena;
    switch (step->op) {
    case OP_Add: return arena_printf(arena, "(%s + %s)", x, y);
    case OP_Sub: return arena_printf(arena, "(%s - %s)", x, y);
    case OP_Mul: return scalar_call(e, "product", x, y);
    case OP_Div: return arena_printf(arena, "(%s / %s)", x, y);
    case OP_PRelu: return scalar_call(e, "leaky_relu", x, y);
    case OP_Neg: return arena_printf(arena, "(-%s)", x);
    case OP_Exp: return scalar_function(e, "exp", x);
    case OP_Log: return scalar_function(e, "log", x);
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

static const char *vector_function_of(Emitter *e, const char *kernel, const char *x) {
    copy_vector_kernel(e, kernel);
    return arena_printf(emitter_graph(e)->arena, "%s(%s)", kernel, x);
}

const char *formula_vector_step(Emitter *e, const Formula *formula, int at, const char *const *operands) {
    Arena *arena = emitter_graph(e)->arena;
    const FormulaStep *step = &formula->step[at];
    const char *x = vector_argument(e, step->argument[0], operands), *y = vector_argument(e, step->argument[1], operands);
    copy_vector_kernel(e, "vec_math");
    switch (step->op) {
    case OP_Add: return arena_printf(arena, "vec_add(%s, %s)", x, y);
    case OP_Sub: return arena_printf(arena, "vec_sub(%s, %s)", x, y);
    case OP_Mul: return arena_printf(arena, "vec_mul(%s, %s)", x, y);
    case OP_Div: return arena_printf(arena, "vec_div(%s, %s)", x, y);
    case OP_PRelu: return arena_printf(arena, "vec_if_less(%s, vec_zero(), vec_mul(%s, %s), %s)", x, x, y, x);
    case OP_Neg: return arena_printf(arena, "vec_neg(%s)", x);
    case OP_Exp: return vector_function_of(e, "vec_exp", x);
    case OP_Log: return vector_function_of(e, "vec_log", x);
    default: return vector_activation_text(e, activation_of(step->op), step->alpha, step->beta, x);
    }
}
