/* The memory planner: live ranges share the arena, results take over dying operands, views cost nothing. */
#include "codegen/plan.h"
#include "ir/op_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail

enum { PIXELS = 1024, BYTES = PIXELS * (int)sizeof(float) };

typedef struct {
    Arena arena;
    Diag diag;
    Graph *graph;
} Fixture;

static int set_up(void **state) {
    static Fixture fixture;
    fixture = (Fixture){0};
    arena_init(&fixture.arena, NULL);
    fixture.graph = graph_new(&fixture.arena, &fixture.diag, "planned");
    *state = &fixture;
    return 0;
}

static int tear_down(void **state) {
    arena_free(&((Fixture *)*state)->arena);
    return 0;
}

static Value *input(Graph *graph) {
    Value *value = value_new(graph, "x", F32, shape_of(2, (int64_t)1, (int64_t)PIXELS));
    graph_add_input(graph, value);
    return value;
}

static Value *unary(Graph *graph, Op op, Value *x) {
    Node *node = node_new(graph, NULL, op, "unary", &x, 1, 1);
    assert_true(node_infer(graph, node));
    return node->out[0];
}

static Value *add(Graph *graph, Value *a, Value *b) {
    Value *in[] = {a, b};
    Node *node = node_new(graph, NULL, OP_Add, "sum", in, 2, 1);
    assert_true(node_infer(graph, node));
    return node->out[0];
}

static void test_a_chain_runs_in_place(void **state) {
    Graph *graph = ((Fixture *)*state)->graph;
    Value *x = input(graph), *a = unary(graph, OP_Exp, x), *b = unary(graph, OP_Sqrt, a), *c = unary(graph, OP_Exp, b);
    graph_add_output(graph, c, "y");
    Plan *plan = plan_memory(graph);
    assert_non_null(plan);
    /* The last result is the caller's buffer, and may not overwrite the input: one value's worth is left, or none. */
    assert_ptr_equal(plan->of[b->id].storage, plan->of[a->id].storage);
    assert_true(plan->arena_bytes <= BYTES);
}

static void test_an_operand_with_later_readers_is_kept(void **state) {
    Graph *graph = ((Fixture *)*state)->graph;
    Value *x = input(graph), *a = unary(graph, OP_Exp, x), *b = unary(graph, OP_Sqrt, a), *c = add(graph, a, b), *d = unary(graph, OP_Exp, c);
    graph_add_output(graph, d, "y");
    Plan *plan = plan_memory(graph);
    assert_ptr_not_equal(plan->of[b->id].storage, plan->of[a->id].storage);
    assert_int_equal(plan->live_bytes <= plan->arena_bytes, 1);
}

static void test_a_graph_input_is_never_written(void **state) {
    Graph *graph = ((Fixture *)*state)->graph;
    Value *x = input(graph), *a = unary(graph, OP_Exp, x);
    graph_add_output(graph, a, "y");
    Plan *plan = plan_memory(graph);
    assert_ptr_equal(plan->of[a->id].storage, a);
    assert_int_equal(plan->arena_bytes, 0);
}

static void test_a_view_shares_its_source(void **state) {
    Graph *graph = ((Fixture *)*state)->graph;
    Value *a = unary(graph, OP_Exp, input(graph));
    Node *reshape = node_new(graph, NULL, OP_Reshape, "view", &a, 1, 1);
    set_ints(graph, reshape, A_SHAPE, (int64_t[]){PIXELS, 1}, 2);
    assert_true(node_infer(graph, reshape));
    Value *b = unary(graph, OP_Exp, reshape->out[0]);
    graph_add_output(graph, b, "y");
    Plan *plan = plan_memory(graph);
    assert_ptr_equal(plan->of[reshape->out[0]->id].storage, plan->of[a->id].storage);
}

/* No two blocks that live at once may overlap, whatever the graph: a seeded walk over random residual graphs. */
static void test_live_values_never_overlap(void **state) {
    Graph *graph = ((Fixture *)*state)->graph;
    enum { VALUES = 60, SEED = 3 };
    uint32_t random = SEED;
    print_message("seed %d\n", SEED);
    Value *values[VALUES] = {input(graph)};
    for (int k = 1; k < VALUES; k++) {
        random = random * 1664525u + 1013904223u;
        int back = (int)(random >> 16) % 6 + 1, other = (int)(random >> 24) % 4 + 1;
        Value *a = values[k - back < 0 ? 0 : k - back], *b = values[k - other < 0 ? 0 : k - other];
        values[k] = random & 0x100 ? unary(graph, OP_Exp, a) : add(graph, a, b);
    }
    graph_add_output(graph, values[VALUES - 1], "y");
    Plan *plan = plan_memory(graph);
    for (int a = 0; a < graph->value_count; a++)
        for (int b = 0; b < a; b++) {
            const Placement *p = &plan->of[a], *q = &plan->of[b];
            if (p->first < 0 || q->first < 0 || !p->storage || !q->storage || p->storage->id != a || q->storage->id != b) continue;
            if (p->offset < 0 || q->offset < 0 || p->last < q->first || q->last < p->first) continue;
            assert_true(p->offset + BYTES <= q->offset || q->offset + BYTES <= p->offset);
        }
    assert_true(plan->arena_bytes >= plan->live_bytes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_chain_runs_in_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_operand_with_later_readers_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_graph_input_is_never_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_view_shares_its_source, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_live_values_never_overlap, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
