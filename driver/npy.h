/* NumPy's .npy files: versions 1 to 3, little endian, C order. */
#ifndef SKIPC_DRIVER_NPY_H
#define SKIPC_DRIVER_NPY_H

#include "ir/arena.h"
#include "ir/diag.h"
#include "ir/types.h"

#include <stdio.h>

typedef struct {
    Dtype type;
    Shape shape;
    int64_t count;
    void *data; /* count elements, in arena memory */
} NpyArray;

/* Where an array's bytes come from. */
typedef struct {
    size_t (*read)(void *context, void *bytes, size_t count); /* fewer than `count`: the end, or an error */
    void *context;
    int64_t bytes;    /* that it has in all */
    const char *path; /* for messages */
} NpySource;

/* Any bytes may come: nothing in them is trusted. Memory is taken for no more than the source has. */
bool npy_read_from(Arena *arena, Diag *diag, const NpySource *source, NpyArray *array);
/* The same from a regular file. */
bool npy_read(Arena *arena, Diag *diag, const char *path, NpyArray *array);
/* False with `diag` set for a type that NumPy has none for; write errors stay in the stream. */
bool npy_write(Diag *diag, FILE *file, Dtype type, const Shape *shape, const void *data);
/* "<f4", or NULL. */
const char *npy_type_name(Dtype type);

#endif
