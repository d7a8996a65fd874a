/* Dimensions without a fixed size: --dim, a bound input's value or the default gives each one. */
#ifndef SKIPC_FRONTEND_DIMS_H
#define SKIPC_FRONTEND_DIMS_H

#include "frontend/model.h"
#include "frontend/words.h"

typedef struct {
    Model *model;
    const ImportOptions *options;
    NameTable noted; /* taken as 1 */
    NameTable bound; /* symbol -> its index in bound_sizes */
    int64_t *bound_sizes;
    int bound_count, bound_capacity;
    NameTable missing; /* names that --dim has to set */
    WordList missing_dims, missing_options;
    const char *first_missing; /* the whole message, if it stays the only one */
} Dims;

const Onnx__TypeProto__Tensor *tensor_type(const Onnx__ValueInfoProto *info);
/* Symbolic, without a size, or one of the numbers that exporters write for an open size: -1 and 0. */
bool dimension_is_open(const Onnx__TensorShapeProto__Dimension *dimension);

/* False with a diagnostic where a --dim names nothing or sets what it may not. */
bool dims_start(Dims *dims, Model *model, const ImportOptions *options);
/* An input's shape as declared, with --dim; -1 where a size is still free. */
bool dims_declared(Dims *dims, const Onnx__ValueInfoProto *info, Shape *shape);
/* A bound input has this shape: the symbols of its dimensions have these sizes from now on, wherever they stand. */
bool dims_bind(Dims *dims, const Onnx__ValueInfoProto *info, const Shape *shape);
/* An input's shape. What has no size is kept for dims_complete, and is 1 meanwhile. */
bool dims_shape(Dims *dims, const Onnx__ValueInfoProto *info, Shape *shape);
/* Fails where sizes were missing: names them all, with the options that set them. */
bool dims_complete(const Dims *dims);

#endif
