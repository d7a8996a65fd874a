/* TensorProto -> constant. */
#ifndef SKIPC_FRONTEND_TENSORS_H
#define SKIPC_FRONTEND_TENSORS_H

#include "ir/graph.h"
#include "onnx.pb-c.h"

typedef struct {
    Graph *graph;
    const char *model_path; /* external data lie in its folder */
    const char *owner_name; /* the node whose attribute it is, or NULL for an initializer */
    const char *owner_op_type;
} TensorContext;

/* NULL with the diagnostic set on failure. `name` names the tensor in messages and the value. */
Value *tensor_import(const TensorContext *context, const Onnx__TensorProto *tensor, const char *name);

/* False with a diagnostic for element types that the IR doesn't have; `what` says whose, "input 'x'". */
bool dtype_from_onnx(Diag *diag, int64_t code, const char *what, Dtype *type);
/* "float8e4m3fn"; "type 99" in buffer for codes ONNX doesn't have. */
const char *onnx_type_name(int64_t code, char *buffer, size_t size);

#endif
