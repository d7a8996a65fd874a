/* One ONNX node -> IR nodes. A table names the function for each operator; there is one file per operator family. */
#ifndef SKIPC_FRONTEND_IMPORTERS_H
#define SKIPC_FRONTEND_IMPORTERS_H

#include "frontend/model.h"

/* The node being imported. */
typedef struct {
    Model *model;
    Graph *graph;
    const OnnxNode *node;
    Value **in; /* in_count of them; an omitted one is NULL */
    int in_count;
    Value **out;                /* to be set, out_count of them; those not wanted may stay NULL */
    const bool *wanted, *named; /* read by anybody; not left out by an empty name */
    int out_count;
} OpImport;

typedef bool ImportFunction(OpImport *op);

typedef struct {
    const char *op_type;
    ImportFunction *import;
    int least_inputs, most_inputs; /* most_inputs -1: any number, none omitted */
    int most_outputs;              /* -1: any number */
    const char *attributes;        /* "name:kind ...", kind as in attribute_kinds */
} Importer;

/* NULL for operators that skipc doesn't know, e.g. of other domains than the default one. */
const Importer *find_importer(const char *domain, const char *op_type);
/* Fails where nodes that are wanted have operators that skipc doesn't know: names all of them. */
bool check_operators(Model *model);
bool check_opset(Diag *diag, int64_t opset);
/* The nodes that are wanted, in the file's order wherever that is an execution order. */
bool import_nodes(Model *model, Graph *graph);
/* NULL for an output that its node's importer doesn't give, and with a diagnostic for a bad initializer. */
Value *slot_value(const Model *model, Graph *graph, int index);
/* Number of inputs and outputs, names and kinds of attributes: what holds before the importer looks. */
bool check_call(const OpImport *op, const Importer *importer);

bool op_fail(const OpImport *op, Status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Attributes; their kinds were checked before. */
const Onnx__AttributeProto *op_attr(const OpImport *op, const char *name);
int64_t op_int(const OpImport *op, const char *name, int64_t otherwise);
double op_float(const OpImport *op, const char *name, double otherwise);
const char *op_string(const OpImport *op, const char *name, const char *otherwise);
/* False where it is absent. */
bool op_ints(const OpImport *op, const char *name, const int64_t **values, int *count);

/* NULL where it is omitted. */
Value *op_in(const OpImport *op, int index);
/* Makes input `index` a constant if it depends on constants alone. */
bool op_fold(const OpImport *op, int index);
/* Input `index` as a constant: folded if need be, a diagnostic naming it where it depends on the graph's inputs. */
bool op_constant(const OpImport *op, int index, const char *name, Value **value);
/* The same, rank 0 or 1, as integers. */
bool op_constant_ints(const OpImport *op, int index, const char *name, const int64_t **values, int *count);
/* Of an attribute (older opsets) or of an input (newer ones); *count -1 where it is absent from both. */
bool op_ints_of(const OpImport *op, const char *name, int index, const int64_t **values, int *count);

/* `axis` counted from the end where negative. */
bool op_axis(const OpImport *op, int64_t axis, int rank, int *result);
/* Several, none twice; their order is kept. `axes` has room for MAX_RANK. */
bool op_axes(const OpImport *op, const int64_t *given, int count, int rank, int *axes);

/* A node named and typed after the ONNX node; op_done completes it once its attributes are set. */
Node *op_node(const OpImport *op, Op id, Value **in, int in_count, int out_count);
/* Infers, and evaluates small nodes whose inputs are all constant. */
bool op_done(const OpImport *op, Node *node);
/* op_done, then out[0] is the result. */
bool op_finish(OpImport *op, Node *node);
/* One-input and two-input nodes without attributes; NULL on failure. */
Value *op_unary(const OpImport *op, Op id, Value *x);
Value *op_binary(const OpImport *op, Op id, Value *a, Value *b);
Value *op_reshape(const OpImport *op, Value *x, const Shape *shape);
Value *op_cast(const OpImport *op, Value *x, Dtype type);
/* A constant whose elements all are the `size` bytes at `element`. */
Value *op_filled(const OpImport *op, Dtype type, const Shape *shape, const void *element);

ImportFunction import_unary, import_parametric, import_clip, import_cast, import_cast_like, import_hard_swish, import_binary,
    import_pow, import_prelu, import_variadic, import_where, import_conv, import_pool, import_global_pool, import_batchnorm,
    import_lrn, import_gemm, import_matmul, import_reduce, import_softmax, import_reshape, import_flatten, import_squeeze,
    import_unsqueeze, import_transpose, import_expand, import_concat, import_split, import_slice, import_gather, import_pad,
    import_resize, import_upsample, import_identity, import_dropout, import_constant, import_constant_of_shape, import_shape,
    import_size, import_range, import_recurrent, import_reciprocal, import_gelu, import_logical, import_mod, import_is_nan,
    import_is_inf, import_arg, import_cumsum, import_depth_to_space, import_space_to_depth, import_tile, import_one_hot,
    import_if;

#endif
