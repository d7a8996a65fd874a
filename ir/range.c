#include "ir/range.h"

#include "ir/formula.h"

#include <math.h>

/* The upper bound wins where the two cross. */
static bool clips_to_positive(double low, double high) {
    return low >= 0 && high >= 0;
}

static bool expression_is_never_negative(const Node *node) {
    Formula formula;
    if (!formula_of(node, &formula)) return false;
    const FormulaStep *last = &formula.step[formula.count - 1];
    return last->op == OP_Relu || last->op == OP_Sigmoid || last->op == OP_Softplus || last->op == OP_Exp ||
           (last->op == OP_Clip && clips_to_positive(last->alpha, last->beta));
}

bool value_is_never_negative(const Value *value) {
    enum { NODES_LOOKED_AT = 16 };
    for (int i = 0; i < NODES_LOOKED_AT && value->producer; i++) {
        const Node *node = value->producer;
        Epilogue epilogue = epilogue_of(node);
        switch (node->op) {
        case OP_Relu:
        case OP_Sigmoid:
        case OP_Softplus:
        case OP_Exp:
        case OP_Abs:
        case OP_Softmax: return true;
        case OP_Expression: return expression_is_never_negative(node);
        case OP_Clip: return clips_to_positive(attr_float(node, A_MIN, -INFINITY), attr_float(node, A_MAX, INFINITY));
        case OP_Conv:
        case OP_Add:
        case OP_AddShortcut:
            return epilogue.kind == ACT_RELU || epilogue.kind == ACT_SIGMOID || epilogue.kind == ACT_SOFTPLUS ||
                   (epilogue.kind == ACT_CLIP && clips_to_positive(epilogue.alpha, epilogue.beta));
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
