/* Numbers of the reference evaluator: floats of every width as double, integers and bool as int64_t. */
#ifndef SKIPC_IR_TENSOR_H
#define SKIPC_IR_TENSOR_H

#include "ir/graph.h"

typedef struct {
    Dtype type;
    Shape shape;
    int64_t count;
    double *f; /* exactly one of f and i is set */
    int64_t *i;
    bool float_sums; /* of a result: the partial sums of its elements are floats (ir/op_support.h, held) */
} Tensor;

Tensor *tensor_new(Arena *arena, Dtype type, Shape shape);
Tensor *tensor_from_bytes(Arena *arena, Dtype type, Shape shape, const void *bytes);
/* Elements in `tensor->type`'s own encoding. */
void *tensor_to_bytes(Arena *arena, const Tensor *tensor);
/* Rounds every element to what `tensor->type` can hold. */
void tensor_round(Tensor *tensor);

#endif
