/* Pad (2, 11, 13, 18, 19, 21). */
#include "ir/op_functions.h"
#include "ir/op_support.h"
#include "ir/pad.h"

#include <inttypes.h>
#include <string.h>

static const char *const pad_modes[PAD_MODES] = {"constant", "edge", "reflect", "wrap"};

PadMode pad_mode(const Node *node) {
    const char *name = attr_string(node, A_MODE, "constant");
    int mode = 0;
    while (mode < PAD_MODES && strcmp(pad_modes[mode], name) != 0) mode++;
    return (PadMode)mode;
}

PadAxis pad_axis(const Node *node, int axis) {
    const Shape *x = &node->in[0]->shape;
    int64_t begin = attr_ints_at(node, A_PADS, axis, 0), end = attr_ints_at(node, A_PADS, x->rank + axis, 0);
    int64_t first = begin < 0 ? -begin : 0;
    return (PadAxis){first, x->dim[axis] - first + (end < 0 ? end : 0), begin > 0 ? begin : 0};
}

bool infer_pad(Graph *graph, Node *node) {
    const Shape *x = &node->in[0]->shape;
    int count;
    const int64_t *pads = attr_ints(node, A_PADS, &count);
    PadMode mode = pad_mode(node);
    if (mode == PAD_MODES)
        return node_fail(graph, node, STATUS_INVALID, "unknown mode '%s'", attr_string(node, A_MODE, "constant"));
    if (count != 2 * x->rank)
        return node_fail(graph, node, STATUS_INVALID, "pads has %d entries, %d are needed", count, 2 * x->rank);
    Shape out = {.rank = x->rank};
    for (int i = 0; i < x->rank; i++) {
        int64_t begin = pads[i], end = pads[x->rank + i];
        const int64_t most = (int64_t)1 << 40;
        bool good = begin <= most && begin >= -most && end <= most && end >= -most;
        out.dim[i] = good ? x->dim[i] + begin + end : -1;
        PadAxis axis = good ? pad_axis(node, i) : (PadAxis){0};
        good = good && out.dim[i] >= 0 && axis.kept >= 0 && (axis.kept || mode == PAD_CONSTANT || !out.dim[i]);
        if (!good)
            return node_fail(graph, node, STATUS_INVALID, "can't pad %" PRId64 " elements by %" PRId64 " and %" PRId64 " (%s)",
                             x->dim[i], begin, end, pad_modes[mode]);
    }
    return infer_output(graph, node, 0, node->in[0]->type, out);
}

int64_t pad_source(PadMode mode, const PadAxis *axis, int64_t o) {
    int64_t at = o - axis->begin, kept = axis->kept;
    if (at < 0 || at >= kept) {
        int64_t period = 2 * (kept - 1), turn;
        switch (mode) {
        case PAD_EDGE: at = at < 0 ? 0 : kept - 1; break;
        case PAD_REFLECT: /* there and back again, edges not repeated */
            turn = period ? (at % period + period) % period : 0;
            at = turn < kept ? turn : period - turn;
            break;
        case PAD_WRAP: at = (at % kept + kept) % kept; break;
        default: return -1;
        }
    }
    return axis->first + at;
}

bool eval_pad(const Node *node, const Tensor *const *in, Tensor *const *out, Arena *scratch, Diag *diag) {
    (void)diag;
    const Tensor *x = in[0];
    Tensor *y = out[0];
    const PadMode mode = pad_mode(node);
    int rank = x->shape.rank;
    int64_t stride[MAX_RANK], index[MAX_RANK] = {0}, *source[MAX_RANK];
    shape_strides(&x->shape, stride);
    for (int i = 0; i < rank; i++) {
        PadAxis axis = pad_axis(node, i);
        source[i] = ARENA_ARRAY(scratch, int64_t, y->shape.dim[i]);
        for (int64_t o = 0; o < y->shape.dim[i]; o++) source[i][o] = pad_source(mode, &axis, o);
    }
    const Attr *value = attr_find(node, A_VALUE);
    double number = attr_float(node, A_VALUE, 0);
    int64_t integer = value && value->kind == ATTR_FLOAT ? integer_of_float(y->type, number) : attr_int(node, A_VALUE, 0);
    for (int64_t to = 0; to < y->count; to++) {
        int64_t from = 0;
        for (int i = 0; i < rank && from >= 0; i++) from = source[i][index[i]] < 0 ? -1 : from + source[i][index[i]] * stride[i];
        if (from >= 0)
            copy_elements(y, to, x, from, 1);
        else if (y->f)
            y->f[to] = number;
        else
            y->i[to] = integer_wrap(y->type, integer);
        odometer_next(&y->shape, rank, index);
    }
    return true;
}
