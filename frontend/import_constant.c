/* What needs no node: constants, shapes, copies. */
#include "frontend/importers.h"
#include "frontend/tensors.h"

#include <math.h>
#include <string.h>

bool import_identity(OpImport *op) {
    op->out[0] = op->in[0];
    return true;
}

/* By an input since opset 12, and by an attribute before 7, which is inference where it is missing, as ONNX's version converter
 * has it for BatchNormalization. In between there is nothing but inference. */
static bool trains(const OpImport *op, bool *training) {
    Value *mode;
    *training = op->node->opset < 7 && op_attr(op, "is_test") && op_int(op, "is_test", 0) == 0;
    if (!op_in(op, 2)) return true;
    if (!op_constant(op, 2, "training_mode", &mode)) return false;
    if (mode->type != BOOL || shape_count(&mode->shape) != 1)
        return op_fail(op, STATUS_INVALID, "its training_mode must be one bool");
    *training = constant_int_at(mode, 0) != 0;
    return true;
}

/* With ratio 0 training changes nothing either. */
static bool drops_nothing(const OpImport *op) {
    if (op->node->opset < 12) return op_float(op, "ratio", 0.5) == 0;
    const Value *ratio = op_in(op, 1);
    return ratio && ratio->data && shape_count(&ratio->shape) == 1 && dtype_is_float(ratio->type) &&
           constant_float_at(ratio, 0) == 0;
}

/* The mask is all true: nothing is dropped. */
bool import_dropout(OpImport *op) {
    static const uint8_t yes = 1;
    bool training;
    if (!trains(op, &training)) return false;
    if (training && !drops_nothing(op))
        return op_fail(op, STATUS_UNSUPPORTED, "%s: export the model for inference (model.eval())",
                       op->node->opset < 7 ? "it is in training mode, its is_test is 0" : "training_mode is true");
    op->out[0] = op->in[0];
    if (op->out_count < 2 || !op->wanted[1]) return true;
    op->out[1] = op_filled(op, BOOL, &op->in[0]->shape, &yes);
    /* Before opset 10 the mask had the input's type. */
    if (op->out[1] && op->node->opset < 10) op->out[1] = op_cast(op, op->out[1], op->in[0]->type);
    return op->out[1];
}

static bool tensor_attribute(OpImport *op, const Onnx__AttributeProto *attr) {
    TensorContext context = {.graph = op->graph, .model_path = op->model->path};
    context.owner_name = op->node->name;
    context.owner_op_type = op->node->op_type;
    op->out[0] = tensor_import(&context, attr->t, op->node->name);
    return op->out[0];
}

/* value_float, value_floats, value_int and value_ints (12): rank 0 and 1. */
static bool number_attribute(OpImport *op, const Onnx__AttributeProto *attr) {
    bool list = strchr("s", text_of(attr->name)[strlen(text_of(attr->name)) - 1]);
    bool real = strncmp(attr->name, "value_float", strlen("value_float")) == 0;
    size_t count = !list ? 1 : real ? attr->n_floats : attr->n_ints;
    Shape shape = {.rank = list, .dim = {(int64_t)count}};
    if (count > 0) {
        const void *from = real ? (list ? (const void *)attr->floats : &attr->f) : (list ? (const void *)attr->ints : &attr->i);
        size_t size = real ? sizeof(float) : sizeof(int64_t);
        void *data = arena_alloc(op->graph->arena, count, size);
        memcpy(data, from, count * size);
        op->out[0] = constant_new(op->graph, op->node->name, real ? F32 : I64, shape, data);
    } else {
        op->out[0] = constant_new(op->graph, op->node->name, real ? F32 : I64, shape, ARENA_NEW(op->graph->arena, int64_t));
    }
    return true;
}

bool import_constant(OpImport *op) {
    if (op->node->attr_count != 1) return op_fail(op, STATUS_INVALID, "it needs one value, %d are given", op->node->attr_count);
    const Onnx__AttributeProto *attr = op->node->attrs[0];
    switch (attr->type) {
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR: return tensor_attribute(op, attr);
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__SPARSE_TENSOR:
        return op_fail(op, STATUS_UNSUPPORTED, "sparse constants are not supported");
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING:
    case ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS:
        return op_fail(op, STATUS_UNSUPPORTED, "constants of element type string are not supported");
    default: return number_attribute(op, attr);
    }
}

bool import_constant_of_shape(OpImport *op) {
    static const float zero = 0;
    const int64_t *dims;
    int count;
    if (!op_constant_ints(op, 0, "input", &dims, &count)) return false;
    if (count > MAX_RANK)
        return op_fail(op, STATUS_UNSUPPORTED, "its result has %d dimensions, at most %d are supported", count, MAX_RANK);
    Shape shape = {.rank = count};
    for (int k = 0; k < count; k++) shape.dim[k] = dims[k];
    const Onnx__AttributeProto *attr = op_attr(op, "value");
    Dtype type = F32;
    const void *element = &zero;
    if (attr) {
        if (!tensor_attribute(op, attr)) return false;
        if (shape_count(&op->out[0]->shape) != 1) return op_fail(op, STATUS_INVALID, "its value must be one number");
        type = op->out[0]->type;
        element = op->out[0]->data;
    }
    op->out[0] = op_filled(op, type, &shape, element);
    return op->out[0];
}

/* start and end (15): a slice of the shape, clamped. */
bool import_shape(OpImport *op) {
    const Shape *x = &op->in[0]->shape;
    int64_t ends[2] = {op_int(op, "start", 0), op_int(op, "end", x->rank)};
    for (int k = 0; k < 2; k++) {
        if (ends[k] < 0) ends[k] += x->rank;
        if (ends[k] < 0) ends[k] = 0;
        if (ends[k] > x->rank) ends[k] = x->rank;
    }
    int count = ends[1] > ends[0] ? (int)(ends[1] - ends[0]) : 0;
    op->out[0] = constant_i64(op->graph, op->node->name, x->dim + ends[0], count);
    return true;
}

bool import_size(OpImport *op) {
    static const Shape scalar = {.rank = 0};
    int64_t count = shape_count(&op->in[0]->shape);
    op->out[0] = op_filled(op, I64, &scalar, &count);
    return op->out[0];
}
