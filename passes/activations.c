/* Activations that exporters spell out, for fuse-activation: rewritten into the operator they compute.
 *
 *   Max(x, 0)                      Relu
 *   Min(x, h), Max(x, l)           Clip; two in a row become one, unless their bounds cross (old relu6 exports)
 *   x * HardSigmoid(x; 1/6, 1/2)   HardSwish, as opset 14 defines it
 *   x * Clip(x + 3, 0, 6) / 6      HardSwish (PyTorch before opset 14), also with * (1/6) */
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
        while (node->op == OP_Clip && join_clip(graph, node)) continue;
    }
    return remove_dead_code(graph); /* a gate that nobody reads would still count as a reader of x */
}
