#include "ir/graph.h"

#include <string.h>

Graph *graph_new(Arena *arena, Diag *diag, const char *name) {
    Graph *graph = ARENA_NEW(arena, Graph);
    graph->arena = arena;
    graph->diag = diag;
    graph->name = arena_strdup(arena, name ? name : "");
    return graph;
}

Value *value_new(Graph *graph, const char *name, Dtype type, Shape shape) {
    Value *value = ARENA_NEW(graph->arena, Value);
    value->id = graph->value_count++;
    value->name = arena_strdup(graph->arena, name ? name : "");
    value->type = type;
    value->shape = shape;
    return value;
}

Value *constant_new(Graph *graph, const char *name, Dtype type, Shape shape, const void *data) {
    Value *value = value_new(graph, name, type, shape);
    /* Passes know a constant by its data: an empty one has some, too. */
    if (!data && shape_count(&shape) == 0) data = arena_alloc(graph->arena, 1, 1);
    value->data = data;
    value->pool = POOL_CONSTANT;
    return value;
}

Value *constant_i64(Graph *graph, const char *name, const int64_t *data, int count) {
    int64_t *copy = ARENA_ARRAY(graph->arena, int64_t, count);
    if (count > 0) memcpy(copy, data, (size_t)count * sizeof *copy);
    return constant_new(graph, name, I64, shape_of(1, (int64_t)count), copy);
}

Value *constant_f32(Graph *graph, const char *name, float value) {
    float *copy = ARENA_NEW(graph->arena, float);
    *copy = value;
    return constant_new(graph, name, F32, shape_of(0), copy);
}

/* Room for one more element in an array that doubles: full when its count is zero or a power of two. */
static void *grown(Arena *arena, void *array, int count, size_t size) {
    if (count & (count - 1)) return array;
    size_t capacity = count ? 2 * (size_t)count : 1;
    void *larger = arena_alloc(arena, capacity, size);
    if (count) memcpy(larger, array, (size_t)count * size);
    return larger;
}

void graph_add_input(Graph *graph, Value *value) {
    graph->inputs = grown(graph->arena, graph->inputs, graph->input_count, sizeof(Value *));
    graph->inputs[graph->input_count++] = value;
    value->is_input = true;
    value->pool = POOL_CALLER;
}

void graph_add_bound(Graph *graph, Value *constant) {
    graph->bound = grown(graph->arena, graph->bound, graph->bound_count, sizeof(Value *));
    graph->bound[graph->bound_count++] = constant;
}

void graph_add_output(Graph *graph, Value *value, const char *name) {
    int count = graph->output_count++;
    graph->outputs = grown(graph->arena, graph->outputs, count, sizeof(Value *));
    graph->output_names = grown(graph->arena, graph->output_names, count, sizeof(char *));
    graph->outputs[count] = value;
    graph->output_names[count] = arena_strdup(graph->arena, name ? name : "");
    value->output_count++;
}

static void link_before(Graph *graph, Node *node, Node *before) {
    node->next = before;
    node->prev = before ? before->prev : graph->last;
    if (node->prev)
        node->prev->next = node;
    else
        graph->first = node;
    if (before)
        before->prev = node;
    else
        graph->last = node;
}

static void unlink_node(Graph *graph, Node *node) {
    if (node->prev)
        node->prev->next = node->next;
    else
        graph->first = node->next;
    if (node->next)
        node->next->prev = node->prev;
    else
        graph->last = node->prev;
    node->prev = node->next = NULL;
}

static void add_user(Graph *graph, Value *value, Node *user) {
    if (!value) return;
    if (value->user_count == value->user_capacity) {
        int capacity = value->user_capacity ? 2 * value->user_capacity : 2;
        Node **users = ARENA_ARRAY(graph->arena, Node *, capacity);
        if (value->user_count) memcpy(users, value->users, (size_t)value->user_count * sizeof *users);
        value->users = users;
        value->user_capacity = capacity;
    }
    value->users[value->user_count++] = user;
}

/* Removes one entry; searched from the end, where value_replace works. */
static void drop_user(Value *value, const Node *user) {
    if (!value) return;
    for (int i = value->user_count - 1; i >= 0; i--) {
        if (value->users[i] != user) continue;
        value->users[i] = value->users[--value->user_count];
        return;
    }
}

Node *node_new(Graph *graph, Node *before, Op op, const char *name, Value **in, int in_count, int out_count) {
    Arena *arena = graph->arena;
    Node *node = ARENA_NEW(arena, Node);
    node->op = op;
    node->name = arena_strdup(arena, name ? name : "");
    static const char *const op_types[] = {
#define OP(id, ...) #id,
#include "ir/ops.def"
#undef OP
    };
    node->op_type = op_types[op];
    node->in = ARENA_ARRAY(arena, Value *, in_count);
    node->in_count = in_count;
    for (int i = 0; i < in_count; i++) {
        node->in[i] = in[i];
        add_user(graph, in[i], node);
    }
    node->out = ARENA_ARRAY(arena, Value *, out_count);
    node->out_count = out_count;
    for (int i = 0; i < out_count; i++) {
        const char *out_name = i ? arena_printf(arena, "%s.%d", node->name, i) : node->name;
        node->out[i] = value_new(graph, out_name, F32, shape_of(0));
        node->out[i]->producer = node;
    }
    link_before(graph, node, before);
    return node;
}

void node_set_input(Graph *graph, Node *node, int index, Value *value) {
    if (node->in[index] == value) return;
    drop_user(node->in[index], node);
    node->in[index] = value;
    add_user(graph, value, node);
}

void node_add_input(Graph *graph, Node *node, Value *value) {
    Value **in = ARENA_ARRAY(graph->arena, Value *, node->in_count + 1);
    if (node->in_count) memcpy(in, node->in, (size_t)node->in_count * sizeof *in);
    in[node->in_count++] = value;
    node->in = in;
    add_user(graph, value, node);
}

void value_replace(Graph *graph, Value *from, Value *to) {
    if (from == to) return;
    while (from->user_count) {
        Node *user = from->users[from->user_count - 1];
        for (int i = 0; i < user->in_count; i++)
            if (user->in[i] == from) node_set_input(graph, user, i, to);
    }
    for (int i = 0; from->output_count && i < graph->output_count; i++) {
        if (graph->outputs[i] != from) continue;
        graph->outputs[i] = to;
        from->output_count--;
        to->output_count++;
    }
}

int graph_node_count(const Graph *graph) {
    int count = 0;
    for (const Node *node = graph->first; node; node = node->next) count++;
    return count;
}

void node_remove(Graph *graph, Node *node) {
    for (int i = 0; i < node->in_count; i++) {
        drop_user(node->in[i], node);
        node->in[i] = NULL;
    }
    unlink_node(graph, node);
}

void node_move_before(Graph *graph, Node *node, Node *before) {
    if (node == before) return;
    unlink_node(graph, node);
    link_before(graph, node, before);
}

Node *value_single_user(const Value *value) {
    return value->user_count == 1 && !value->output_count ? value->users[0] : NULL;
}
