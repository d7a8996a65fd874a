#include "ir/types.h"

#include <float.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    size_t size;
    const char *name, *c_name, *onnx_name;
    double largest; /* finite float; 0 of integers */
} dtypes[DTYPE_COUNT] = {
    [F32] = {4, "f32", "float", "float", FLT_MAX},
    [F64] = {8, "f64", "double", "double", DBL_MAX},
    [F16] = {2, "f16", "uint16_t", "float16", 65504},
    [BF16] = {2, "bf16", "uint16_t", "bfloat16", 0x1.fep127},
    [I8] = {1, "i8", "int8_t", "int8", 0},
    [U8] = {1, "u8", "uint8_t", "uint8", 0},
    [I16] = {2, "i16", "int16_t", "int16", 0},
    [U16] = {2, "u16", "uint16_t", "uint16", 0},
    [I32] = {4, "i32", "int32_t", "int32", 0},
    [U32] = {4, "u32", "uint32_t", "uint32", 0},
    [I64] = {8, "i64", "int64_t", "int64", 0},
    [U64] = {8, "u64", "uint64_t", "uint64", 0},
    [BOOL] = {1, "bool", "unsigned char", "bool", 0},
};

size_t dtype_size(Dtype type) {
    return dtypes[type].size;
}
const char *dtype_name(Dtype type) {
    return dtypes[type].name;
}
const char *dtype_c_name(Dtype type) {
    return dtypes[type].c_name;
}
const char *dtype_onnx_name(Dtype type) {
    return dtypes[type].onnx_name;
}
bool dtype_is_float(Dtype type) {
    return dtypes[type].largest > 0;
}
bool dtype_is_half(Dtype type) {
    return type == F16 || type == BF16;
}
double dtype_largest(Dtype type) {
    return dtypes[type].largest;
}

bool checked_mul(int64_t a, int64_t b, int64_t *product) {
    return a >= 0 && b >= 0 && !__builtin_mul_overflow(a, b, product);
}

bool checked_add(int64_t a, int64_t b, int64_t *sum) {
    return !__builtin_add_overflow(a, b, sum);
}

/* Zero dimensions don't hide the others: then every partial product of a counted shape is known to fit. */
int64_t shape_count(const Shape *shape) {
    const int64_t most = (int64_t)1 << 40;
    if (shape->rank < 0 || shape->rank > MAX_RANK) return -1;
    int64_t product = 1;
    bool empty = false;
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dim[i] < 0) return -1;
        if (shape->dim[i] == 0)
            empty = true;
        else if (!checked_mul(product, shape->dim[i], &product) || product > most)
            return -1;
    }
    return empty ? 0 : product;
}

bool shape_equal(const Shape *a, const Shape *b) {
    if (a->rank != b->rank) return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i]) return false;
    return true;
}

Shape shape_of(int rank, ...) {
    Shape shape = {.rank = rank};
    va_list arguments;
    va_start(arguments, rank);
    for (int i = 0; i < rank && i < MAX_RANK; i++) shape.dim[i] = va_arg(arguments, int64_t);
    va_end(arguments);
    return shape;
}

int64_t shape_product(const Shape *shape, int from, int to) {
    int64_t product = 1;
    for (int i = from; i < to; i++) product *= shape->dim[i];
    return product;
}

const char *shape_text(const Shape *shape, char *buffer, size_t size) {
    if (!size) return buffer;
    if (!shape->rank) {
        snprintf(buffer, size, "scalar");
        return buffer;
    }
    size_t used = 0;
    buffer[0] = 0;
    for (int i = 0; i < shape->rank && used < size; i++) {
        int length = snprintf(buffer + used, size - used, "%s%" PRId64, i ? "x" : "", shape->dim[i]);
        if (length < 0) break;
        used += (size_t)length;
    }
    return buffer;
}

bool shape_broadcast(const Shape *a, const Shape *b, Shape *result) {
    Shape joined = {.rank = a->rank > b->rank ? a->rank : b->rank};
    for (int i = 0; i < joined.rank; i++) {
        int in_a = i - (joined.rank - a->rank), in_b = i - (joined.rank - b->rank);
        int64_t from_a = in_a < 0 ? 1 : a->dim[in_a], from_b = in_b < 0 ? 1 : b->dim[in_b];
        if (from_a != from_b && from_a != 1 && from_b != 1) return false;
        joined.dim[i] = from_a == 1 ? from_b : from_a;
    }
    *result = joined;
    return true;
}

static uint32_t float_bits(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

float f16_to_f32(uint16_t bits) {
    uint32_t sign = (uint32_t)(bits & 0x8000u) << 16, exponent = (bits >> 10) & 31u, fraction = bits & 0x3ffu;
    if (exponent == 31) return float_of_bits(sign | 0x7f800000u | fraction << 13);
    if (exponent) return float_of_bits(sign | (exponent + 112) << 23 | fraction << 13);
    float magnitude = (float)fraction * 0x1p-24f; /* subnormal */
    return sign ? -magnitude : magnitude;
}

/* bits >> shift, rounded to nearest even. */
static uint32_t shift_rounded(uint32_t bits, unsigned shift) {
    uint32_t half = 1u << (shift - 1), rest = bits & ((1u << shift) - 1), whole = bits >> shift;
    return whole + (rest > half || (rest == half && (whole & 1u)));
}

uint16_t f32_to_f16(float value) {
    uint32_t bits = float_bits(value), sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
    uint32_t half;
    if (magnitude > 0x7f800000u)
        half = 0x7e00u;
    else if (magnitude >= 0x477ff000u) /* 65520 and up round to infinity */
        half = 0x7c00u;
    else if (magnitude >= 0x38800000u) /* normal from 2^-14 */
        half = shift_rounded(magnitude - 0x38000000u, 13);
    else if (magnitude >= 0x33000000u) /* subnormal down to half of 2^-24 */
        half = shift_rounded((magnitude & 0x7fffffu) | 0x800000u, 126 - (magnitude >> 23));
    else
        half = 0;
    return (uint16_t)(sign | half);
}

float bf16_to_f32(uint16_t bits) {
    return float_of_bits((uint32_t)bits << 16);
}

uint16_t f32_to_bf16(float value) {
    uint32_t bits = float_bits(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(bits >> 16 | 0x40u);
    return (uint16_t)shift_rounded(bits, 16);
}
