/* recognise-activations: activations that exporters spell out become the operator that they compute, before their factors fold
 * into the layers around them.
 *
 *   Max(x, 0)                      Relu
 *   Min(x, h), Max(x, l)           Clip; two in a row become one, unless their bounds cross (old relu6 exports)
 *   x * HardSigmoid(x; 1/6, 1/2)   HardSwish, as opset 14 defines it
 *   x * Clip(x + 3, 0, 6) / 6      HardSwish (PyTorch before opset 14), also with * (1/6)
 *   x * Sigmoid(x)                 Swish, as PyTorch writes SiLU
 *   x * Tanh(Softplus(x))          Mish (PyTorch before opset 18)
 *   x * (1 + Erf(x / sqrt(2))) / 2, and with the tanh of sqrt(2/pi) (x + 0.044715 x^3) for Erf: Gelu (before opset 20), its two
 *                                  factors and 1/2 multiplied in any order */
#include "passes/passes.h"
#include "passes/rewrite.h"

#include <math.h>

static bool is_near(double a, double b) {
    return fabs(a - b) < 1e-6;
}

/* x where the node is x op uniform constant of x's shape; NULL otherwise. */
static Value *operand_of(const Node *node, bool commutes, double *number) {
    for (int i = 1; i >= (commutes ? 0 : 1); i--) {
        Value *x = node->in[1 - i];
        if (constant_is_uniform(node->in[i], number) && !is_constant(x) && shape_equal(&x->shape, &node->out[0]->shape)) return x;
    }
    return NULL;
}

/* `node` becomes op(x): the same node and result, so that names and order stay. */
static void become(Graph *graph, Node *node, Op op, Value *x) {
    for (int i = 0; i < node->in_count; i++) node_set_input(graph, node, i, i ? NULL : x);
    node->in_count = 1;
    node->attr_count = 0;
    node->op = op;
}

static void min_max(Graph *graph, Node *node) {
    double bound;
    Value *x = operand_of(node, true, &bound);
    if (!x || isnan(bound) || x->type != F32) return;
    bool is_max = node->op == OP_Max;
    if (is_max && bound == 0) {
        become(graph, node, OP_Relu, x);
        return;
    }
    become(graph, node, OP_Clip, x);
    set_float(graph, node, is_max ? A_MIN : A_MAX, bound);
}

/* Clip(Clip(x)), where the bounds of the result still bound from both sides: max(l, min(h, x)) = min(h, max(l, x)) for l <= h. */
static bool join_clip(Graph *graph, Node *node) {
    Node *inner = producer_of(node->in[0], OP_Clip);
    double low = attr_float(node, A_MIN, -INFINITY), high = attr_float(node, A_MAX, INFINITY);
    if (inner) {
        low = fmax(low, attr_float(inner, A_MIN, -INFINITY));
        high = fmin(high, attr_float(inner, A_MAX, INFINITY));
    } else {
        inner = producer_of(node->in[0], OP_Relu);
        low = fmax(low, 0);
    }
    if (!dtype_is_float(node->in[0]->type)) return false; /* doubles don't hold all integers */
    if (!inner || value_single_user(inner->out[0]) != node || low > high) return false;
    if (low > -INFINITY) set_float(graph, node, A_MIN, low);
    if (high < INFINITY) set_float(graph, node, A_MAX, high);
    node->name = arena_printf(graph->arena, "%s + %s", inner->name, node->name);
    node_set_input(graph, node, 0, inner->in[0]);
    node_remove(graph, inner);
    return true;
}

/* x where `gate` is Clip(x + 3, 0, 6). */
static Value *relu6_gate(const Value *gate) {
    const Node *clip = producer_of(gate, OP_Clip);
    if (!clip || attr_float(clip, A_MIN, -INFINITY) != 0 || attr_float(clip, A_MAX, INFINITY) != 6) return NULL;
    const Node *add = producer_of(clip->in[0], OP_Add);
    double number;
    Value *x = add && !has_activation(add) ? operand_of(add, true, &number) : NULL;
    return x && number == 3 ? x : NULL;
}

static Value *hard_sigmoid_gate(const Value *gate) {
    const Node *node = producer_of(gate, OP_HardSigmoid);
    double alpha, beta;
    if (!node) return NULL;
    activation_parameters(node, &alpha, &beta);
    return is_near(alpha, 1.0 / 6) && beta == 0.5 ? node->in[0] : NULL;
}

/* x where mul is x * gate(x). */
static Value *gated(const Node *mul, Value *(*gate_of)(const Value *)) {
    for (int i = 0; i < 2; i++) {
        if (gate_of(mul->in[i]) == mul->in[1 - i] && mul->in[1 - i]->type == F32) return mul->in[1 - i];
    }
    return NULL;
}

static Value *sigmoid_gate(const Value *gate) {
    const Node *node = producer_of(gate, OP_Sigmoid);
    return node ? node->in[0] : NULL;
}

static Value *mish_gate(const Value *gate) {
    const Node *tanh = producer_of(gate, OP_Tanh), *softplus = tanh ? producer_of(tanh->in[0], OP_Softplus) : NULL;
    return softplus ? softplus->in[0] : NULL;
}

/* x where `value` is x op a number near `number`. */
static Value *operand_near(const Value *value, Op op, double number) {
    const Node *node = producer_of(value, op);
    double found;
    Value *x = node && !has_activation(node) ? operand_of(node, op == OP_Add || op == OP_Mul, &found) : NULL;
    return x && is_near(found, number) ? x : NULL;
}

/* x where `share` is 1 + erf(x / sqrt(2)). */
static Value *erf_share(const Value *share) {
    const Value *sum = operand_near(share, OP_Add, 1);
    const Node *erf = producer_of(sum, OP_Erf);
    Value *x = erf ? operand_near(erf->in[0], OP_Div, 1.4142135623730951) : NULL;
    return x || !erf ? x : operand_near(erf->in[0], OP_Mul, 0.7071067811865476);
}

/* x where `cube` is x^3, as a power or as products. */
static Value *cube_root(const Value *cube) {
    Value *x = operand_near(cube, OP_Pow, 3);
    const Node *outer = x ? NULL : producer_of(cube, OP_Mul);
    for (int i = 0; outer && i < 2; i++) {
        const Node *square = producer_of(outer->in[i], OP_Mul);
        if (square && square->in[0] == square->in[1] && square->in[0] == outer->in[1 - i]) x = outer->in[1 - i];
        square = producer_of(outer->in[i], OP_Pow);
        if (square && operand_near(outer->in[i], OP_Pow, 2) == outer->in[1 - i]) x = outer->in[1 - i];
    }
    return x;
}

/* x where `share` is 1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)). */
static Value *tanh_share(const Value *share) {
    const Node *tanh = producer_of(operand_near(share, OP_Add, 1), OP_Tanh);
    const Node *sum = producer_of(tanh ? operand_near(tanh->in[0], OP_Mul, 0.7978845608028654) : NULL, OP_Add);
    for (int i = 0; sum && i < 2; i++)
        if (cube_root(operand_near(sum->in[i], OP_Mul, 0.044715)) == sum->in[1 - i]) return sum->in[1 - i];
    return NULL;
}

/* The factors of a product of three; false where it is none. */
static bool three_factors(const Node *mul, int nested, Value **factors) {
    const Node *inner = producer_of(mul->in[nested], OP_Mul);
    if (!inner) return false;
    factors[0] = mul->in[1 - nested];
    factors[1] = inner->in[0];
    factors[2] = inner->in[1];
    return true;
}

/* x where the factors are x, 1/2 and share(x), in any order. */
static Value *half_share(Value *const *factors, Value *(*share)(const Value *)) {
    double half;
    for (int k = 0; k < 6; k++) {
        Value *x = factors[k / 2], *second = factors[(k / 2 + 1 + k % 2) % 3], *third = factors[(k / 2 + 2 - k % 2) % 3];
        if (!is_constant(x) && x->type == F32 && constant_is_uniform(second, &half) && half == 0.5 && share(third) == x) return x;
    }
    return NULL;
}

static void smooth_gates(Graph *graph, Node *mul) {
    Value *factors[3], *x = gated(mul, sigmoid_gate);
    Op op = OP_Swish;
    if (!x && (x = gated(mul, mish_gate))) op = OP_Mish;
    for (int nested = 0; !x && nested < 2; nested++) {
        if (!three_factors(mul, nested, factors)) continue;
        if ((x = half_share(factors, erf_share))) op = OP_Gelu;
        if (!x && (x = half_share(factors, tanh_share))) op = OP_GeluTanh;
    }
    if (x && shape_equal(&x->shape, &mul->out[0]->shape)) become(graph, mul, op, x);
}

static void hard_swish(Graph *graph, Node *node) {
    Value *x = node->op == OP_Mul ? gated(node, hard_sigmoid_gate) : NULL;
    if (!x) {
        double number;
        Value *product = operand_of(node, node->op == OP_Mul, &number);
        const Node *mul = producer_of(product, OP_Mul);
        bool sixth = mul && (node->op == OP_Div ? number == 6 : is_near(number, 1.0 / 6));
        x = sixth ? gated(mul, relu6_gate) : NULL;
    }
    if (x) become(graph, node, OP_HardSwish, x);
}

bool recognise_activations(Graph *graph) {
    for (Node *node = graph->first, *next; node; node = next) {
        next = node->next;
        if (node->op == OP_Min || node->op == OP_Max) min_max(graph, node);
        if (node->op == OP_Mul || node->op == OP_Div) hard_swish(graph, node);
        if (node->op == OP_Mul) smooth_gates(graph, node);
        while (node->op == OP_Clip && join_clip(graph, node)) continue;
    }
    return remove_dead_code(graph); /* a gate that nobody reads would still count as a reader of x */
}
