/* The model's level: versions, names, order, dimensions, functions; and refusals at nodes. */
#include "test_frontend.h"

static void relu_model(Fixture *f, const char *dims) {
    model_start(f, 13);
    input(f, "x", dims);
    node(f, "Relu", "x", "y");
    output(f, "y");
}

static void versions(void **state) {
    Fixture *f = *state;
    relu_model(f, "1x4");
    f->model->ir_version = 99;
    refused(f, STATUS_UNSUPPORTED, "IR version 99");
    memset(&f->diag, 0, sizeof f->diag);
    f->model->ir_version = 8;
    f->model->opset_import[0]->version = 5;
    refused(f, STATUS_UNSUPPORTED, "opset 5");
    memset(&f->diag, 0, sizeof f->diag);
    f->model->opset_import[0]->version = 1000;
    refused(f, STATUS_UNSUPPORTED, "opset 1000");
    memset(&f->diag, 0, sizeof f->diag);
    f->model->n_opset_import = 0;
    refused(f, STATUS_INVALID, "no operator set");
}

static void nodes_in_any_order(void **state) {
    Fixture *f = *state;
    model_start(f, 13);
    input(f, "x", "1x4");
    node(f, "Exp", "b", "c");
    node(f, "Sqrt", "a", "b");
    node(f, "Relu", "x", "a");
    output(f, "c");
    Graph *graph = imported(f);
    assert_int_equal(graph->first->op, OP_Relu);
    assert_int_equal(graph->first->next->op, OP_Sqrt);
    assert_int_equal(graph->last->op, OP_Exp);
}

static void legal_order_is_kept(void **state) {
    Fixture *f = *state;
    model_start(f, 13);
    input(f, "x", "1x4");
    node(f, "Exp", "x", "a");
    node(f, "Sqrt", "x", "b");
    node(f, "Add", "b a", "c");
    output(f, "c");
    Graph *graph = imported(f);
    assert_int_equal(graph->first->op, OP_Exp);
}

static void cycle(void **state) {
    Fixture *f = *state;
    model_start(f, 13);
    input(f, "x", "1x4");
    node(f, "Add", "x c", "a")->name = text(f, "first");
    node(f, "Relu", "a", "c")->name = text(f, "second");
    output(f, "c");
    refused(f, STATUS_INVALID, "cycle");
}

static void missing_input(void **state) {
    Fixture *f = *state;
    relu_model(f, "1x4");
    node(f, "Add", "y nowhere", "z")->name = text(f, "sum");
    refused(f, STATUS_INVALID, "node 'sum' (Add): its input 'nowhere'");
}

static void duplicate_output(void **state) {
    Fixture *f = *state;
    relu_model(f, "1x4");
    node(f, "Exp", "x", "y")->name = text(f, "again");
    refused(f, STATUS_INVALID, "node 'again' (Exp): its output 'y' is already");
}

static void output_that_is_an_input_name(void **state) {
    Fixture *f = *state;
    relu_model(f, "1x4");
    node(f, "Exp", "y", "x");
    refused(f, STATUS_INVALID, "already a graph input");
}

static void output_nobody_makes(void **state) {
    Fixture *f = *state;
    relu_model(f, "1x4");
    output(f, "missing");
    refused(f, STATUS_INVALID, "graph output 'missing'");
}

static void unused_nodes_need_no_support(void **state) {
    Fixture *f = *state;
    relu_model(f, "1x4");
    node(f, "Frobnicate", "y", "z");
    Graph *graph = imported(f);
    assert_ptr_equal(graph->first, graph->last);
}

static void unknown_operators(void **state) {
    Fixture *f = *state;
    relu_model(f, "1x4");
    node(f, "Frobnicate", "y", "z")->name = text(f, "n1");
    f->graph->output[0]->name = text(f, "z");
    refused(f, STATUS_UNSUPPORTED, "node 'n1' (Frobnicate)");
    memset(&f->diag, 0, sizeof f->diag);
    f->graph->node[1]->domain = text(f, "com.example");
    refused(f, STATUS_UNSUPPORTED, "com.example");
}

static void output_that_is_an_input_or_a_constant(void **state) {
    Fixture *f = *state;
    relu_model(f, "1x4");
    output(f, "x");
    output(f, "w");
    floats(f, "w", "2", 2, (const float[]){1, 2});
    Graph *graph = imported(f);
    assert_int_equal(graph->output_count, 3);
    assert_ptr_equal(graph->outputs[1], graph->inputs[0]);
    assert_non_null(graph->outputs[2]->data);
}

static void initializers_listed_as_inputs(void **state) {
    Fixture *f = *state;
    relu_model(f, "1x2");
    input(f, "w", "2");
    floats(f, "w", "2", 2, (const float[]){1, 2});
    node(f, "Add", "y w", "z");
    f->graph->output[0]->name = text(f, "z");
    assert_int_equal(imported(f)->input_count, 1);
}

static void initializer_against_its_declaration(void **state) {
    Fixture *f = *state;
    relu_model(f, "1x2");
    input(f, "w", "3");
    floats(f, "w", "2", 2, (const float[]){1, 2});
    node(f, "Add", "y w", "z");
    f->graph->output[0]->name = text(f, "z");
    refused(f, STATUS_INVALID, "initializer 'w'");
}

static void batch_is_one(void **state) {
    Fixture *f = *state;
    relu_model(f, "batchx4");
    assert_int_equal(imported(f)->inputs[0]->shape.dim[0], 1);
    assert_int_equal(f->diag.note_count, 1);
    assert_non_null(strstr(f->diag.notes[0], "--dim batch=N sets it"));
}

static void settings_fix_dimensions(void **state) {
    Fixture *f = *state;
    relu_model(f, "batchx3xhx?");
    const DimSetting settings[] = {{"h", 7}, {"x:3", 9}, {"batch", 2}};
    Graph *graph = import_with(f, settings, 3);
    assert_non_null(graph);
    assert_int_equal(graph->inputs[0]->shape.dim[0], 2);
    assert_int_equal(graph->inputs[0]->shape.dim[2], 7);
    assert_int_equal(graph->inputs[0]->shape.dim[3], 9);
}

static void dimensions_without_a_size(void **state) {
    Fixture *f = *state;
    relu_model(f, "1x3xhx8");
    refused(f, STATUS_UNSUPPORTED, "--dim h=N sets it");
    memset(&f->diag, 0, sizeof f->diag);
    relu_model(f, "1x3x8x?");
    refused(f, STATUS_UNSUPPORTED, "--dim x:3=N sets it");
    memset(&f->diag, 0, sizeof f->diag);
    relu_model(f, NULL);
    refused(f, STATUS_UNSUPPORTED, "no shape");
    memset(&f->diag, 0, sizeof f->diag);
    relu_model(f, "1x-3");
    refused(f, STATUS_INVALID, "negative");
}

static void settings_that_name_nothing(void **state) {
    Fixture *f = *state;
    relu_model(f, "batchx4");
    assert_null(import_with(f, &(DimSetting){"width", 7}, 1));
    expect(f, STATUS_USAGE, "width");
}

static void weight_that_contradicts_its_input(void **state) {
    Fixture *f = *state;
    static const float weight[2 * 5 * 9] = {0};
    model_start(f, 13);
    input(f, "x", "1x3x8x8");
    floats(f, "w", "2x5x3x3", 90, weight);
    node(f, "Conv", "x w", "y")->name = text(f, "conv1");
    output(f, "y");
    refused(f, STATUS_INVALID, "node 'conv1' (Conv)");
}

static void attributes_are_checked(void **state) {
    Fixture *f = *state;
    relu_model(f, "1x4");
    give_float(f, f->graph->node[0], "alpha", 1);
    refused(f, STATUS_INVALID, "no attribute 'alpha'");
    memset(&f->diag, 0, sizeof f->diag);
    model_start(f, 13);
    input(f, "x", "1x4");
    give_float(f, node(f, "Flatten", "x", "y"), "axis", 1);
    output(f, "y");
    refused(f, STATUS_INVALID, "'axis' must be an integer");
    memset(&f->diag, 0, sizeof f->diag);
    relu_model(f, "1x4");
    f->graph->node[0]->op_type = text(f, "Flatten");
    give_int(f, f->graph->node[0], "axis", 3);
    refused(f, STATUS_INVALID, "axis 3 is out of range");
}

static void required_inputs(void **state) {
    Fixture *f = *state;
    model_start(f, 13);
    input(f, "x", "1x3x8x8");
    node(f, "Conv", "x", "y");
    output(f, "y");
    refused(f, STATUS_INVALID, "input 1 is missing");
}

static void scales_that_are_no_numbers(void **state) {
    static const uint32_t bits[] = {0x7fc00000u, 0x7f800000u, 0xbf800000u}; /* NaN, infinity, -1 */
    for (size_t k = 0; k < 3; k++) {
        Fixture *f = *state;
        float scales[4] = {1, 1, 2, 2};
        memcpy(&scales[2], &bits[k], sizeof(float));
        memset(&f->diag, 0, sizeof f->diag);
        model_start(f, 13);
        input(f, "x", "1x1x2x2");
        floats(f, "s", "4", 4, scales);
        node(f, "Resize", "x - s", "y");
        output(f, "y");
        refused(f, STATUS_INVALID, "scale");
    }
}

static void shape_chains_fold(void **state) {
    Fixture *f = *state;
    model_start(f, 13);
    input(f, "x", "nx3x4x5");
    int64s(f, "zero", "", 1, (const int64_t[]){0});
    int64s(f, "axes", "1", 1, (const int64_t[]){0});
    int64s(f, "rest", "1", 1, (const int64_t[]){-1});
    node(f, "Shape", "x", "shape");
    node(f, "Gather", "shape zero", "n");
    node(f, "Unsqueeze", "n axes", "n1");
    give_int(f, node(f, "Concat", "n1 rest", "target"), "axis", 0);
    node(f, "Reshape", "x target", "y");
    output(f, "y");
    Graph *graph = imported(f);
    assert_ptr_equal(graph->first, graph->last);
    assert_int_equal(graph->outputs[0]->shape.dim[1], 60);
}

static void shapes_computed_at_run_time(void **state) {
    Fixture *f = *state;
    model_start(f, 13);
    input(f, "x", "1x4");
    APPEND(f, f->graph->input, f->graph->n_input, value_info(f, "s", ONNX__TENSOR_PROTO__DATA_TYPE__INT64, "2"));
    node(f, "Reshape", "x s", "y")->name = text(f, "view");
    output(f, "y");
    refused(f, STATUS_UNSUPPORTED, "node 'view' (Reshape): its 'shape' input 's' is computed at run time");
}

static void same_padding(void **state) {
    Fixture *f = *state;
    static const float weight[9] = {0};
    model_start(f, 13);
    input(f, "x", "1x1x8x7");
    floats(f, "w", "1x1x3x3", 9, weight);
    Onnx__NodeProto *conv = node(f, "Conv", "x w", "y");
    give_string(f, conv, "auto_pad", "SAME_UPPER");
    give_ints(f, conv, "strides", 2, (const int64_t[]){2, 2});
    output(f, "y");
    const Node *made = imported(f)->first;
    static const int64_t pads[] = {0, 1, 1, 1};
    for (int k = 0; k < 4; k++) assert_int_equal(attr_ints_at(made, A_PADS, k, -1), pads[k]);
}

static void one_dimensional_convolution(void **state) {
    Fixture *f = *state;
    static const float weight[6] = {0};
    model_start(f, 13);
    input(f, "x", "1x1x8");
    floats(f, "w", "2x1x3", 6, weight);
    node(f, "Conv", "x w", "y");
    output(f, "y");
    Graph *graph = imported(f);
    assert_int_equal(graph->first->op, OP_Reshape);
    assert_int_equal(graph->outputs[0]->shape.rank, 3);
    assert_int_equal(graph->outputs[0]->shape.dim[2], 6);
    assert_string_equal(graph->outputs[0]->name, "y");
}

static void old_broadcasting(void **state) {
    Fixture *f = *state;
    model_start(f, 6);
    input(f, "x", "1x2x4x4");
    floats(f, "b", "2", 2, (const float[]){1, 2});
    Onnx__NodeProto *add = node(f, "Add", "x b", "y");
    give_int(f, add, "broadcast", 1);
    give_int(f, add, "axis", 1);
    output(f, "y");
    const Node *made = imported(f)->first;
    assert_int_equal(made->op, OP_Add);
    assert_int_equal(made->in[1]->shape.dim[1], 2);
    assert_int_equal(made->in[1]->shape.rank, 4);
}

static void old_softmax(void **state) {
    Fixture *f = *state;
    model_start(f, 11);
    input(f, "x", "2x3x4");
    node(f, "Softmax", "x", "y");
    output(f, "y");
    Graph *graph = imported(f);
    assert_int_equal(graph->first->op, OP_Reshape);
    assert_int_equal(graph->first->out[0]->shape.dim[1], 12);
    assert_int_equal(graph->last->op, OP_Reshape);
}

static Onnx__FunctionProto *function(Fixture *f, const char *name) {
    Onnx__FunctionProto *made = NEW(f, Onnx__FunctionProto, onnx__function_proto__init);
    made->name = text(f, name);
    made->domain = text(f, "local");
    APPEND(f, made->input, made->n_input, text(f, "a"));
    APPEND(f, made->output, made->n_output, text(f, "b"));
    APPEND(f, made->opset_import, made->n_opset_import, opset(f, "", 13));
    APPEND(f, f->model->functions, f->model->n_functions, made);
    return made;
}

static Onnx__NodeProto *call(Fixture *f, const char *name, const char *ins, const char *outs) {
    Onnx__NodeProto *made = node(f, name, ins, outs);
    made->domain = text(f, "local");
    return made;
}

static void functions_are_inlined(void **state) {
    Fixture *f = *state;
    model_start(f, 13);
    input(f, "x", "1x4");
    Onnx__FunctionProto *leaky = function(f, "Leaky");
    Onnx__NodeProto *inner = node_proto(f, "LeakyRelu", "a", "b");
    attribute(f, inner, "alpha", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT)->ref_attr_name = text(f, "slope");
    APPEND(f, leaky->node, leaky->n_node, inner);
    give_float(f, call(f, "Leaky", "x", "y"), "slope", 0.5f);
    call(f, "Leaky", "y", "z");
    output(f, "z");
    Graph *graph = imported(f);
    assert_true(attr_float(graph->first, A_ALPHA, 0) == 0.5);
    assert_true(attr_float(graph->last, A_ALPHA, 0) == (double)0.01f);
    assert_string_equal(graph->first->name, "y/b");
}

static void functions_that_call_themselves(void **state) {
    Fixture *f = *state;
    model_start(f, 13);
    input(f, "x", "1x4");
    Onnx__FunctionProto *self = function(f, "Self");
    Onnx__NodeProto *inner = node_proto(f, "Self", "a", "b");
    inner->domain = text(f, "local");
    APPEND(f, self->node, self->n_node, inner);
    call(f, "Self", "x", "y");
    output(f, "y");
    refused(f, STATUS_INVALID, "calls itself");
}

/* Each function calls the one before eight times: 8^12 nodes. */
static void functions_that_explode(void **state) {
    Fixture *f = *state;
    model_start(f, 13);
    input(f, "x", "1x4");
    for (int level = 0; level < 12; level++) {
        Onnx__FunctionProto *made = function(f, arena_printf(&f->arena, "F%d", level));
        for (int k = 0; k < 8; k++) {
            const char *from = k ? arena_printf(&f->arena, "t%d", k - 1) : "a";
            const char *to = k < 7 ? arena_printf(&f->arena, "t%d", k) : "b";
            Onnx__NodeProto *inner = node_proto(f, level ? arena_printf(&f->arena, "F%d", level - 1) : "Relu", from, to);
            if (level) inner->domain = text(f, "local");
            APPEND(f, made->node, made->n_node, inner);
        }
    }
    call(f, "F11", "x", "y");
    output(f, "y");
    refused(f, STATUS_UNSUPPORTED, "inlined");
}

static void control_characters_stay_out_of_names(void **state) {
    Fixture *f = *state;
    model_start(f, 13);
    input(f, "x", "1x4");
    node(f, "Frob", "x", "y")->name = text(f, "two\nlines");
    output(f, "y");
    refused(f, STATUS_UNSUPPORTED, "node 'two?lines'");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(versions),
        TEST(nodes_in_any_order),
        TEST(legal_order_is_kept),
        TEST(cycle),
        TEST(missing_input),
        TEST(duplicate_output),
        TEST(output_that_is_an_input_name),
        TEST(output_nobody_makes),
        TEST(unused_nodes_need_no_support),
        TEST(unknown_operators),
        TEST(output_that_is_an_input_or_a_constant),
        TEST(initializers_listed_as_inputs),
        TEST(initializer_against_its_declaration),
        TEST(batch_is_one),
        TEST(settings_fix_dimensions),
        TEST(dimensions_without_a_size),
        TEST(settings_that_name_nothing),
        TEST(weight_that_contradicts_its_input),
        TEST(attributes_are_checked),
        TEST(required_inputs),
        TEST(scales_that_are_no_numbers),
        TEST(shape_chains_fold),
        TEST(shapes_computed_at_run_time),
        TEST(same_padding),
        TEST(one_dimensional_convolution),
        TEST(old_broadcasting),
        TEST(old_softmax),
        TEST(functions_are_inlined),
        TEST(functions_that_call_themselves),
        TEST(functions_that_explode),
        TEST(control_characters_stay_out_of_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
