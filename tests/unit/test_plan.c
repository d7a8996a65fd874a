/* The memory planner: live ranges share the arena, results take over dying operands, views cost nothing. */
#include "codegen/plan.h"
#include "ir/formula.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail

enum { PIXELS = 1024, BYTES = PIXELS * (int)sizeof(float), COLUMN = PIXELS / 8 };

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
    Value *x = input(graph), *a = unary(graph, OP_Exp, x), *b = unary(graph, OP_Sqrt, a), *c = add(graph, a, b),
          *d = unary(graph, OP_Exp, c);
    graph_add_output(graph, d, "y");
    Plan *plan = plan_memory(graph);
    assert_ptr_not_equal(plan->of[b->id].storage, plan->of[a->id].storage);
    assert_int_equal(plan->live_bytes <= plan->arena_bytes, 1);
}

/* To debug: two values that never live together, and a kernel's scratch, have places of their own. */
static void test_separate_memory_is_used_once(void **state) {
    Graph *graph = ((Fixture *)*state)->graph;
    Value *a = unary(graph, OP_Exp, input(graph)), *b = add(graph, a, unary(graph, OP_Sqrt, a)),
          *c = add(graph, b, unary(graph, OP_Sqrt, b)), *d = add(graph, c, unary(graph, OP_Sqrt, c));
    graph_add_output(graph, unary(graph, OP_Exp, d), "y");
    const int64_t shared = plan_memory(graph)->arena_bytes;
    graph->separate = true;
    Plan *plan = plan_memory(graph);
    assert_true(shared < plan->arena_bytes);
    for (Node *x = graph->first; x; x = x->next)
        for (Node *y = x->next; y; y = y->next) {
            const Placement *p = &plan->of[x->out[0]->id], *q = &plan->of[y->out[0]->id];
            if (p->storage == q->storage || p->offset < 0 || q->offset < 0) continue;
            assert_true(p->offset + BYTES <= q->offset || q->offset + BYTES <= p->offset);
        }
}

/* x * y + z over whichever operand nobody reads later. */
static void test_an_expression_runs_in_place(void **state) {
    Graph *graph = ((Fixture *)*state)->graph;
    Value *a = unary(graph, OP_Exp, input(graph)), *b = unary(graph, OP_Sqrt, a), *c = unary(graph, OP_Abs, a);
    Value *in[] = {a, b, c};
    const Formula formula = {{{OP_Mul, {0, 1}, 0, 0}, {OP_Add, {-1, 2}, 0, 0}}, 2};
    Node *node = node_new(graph, NULL, OP_Expression, "expression", in, 3, 1);
    formula_set(graph, node, &formula);
    assert_true(node_infer(graph, node));
    graph_add_output(graph, unary(graph, OP_Exp, add(graph, node->out[0], a)), "y"); /* which keeps a */
    Plan *plan = plan_memory(graph);
    assert_ptr_equal(plan->of[node->out[0]->id].storage, plan->of[b->id].storage);
    assert_int_equal(plan->arena_bytes, 2 * BYTES); /* a and c; what follows from b lies in the output */
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

static Value *concat(Graph *graph, Value **parts, int count) {
    Node *node = node_new(graph, NULL, OP_Concat, "concat", parts, count, 1);
    set_int(graph, node, A_AXIS, 1);
    assert_true(node_infer(graph, node));
    return node->out[0];
}

/* `count` columns from `first` on. */
static Value *slice(Graph *graph, Value *x, int64_t first, int64_t count) {
    Node *node = node_new(graph, NULL, OP_Slice, "slice", &x, 1, 1);
    set_ints(graph, node, A_STARTS, (int64_t[]){0, first}, 2);
    set_ints(graph, node, A_STEPS, (int64_t[]){1, 1}, 2);
    set_ints(graph, node, A_SIZES, (int64_t[]){1, count}, 2);
    assert_true(node_infer(graph, node));
    return node->out[0];
}

/* An output that can't take over the memory of what it is made from. */
static void add_small_output(Graph *graph, Value *whole) {
    graph_add_output(graph, unary(graph, OP_Exp, slice(graph, whole, 0, COLUMN)), "y");
}

static void assert_lies(const Plan *plan, const Value *part, const Value *whole, int64_t bytes) {
    assert_true(lies_within(plan, part, whole, bytes));
    assert_int_equal(plan->of[part->id].offset, plan->of[whole->id].offset + bytes);
}

/* DenseNet's block: every Concat takes all that came before. */
static void test_concats_of_a_dense_block_share_one_memory(void **state) {
    Graph *graph = ((Fixture *)*state)->graph;
    enum { LAYERS = 4 };
    Value *part[LAYERS + 1] = {unary(graph, OP_Exp, input(graph))}, *whole[LAYERS];
    for (int k = 0; k < LAYERS; k++) {
        Value *before = k ? whole[k - 1] : part[0];
        part[k + 1] = unary(graph, OP_Exp, slice(graph, before, 0, PIXELS));
        whole[k] = concat(graph, part, k + 2);
    }
    add_small_output(graph, whole[LAYERS - 1]);
    Plan *plan = plan_memory(graph);
    for (int k = 0; k <= LAYERS; k++) assert_lies(plan, part[k], whole[LAYERS - 1], k * BYTES);
    for (int k = 0; k < LAYERS; k++) assert_lies(plan, whole[k], whole[LAYERS - 1], 0);
    assert_int_equal(plan->arena_bytes, (LAYERS + 1) * BYTES);
    assert_int_equal(plan->live_bytes, plan->arena_bytes);
}

static void test_a_concat_that_is_an_output_is_computed_there(void **state) {
    Graph *graph = ((Fixture *)*state)->graph;
    Value *x = input(graph), *part[] = {unary(graph, OP_Exp, x), unary(graph, OP_Sqrt, x)};
    graph_add_output(graph, concat(graph, part, 2), "y");
    assert_int_equal(plan_memory(graph)->arena_bytes, 0);
}

static void test_what_has_its_place_is_copied(void **state) {
    Graph *graph = ((Fixture *)*state)->graph;
    Value *x = input(graph), *a = unary(graph, OP_Exp, x), *part[] = {x, a, a};
    Value *whole = concat(graph, part, 3);
    add_small_output(graph, whole);
    Plan *plan = plan_memory(graph);
    assert_false(lies_within(plan, x, whole, 0));
    assert_lies(plan, a, whole, BYTES);
    assert_false(lies_within(plan, a, whole, 2 * BYTES));
}

/* The part of a block's memory that is not written yet is free for others. */
static void test_memory_waits_for_its_parts(void **state) {
    Graph *graph = ((Fixture *)*state)->graph;
    Value *x = input(graph), *wide[] = {x, x, x}, *big = unary(graph, OP_Exp, concat(graph, wide, 3));
    Value *a = unary(graph, OP_Exp, slice(graph, big, 0, PIXELS)), *b = unary(graph, OP_Exp, a),
          *part[] = {a, b, unary(graph, OP_Exp, b)};
    add_small_output(graph, concat(graph, part, 3));
    Plan *plan = plan_memory(graph);
    /* Both blocks are three values long: six without sharing; of `big` one third is still read while `a` is written. */
    assert_int_equal(plan->live_bytes, 3 * BYTES);
    assert_int_equal(plan->arena_bytes, 4 * BYTES);
}

enum { MOST_COLUMNS = 32, WALK = 80, ARENA_COLUMNS = 4096 };

/* What each column of each value holds, as numbers, and what the planned memory holds when every node writes where it should. */
typedef struct {
    int value[1024][MOST_COLUMNS];
    int arena[ARENA_COLUMNS];
    int next;
} Contents;

static int columns(const Value *value) {
    return (int)value->shape.dim[1] / COLUMN;
}

static int *column_at(Contents *contents, const Placement *place, int column) {
    int64_t at = place->offset / (COLUMN * (int)sizeof(float)) + column;
    assert_in_range(at, 0, ARENA_COLUMNS - 1);
    return &contents->arena[at];
}

static void expect_result(Contents *contents, const Node *node) {
    int *out = contents->value[node->out[0]->id];
    if (node->op == OP_Concat) {
        for (int k = 0; k < node->in_count; k++)
            for (int c = 0; c < columns(node->in[k]); c++) *out++ = contents->value[node->in[k]->id][c];
    } else if (node->op == OP_Slice) {
        int first = (int)attr_ints_at(node, A_STARTS, 1, 0) / COLUMN;
        for (int c = 0; c < columns(node->out[0]); c++) out[c] = contents->value[node->in[0]->id][first + c];
    } else {
        for (int c = 0; c < columns(node->out[0]); c++) out[c] = ++contents->next;
    }
}

/* Every operand is still there when its reader runs; only then is the result written. */
static void run_node(Contents *contents, const Plan *plan, const Node *node) {
    expect_result(contents, node);
    for (int k = 0; k < node->in_count; k++) {
        const Value *in = node->in[k];
        for (int c = 0; c < columns(in) && !in->is_input && plan->of[in->id].offset >= 0; c++)
            assert_int_equal(*column_at(contents, &plan->of[in->id], c), contents->value[in->id][c]);
    }
    const Placement *place = &plan->of[node->out[0]->id];
    if (place->offset < 0 || place->storage->is_input) return;
    for (int c = 0; c < columns(node->out[0]); c++) *column_at(contents, place, c) = contents->value[node->out[0]->id][c];
}

/* A seeded walk over random graphs of in-place results, views and Concats. */
static void test_no_value_is_overwritten_before_its_last_reader(void **state) {
    Graph *graph = ((Fixture *)*state)->graph;
    static Contents contents;
    enum { SEED = 3 };
    uint32_t random = SEED;
    print_message("seed %d\n", SEED);
    Value *values[WALK] = {slice(graph, input(graph), 0, COLUMN)};
    for (int k = 1; k < WALK; k++) {
        random = random * 1664525u + 1013904223u;
        int back = (int)(random >> 16) % 6 + 1, other = (int)(random >> 24) % 4 + 1;
        Value *a = values[k - back < 0 ? 0 : k - back], *b = values[k - other < 0 ? 0 : k - other], *pair[] = {a, b};
        switch (random >> 8 & 3) {
        case 0:
            values[k] = columns(a) + columns(b) <= MOST_COLUMNS ? concat(graph, pair, 2) : slice(graph, a, COLUMN, COLUMN);
            break;
        case 1: values[k] = slice(graph, a, columns(a) / 2 * COLUMN, (columns(a) + 1) / 2 * COLUMN); break;
        case 2: values[k] = columns(a) == columns(b) ? add(graph, a, b) : unary(graph, OP_Exp, b); break;
        default: values[k] = unary(graph, OP_Exp, a);
        }
    }
    graph_add_output(graph, values[WALK - 1], "y");
    graph_add_output(graph, values[WALK / 2], "z");
    Plan *plan = plan_memory(graph);
    assert_in_range(graph->value_count, 1, 1023);
    for (const Node *node = graph->first; node; node = node->next) run_node(&contents, plan, node);
    assert_true(plan->arena_bytes >= plan->live_bytes);
}

static Value *image(Graph *graph, int64_t channels, int64_t edge) {
    Value *value = value_new(graph, "image", F32, shape_of(4, (int64_t)1, channels, edge, edge));
    graph_add_input(graph, value);
    return value;
}

static Value *add_shortcut(Graph *graph, Value *branch, Value *x) {
    Node *node = node_new(graph, NULL, OP_AddShortcut, "sum", (Value *[]){branch, x}, 2, 1);
    set_ints(graph, node, A_STRIDES, (int64_t[]){2, 2}, 2);
    set_ints(graph, node, A_PADS, (int64_t[]){1, 1}, 2);
    assert_true(node_infer(graph, node));
    return node->out[0];
}

/* It takes the branch's place, if that is nobody else's, and never the shortcut's. */
static void test_a_padded_shortcut_is_added_in_place(void **state) {
    Graph *graph = ((Fixture *)*state)->graph;
    Value *x = unary(graph, OP_Exp, image(graph, 2, 4)), *branch = unary(graph, OP_Exp, image(graph, 4, 2)),
          *kept = unary(graph, OP_Exp, image(graph, 4, 2));
    Value *sum = add_shortcut(graph, branch, x), *other = add_shortcut(graph, kept, x),
          *given = add_shortcut(graph, graph->inputs[1], x);
    graph_add_output(graph, unary(graph, OP_Sqrt, kept), "a");
    for (int k = 0; k < 3; k++) graph_add_output(graph, unary(graph, OP_Exp, (Value *[]){sum, other, given}[k]), "y");
    Plan *plan = plan_memory(graph);
    assert_ptr_equal(plan->of[sum->id].storage, plan->of[branch->id].storage);
    assert_ptr_not_equal(plan->of[other->id].storage, plan->of[kept->id].storage);
    assert_ptr_equal(plan->of[given->id].storage, given);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_chain_runs_in_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_operand_with_later_readers_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_separate_memory_is_used_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_expression_runs_in_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_graph_input_is_never_written, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_padded_shortcut_is_added_in_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_view_shares_its_source, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_concats_of_a_dense_block_share_one_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_concat_that_is_an_output_is_computed_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_has_its_place_is_copied, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_memory_waits_for_its_parts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_value_is_overwritten_before_its_last_reader, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
