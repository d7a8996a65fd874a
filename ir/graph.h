/* The IR: one SSA graph of values and nodes. docs/ir.md documents it as a language. */
#ifndef SKIPC_IR_GRAPH_H
#define SKIPC_IR_GRAPH_H

#include "ir/arena.h"
#include "ir/diag.h"
#include "ir/types.h"

typedef enum {
#define OP(id, ...) OP_##id,
#include "ir/ops.def"
#undef OP
    OP_COUNT
} Op;

/* Attribute keys; the table in ops.def says which operator has which. */
typedef enum {
#define ATTR(id, name) A_##id,
#include "ir/attrs.def"
#undef ATTR
    ATTR_COUNT
} AttrKey;

typedef enum { ATTR_INT, ATTR_FLOAT, ATTR_STRING, ATTR_INTS } AttrKind;

typedef struct {
    AttrKey key;
    AttrKind kind;
    int64_t i;
    double f;
    const char *s;
    const int64_t *ints;
    int count; /* of ints */
} Attr;

/* How a value's elements lie in memory. Shapes stay logical (NCHW) whatever the layout. */
typedef enum {
    LAYOUT_PLANAR, /* row-major in the order of the shape: NCHW for images */
    LAYOUT_BLOCKED /* [N][C/BLOCK][H][W][BLOCK], rank 4 with C a multiple of BLOCK */
} Layout;
enum { BLOCK = 16 };

/* The channels rounded up to whole blocks. */
static inline int64_t whole_blocks(int64_t channels) {
    return (channels + BLOCK - 1) / BLOCK * BLOCK;
}

typedef enum { POOL_ARENA, POOL_CONSTANT, POOL_CALLER } MemoryPool;

/* Affine quantisation, q = round(x / scale) + zero_point; per tensor (axis -1) or per slice of an axis. */
typedef struct {
    int axis;
    int count;
    const float *scale;
    const int32_t *zero_point;
} Quantisation;

typedef struct Node Node;

typedef struct Value {
    int id;           /* dense, unique in its graph: side tables index by it */
    const char *name; /* the ONNX name it came from, or one made from it */
    Dtype type;
    Shape shape;
    const void *data;                 /* constants only: shape_count elements of `type`, row-major, always planar */
    const Quantisation *quantisation; /* NULL: plain numbers */
    Layout layout;
    MemoryPool pool;
    Node *producer; /* NULL for graph inputs and constants */
    Node **users;   /* one entry per input slot that reads it */
    int user_count, user_capacity;
    bool is_input;
    int output_count; /* how many graph outputs it is */
} Value;

struct Node {
    Op op;
    const char *name;    /* ONNX node name (or its first output's, where it has none); fusion joins them with " + " */
    const char *op_type; /* as the model calls it, for messages */
    Value **in;          /* an omitted optional input is NULL */
    int in_count;
    Value **out;
    int out_count;
    Attr *attrs;
    int attr_count, attr_capacity;
    Node *prev, *next; /* execution order */
    int mark;          /* scratch for one pass; no meaning between passes */
};

/* What choices between kernels favour. */
typedef enum { OPTIMIZE_SPEED, OPTIMIZE_SIZE /* of the file */, OPTIMIZE_MEMORY /* file and arena */ } Optimize;

/* A kernel for all layers of one geometry, as it was measured and not as it is estimated. passes/choose_kernels.h names both. */
typedef struct {
    const char *layer;
    int winograd;
} KernelChoice;

typedef struct {
    Arena *arena;
    Diag *diag;
    const char *name;
    Optimize optimize;
    bool exact;        /* no kernel that changes the arithmetic (Winograd) */
    bool separate;     /* no memory is used twice */
    bool strict_types; /* halves are rounded where the model rounds them, and not computed in float throughout */
    const KernelChoice *choices;
    int choice_count;
    Node *first, *last;
    Value **inputs, **outputs; /* in graph order */
    const char **output_names; /* ONNX names: two outputs may be one value, or an input */
    int input_count, output_count;
    Value **bound; /* constants that are inputs of the model, in the order of --bind: whoever runs the model itself feeds them */
    int bound_count;
    int value_count; /* ids run from 0 to value_count - 1 */
} Graph;

Graph *graph_new(Arena *arena, Diag *diag, const char *name);

Value *value_new(Graph *graph, const char *name, Dtype type, Shape shape);
/* `data` is kept, not copied. */
Value *constant_new(Graph *graph, const char *name, Dtype type, Shape shape, const void *data);
Value *constant_i64(Graph *graph, const char *name, const int64_t *data, int count); /* rank 1; copies */
Value *constant_f32(Graph *graph, const char *name, float value);                    /* scalar */
void graph_add_input(Graph *graph, Value *value);
void graph_add_bound(Graph *graph, Value *constant);
void graph_add_output(Graph *graph, Value *value, const char *name);

/* A node before `before` (NULL: at the end) with fresh outputs named from `name` (set out[k]->name to rename).
 * Attributes are set afterwards, then node_infer gives the outputs their types and shapes. */
Node *node_new(Graph *graph, Node *before, Op op, const char *name, Value **in, int in_count, int out_count);
bool node_infer(Graph *graph, Node *node);
void node_set_input(Graph *graph, Node *node, int index, Value *value);
void node_add_input(Graph *graph, Node *node, Value *value);
/* Every use of `from`, graph outputs included, reads `to` instead. */
void value_replace(Graph *graph, Value *from, Value *to);
int graph_node_count(const Graph *graph);
/* Unlinks a node whose outputs nobody uses. */
void node_remove(Graph *graph, Node *node);
void node_move_before(Graph *graph, Node *node, Node *before);
/* The only node reading `value`, once, while it is no graph output; else NULL. */
Node *value_single_user(const Value *value);

void set_int(Graph *graph, Node *node, AttrKey key, int64_t value);
void set_float(Graph *graph, Node *node, AttrKey key, double value);
void set_string(Graph *graph, Node *node, AttrKey key, const char *value);
void set_ints(Graph *graph, Node *node, AttrKey key, const int64_t *values, int count); /* copies */
/* A list of doubles, kept as the integers of their bits. */
void set_doubles(Graph *graph, Node *node, AttrKey key, const double *values, int count);
void attr_remove(Node *node, AttrKey key);
const Attr *attr_find(const Node *node, AttrKey key);
int64_t attr_int(const Node *node, AttrKey key, int64_t otherwise);
double attr_float(const Node *node, AttrKey key, double otherwise);
const char *attr_string(const Node *node, AttrKey key, const char *otherwise);
/* NULL with count 0 where it is absent. */
const int64_t *attr_ints(const Node *node, AttrKey key, int *count);
int64_t attr_ints_at(const Node *node, AttrKey key, int index, int64_t otherwise);
double attr_double_at(const Node *node, AttrKey key, int index, double otherwise);
void attrs_copy(Graph *graph, Node *to, const Node *from);

/* Fails at this node, with its name and ONNX operator type. */
bool node_fail(Graph *graph, const Node *node, Status status, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Text of the whole graph, in arena memory: the form that --dump-ir prints and tests compare. */
const char *graph_print(Graph *graph);
/* States the IR's invariants; false with a diagnostic at the first one broken. */
bool graph_verify(Graph *graph);

/* Constants as numbers, whatever their type. */
double constant_float_at(const Value *value, int64_t index);
int64_t constant_int_at(const Value *value, int64_t index);
/* True when it is a float constant whose elements all equal *number. */
bool constant_is_uniform(const Value *value, double *number);

#endif
