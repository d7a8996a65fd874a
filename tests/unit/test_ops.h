/* Operators by example: build one node over constants, infer it, fold it, compare the result. */
#ifndef SKIPC_TEST_OPS_H
#define SKIPC_TEST_OPS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* cmocka's macro; ir/diag.h has a function of that name */

#include "ir/evaluate.h"
#include "ir/op_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FAIL_TEST(...) (print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

typedef struct {
    Arena arena;
    Diag diag;
    Graph *graph;
    Node *node;
} Case;

#define COUNT_OF(array) ((int)(sizeof(array) / sizeof(array)[0]))

static inline Shape dims(const int64_t *values, int count) {
    Shape shape = {.rank = count};
    for (int i = 0; i < count; i++) shape.dim[i] = values[i];
    return shape;
}
#define SHAPE(...) dims((const int64_t[]){__VA_ARGS__}, COUNT_OF(((const int64_t[]){__VA_ARGS__})))
#define SCALAR shape_of(0)

static inline Case *case_new(void) {
    static Case c;
    memset(&c, 0, sizeof c);
    arena_init(&c.arena, NULL);
    c.graph = graph_new(&c.arena, &c.diag, "case");
    return &c;
}

static inline void case_end(Case *c) {
    arena_free(&c->arena);
}

/* A constant of any type from doubles (exact for the small numbers tests use). */
static inline Value *constant(Case *c, Dtype type, Shape shape, const double *values, int count) {
    assert_int_equal(count, shape_count(&shape));
    Tensor *tensor = tensor_new(&c->arena, type, shape);
    for (int i = 0; i < count; i++) {
        if (tensor->f)
            tensor->f[i] = values[i];
        else
            tensor->i[i] = (int64_t)values[i];
    }
    return constant_new(c->graph, "constant", type, shape, tensor_to_bytes(&c->arena, tensor));
}
#define CONSTANT(c, type, shape, ...)                                                                                            \
    constant(c, type, shape, (const double[]){__VA_ARGS__}, COUNT_OF(((const double[]){__VA_ARGS__})))
#define FLOATS(c, shape, ...) CONSTANT(c, F32, shape, __VA_ARGS__)

/* start, start + step, ... : for inputs whose values don't matter one by one. */
static inline Value *ramp(Case *c, Dtype type, Shape shape, double start, double step) {
    Tensor *tensor = tensor_new(&c->arena, type, shape);
    for (int64_t i = 0; i < tensor->count; i++) {
        if (tensor->f)
            tensor->f[i] = start + step * (double)i;
        else
            tensor->i[i] = (int64_t)(start + step * (double)i);
    }
    return constant_new(c->graph, "ramp", type, shape, tensor_to_bytes(&c->arena, tensor));
}

static inline Node *apply(Case *c, Op op, Value **in, int in_count, int out_count) {
    return c->node = node_new(c->graph, NULL, op, "node", in, in_count, out_count);
}
#define APPLY(c, op, ...) apply(c, op, (Value *[]){__VA_ARGS__}, COUNT_OF(((Value *[]){__VA_ARGS__})), 1)
#define INTS(c, key, ...)                                                                                                        \
    set_ints((c)->graph, (c)->node, key, (const int64_t[]){__VA_ARGS__}, COUNT_OF(((const int64_t[]){__VA_ARGS__})))

/* Infers and folds: the first output is a constant afterwards. */
static inline Value *result(Case *c) {
    Value *value = c->node->out[0];
    if (!node_infer(c->graph, c->node) || !graph_verify(c->graph) || !node_fold(c->graph, c->node)) FAIL_TEST("%s", c->diag.text);
    assert_non_null(value->data);
    return value;
}

static inline void expect(const Value *value, Dtype type, Shape shape, const double *values, int count) {
    char got[128], wanted[128];
    assert_string_equal(dtype_name(value->type), dtype_name(type));
    assert_string_equal(shape_text(&value->shape, got, sizeof got), shape_text(&shape, wanted, sizeof wanted));
    assert_int_equal(shape_count(&value->shape), count);
    for (int i = 0; i < count; i++) {
        double is = constant_float_at(value, i), should = values[i];
        if (is == should || (isnan(is) && isnan(should)) || fabs(is - should) <= 2e-6 * (1 + fabs(should))) continue;
        FAIL_TEST("element %d is %.9g, not %.9g", i, is, should);
    }
}
#define EXPECT(c, type, shape, ...)                                                                                              \
    expect(result(c), type, shape, (const double[]){__VA_ARGS__}, COUNT_OF(((const double[]){__VA_ARGS__})))

/* Inference refuses the node, saying `text`. */
static inline void refused(Case *c, const char *text) {
    assert_false(node_infer(c->graph, c->node));
    assert_int_not_equal(c->diag.status, STATUS_OK);
    if (!strstr(c->diag.text, text)) FAIL_TEST("'%s' does not say '%s'", c->diag.text, text);
    assert_non_null(strstr(c->diag.where, "node 'node'"));
    case_end(c);
}

#endif
