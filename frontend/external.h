/* Tensor data in files of their own, beside the model. */
#ifndef SKIPC_FRONTEND_EXTERNAL_H
#define SKIPC_FRONTEND_EXTERNAL_H

#include "ir/graph.h"
#include "onnx.pb-c.h"

typedef struct {
    const char *location; /* relative to the model's folder */
    int64_t offset, bytes;
} External;

typedef struct {
    Status status;
    char text[512];
} ExternalError;

/* Where the tensor's data are; `bytes` is what its type and shape need. */
bool external_describe(const Onnx__TensorProto *tensor, int64_t bytes, External *external, ExternalError *error);
/* The bytes, in arena memory; NULL with `error` set on failure. Nothing is allocated before the file is known to hold them. */
void *external_read(Arena *arena, const char *model_path, const External *external, ExternalError *error);

#endif
