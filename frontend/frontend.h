/* ONNX file -> IR. The only folder that knows protobuf. */
#ifndef SKIPC_FRONTEND_H
#define SKIPC_FRONTEND_H

#include "ir/graph.h"

typedef struct {
    const char *name; /* of a symbolic dimension */
    int64_t size;
} DimSetting;

/* An input that becomes a constant. */
typedef struct {
    const char *name;
    Dtype type;
    const Shape *declared; /* -1 where any size will do; NULL: any shape */
    Shape shape;           /* of the value */
    const void *data;      /* its elements, in the arena of the import */
} Binding;

/* Reads the value that `text` stands for: a number, a list, the path of a file. Sets shape and data, which fit what is declared;
 * false with the diagnostic set. */
typedef bool ReadBinding(void *context, const char *text, Binding *binding);

typedef struct {
    const DimSetting *dims;
    int dim_count;
    const char *const *binds; /* "NAME=VALUE" */
    int bind_count;
    ReadBinding *read; /* where there are any */
    void *context;
} ImportOptions;

/* Reads a model (IR versions 3 to 13, opsets 6 to the newest) into a verified graph with static shapes.
 * NULL with graph->diag / `diag` set on failure. Weights may point into memory that the arena owns. */
Graph *onnx_import(Arena *arena, Diag *diag, const char *path, const ImportOptions *options);

#endif
