/* Model file -> protobuf structures in arena memory. */
#ifndef SKIPC_FRONTEND_LOAD_H
#define SKIPC_FRONTEND_LOAD_H

#include "ir/arena.h"
#include "ir/diag.h"
#include "onnx.pb-c.h"

/* NULL with `diag` set when the file can't be read (STATUS_FILE) or is no ONNX model (STATUS_INVALID). */
const Onnx__ModelProto *load_model(Arena *arena, Diag *diag, const char *path);

/* Fills `size` bytes at `bytes` from an open file; false when it ends early or can't be read (errno says why, or is 0). */
bool read_exactly(int file, void *bytes, size_t size, int64_t offset);

#endif
