/* Range (11) occurs in computed indices, and in the anchors of detectors: of constants, it is computed here; the IR has none. */
#include "frontend/importers.h"
#include "ir/tensor.h"

#include <math.h>

enum { LONGEST = 1 << 20 };

static bool too_long(const OpImport *op) {
    return op_fail(op, STATUS_UNSUPPORTED, "it has more than %d numbers", LONGEST);
}

/* `distance` / `step` rounded up: step is at least 1. */
static uint64_t steps(uint64_t distance, uint64_t step) {
    return distance / step + (distance % step != 0);
}

/* start, limit, delta: the numbers before limit. The distance of two int64 numbers fits uint64, whose sums may wrap around. */
static bool integers(OpImport *op, Value *const *given, Tensor **result) {
    const int64_t start = constant_int_at(given[0], 0), limit = constant_int_at(given[1], 0),
                  delta = constant_int_at(given[2], 0);
    if (delta == 0) return op_fail(op, STATUS_INVALID, "its delta is 0");
    const uint64_t up = (uint64_t)limit - (uint64_t)start, step = delta > 0 ? (uint64_t)delta : 0 - (uint64_t)delta;
    const uint64_t count = delta > 0 ? (limit > start ? steps(up, step) : 0) : limit < start ? steps(0 - up, step) : 0;
    if (count > LONGEST) return too_long(op);
    *result = tensor_new(op->graph->arena, given[0]->type, shape_of(1, (int64_t)count));
    for (uint64_t i = 0; i < count; i++) (*result)->i[i] = (int64_t)((uint64_t)start + i * (uint64_t)delta);
    return true;
}

/* Each number from its place, as the specification says: none inherits the rounding of those before. Their count is ONNX
 * Runtime's, which rounds the distance to the numbers' type, and no more. */
static bool floats(OpImport *op, Value *const *given, Tensor **result) {
    const double start = constant_float_at(given[0], 0), limit = constant_float_at(given[1], 0),
                 delta = constant_float_at(given[2], 0);
    const double distance = given[0]->type == F64 ? limit - start : (double)(float)(limit - start),
                 count = ceil(distance / delta);
    if (delta == 0 || !isfinite(start) || !isfinite(limit) || !isfinite(delta))
        return op_fail(op, STATUS_INVALID, "its delta is 0, or its numbers are not finite");
    if (count > LONGEST) return too_long(op);
    *result = tensor_new(op->graph->arena, given[0]->type, shape_of(1, count > 0 ? (int64_t)count : 0));
    for (int64_t i = 0; i < (*result)->count; i++) (*result)->f[i] = start + (double)i * delta;
    return true;
}

bool import_range(OpImport *op) {
    static const char *const names[] = {"start", "limit", "delta"};
    Value *given[3];
    for (int k = 0; k < 3; k++) {
        if (!op_constant(op, k, names[k], &given[k])) return false;
        if (given[k]->type != given[0]->type || given[k]->type == BOOL || shape_count(&given[k]->shape) != 1)
            return op_fail(op, STATUS_INVALID, "its start, limit and delta must be numbers of one type");
    }
    Tensor *result;
    if (!(dtype_is_float(given[0]->type) ? floats : integers)(op, given, &result)) return false;
    tensor_round(result);
    op->out[0] = constant_new(op->graph, op->node->name, result->type, result->shape, tensor_to_bytes(op->graph->arena, result));
    return true;
}
