/* The model between protobuf and IR: functions inlined, names resolved to slots. */
#ifndef SKIPC_FRONTEND_MODEL_H
#define SKIPC_FRONTEND_MODEL_H

#include "frontend/frontend.h"
#include "frontend/names.h"
#include "onnx.pb-c.h"

/* NO_SLOT differs from NO_NAME: a function's omitted input is a known name without a slot. */
enum { NO_NODE = -1, NO_SLOT = -2 };

/* Whether the graph's outputs depend on a value or node. What the branches of an If read is perhaps wanted until its condition
 * is known: a node gives such outputs where it is computed anyway, but isn't computed for them. */
typedef enum { UNWANTED, PERHAPS_WANTED, WANTED } Want;

/* One named value of one scope. */
typedef struct {
    const char *name;
    const Onnx__TensorProto *initializer; /* or NULL */
    int producer;                         /* index of a node, or NO_NODE */
    bool is_input;
    Want want;
    Value *value; /* once imported */
} Slot;

typedef enum { NOT_IMPORTED, BEING_IMPORTED, IMPORTED } ImportState;

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
    const struct Scope *scope; /* whose names its subgraphs see */
    Want want;
    ImportState state;
} OnnxNode;

typedef struct {
    Arena *arena;
    Diag *diag;
    const char *path;
    const Onnx__ModelProto *proto;
    Slot *slots;
    int slot_count, slot_capacity;
    NameTable names; /* of the main graph: name -> slot */
    NameTable taken; /* the names of all slots */
    OnnxNode *nodes;
    int node_count, node_capacity;
    int inlined; /* what copies of functions and branches have added so far: bounded, since they may multiply */
} Model;

/* "" for NULL: absent strings. */
const char *text_of(const char *text);
/* The default domain has two names. */
bool is_default_domain(const char *domain);
/* Version of the default domain among these imports, or `otherwise`. */
int64_t default_opset(Onnx__OperatorSetIdProto *const *imports, size_t count, int64_t otherwise);

/* `name` as a slot of a scope: the one it has, or a new one. */
int slot_in(Model *model, NameTable *names, const char *name);
/* A new slot that messages and the graph call `shown`. */
int slot_add(Model *model, NameTable *names, const char *name, const char *shown);
bool slot_is_defined(const Slot *slot);
/* The graph's initializers, as slots of its scope. */
bool name_initializers(Model *model, NameTable *names, const Onnx__GraphProto *graph);
/* Appends a node and makes it its outputs' producer. */
bool model_add_node(Model *model, const OnnxNode *node);

/* A diagnostic for the first node from `first` on that reads something undefined. */
bool check_inputs_exist(const Model *model, int first);
/* Marks the slot, and what it depends on. */
void want_slot(Model *model, int slot, Want want);

#endif
