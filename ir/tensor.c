#include "ir/tensor.h"
#include "ir/op_support.h"

#include <math.h>

Tensor *tensor_new(Arena *arena, Dtype type, Shape shape) {
    Tensor *tensor = ARENA_NEW(arena, Tensor);
    int64_t count = shape_count(&shape);
    tensor->type = type;
    tensor->shape = shape;
    tensor->count = count < 0 ? 0 : count;
    if (dtype_is_float(type))
        tensor->f = ARENA_ARRAY(arena, double, tensor->count);
    else
        tensor->i = ARENA_ARRAY(arena, int64_t, tensor->count);
    return tensor;
}

#define READ(type, target)                                                                                                       \
    for (int64_t i = 0; i < count; i++) (target)[i] = ((const type *)bytes)[i]

Tensor *tensor_from_bytes(Arena *arena, Dtype type, Shape shape, const void *bytes) {
    Tensor *tensor = tensor_new(arena, type, shape);
    int64_t count = tensor->count;
    double *f = tensor->f;
    int64_t *integers = tensor->i;
    switch (type) {
    case F32:
        for (int64_t i = 0; i < count; i++) f[i] = (double)((const float *)bytes)[i];
        break;
    case F64: READ(double, f); break;
    case F16:
        for (int64_t i = 0; i < count; i++) f[i] = (double)f16_to_f32(((const uint16_t *)bytes)[i]);
        break;
    case BF16:
        for (int64_t i = 0; i < count; i++) f[i] = (double)bf16_to_f32(((const uint16_t *)bytes)[i]);
        break;
    case I8: READ(int8_t, integers); break;
    case U8: READ(uint8_t, integers); break;
    case I16: READ(int16_t, integers); break;
    case U16: READ(uint16_t, integers); break;
    case I32: READ(int32_t, integers); break;
    case U32: READ(uint32_t, integers); break;
    case I64:
    case U64: READ(int64_t, integers); break;
    case BOOL:
        for (int64_t i = 0; i < count; i++) integers[i] = ((const uint8_t *)bytes)[i] != 0;
        break;
    case DTYPE_COUNT: break;
    }
    return tensor;
}

/* `x` rounded to nearest even with `bits` significant bits and no exponent under `lowest`; overflow gives infinity. */
static double rounded(double x, int bits, int lowest, double largest) {
    if (x == 0 || isnan(x) || isinf(x)) return x;
    int exponent;
    frexp(x, &exponent);
    int unit = exponent - bits < lowest ? lowest : exponent - bits;
    double result = ldexp(nearbyint(ldexp(x, -unit)), unit);
    return fabs(result) > largest ? copysign(INFINITY, x) : result;
}

static double round_f16(double x) {
    return rounded(x, 11, -24, dtype_largest(F16));
}
static double round_bf16(double x) {
    return rounded(x, 8, -133, dtype_largest(BF16));
}

void tensor_round(Tensor *tensor) {
    int64_t count = tensor->count;
    switch (tensor->type) {
    case F32:
        for (int64_t i = 0; i < count; i++) tensor->f[i] = (double)(float)tensor->f[i];
        break;
    case F16:
        for (int64_t i = 0; i < count; i++) tensor->f[i] = round_f16(tensor->f[i]);
        break;
    case BF16:
        for (int64_t i = 0; i < count; i++) tensor->f[i] = round_bf16(tensor->f[i]);
        break;
    case F64: break;
    default:
        for (int64_t i = 0; i < count; i++) tensor->i[i] = integer_wrap(tensor->type, tensor->i[i]);
        break;
    }
}

#define WRITE(c_type, source)                                                                                                    \
    for (int64_t i = 0; i < count; i++) ((c_type *)bytes)[i] = (c_type)(source)[i]

void *tensor_to_bytes(Arena *arena, const Tensor *tensor) {
    int64_t count = tensor->count;
    void *bytes = arena_alloc(arena, (size_t)count, dtype_size(tensor->type));
    const double *f = tensor->f;
    const int64_t *integers = tensor->i;
    switch (tensor->type) {
    case F32: WRITE(float, f); break;
    case F64: WRITE(double, f); break;
    case F16: /* rounded once, from the double: the way through float only repacks the bits */
        for (int64_t i = 0; i < count; i++) ((uint16_t *)bytes)[i] = f32_to_f16((float)round_f16(f[i]));
        break;
    case BF16:
        for (int64_t i = 0; i < count; i++) ((uint16_t *)bytes)[i] = f32_to_bf16((float)round_bf16(f[i]));
        break;
    case I8: WRITE(int8_t, integers); break;
    case U8: WRITE(uint8_t, integers); break;
    case I16: WRITE(int16_t, integers); break;
    case U16: WRITE(uint16_t, integers); break;
    case I32: WRITE(int32_t, integers); break;
    case U32: WRITE(uint32_t, integers); break;
    case I64:
    case U64: WRITE(int64_t, integers); break;
    case BOOL:
        for (int64_t i = 0; i < count; i++) ((uint8_t *)bytes)[i] = integers[i] != 0;
        break;
    case DTYPE_COUNT: break;
    }
    return bytes;
}
