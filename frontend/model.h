/* The model between protobuf and IR: functions inlined, names resolved to slots, nodes in execution order. */
#ifndef SKIPC_FRONTEND_MODEL_H
#define SKIPC_FRONTEND_MODEL_H

#include "frontend/frontend.h"
#include "frontend/names.h"
#include "onnx.pb-c.h"

/* NO_SLOT differs from NO_NAME: a function's omitted input is a known name without a slot. */
enum { NO_NODE = -1, NO_SLOT = -2 };

/* One named value of one scope. */
typedef struct {
    const char *name;
    const Onnx__TensorProto *initializer; /* or NULL */
    int producer;                         /* index of a node, or NO_NODE */
    bool is_input;
    bool wanted;  /* an output depends on it */
    Value *value; /* once imported */
} Slot;

/* A call of an operator, never of a function. */
typedef struct {
    const char *name; /* never empty: its first output's where the model gives none */
    const char *op_type;
    const char *domain;
    int64_t opset; /* version of the default domain in its scope */
    int *in;       /* slots, NO_SLOT where omitted */
    int in_count;
    int *out;
    int out_count;
    const Onnx__AttributeProto **attrs; /* references resolved */
    int attr_count;
    bool wanted;
} OnnxNode;

typedef struct {
    Arena *arena;
    Diag *diag;
    const char *path;
    const Onnx__ModelProto *proto;
    Slot *slots;
    int slot_count, slot_capacity;
    NameTable names; /* of the main graph: name -> slot */
    OnnxNode *nodes;
    int node_count, node_capacity;
} Model;

/* "" for NULL: absent strings. */
const char *text_of(const char *text);
/* The default domain has two names. */
bool is_default_domain(const char *domain);
/* Version of the default domain among these imports, or `otherwise`. */
int64_t default_opset(Onnx__OperatorSetIdProto *const *imports, size_t count, int64_t otherwise);

/* `name` as a slot of a scope: the one it has, or a new one. */
int slot_in(Model *model, NameTable *names, const char *name);
/* Appends a node and makes it its outputs' producer. */
bool model_add_node(Model *model, const OnnxNode *node);

/* The nodes of the graph, calls of local functions replaced by their bodies. */
bool inline_functions(Model *model, int64_t opset);
/* The indices of all nodes in an execution order: the file's wherever that is one. NULL: a cycle. */
int *order_nodes(Model *model);
/* Sets `wanted` of all nodes and slots that the slots already wanted depend on. */
void mark_wanted(Model *model, const int *order);

#endif
