/* Bodies of nodes with names of their own: the main graph, a call of a local function, a branch. */
#ifndef SKIPC_FRONTEND_SCOPE_H
#define SKIPC_FRONTEND_SCOPE_H

#include "frontend/model.h"

typedef struct Scope {
    Model *model;
    const struct Scope *outer;           /* where it is called, or stands */
    bool is_branch;                      /* sees the names of `outer`, too */
    const Onnx__FunctionProto *function; /* that it is, or stands in; NULL: in none */
    const OnnxNode *call;                /* of that function */
    int64_t opset;
    NameTable *names;
    int depth;
} Scope;

/* NULL, with a diagnostic at `call`, where bodies are nested too deep. */
Scope *scope_new(const Scope *outer, const OnnxNode *call);
/* Counts what an inlined body adds; a diagnostic where it becomes too much. */
bool scope_count(const Scope *scope, const OnnxNode *node, size_t more);
/* The slot of a name that is read, NO_SLOT for a function's omitted input; NO_NAME where no node made it so far. */
int scope_find(const Scope *scope, const char *name);
/* `formal` names what `call` outputs: the names become other names of its slots. One that the body doesn't make (an input, for
 * a branch whatever is not in `made`), or makes for an earlier output too, is copied by an Identity. `made` may be NULL. */
bool scope_bind_outputs(const Scope *scope, const OnnxNode *call, const char *const *formal, const NameTable *made);
/* Copies the nodes; calls of local functions are replaced by their bodies. */
bool scope_copy_body(const Scope *scope, Onnx__NodeProto *const *nodes, size_t count);
/* Every output of `call` has a producer by now. `body`: "function" or "branch". */
bool scope_outputs_produced(const Scope *scope, const OnnxNode *call, const char *const *formal, const char *body);

/* The local function that a node calls; NULL for an operator. */
const Onnx__FunctionProto *find_function(const Model *model, const Onnx__NodeProto *node);
/* Replaces a call by the function's body. */
bool inline_call(const Scope *outer, const Onnx__FunctionProto *function, const OnnxNode *call);
/* Appends the nodes of an If's branch. They take its outputs over. */
bool inline_branch(Model *model, const OnnxNode *node, const Onnx__GraphProto *graph, const char *which);

/* The main graph's nodes. */
bool copy_graph(Model *model, int64_t opset);

#endif
