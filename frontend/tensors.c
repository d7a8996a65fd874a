#include "frontend/tensors.h"
#include "frontend/external.h"
#include "frontend/model.h"

#include <stdio.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "raw_data is little endian and used in place");

static const struct {
    const char *name;
    int dtype; /* DTYPE_COUNT: not in the IR */
} onnx_types[] = {
    [1] = {"float", F32},
    [2] = {"uint8", U8},
    [3] = {"int8", I8},
    [4] = {"uint16", U16},
    [5] = {"int16", I16},
    [6] = {"int32", I32},
    [7] = {"int64", I64},
    [8] = {"string", DTYPE_COUNT},
    [9] = {"bool", BOOL},
    [10] = {"float16", F16},
    [11] = {"double", F64},
    [12] = {"uint32", U32},
    [13] = {"uint64", U64},
    [14] = {"complex64", DTYPE_COUNT},
    [15] = {"complex128", DTYPE_COUNT},
    [16] = {"bfloat16", BF16},
    [17] = {"float8e4m3fn", DTYPE_COUNT},
    [18] = {"float8e4m3fnuz", DTYPE_COUNT},
    [19] = {"float8e5m2", DTYPE_COUNT},
    [20] = {"float8e5m2fnuz", DTYPE_COUNT},
    [21] = {"uint4", DTYPE_COUNT},
    [22] = {"int4", DTYPE_COUNT},
    [23] = {"float4e2m1", DTYPE_COUNT},
    [24] = {"float8e8m0", DTYPE_COUNT},
    [25] = {"uint2", DTYPE_COUNT},
    [26] = {"int2", DTYPE_COUNT},
    [27] = {"float6e2m3", DTYPE_COUNT},
    [28] = {"float6e3m2", DTYPE_COUNT},
};
enum { ONNX_TYPE_COUNT = sizeof onnx_types / sizeof *onnx_types };

const char *onnx_type_name(int64_t code, char *buffer, size_t size) {
    if (code > 0 && code < ONNX_TYPE_COUNT) return onnx_types[code].name;
    snprintf(buffer, size, "%lld", (long long)code);
    return buffer;
}

bool dtype_from_onnx(Diag *diag, int64_t code, const char *what, Dtype *type) {
    char buffer[32];
    if (code == 0) return fail(diag, STATUS_INVALID, "%s has no element type", what);
    if (code < 0 || code >= ONNX_TYPE_COUNT || onnx_types[code].dtype == DTYPE_COUNT)
        return fail(diag, STATUS_UNSUPPORTED, "%s: element type %s is not supported", what,
                    onnx_type_name(code, buffer, sizeof buffer));
    *type = (Dtype)onnx_types[code].dtype;
    return true;
}

/* One tensor being imported. */
typedef struct {
    const TensorContext *context;
    const Onnx__TensorProto *proto;
    const char *name;
    Dtype type;
    Shape shape;
    int64_t count;
    int64_t bytes;
} Source;

static bool source_fail(const Source *source, Status status, const char *what) {
    const TensorContext *context = source->context;
    if (context->owner_op_type)
        return fail_at(context->graph->diag, status, context->owner_name, context->owner_op_type, "tensor '%s': %s", source->name,
                       what);
    return fail(context->graph->diag, status, "initializer '%s': %s", source->name, what);
}

static bool read_type(Source *source) {
    char buffer[32];
    int64_t code = source->proto->data_type;
    if (code > 0 && code < ONNX_TYPE_COUNT && onnx_types[code].dtype != DTYPE_COUNT) {
        source->type = (Dtype)onnx_types[code].dtype;
        return true;
    }
    if (code == 0) return source_fail(source, STATUS_INVALID, "it has no element type");
    return source_fail(source, STATUS_UNSUPPORTED,
                       arena_printf(source->context->graph->arena, "element type %s is not supported",
                                    onnx_type_name(code, buffer, sizeof buffer)));
}

static bool read_shape(Source *source) {
    const Onnx__TensorProto *proto = source->proto;
    if (proto->n_dims > MAX_RANK)
        return source_fail(source, STATUS_UNSUPPORTED,
                           arena_printf(source->context->graph->arena, "it has %zu dimensions, at most %d are supported",
                                        proto->n_dims, MAX_RANK));
    source->shape.rank = (int)proto->n_dims;
    for (size_t k = 0; k < proto->n_dims; k++) {
        source->shape.dim[k] = proto->dims[k];
        if (proto->dims[k] < 0) return source_fail(source, STATUS_INVALID, "a dimension is negative");
    }
    source->count = shape_count(&source->shape);
    if (source->count < 0 || !checked_mul(source->count, (int64_t)dtype_size(source->type), &source->bytes))
        return source_fail(source, STATUS_INVALID, "its dimensions overflow");
    return true;
}

static bool wrong_size(const Source *source, const char *field, size_t has, int64_t needs) {
    char shape[128];
    return source_fail(source, STATUS_INVALID,
                       arena_printf(source->context->graph->arena, "its %s holds %zu %s, a %s of shape %s needs %lld", field, has,
                                    strcmp(field, "raw_data") == 0 ? "bytes" : "elements", dtype_onnx_name(source->type),
                                    shape_text(&source->shape, shape, sizeof shape), (long long)needs));
}

/* A bool is 0 or 1 from here on, whatever byte stood for true. */
static void normalise_bools(uint8_t *bytes, int64_t count) {
    for (int64_t i = 0; i < count; i++) bytes[i] = bytes[i] != 0;
}

static const void *from_raw(const Source *source) {
    const ProtobufCBinaryData *raw = &source->proto->raw_data;
    if ((uint64_t)raw->len != (uint64_t)source->bytes) {
        wrong_size(source, "raw_data", raw->len, source->bytes);
        return NULL;
    }
    if (source->type == BOOL) normalise_bools(raw->data, source->count);
    return raw->data;
}

static bool fits(int32_t value, Dtype type) {
    switch (type) {
    case I8: return value >= INT8_MIN && value <= INT8_MAX;
    case I16: return value >= INT16_MIN && value <= INT16_MAX;
    case U8: return value >= 0 && value <= UINT8_MAX;
    default: return value >= 0 && value <= UINT16_MAX; /* U16, and the bits of F16 and BF16 */
    }
}

/* int32_data of the types narrower than it. */
static const void *from_narrow(const Source *source) {
    size_t size = dtype_size(source->type);
    uint8_t *bytes = arena_alloc(source->context->graph->arena, (size_t)source->count, size);
    for (int64_t i = 0; i < source->count; i++) {
        int32_t value = source->proto->int32_data[i];
        if (source->type == BOOL) {
            bytes[i] = value != 0;
            continue;
        }
        if (!fits(value, source->type)) {
            source_fail(source, STATUS_INVALID, "its int32_data holds a number that does not fit its element type");
            return NULL;
        }
        memcpy(bytes + (size_t)i * size, &value, size); /* little endian: the low bytes come first */
    }
    return bytes;
}

static const void *from_u64(const Source *source) {
    uint32_t *words = ARENA_ARRAY(source->context->graph->arena, uint32_t, source->count);
    for (int64_t i = 0; i < source->count; i++) {
        if (source->proto->uint64_data[i] > UINT32_MAX) {
            source_fail(source, STATUS_INVALID, "its uint64_data holds a number that does not fit uint32");
            return NULL;
        }
        words[i] = (uint32_t)source->proto->uint64_data[i];
    }
    return words;
}

static const void *from_fields(const Source *source) {
    const Onnx__TensorProto *proto = source->proto;
    const char *field = "int32_data";
    const void *data = proto->int32_data;
    size_t has = proto->n_int32_data;
    switch (source->type) {
    case F32: field = "float_data", data = proto->float_data, has = proto->n_float_data; break;
    case F64: field = "double_data", data = proto->double_data, has = proto->n_double_data; break;
    case I64: field = "int64_data", data = proto->int64_data, has = proto->n_int64_data; break;
    case U32:
    case U64: field = "uint64_data", data = proto->uint64_data, has = proto->n_uint64_data; break;
    default: break;
    }
    if ((uint64_t)has != (uint64_t)source->count) {
        wrong_size(source, field, has, source->count);
        return NULL;
    }
    if (source->type == U32) return from_u64(source);
    bool narrow = data == proto->int32_data && source->type != I32;
    return narrow && source->count > 0 ? from_narrow(source) : data;
}

static const void *from_external(const Source *source) {
    External external;
    ExternalError error = {.status = STATUS_OK};
    void *bytes = NULL;
    if (external_describe(source->proto, source->bytes, &external, &error))
        bytes = external_read(source->context->graph->arena, source->context->model_path, &external, &error);
    if (!bytes)
        source_fail(source, error.status, error.text);
    else if (source->type == BOOL)
        normalise_bools(bytes, source->count);
    return bytes;
}

Value *tensor_import(const TensorContext *context, const Onnx__TensorProto *tensor, const char *name) {
    Source source = {.context = context, .proto = tensor, .name = name};
    if (!read_type(&source) || !read_shape(&source)) return NULL;
    if (tensor->segment) {
        source_fail(&source, STATUS_UNSUPPORTED, "tensors in segments are not supported");
        return NULL;
    }
    bool failed_before = context->graph->diag->status != STATUS_OK;
    const void *data;
    if (tensor->has_data_location && tensor->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL)
        data = from_external(&source);
    else
        data = tensor->has_raw_data ? from_raw(&source) : from_fields(&source);
    if (!failed_before && context->graph->diag->status != STATUS_OK) return NULL;
    /* A constant without elements still is one: its data isn't NULL. */
    if (!data) data = ARENA_NEW(context->graph->arena, uint64_t);
    return constant_new(context->graph, name, source.type, source.shape, data);
}
