/* ONNX file -> IR. The only folder that knows protobuf. */
#ifndef SKIPC_FRONTEND_H
#define SKIPC_FRONTEND_H

#include "ir/graph.h"

typedef struct {
    const char *name; /* of a symbolic dimension */
    int64_t size;
} DimSetting;

typedef struct {
    const DimSetting *dims;
    int dim_count;
} ImportOptions;

/* Reads a model (IR versions 3 to 13, opsets 6 to the newest) into a verified graph with static shapes.
 * NULL with graph->diag / `diag` set on failure. Weights may point into memory that the arena owns. */
Graph *onnx_import(Arena *arena, Diag *diag, const char *path, const ImportOptions *options);

#endif
