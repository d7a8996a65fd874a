/* Operators that go along one axis: ArgMax and ArgMin (1, 11, 12, 13), CumSum (11, 14). */
#include "ir/op_functions.h"
#include "ir/op_support.h"

bool infer_arg(Graph *graph, Node *node) {
    const Value *x = node->in[0];
    int axis;
    if (x->type == BOOL) return node_fail(graph, node, STATUS_INVALID, "is not defined for elements of type bool");
    if (!infer_axis(graph, node, attr_int(node, A_AXIS, 0), x->shape.rank, &axis)) return false;
    if (x->shape.dim[axis] == 0) return node_fail(graph, node, STATUS_INVALID, "it looks for an element of an empty axis");
    Shape shape = {.rank = 0};
    bool keep = attr_int(node, A_KEEPDIMS, 1) != 0;
    for (int k = 0; k < x->shape.rank; k++)
        if (k != axis || keep) shape.dim[shape.rank++] = k == axis ? 1 : x->shape.dim[k];
    return infer_output(graph, node, 0, I64, shape);
}

/* Does the element at `at` take the place of the one at `best`? */
static bool is_better(const Node *node, const Tensor *x, int64_t at, int64_t best) {
    bool least = node->op == OP_ArgMin, last = attr_int(node, A_SELECT_LAST_INDEX, 0) != 0;
    int64_t low = least ? at : best, high = least ? best : at;
    if (x->f) return last ? x->f[low] <= x->f[high] : x->f[low] < x->f[high];
    return integer_less(x->type, x->i[low], x->i[high]) || (last && x->i[low] == x->i[high]);
}

static AxisSplit split_of(const Node *node, const Tensor *x) {
    int64_t axis = attr_int(node, A_AXIS, 0);
    return split_at(&x->shape, (int)(axis < 0 ? axis + x->shape.rank : axis));
}

/* As ONNX Runtime compares: a NaN is found only where it comes first. */
bool eval_arg(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    (void)scratch, (void)diag;
    AxisSplit split = split_of(node, in[0]);
    for (int64_t to = 0; to < out[0]->count; to++) {
        int64_t first = to / split.inner * split.length * split.inner + to % split.inner, best = 0;
        for (int64_t k = 1; k < split.length; k++)
            if (is_better(node, in[0], first + k * split.inner, first + best * split.inner)) best = k;
        out[0]->i[to] = best;
    }
    return true;
}

bool infer_cumsum(Graph *graph, Node *node) {
    const Value *x = node->in[0];
    int axis;
    bool fits = dtype_is_float(x->type) || x->type == I32 || x->type == I64 || x->type == U32 || x->type == U64;
    if (!fits) return node_fail(graph, node, STATUS_INVALID, "is not defined for elements of type %s", dtype_name(x->type));
    return infer_axis(graph, node, attr_int(node, A_AXIS, 0), x->shape.rank, &axis) &&
           infer_output(graph, node, 0, x->type, x->shape);
}

bool eval_cumsum(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    (void)scratch, (void)diag;
    const Tensor *x = in[0];
    Tensor *y = out[0];
    AxisSplit split = split_of(node, x);
    bool exclusive = attr_int(node, A_EXCLUSIVE, 0) != 0, reverse = attr_int(node, A_REVERSE, 0) != 0;
    int64_t step = reverse ? -split.inner : split.inner;
    for (int64_t row = 0; x->count && row < split.outer * split.inner; row++) {
        int64_t at = row / split.inner * split.length * split.inner + row % split.inner;
        if (reverse) at += (split.length - 1) * split.inner;
        double sum = 0;
        uint64_t whole = 0;
        for (int64_t k = 0; k < split.length; k++, at += step) {
            double next = x->f ? held(y, sum + x->f[at]) : 0;
            uint64_t next_whole = x->f ? 0 : whole + (uint64_t)x->i[at];
            if (y->f)
                y->f[at] = exclusive ? sum : next;
            else
                y->i[at] = integer_wrap(y->type, (int64_t)(exclusive ? whole : next_whole));
            sum = next;
            whole = next_whole;
        }
    }
    return true;
}
