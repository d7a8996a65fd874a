/* If: which branch is taken, how it stands in its place, what is refused; and operators that nobody knows, wherever they are. */
#include "test_frontend.h"

/* What is added from here on goes into a new graph; the one before is to be put back as f->graph. */
static Onnx__GraphProto *begin_branch(Fixture *f) {
    Onnx__GraphProto *outer = f->graph;
    f->graph = NEW(f, Onnx__GraphProto, onnx__graph_proto__init);
    f->graph->name = text(f, "branch");
    return outer;
}

static Onnx__GraphProto *end_branch(Fixture *f, Onnx__GraphProto *outer) {
    Onnx__GraphProto *branch = f->graph;
    f->graph = outer;
    return branch;
}

/* A branch of one node. */
static Onnx__GraphProto *branch(Fixture *f, const char *op_type, const char *ins, const char *out) {
    Onnx__GraphProto *outer = begin_branch(f);
    node(f, op_type, ins, out);
    output(f, out);
    return end_branch(f, outer);
}

static void give_graph(Fixture *f, Onnx__NodeProto *owner, const char *name, Onnx__GraphProto *graph) {
    attribute(f, owner, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH)->g = graph;
}

static Onnx__NodeProto *choice(Fixture *f, const char *condition, const char *outs, Onnx__GraphProto *taken,
                               Onnx__GraphProto *otherwise) {
    Onnx__NodeProto *made = node(f, "If", condition, outs);
    give_graph(f, made, "then_branch", taken);
    give_graph(f, made, "else_branch", otherwise);
    return made;
}

static void boolean(Fixture *f, const char *name, bool value) {
    const uint8_t byte = value;
    tensor(f, name, ONNX__TENSOR_PROTO__DATA_TYPE__BOOL, "", &byte, 1);
}

/* x 1x4, constants `yes` and `no`. */
static void start(Fixture *f) {
    memset(&f->diag, 0, sizeof f->diag);
    model_start(f, 13);
    input(f, "x", "1x4");
    boolean(f, "yes", true);
    boolean(f, "no", false);
}

static void expect_graph(Fixture *f, const char *expected) {
    const char *printed = graph_print(imported(f));
    if (strcmp(printed, expected) != 0) fail_msg("is\n%s\nand should be\n%s", printed, expected);
}

static void a_constant_decides(void **state) {
    Fixture *f = *state;
    for (int taken = 0; taken < 2; taken++) {
        start(f);
        choice(f, taken ? "yes" : "no", "y", branch(f, taken ? "Relu" : "Unheard", "x", "a"),
               branch(f, taken ? "Unheard" : "Exp", "x", "a"));
        output(f, "y");
        Graph *graph = imported(f);
        assert_ptr_equal(graph->first, graph->last);
        assert_int_equal(graph->first->op, taken ? OP_Relu : OP_Exp);
        assert_string_equal(graph->outputs[0]->name, "y");
    }
}

/* As PyTorch's first exporter writes squeeze(-1): axes known, whether the dimension is 1 is not. */
static void a_shape_decides(void **state) {
    Fixture *f = *state;
    for (int size = 1; size < 3; size++) {
        memset(&f->diag, 0, sizeof f->diag);
        model_start(f, 13);
        input(f, "x", "1x4xn");
        int64s(f, "last", "1", 1, (const int64_t[]){-1});
        int64s(f, "one", "1", 1, (const int64_t[]){1});
        node(f, "Relu", "x", "r");
        node(f, "Shape", "r", "s");
        node(f, "Gather", "s last", "d");
        node(f, "Equal", "d one", "c");
        choice(f, "c", "y", branch(f, "Squeeze", "r last", "a"), branch(f, "Identity", "r", "b"));
        output(f, "y");
        Graph *graph = import_with(f, &(DimSetting){"n", size}, 1);
        assert_non_null(graph);
        assert_int_equal(graph->outputs[0]->shape.rank, size == 1 ? 2 : 3);
    }
}

/* b and the outer r are read inside; the inner r is another value. */
static void names_around_and_inside(void **state) {
    Fixture *f = *state;
    start(f);
    node(f, "Relu", "x", "r");
    node(f, "Exp", "x", "b");
    Onnx__GraphProto *outer = begin_branch(f);
    Onnx__GraphProto *nested = begin_branch(f);
    node(f, "Mul", "t b", "q");
    output(f, "q");
    nested = end_branch(f, nested);
    node(f, "Sqrt", "r", "t");
    choice(f, "no", "u", branch(f, "Neg", "t", "q"), nested);
    output(f, "u");
    Onnx__GraphProto *first = end_branch(f, outer);
    choice(f, "yes", "v", first, branch(f, "Identity", "x", "q"));
    outer = begin_branch(f);
    node(f, "Abs", "v", "r");
    node(f, "Log", "r", "t");
    output(f, "t");
    Onnx__GraphProto *second = end_branch(f, outer);
    choice(f, "yes", "w", second, branch(f, "Identity", "x", "q"))->name = text(f, "if2");
    node(f, "Add", "w r", "y");
    output(f, "y");
    expect_graph(f, "graph g\n"
                    "input %0 f32 1x4 ; x\n"
                    "%1 f32 1x4 = Relu(%0) ; r\n"
                    "%4 f32 1x4 = Sqrt(%1) ; t\n"
                    "%5 f32 1x4 = Exp(%0) ; b\n"
                    "%6 f32 1x4 = Mul(%4, %5) ; q\n"
                    "%7 f32 1x4 = Abs(%6) ; r\n"
                    "%8 f32 1x4 = Log(%7) ; t\n"
                    "%9 f32 1x4 = Add(%8, %1) ; y\n"
                    "output %9 ; y\n");
    /* Values have names of their own, so that tools can tell them apart. */
    const Graph *graph = imported(f);
    const Node *abs = graph->first->next->next->next->next;
    assert_int_equal(abs->op, OP_Abs);
    assert_string_equal(abs->out[0]->name, "if2/r");
    assert_string_equal(graph->first->out[0]->name, "r");
}

static void outputs_of_every_kind(void **state) {
    Fixture *f = *state;
    start(f);
    Onnx__GraphProto *outer = begin_branch(f);
    floats(f, "w", "2", 2, (const float[]){1, 2});
    node(f, "Exp", "x", "e");
    output(f, "x");
    output(f, "w");
    output(f, "e");
    output(f, "e");
    Onnx__GraphProto *taken = end_branch(f, outer);
    choice(f, "yes", "a b c d", taken, taken);
    output(f, "a");
    output(f, "b");
    output(f, "c");
    output(f, "d");
    Graph *graph = imported(f);
    assert_ptr_equal(graph->outputs[0], graph->inputs[0]);
    assert_non_null(graph->outputs[1]->data);
    assert_int_equal(graph->outputs[2]->producer->op, OP_Exp);
    assert_ptr_equal(graph->outputs[2], graph->outputs[3]);
    assert_ptr_equal(graph->first, graph->last);
}

/* The branch that isn't taken needs no support, nor does what only it reads. */
static void only_what_is_taken_is_imported(void **state) {
    Fixture *f = *state;
    start(f);
    node(f, "Unheard", "x", "u");
    node(f, "Exp", "x", "e");
    choice(f, "no", "y", branch(f, "Relu", "u", "a"), branch(f, "Relu", "e", "a"));
    output(f, "y");
    Graph *graph = imported(f);
    assert_int_equal(graph->first->op, OP_Exp);
    assert_int_equal(graph->last->op, OP_Relu);
}

/* Y is wanted by the graph, Y_h by the branch alone. */
static void other_outputs_of_imported_nodes(void **state) {
    Fixture *f = *state;
    static const float weights[8] = {0};
    start(f);
    input(f, "s", "3x1x2");
    floats(f, "W", "1x4x2", 8, weights);
    floats(f, "R", "1x4x1", 4, weights);
    give_int(f, node(f, "LSTM", "s W R", "Y h"), "hidden_size", 1);
    node(f, "Neg", "h", "n");
    choice(f, "yes", "z", branch(f, "Exp", "n", "a"), branch(f, "Exp", "x", "a"));
    output(f, "Y");
    output(f, "z");
    Graph *graph = imported(f);
    assert_ptr_equal(graph->outputs[1]->producer->in[0]->producer->in[0]->producer, graph->outputs[0]->producer);
}

static void branches_in_functions(void **state) {
    Fixture *f = *state;
    start(f);
    Onnx__FunctionProto *made = NEW(f, Onnx__FunctionProto, onnx__function_proto__init);
    made->name = text(f, "F");
    made->domain = text(f, "local");
    APPEND(f, made->input, made->n_input, text(f, "a"));
    APPEND(f, made->input, made->n_input, text(f, "c"));
    APPEND(f, made->output, made->n_output, text(f, "o"));
    APPEND(f, made->opset_import, made->n_opset_import, opset(f, "", 13));
    Onnx__GraphProto *outer = begin_branch(f);
    Onnx__NodeProto *leaky = node(f, "LeakyRelu", "a", "x");
    attribute(f, leaky, "alpha", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT)->ref_attr_name = text(f, "slope");
    output(f, "x");
    Onnx__GraphProto *taken = end_branch(f, outer);
    Onnx__NodeProto *inner = node_proto(f, "If", "c", "o");
    give_graph(f, inner, "then_branch", taken);
    give_graph(f, inner, "else_branch", branch(f, "Neg", "a", "q"));
    APPEND(f, made->node, made->n_node, inner);
    APPEND(f, f->model->functions, f->model->n_functions, made);
    Onnx__NodeProto *call = node(f, "F", "x yes", "t");
    call->domain = text(f, "local");
    give_float(f, call, "slope", 0.5f);
    node(f, "F", "t no", "y")->domain = text(f, "local");
    output(f, "y");
    Graph *graph = imported(f);
    assert_int_equal(graph->first->op, OP_LeakyRelu);
    assert_true(attr_float(graph->first, A_ALPHA, 0) == 0.5);
    assert_int_equal(graph->last->op, OP_Neg);
    assert_ptr_equal(graph->last->in[0], graph->first->out[0]);
}

static void branches_that_differ(void **state) {
    Fixture *f = *state;
    start(f);
    Onnx__GraphProto *two = branch(f, "Relu", "x", "a");
    APPEND(f, two->output, two->n_output, two->output[0]);
    choice(f, "yes", "y", branch(f, "Relu", "x", "a"), two);
    output(f, "y");
    refused(f, STATUS_INVALID, "node 'y' (If): one branch has 1 output, the other 2");
    start(f);
    choice(f, "yes", "y z", branch(f, "Relu", "x", "a"), branch(f, "Relu", "x", "a"));
    output(f, "y");
    refused(f, STATUS_INVALID, "it has 2 outputs, its branches 1");
    start(f);
    Onnx__GraphProto *whole = branch(f, "Relu", "x", "b");
    whole->output[0]->type->tensor_type->elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
    choice(f, "no", "y", branch(f, "Relu", "x", "a"), whole);
    output(f, "y");
    refused(f, STATUS_INVALID, "output 0 ('y') different types: float ('a') and int64 ('b')");
}

static void bad_branches(void **state) {
    Fixture *f = *state;
    start(f);
    give_graph(f, node(f, "If", "yes", "y"), "then_branch", branch(f, "Relu", "x", "a"));
    output(f, "y");
    refused(f, STATUS_INVALID, "attribute 'else_branch' is missing");
    start(f);
    choice(f, "x", "y", branch(f, "Relu", "x", "a"), branch(f, "Relu", "x", "a"));
    output(f, "y");
    refused(f, STATUS_INVALID, "its condition 'x' must be one bool");
    start(f);
    Onnx__GraphProto *fed = branch(f, "Relu", "i", "a");
    APPEND(f, fed->input, fed->n_input, value_info(f, "i", ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, "1x4"));
    choice(f, "yes", "y", fed, branch(f, "Relu", "x", "a"));
    output(f, "y");
    refused(f, STATUS_INVALID, "its then_branch has the input 'i'");
    start(f);
    choice(f, "yes", "y", branch(f, "Relu", "nowhere", "a"), branch(f, "Relu", "x", "a"));
    output(f, "y");
    refused(f, STATUS_INVALID, "node 'a' (Relu): its input 'nowhere'");
    start(f);
    Onnx__GraphProto *other = branch(f, "Relu", "x", "a");
    other->output[0]->name = text(f, "nobody");
    choice(f, "yes", "y", other, branch(f, "Relu", "x", "a"));
    output(f, "y");
    refused(f, STATUS_INVALID, "no node of the then_branch produces its output 'nobody'");
    start(f);
    choice(f, "yes", "y", branch(f, "Relu", "z", "a"), branch(f, "Relu", "x", "a"));
    node(f, "Exp", "y", "z");
    output(f, "z");
    refused(f, STATUS_INVALID, "is part of a cycle");
}

static void branches_nested_too_deep(void **state) {
    Fixture *f = *state;
    start(f);
    Onnx__GraphProto *inner = branch(f, "Relu", "x", "a");
    for (int depth = 0; depth < 70; depth++) {
        Onnx__GraphProto *outer = begin_branch(f);
        choice(f, "yes", "a", inner, branch(f, "Relu", "x", "a"));
        output(f, "a");
        inner = end_branch(f, outer);
    }
    choice(f, "yes", "y", inner, branch(f, "Relu", "x", "a"));
    output(f, "y");
    refused(f, STATUS_INVALID, "nested more than 64 deep");
}

static void an_input_decides(void **state) {
    Fixture *f = *state;
    start(f);
    APPEND(f, f->graph->input, f->graph->n_input, value_info(f, "rate", ONNX__TENSOR_PROTO__DATA_TYPE__INT64, ""));
    APPEND(f, f->graph->input, f->graph->n_input, value_info(f, "other one", ONNX__TENSOR_PROTO__DATA_TYPE__INT64, ""));
    int64s(f, "k", "", 1, (const int64_t[]){16000});
    node(f, "Equal", "rate k", "c");
    choice(f, "c", "y", branch(f, "Relu", "x", "a"), branch(f, "Exp", "x", "a"))->name = text(f, "which");
    output(f, "y");
    refused(f, STATUS_UNSUPPORTED,
            "node 'which' (If): which branch it takes depends on input 'rate': --bind rate=VALUE would decide it");
    memset(&f->diag, 0, sizeof f->diag);
    f->graph->node[0]->input[1] = text(f, "other one");
    refused(f, STATUS_UNSUPPORTED, "inputs 'rate', 'other one': --bind rate=VALUE --bind 'other one=VALUE' would decide it");
}

static void unknown_operators_are_named_at_once(void **state) {
    Fixture *f = *state;
    start(f);
    for (int k = 0; k < 3; k++) {
        const char *out = arena_printf(&f->arena, "u%d", k);
        node(f, "Unheard", k ? arena_printf(&f->arena, "u%d", k - 1) : "x", out)->name = arena_printf(&f->arena, "n%d", k);
    }
    Onnx__FunctionProto *made = NEW(f, Onnx__FunctionProto, onnx__function_proto__init);
    made->name = text(f, "F");
    made->domain = text(f, "local");
    APPEND(f, made->input, made->n_input, text(f, "a"));
    APPEND(f, made->output, made->n_output, text(f, "b"));
    APPEND(f, made->opset_import, made->n_opset_import, opset(f, "", 13));
    APPEND(f, made->node, made->n_node, node_proto(f, "Unseen", "a", "b"));
    APPEND(f, f->model->functions, f->model->n_functions, made);
    Onnx__NodeProto *call = node(f, "F", "u2", "v");
    call->name = text(f, "call");
    call->domain = text(f, "local");
    Onnx__GraphProto *inside = branch(f, "Untold", "v", "a");
    inside->node[0]->domain = text(f, "com.example");
    node(f, "Relu", "v", "w");
    APPEND(f, f->graph->input, f->graph->n_input, value_info(f, "c", ONNX__TENSOR_PROTO__DATA_TYPE__BOOL, ""));
    choice(f, "c", "y", inside, branch(f, "Relu", "v", "a"));
    output(f, "w");
    output(f, "y");
    refused(f, STATUS_UNSUPPORTED,
            "operators that are not supported: Unheard (3, first 'n0'), Unseen (1, first 'call/b'), "
            "com.example.Untold (1, first 'a')");
    assert_string_equal(f->diag.where, "");
}

static void quantised_models_hear_of_their_original(void **state) {
    Fixture *f = *state;
    start(f);
    floats(f, "scale", "", 1, (const float[]){1});
    node(f, "QuantizeLinear", "x scale", "q");
    node(f, "DequantizeLinear", "q scale", "y");
    output(f, "y");
    refused(f, STATUS_UNSUPPORTED, "the model is quantised: int8 is next, until then its float original compiles");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_constant_decides),
        TEST(a_shape_decides),
        TEST(names_around_and_inside),
        TEST(outputs_of_every_kind),
        TEST(only_what_is_taken_is_imported),
        TEST(other_outputs_of_imported_nodes),
        TEST(branches_in_functions),
        TEST(branches_that_differ),
        TEST(bad_branches),
        TEST(branches_nested_too_deep),
        TEST(an_input_decides),
        TEST(unknown_operators_are_named_at_once),
        TEST(quantised_models_hear_of_their_original),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
