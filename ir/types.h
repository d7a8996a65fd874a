/* Element types, shapes and the checked arithmetic that every size from a model goes through. */
#ifndef SKIPC_IR_TYPES_H
#define SKIPC_IR_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { F32, F64, F16, BF16, I8, U8, I16, U16, I32, U32, I64, U64, BOOL, DTYPE_COUNT } Dtype;

size_t dtype_size(Dtype type);           /* bytes an element */
const char *dtype_name(Dtype type);      /* "f32" */
const char *dtype_c_name(Dtype type);    /* "float"; F16 and BF16 "uint16_t"; BOOL "unsigned char" */
const char *dtype_onnx_name(Dtype type); /* "float" in ONNX's words: "tensor(float)" without the wrapper */
bool dtype_is_float(Dtype type);
bool dtype_is_half(Dtype type);   /* F16 or BF16 */
double dtype_largest(Dtype type); /* finite number of a float type, 0 of others */

enum { MAX_RANK = 8 };

typedef struct {
    int rank;
    int64_t dim[MAX_RANK];
} Shape;

/* Checked: false when the product overflows int64_t or a factor is negative. */
bool checked_mul(int64_t a, int64_t b, int64_t *product);
bool checked_add(int64_t a, int64_t b, int64_t *sum);
/* Elements of a shape, or -1 when negative or over 2^40 (no model that fits a machine has more). */
int64_t shape_count(const Shape *shape);
bool shape_equal(const Shape *a, const Shape *b);
Shape shape_of(int rank, ...); /* dims as int64_t: shape_of(2, (int64_t)3, (int64_t)4) */
/* Product of dim[from..to). */
int64_t shape_product(const Shape *shape, int from, int to);
/* "1x64x56x56"; "scalar" for rank 0. The text lives in `buffer`. */
const char *shape_text(const Shape *shape, char *buffer, size_t size);
/* ONNX multidirectional broadcasting; false where the shapes don't fit. */
bool shape_broadcast(const Shape *a, const Shape *b, Shape *result);

/* IEEE half and bfloat16, round to nearest even. */
float f16_to_f32(uint16_t bits);
uint16_t f32_to_f16(float value);
float bf16_to_f32(uint16_t bits);
uint16_t f32_to_bf16(float value);

#endif
