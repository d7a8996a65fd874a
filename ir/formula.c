#include "ir/formula.h"

#include "ir/op_support.h"

#include <string.h>

/* An attribute holds five integers a step: the operator, its arguments, and the bits of its parameters. */
enum { FIELDS = 5 };

int formula_arguments(Op op) {
    if (activation_of(op) != ACT_NONE) return 1;
    switch (op) {
    case OP_Exp:
    case OP_Log:
    case OP_Neg:
    case OP_Abs:
    case OP_Floor:
    case OP_Ceil:
    case OP_Round:
    case OP_Sign:
    case OP_Erf:
    case OP_Sin:
    case OP_Cos: return 1;
    case OP_Add:
    case OP_Sub:
    case OP_Mul:
    case OP_Div:
    case OP_PRelu: return 2;
    default: return 0;
    }
}

bool formula_argument_is_step(int argument, int *step) {
    *step = -1 - argument;
    return argument < 0;
}

static bool is_f32(const Node *node) {
    bool all = node->out[0]->type == F32;
    for (int k = 0; k < node->in_count; k++) all = all && node->in[k]->type == F32;
    return all;
}

static Op operator_of(Activation activation) {
    int op = OP_Relu;
    while (op < OP_COUNT && activation_of((Op)op) != activation) op++;
    return (Op)op;
}

/* Adds the activation fused into the node, of `argument`; false where it can't be in a formula. */
static bool add_epilogue(const Node *node, Formula *formula, int argument) {
    Epilogue epilogue = epilogue_of(node);
    Op op = operator_of(epilogue.kind);
    formula->step[formula->count++] = (FormulaStep){op, {argument, argument}, epilogue.alpha, epilogue.beta};
    return formula_arguments(op) == 1;
}

bool formula_of_epilogue(const Node *node, Formula *formula) {
    formula->count = 0;
    return epilogue_of(node).kind != ACT_NONE && add_epilogue(node, formula, 0);
}

static bool operator_formula(const Node *node, Formula *formula) {
    int arguments = formula_arguments(node->op);
    if (!arguments || node->in_count != arguments || !is_f32(node)) return false;
    FormulaStep *step = formula->step;
    step[0] = (FormulaStep){.op = node->op, .argument = {0, arguments - 1}};
    activation_parameters(node, &step[0].alpha, &step[0].beta);
    formula->count = 1;
    return epilogue_of(node).kind == ACT_NONE || add_epilogue(node, formula, -1);
}

bool formula_of(const Node *node, Formula *formula) {
    if (node->op == OP_Expression) return formula_read(attr_find(node, A_FORMULA), formula);
    return operator_formula(node, formula);
}

void formula_set(Graph *graph, Node *node, const Formula *formula) {
    int64_t fields[FORMULA_STEPS * FIELDS] = {0};
    for (int s = 0; s < formula->count; s++) {
        const FormulaStep *step = &formula->step[s];
        int64_t *to = &fields[s * FIELDS];
        to[0] = step->op;
        to[1] = step->argument[0];
        to[2] = step->argument[1];
        memcpy(&to[3], &step->alpha, sizeof step->alpha);
        memcpy(&to[4], &step->beta, sizeof step->beta);
    }
    set_ints(graph, node, A_FORMULA, fields, formula->count * FIELDS);
}

static bool read_step(const int64_t *from, int at, FormulaStep *step) {
    if (from[0] < 0 || from[0] >= OP_COUNT || !formula_arguments((Op)from[0])) return false;
    *step = (FormulaStep){.op = (Op)from[0]};
    for (int k = 0; k < 2; k++) {
        if (from[1 + k] < -at || from[1 + k] >= FORMULA_OPERANDS) return false;
        step->argument[k] = (int)from[1 + k];
    }
    memcpy(&step->alpha, &from[3], sizeof step->alpha);
    memcpy(&step->beta, &from[4], sizeof step->beta);
    return true;
}

static bool is_tree(const Formula *formula) {
    int readers[FORMULA_STEPS] = {0}, from;
    for (int s = 0; s < formula->count; s++)
        for (int k = 0; k < formula_arguments(formula->step[s].op); k++)
            if (formula_argument_is_step(formula->step[s].argument[k], &from)) readers[from]++;
    for (int s = 0; s + 1 < formula->count; s++)
        if (readers[s] != 1) return false;
    return true;
}

bool formula_read(const Attr *attr, Formula *formula) {
    if (!attr || attr->kind != ATTR_INTS || attr->count == 0 || attr->count % FIELDS || attr->count / FIELDS > FORMULA_STEPS)
        return false;
    formula->count = attr->count / FIELDS;
    for (int s = 0; s < formula->count; s++)
        if (!read_step(&attr->ints[s * FIELDS], s, &formula->step[s])) return false;
    return is_tree(formula);
}

double formula_apply(const Formula *formula, const double *operands) {
    double results[FORMULA_STEPS] = {0}, x[2];
    for (int s = 0; s < formula->count; s++) {
        const FormulaStep *step = &formula->step[s];
        for (int k = 0, from; k < 2; k++)
            x[k] = formula_argument_is_step(step->argument[k], &from) ? results[from] : operands[step->argument[k]];
        Activation activation = activation_of(step->op);
        if (activation != ACT_NONE)
            results[s] = activation_apply(activation, step->alpha, step->beta, x[0]);
        else
            results[s] = formula_arguments(step->op) == 2 ? binary_float(step->op, x[0], x[1]) : unary_float(step->op, x[0]);
    }
    return results[formula->count - 1];
}

/* How tightly the text of a step binds: sums, products, a sign, calls and names. */
static int precedence(const Formula *formula, int argument) {
    int step;
    if (!formula_argument_is_step(argument, &step)) return 4;
    switch (formula->step[step].op) {
    case OP_Add:
    case OP_Sub: return 1;
    case OP_Mul:
    case OP_Div: return 2;
    case OP_Neg: return 3;
    default: return 4;
    }
}

static const char *argument_text(Arena *arena, const Formula *formula, int argument);

/* In parentheses where it would bind less tightly than `least` without. */
static const char *inner_text(Arena *arena, const Formula *formula, int argument, int least) {
    const char *text = argument_text(arena, formula, argument);
    return precedence(formula, argument) < least ? arena_printf(arena, "(%s)", text) : text;
}

static const char *infix_text(Arena *arena, const Formula *formula, const FormulaStep *step, const char *sign, int level) {
    return arena_printf(arena, "%s %s %s", inner_text(arena, formula, step->argument[0], level), sign,
                        inner_text(arena, formula, step->argument[1], level + 1));
}

static const char *call_text(Arena *arena, const Formula *formula, const FormulaStep *step) {
    const char *name = op_info(step->op)->name, *x = argument_text(arena, formula, step->argument[0]);
    if (step->op == OP_PRelu) return arena_printf(arena, "%s(%s, %s)", name, x, argument_text(arena, formula, step->argument[1]));
    switch (activation_parameter_count(activation_of(step->op))) {
    case 2: return arena_printf(arena, "%s(%s, %.9g, %.9g)", name, x, step->alpha, step->beta);
    case 1: return arena_printf(arena, "%s(%s, %.9g)", name, x, step->alpha);
    default: return arena_printf(arena, "%s(%s)", name, x);
    }
}

static const char *argument_text(Arena *arena, const Formula *formula, int argument) {
    int at;
    if (!formula_argument_is_step(argument, &at)) return arena_printf(arena, "%c", 'a' + argument);
    const FormulaStep *step = &formula->step[at];
    switch (step->op) {
    case OP_Add: return infix_text(arena, formula, step, "+", 1);
    case OP_Sub: return infix_text(arena, formula, step, "-", 1);
    case OP_Mul: return infix_text(arena, formula, step, "*", 2);
    case OP_Div: return infix_text(arena, formula, step, "/", 2);
    case OP_Neg: return arena_printf(arena, "-%s", inner_text(arena, formula, step->argument[0], 3));
    default: return call_text(arena, formula, step);
    }
}

const char *formula_text(Arena *arena, const Formula *formula) {
    return argument_text(arena, formula, -formula->count);
}
