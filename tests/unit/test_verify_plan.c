/* The plan verifier: takes the planner's plans, and sees each way in which one can be wrong. */
#include "codegen/verify_plan.h"
#include "tests/unit/pass_helpers.h"

enum { PLANE = 16 * 8 * 8, PLANE_BYTES = PLANE * (int)sizeof(float) };

static Plan *planned(Graph *graph) {
    Plan *plan = plan_memory(graph);
    assert_non_null(plan);
    if (!verify_plan(graph, plan)) fail_msg("%s: %s", graph->diag->where, graph->diag->text);
    return plan;
}

/* And names `what` is wrong. */
static void expect_caught(Graph *graph, const Plan *plan, const char *what) {
    *graph->diag = (Diag){0}; /* which keeps the first failure */
    assert_false(verify_plan(graph, plan));
    if (!strstr(graph->diag->text, what)) fail_msg("'%s' is not in '%s'", what, graph->diag->text);
}

static void move_by(Plan *plan, const Value *value, int64_t bytes) {
    plan->of[value->id].offset += bytes;
}

static void put_over(Plan *plan, const Value *value, const Value *other) {
    plan->of[value->id].offset = plan->of[other->id].offset;
}

static Value *exp_of(Graph *graph, const char *name, Value *x) {
    return NODE(graph, OP_Exp, name, x);
}

/* a and b live until the sum, whose exponential is in the arena, too. */
typedef struct {
    Value *a, *b, *sum, *after;
} Diamond;

static Diamond diamond(Graph *graph) {
    Diamond d;
    d.a = exp_of(graph, "a", input(graph, "x", "1x16x8x8"));
    d.b = transpose(graph, "b", d.a, (int64_t[]){0, 1, 3, 2});
    d.sum = NODE(graph, OP_Add, "sum", d.a, d.b);
    d.after = transpose(graph, "after", d.sum, (int64_t[]){0, 1, 3, 2});
    graph_add_output(graph, reshape(graph, "flat", transpose(graph, "last", d.after, (int64_t[]){0, 1, 3, 2}), "1x1024"), "y");
    return d;
}

static void test_living_values_overlap(void **state) {
    Graph *graph = new_graph(state);
    const Diamond d = diamond(graph);
    Plan *plan = planned(graph);
    plan->arena_bytes = 4 * PLANE_BYTES;
    plan->of[d.a->id].offset = 0;
    plan->of[d.b->id].offset = PLANE_BYTES / 2; /* while a is read by the same step, and by the next */
    expect_caught(graph, plan, "overwrites 'a', which this step still reads, with b");
}

static void test_a_later_reader(void **state) {
    Graph *graph = new_graph(state);
    Value *a = exp_of(graph, "a", input(graph, "x", "1x16x8x8")), *b = exp_of(graph, "b", a),
          *c = transpose(graph, "c", b, TO_NHWC);
    Value *d = transpose(graph, "d", c, TO_NCHW);
    graph_add_output(graph, transpose(graph, "last", NODE(graph, OP_Add, "sum", a, d), TO_NHWC), "y");
    Plan *plan = planned(graph);
    put_over(plan, b, a); /* in place, but the sum reads a */
    expect_caught(graph, plan, "reads 'a' where it has put");
}

static void test_outside_of_the_arena(void **state) {
    Graph *graph = new_graph(state);
    const Diamond d = diamond(graph);
    Plan *plan = planned(graph);
    move_by(plan, d.b, plan->arena_bytes);
    expect_caught(graph, plan, "writes outside of memory: 'b'");
}

static void test_an_arena_that_is_too_small(void **state) {
    Graph *graph = new_graph(state);
    diamond(graph);
    Plan *plan = planned(graph);
    plan->arena_bytes -= 64;
    expect_caught(graph, plan, "writes outside of memory");
}

static void test_misaligned(void **state) {
    Graph *graph = new_graph(state);
    const Diamond d = diamond(graph);
    Plan *plan = planned(graph);
    plan->arena_bytes += 64;
    move_by(plan, d.a, 2);
    expect_caught(graph, plan, "misaligns 'a'");
}

/* In place over what is read at other places: a sum may, a transposed copy may not. */
static void test_in_place_without_a_reason(void **state) {
    Graph *graph = new_graph(state);
    const Diamond d = diamond(graph);
    Plan *plan = planned(graph);
    put_over(plan, d.after, d.sum);
    expect_caught(graph, plan, "overwrites 'sum'");
}

static void test_a_broadcast_operand_in_place(void **state) {
    Graph *graph = new_graph(state);
    Value *x = exp_of(graph, "a", input(graph, "x", "1x16x8x8")), *row = exp_of(graph, "row", input(graph, "r", "1x1x1x8"));
    Value *sum = NODE(graph, OP_Mul, "product", x, row);
    graph_add_output(graph, transpose(graph, "last", sum, TO_NHWC), "y");
    Plan *plan = planned(graph);
    put_over(plan, row, x);
    plan->of[x->id].offset = plan->arena_bytes;
    plan->arena_bytes *= 2;
    put_over(plan, sum, row);
    expect_caught(graph, plan, "overwrites 'row'");
}

static void test_read_before_it_is_written(void **state) {
    Graph *graph = new_graph(state);
    const Diamond d = diamond(graph);
    Plan *plan = planned(graph);
    node_move_before(graph, d.b->producer, d.a->producer);
    expect_caught(graph, plan, "reads 'a'");
}

static void test_an_input_is_written(void **state) {
    Graph *graph = new_graph(state);
    const Diamond d = diamond(graph);
    Plan *plan = planned(graph);
    plan->of[d.a->id].storage = graph->inputs[0];
    expect_caught(graph, plan, "puts 'a' into an input of the caller");
}

static void test_an_output_that_is_lost(void **state) {
    Graph *graph = new_graph(state);
    Value *a = exp_of(graph, "a", input(graph, "x", "1x16x8x8")), *b = exp_of(graph, "b", a);
    graph_add_output(graph, a, "y");
    graph_add_output(graph, b, "z");
    Plan *plan = planned(graph);
    plan->of[b->id].storage = a;
    expect_caught(graph, plan, "reads 'a' where it has put b");
}

/* A view is its operand's bytes: in their place, or copied; not over a part of them. */
static void test_views(void **state) {
    Graph *graph = new_graph(state);
    Value *a = exp_of(graph, "a", input(graph, "x", "1x16x8x8")), *flat = reshape(graph, "flat", a, "1x1024");
    graph_add_output(graph, NODE(graph, OP_ReduceSum, "sum", flat), "y");
    Plan *plan = planned(graph);
    assert_int_equal(plan->of[flat->id].offset, plan->of[a->id].offset);
    plan->arena_bytes = 2 * PLANE_BYTES;
    move_by(plan, flat, PLANE_BYTES);
    assert_true(verify_plan(graph, plan));
    move_by(plan, flat, -PLANE_BYTES / 2);
    expect_caught(graph, plan, "overwrites 'a'");
}

/* The parts of a Concat lie in it; one that is overwritten before is seen where the whole is read. */
static void test_parts_of_a_concat(void **state) {
    Graph *graph = new_graph(state);
    Value *x = input(graph, "x", "1x16x8x8"), *a = exp_of(graph, "a", x), *b = exp_of(graph, "b", x),
          *whole = CONCAT(graph, a, b);
    graph_add_output(graph, transpose(graph, "last", whole, TO_NHWC), "y");
    Plan *plan = planned(graph);
    assert_int_equal(plan->of[b->id].offset, plan->of[whole->id].offset + PLANE_BYTES);
    move_by(plan, b, -64);
    expect_caught(graph, plan, "reads 'a' where it has put b");
}

static void test_scratch(void **state) {
    Graph *graph = new_graph(state);
    Value *x = exp_of(graph, "a", input(graph, "x", "6x1x8"));
    Value *in[] = {x, weights(graph, "W", "1x32x8"), weights(graph, "R", "1x32x8")};
    Node *lstm = node_new(graph, NULL, OP_LSTM, "lstm", in, 3, 3);
    lstm->out[0]->name = "sequence";
    assert_true(node_infer(graph, lstm));
    graph_add_output(graph, transpose(graph, "last", lstm->out[0], (int64_t[]){3, 2, 1, 0}), "y");
    Plan *plan = planned(graph);
    assert_true(plan->scratch_offset[lstm->mark] >= 0);
    const int64_t arena = plan->arena_bytes;
    plan->arena_bytes += 64 * 1024; /* room for it anywhere */
    plan->of[x->id].offset = plan->scratch_offset[lstm->mark] = arena;
    expect_caught(graph, plan, "puts scratch over 'a'");
    plan->of[x->id].offset = arena + 63 * 1024;
    plan->scratch_offset[lstm->mark] = plan->of[lstm->out[0]->id].offset;
    expect_caught(graph, plan, "puts scratch over the result 'sequence'");
    plan->scratch_offset[lstm->mark] = -1;
    expect_caught(graph, plan, "no place for the scratch");
    plan->scratch_offset[lstm->mark] = plan->arena_bytes - 64; /* half of it behind the end */
    expect_caught(graph, plan, "no place for the scratch");
}

/* Of the image loop: what one image leaves in the batch of results is not for the next one's values. */
static void test_images(void **state) {
    Graph *graph = new_graph(state);
    graph->optimize = OPTIMIZE_MEMORY;
    Value *a = exp_of(graph, "a", input(graph, "x", "3x16x8x8")), *b = transpose(graph, "b", a, (int64_t[]){0, 1, 3, 2});
    graph_add_output(graph, transpose(graph, "c", b, (int64_t[]){0, 1, 3, 2}), "y");
    run_pass(graph, image_loop);
    assert_int_equal(graph->last->op, OP_StackImages);
    Plan *plan = planned(graph);
    const Value *batch = graph->last->out[0];
    assert_true(plan->of[a->id].offset >= 0);
    plan->of[a->id] =
        (Placement){.storage = batch, .anchor = batch, .within = 0, .offset = -1}; /* image 1 of it, in that image's turn */
    assert_true(verify_plan(graph, plan));
    plan->of[b->id] = (Placement){.storage = batch, .anchor = batch, .within = -PLANE_BYTES, .offset = -1}; /* the image before */
    expect_caught(graph, plan, "'b'");
    plan->of[b->id].within = PLANE_BYTES; /* behind the last one */
    expect_caught(graph, plan, "writes outside of memory: 'b'");
}

/* A batch of results outside of the caller's memory, which a value of a later image overwrites. */
static void test_images_overwritten_by_the_next(void **state) {
    Graph *graph = new_graph(state);
    graph->optimize = OPTIMIZE_MEMORY;
    Value *a = exp_of(graph, "a", input(graph, "x", "2x16x8x8")), *b = transpose(graph, "b", a, (int64_t[]){0, 1, 3, 2});
    Value *all = NODE(graph, OP_ReduceSum, "all", b);
    graph_add_output(graph, all, "y");
    run_pass(graph, image_loop);
    const Value *batch = all->producer->in[0];
    assert_int_equal(batch->producer->op, OP_StackImages);
    Plan *plan = planned(graph);
    put_over(plan, a, batch); /* whose first image is there when the second one's a is computed */
    expect_caught(graph, plan, "overwrites 'a'");
    plan->of[b->id] = (Placement){.storage = b, .anchor = b, .offset = 2 * PLANE_BYTES};
    plan->arena_bytes = 3 * PLANE_BYTES;
    plan->of[batch->id].offset = 0;
    plan->of[a->id].offset = 0;
    expect_caught(graph, plan, "reads");
}

/* Depth first, a convolution reads while its reader writes. */
static void test_depth_first_pairs(void **state) {
    Graph *graph = new_graph(state);
    graph->optimize = OPTIMIZE_MEMORY;
    Value *a = exp_of(graph, "a", input(graph, "x", "1x16x8x8"));
    Value *y = pool(graph, OP_MaxPool, "pool", conv(graph, "conv", a, weights(graph, "w", "16x16x3x3"), NULL, 1), 2, 2, 0);
    graph_add_output(graph, transpose(graph, "last", exp_of(graph, "b", y), TO_NHWC), "y");
    for (const char *const *name = (const char *const[]){"choose-layout", "depth-first", NULL}; *name; name++) {
        int count;
        const Pass *passes = pipeline(&count);
        for (int k = 0; k < count; k++)
            if (strcmp(passes[k].name, *name) == 0) run_pass(graph, passes[k].run);
    }
    const Node *reader = y->producer;
    assert_true(attr_int(reader->in[0]->producer, A_DEPTH_FIRST, 0));
    const Value *read = reader->in[0]->producer->in[0];
    Plan *plan = planned(graph);
    put_over(plan, y, read);
    expect_caught(graph, plan, "overwrites");
}

/* A block that is skipped leaves what its steps compute unwritten: only the block may read it. */
static void test_skipped_blocks(void **state) {
    Graph *graph = new_graph(state);
    Value *x = exp_of(graph, "a", input(graph, "x", "1x16x8x8")), *inner = transpose(graph, "inner", x, (int64_t[]){0, 1, 3, 2}),
          *branch = transpose(graph, "branch", inner, (int64_t[]){0, 1, 3, 2});
    Node *end = RAW_NODE(graph, OP_Add, "end", branch, x);
    set_int(graph, end, A_BLOCK, 0);
    Value *sum = inferred(graph, end), *other = transpose(graph, "other", sum, TO_NHWC);
    graph_add_output(graph, NODE(graph, OP_ReduceSum, "all", other), "y");
    Plan *plan = planned(graph);
    put_over(plan, inner, other);
    plan->arena_bytes = 4 * PLANE_BYTES;
    plan->of[x->id].offset = 0;
    plan->of[branch->id].offset = PLANE_BYTES;
    plan->of[inner->id].offset = plan->of[other->id].offset = 2 * PLANE_BYTES;
    plan->of[sum->id].offset = PLANE_BYTES; /* over the branch: then the shortcut is copied */
    assert_true(verify_plan(graph, plan));
    plan->of[sum->id].offset = PLANE_BYTES / 2; /* over half of each */
    expect_caught(graph, plan, "overwrites");
}

/* A block in another one's branch: what it reads is there whichever of the two is skipped. */
static void test_nested_blocks(void **state) {
    Graph *graph = new_graph(state);
    Value *x = exp_of(graph, "a", input(graph, "x", "1x16x8x8")),
          *before = transpose(graph, "before", x, (int64_t[]){0, 1, 3, 2});
    Node *inner = RAW_NODE(graph, OP_Add, "inner", transpose(graph, "branch", before, (int64_t[]){0, 1, 3, 2}), before);
    set_int(graph, inner, A_BLOCK, 0);
    Node *outer =
        RAW_NODE(graph, OP_Add, "outer", transpose(graph, "behind", inferred(graph, inner), (int64_t[]){0, 1, 3, 2}), x);
    set_int(graph, outer, A_BLOCK, 1);
    graph_add_output(graph, transpose(graph, "last", inferred(graph, outer), TO_NHWC), "y");
    Plan *plan = planned(graph);
    put_over(plan, before, x);
    expect_caught(graph, plan, "overwrites 'a'");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        PASS_TEST(test_living_values_overlap),
        PASS_TEST(test_a_later_reader),
        PASS_TEST(test_outside_of_the_arena),
        PASS_TEST(test_an_arena_that_is_too_small),
        PASS_TEST(test_misaligned),
        PASS_TEST(test_in_place_without_a_reason),
        PASS_TEST(test_a_broadcast_operand_in_place),
        PASS_TEST(test_read_before_it_is_written),
        PASS_TEST(test_an_input_is_written),
        PASS_TEST(test_an_output_that_is_lost),
        PASS_TEST(test_views),
        PASS_TEST(test_parts_of_a_concat),
        PASS_TEST(test_scratch),
        PASS_TEST(test_images),
        PASS_TEST(test_images_overwritten_by_the_next),
        PASS_TEST(test_depth_first_pairs),
        PASS_TEST(test_skipped_blocks),
        PASS_TEST(test_nested_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
