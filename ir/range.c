#include "ir/range.h"

#include "ir/formula.h"

#include <math.h>

static bool expression_is_never_negative(const Node *node) {
    Formula formula;
    if (!formula_of(node, &formula)) return false;
    const FormulaStep *last = &formula.step[formula.count - 1];
    return last->op == OP_Relu || last->op == OP_Sigmoid || (last->op == OP_Clip && last->alpha >= 0);
}

bool value_is_never_negative(const Value *value) {
    enum { NODES_LOOKED_AT = 16 };
    for (int i = 0; i < NODES_LOOKED_AT && value->producer; i++) {
        const Node *node = value->producer;
        Activation activation = (Activation)attr_int(node, A_ACTIVATION, ACT_NONE);
        switch (node->op) {
        case OP_Relu:
        case OP_Sigmoid:
        case OP_Exp:
        case OP_Abs:
        case OP_Softmax: return true;
        case OP_Expression: return expression_is_never_negative(node);
        case OP_Clip: return attr_float(node, A_MIN, -INFINITY) >= 0;
        case OP_Conv:
        case OP_Add:
        case OP_AddShortcut:
            return activation == ACT_RELU || activation == ACT_SIGMOID ||
                   (activation == ACT_CLIP && attr_float(node, A_ACTIVATION_ALPHA, -INFINITY) >= 0);
        case OP_MaxPool:
        case OP_AveragePool:
        case OP_Reshape:
        case OP_Transpose:
        case OP_Slice: value = node->in[0]; break;
        default: return false;
        }
    }
    return false;
}
