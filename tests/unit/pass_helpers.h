/* For the tests of passes: builds small graphs, and checks that a pass gives the expected text, keeps the graph valid and its
 * results equal, and does nothing when it runs again. */
#ifndef SKIPC_TESTS_PASS_HELPERS_H
#define SKIPC_TESTS_PASS_HELPERS_H

#include "ir/evaluate.h"
#include "ir/graph.h"
#include "ir/op_table.h"
#include "passes/passes.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* After the IR, whose fail() its macro of that name would hide. */
#include <cmocka.h>

typedef struct {
    Arena arena;
    Diag diag;
} PassTest;

static inline int pass_setup(void **state) {
    static PassTest test; /* one test runs at a time */
    memset(&test, 0, sizeof test);
    arena_init(&test.arena, NULL);
    *state = &test;
    return 0;
}

static inline int pass_teardown(void **state) {
    arena_free(&((PassTest *)*state)->arena);
    return 0;
}

#define PASS_TEST(function) cmocka_unit_test_setup_teardown(function, pass_setup, pass_teardown)

static inline Graph *new_graph(void **state) {
    PassTest *test = *state;
    return graph_new(&test->arena, &test->diag, "test");
}

static inline Shape dims(const char *text) {
    Shape shape = {0};
    for (; *text; text++) {
        if (*text == 'x') continue;
        int64_t dim = 0;
        for (; *text >= '0' && *text <= '9'; text++) dim = 10 * dim + (*text - '0');
        shape.dim[shape.rank++] = dim;
        text--;
    }
    return shape;
}

/* Shapes are written as they are printed: "1x3x8x8". */
static inline Value *input(Graph *graph, const char *name, const char *shape) {
    Value *value = value_new(graph, name, F32, dims(shape));
    graph_add_input(graph, value);
    return value;
}

/* In [-1, 1), the same in every run and on every machine. */
static inline double next_random(uint32_t *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return (double)(*seed >> 8) / (1 << 23) - 1;
}

static inline Value *weights(Graph *graph, const char *name, const char *shape) {
    Shape s = dims(shape);
    int64_t count = shape_count(&s);
    uint32_t seed = (uint32_t)graph->value_count + 1;
    float *data = ARENA_ARRAY(graph->arena, float, count);
    for (int64_t i = 0; i < count; i++) data[i] = (float)next_random(&seed);
    return constant_new(graph, name, F32, s, data);
}

static inline Value *numbers(Graph *graph, const char *name, const char *shape, const float *data) {
    Shape s = dims(shape);
    int64_t count = shape_count(&s);
    float *copy = ARENA_ARRAY(graph->arena, float, count);
    memcpy(copy, data, (size_t)count * sizeof *copy);
    return constant_new(graph, name, F32, s, copy);
}
#define NUMBERS(graph, name, shape, ...) numbers(graph, name, shape, (const float[]){__VA_ARGS__})

/* Without inference: attributes come first. */
static inline Node *raw_node(Graph *graph, Op op, const char *name, Value **in, int in_count) {
    return node_new(graph, NULL, op, name, in, in_count, 1);
}
#define RAW_NODE(graph, op, name, ...)                                                                                           \
    raw_node(graph, op, name, (Value *[]){__VA_ARGS__}, (int)(sizeof((Value *[]){__VA_ARGS__}) / sizeof(Value *)))

static inline Value *inferred(Graph *graph, Node *node) {
    if (!node_infer(graph, node)) fail_msg("%s: %s", graph->diag->where, graph->diag->text);
    return node->out[0];
}
/* A node without attributes. */
#define NODE(graph, op, name, ...) inferred(graph, RAW_NODE(graph, op, name, __VA_ARGS__))

/* Stride 1; the kernel's size from the weights. `bias` and `pad` as given, group from the shapes. */
static inline Value *conv(Graph *graph, const char *name, Value *x, Value *weight, Value *bias, int64_t pad) {
    Node *node = RAW_NODE(graph, OP_Conv, name, x, weight, bias);
    int spatial = weight->shape.rank - 2;
    set_ints(graph, node, A_KERNEL_SHAPE, &weight->shape.dim[2], spatial);
    set_ints(graph, node, A_PADS, (int64_t[]){pad, pad, pad, pad}, 2 * spatial);
    set_int(graph, node, A_GROUP, x->shape.dim[1] / weight->shape.dim[1]);
    return inferred(graph, node);
}

static inline Value *batchnorm(Graph *graph, const char *name, Value *x) {
    char channels[24];
    snprintf(channels, sizeof channels, "%lld", (long long)x->shape.dim[1]);
    int64_t count = x->shape.dim[1];
    float *variance = ARENA_ARRAY(graph->arena, float, count);
    for (int64_t i = 0; i < count; i++) variance[i] = 0.5f + (float)i / 4;
    return NODE(graph, OP_BatchNormalization, name, x, weights(graph, "scale", channels), weights(graph, "B", channels),
                weights(graph, "mean", channels), numbers(graph, "var", channels, variance));
}

static inline Value *reshape(Graph *graph, const char *name, Value *x, const char *shape) {
    Shape s = dims(shape);
    Node *node = RAW_NODE(graph, OP_Reshape, name, x);
    set_ints(graph, node, A_SHAPE, s.dim, s.rank);
    return inferred(graph, node);
}

static inline Value *transpose(Graph *graph, const char *name, Value *x, const int64_t *perm) {
    Node *node = RAW_NODE(graph, OP_Transpose, name, x);
    set_ints(graph, node, A_PERM, perm, x->shape.rank);
    return inferred(graph, node);
}
#define TO_NCHW ((const int64_t[]){0, 3, 1, 2})
#define TO_NHWC ((const int64_t[]){0, 2, 3, 1})

static inline Value *pad_space(Graph *graph, const char *name, Value *x, int64_t pad, double number) {
    Node *node = RAW_NODE(graph, OP_Pad, name, x);
    set_ints(graph, node, A_PADS, (int64_t[]){0, 0, pad, pad, 0, 0, pad, pad}, 8);
    set_float(graph, node, A_VALUE, number);
    return inferred(graph, node);
}

static inline Value *pool(Graph *graph, Op op, const char *name, Value *x, int64_t kernel, int64_t stride, int64_t pad) {
    Node *node = RAW_NODE(graph, op, name, x);
    set_ints(graph, node, A_KERNEL_SHAPE, (int64_t[]){kernel, kernel}, 2);
    set_ints(graph, node, A_STRIDES, (int64_t[]){stride, stride}, 2);
    set_ints(graph, node, A_PADS, (int64_t[]){pad, pad, pad, pad}, 4);
    return inferred(graph, node);
}

static inline Value *concat(Graph *graph, Value **in, int count, int64_t axis) {
    Node *node = node_new(graph, NULL, OP_Concat, "concat", in, count, 1);
    set_int(graph, node, A_AXIS, axis);
    return inferred(graph, node);
}
#define CONCAT(graph, ...) concat(graph, (Value *[]){__VA_ARGS__}, (int)(sizeof((Value *[]){__VA_ARGS__}) / sizeof(Value *)), 1)

/* All outputs on seeded random inputs, in double precision. */
static inline Tensor **evaluate_all(Graph *graph) {
    const Tensor **in = ARENA_ARRAY(graph->arena, const Tensor *, graph->input_count);
    for (int i = 0; i < graph->input_count; i++) {
        Tensor *tensor = tensor_new(graph->arena, graph->inputs[i]->type, graph->inputs[i]->shape);
        uint32_t seed = 7u + (uint32_t)i;
        for (int64_t k = 0; k < tensor->count; k++) tensor->f[k] = (float)(3 * next_random(&seed));
        in[i] = tensor;
    }
    Tensor **out = ARENA_ARRAY(graph->arena, Tensor *, graph->output_count);
    EvaluateOptions options = {.precision = PRECISION_F64};
    if (!graph_evaluate(graph, in, out, options)) fail_msg("%s: %s", graph->diag->where, graph->diag->text);
    return out;
}

static inline void assert_close(const Tensor *a, const Tensor *b, double tolerance) {
    assert_true(shape_equal(&a->shape, &b->shape));
    double largest = 0, difference = 0;
    for (int64_t i = 0; a->f && i < a->count; i++) {
        if (isnan(a->f[i]) && isnan(b->f[i])) continue;
        largest = fmax(largest, fabs(a->f[i]));
        difference = fmax(difference, fabs(a->f[i] - b->f[i]));
    }
    if (difference > tolerance * largest) fail_msg("results differ by %g of %g", difference, largest);
}

static inline void run_pass(Graph *graph, PassFunction *pass) {
    if (!pass(graph) || !graph_verify(graph)) fail_msg("%s: %s", graph->diag->where, graph->diag->text);
}

static inline void expect_text(Graph *graph, const char *expected) {
    const char *text = graph_print(graph);
    if (expected) assert_string_equal(text, expected);
}

static inline void expect_pass_within(Graph *graph, PassFunction *pass, double tolerance, const char *before, const char *after) {
    if (!graph_verify(graph)) fail_msg("%s: %s", graph->diag->where, graph->diag->text);
    expect_text(graph, before);
    Tensor **truth = evaluate_all(graph);
    run_pass(graph, pass);
    expect_text(graph, after);
    Tensor **result = evaluate_all(graph);
    for (int i = 0; i < graph->output_count; i++) assert_close(truth[i], result[i], tolerance);
    const char *once = graph_print(graph);
    run_pass(graph, pass);
    expect_text(graph, once);
}

/* Folded weights are rounded to f32 once more: the error stays near 1e-7. */
static inline void expect_pass(Graph *graph, PassFunction *pass, const char *before, const char *after) {
    expect_pass_within(graph, pass, 1e-6, before, after);
}

/* A near miss: the pass must leave it as it is. */
static inline void expect_unchanged(Graph *graph, PassFunction *pass) {
    const char *text = graph_print(graph);
    expect_pass(graph, pass, text, text);
}

#endif
