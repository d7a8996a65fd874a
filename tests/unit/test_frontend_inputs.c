/* Inputs: sizes that the model leaves open, values that are known, what is declared of them; and numbers made from them. */
#include "test_frontend.h"

static void typed_input(Fixture *f, const char *name, int type, const char *dims) {
    APPEND(f, f->graph->input, f->graph->n_input, value_info(f, name, type, dims));
}

static void relu_model(Fixture *f, const char *dims) {
    memset(&f->diag, 0, sizeof f->diag);
    model_start(f, 13);
    input(f, "x", dims);
    node(f, "Relu", "x", "y");
    output(f, "y");
}

static void open_sizes(void **state) {
    Fixture *f = *state;
    static const char *const batches[] = {"0x4", "-1x4", "?x4", "nx4"};
    for (size_t k = 0; k < sizeof batches / sizeof *batches; k++) {
        relu_model(f, batches[k]);
        assert_int_equal(imported(f)->inputs[0]->shape.dim[0], 1);
        assert_int_equal(f->diag.note_count, 1);
        relu_model(f, batches[k]);
        Graph *graph = import_with(f, &(DimSetting){"x:0", 3}, 1);
        assert_int_equal(graph->inputs[0]->shape.dim[0], 3);
        assert_int_equal(f->diag.note_count, 0);
    }
    relu_model(f, "1x-1");
    refused(f, STATUS_UNSUPPORTED, "input 'x': dimension 1 has no fixed size: --dim x:1=N sets it");
    relu_model(f, "1x-2");
    refused(f, STATUS_INVALID, "negative");
}

/* Only the model can ask for an empty tensor, and the user confirms it. */
static void empty_inputs(void **state) {
    Fixture *f = *state;
    relu_model(f, "2x0");
    Graph *graph = import_with(f, &(DimSetting){"x:1", 0}, 1);
    assert_non_null(graph);
    assert_int_equal(shape_count(&graph->inputs[0]->shape), 0);
    relu_model(f, "2xn");
    assert_null(import_with(f, &(DimSetting){"x:1", 0}, 1));
    expect(f, STATUS_USAGE, "--dim x:1: the size must be at least 1");
}

static void missing_sizes_are_named_at_once(void **state) {
    Fixture *f = *state;
    relu_model(f, "batchx3xhxfloor(w/2)");
    input(f, "z", "?x?xh");
    refused(f, STATUS_UNSUPPORTED,
            "dimensions without a fixed size: 2 ('h') of input 'x', 3 ('floor(w/2)') of input 'x', 1 of input 'z': "
            "--dim h=N --dim 'floor(w/2)=N' --dim z:1=N set them");
}

static void batches_on_any_axis(void **state) {
    Fixture *f = *state;
    static const char *const batches[] = {"2xbatchx4", "2xBatch_Sizex4"};
    for (size_t k = 0; k < 2; k++) {
        relu_model(f, batches[k]);
        assert_int_equal(imported(f)->inputs[0]->shape.dim[1], 1);
    }
    relu_model(f, "frames");
    input(f, "z", "3xframes");
    assert_int_equal(imported(f)->inputs[1]->shape.dim[1], 1);
    relu_model(f, "3xbatches");
    refused(f, STATUS_UNSUPPORTED, "--dim batches=N sets it");
}

static void quotes_in_names(void **state) {
    Fixture *f = *state;
    relu_model(f, "1xit's");
    refused(f, STATUS_UNSUPPORTED, "--dim 'it'\\''s=N' sets it");
}

/* The test's own values: one of `given` for each binding, in their order. */
typedef struct {
    const Binding *given;
    Binding asked[4];
    Shape declared[4];
    int count;
} Values;

static bool read_value(void *context, const char *text_after, Binding *binding) {
    Values *values = context;
    assert_string_equal(text_after, "v");
    values->asked[values->count] = *binding;
    if (binding->declared) values->declared[values->count] = *binding->declared;
    binding->shape = values->given[values->count].shape;
    binding->data = values->given[values->count].data;
    values->count++;
    return true;
}

static Graph *import_bound(Fixture *f, Values *values, const char *const *binds, int count, const DimSetting *dim) {
    uint8_t *bytes;
    size_t size = pack(f, &bytes);
    write_bytes(f->path, bytes, size);
    ImportOptions options = {.dims = dim, .dim_count = dim != NULL, .binds = binds, .bind_count = count};
    options.read = read_value;
    options.context = values;
    return onnx_import(&f->arena, &f->diag, f->path, &options);
}

static const int64_t numbers[] = {7, 8, 9};

static void bound_inputs_are_constants(void **state) {
    Fixture *f = *state;
    relu_model(f, "nx4");
    typed_input(f, "s", ONNX__TENSOR_PROTO__DATA_TYPE__INT64, "nx1");
    node(f, "Cast", "s", "r");
    give_int(f, f->graph->node[1], "to", ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
    node(f, "Add", "y r", "z");
    f->graph->output[0]->name = text(f, "z");
    Values values = {.given = &(Binding){.shape = shape_of(2, (int64_t)3, (int64_t)1), .data = numbers}};
    Graph *graph = import_bound(f, &values, (const char *const[]){"s=v"}, 1, NULL);
    assert_non_null(graph);
    assert_int_equal(values.asked[0].type, I64);
    assert_int_equal(values.declared[0].dim[0], -1);
    assert_int_equal(values.declared[0].dim[1], 1);
    assert_int_equal(graph->input_count, 1);
    assert_string_equal(graph->inputs[0]->name, "x");
    assert_int_equal(graph->inputs[0]->shape.dim[0], 3); /* n, as in s */
    assert_int_equal(graph->bound_count, 1);
    assert_string_equal(graph->bound[0]->name, "s");
    assert_int_equal(graph->last->op, OP_Add);
    assert_true(constant_float_at(graph->last->in[1], 2) == 9); /* the Cast is folded */
}

static void bound_sizes_agree(void **state) {
    Fixture *f = *state;
    const Binding given[] = {{.shape = shape_of(2, (int64_t)1, (int64_t)3), .data = numbers},
                             {.shape = shape_of(1, (int64_t)3), .data = numbers}};
    relu_model(f, "nxn");
    Values values = {.given = given};
    assert_null(import_bound(f, &values, (const char *const[]){"x=v"}, 1, NULL));
    expect(f, STATUS_USAGE, "--bind x: dimension 1 ('n') has two sizes, 1 and 3");
    relu_model(f, "1xn");
    input(f, "z", "n");
    values = (Values){.given = given};
    assert_non_null(import_bound(f, &values, (const char *const[]){"x=v", "z=v"}, 2, NULL));
    assert_int_equal(values.declared[1].dim[0], 3); /* as x has it */
    relu_model(f, "1xn");
    values = (Values){.given = given};
    assert_non_null(import_bound(f, &values, (const char *const[]){"x=v"}, 1, &(DimSetting){"n", 3}));
    assert_int_equal(values.declared[0].dim[1], 3);
}

static void defaults_may_be_bound(void **state) {
    Fixture *f = *state;
    relu_model(f, "1x3");
    typed_input(f, "w", ONNX__TENSOR_PROTO__DATA_TYPE__INT64, "3");
    int64s(f, "w", "3", 3, (const int64_t[]){1, 2, 3});
    node(f, "Identity", "w", "z");
    f->graph->output[0]->name = text(f, "z");
    Values values = {.given = &(Binding){.shape = shape_of(1, (int64_t)3), .data = numbers}};
    Graph *graph = import_bound(f, &values, (const char *const[]){"w=v"}, 1, NULL);
    assert_int_equal(constant_int_at(graph->outputs[0], 0), 7);
}

static void names_of_bindings(void **state) {
    Fixture *f = *state;
    Values values = {.given = &(Binding){.shape = shape_of(2, (int64_t)1, (int64_t)3), .data = numbers}};
    relu_model(f, "1x3");
    input(f, "a=b", "1x3");
    assert_non_null(import_bound(f, &values, (const char *const[]){"a=b=v"}, 1, NULL));
    memset(&f->diag, 0, sizeof f->diag);
    assert_null(import_bound(f, &values, (const char *const[]){"q=v"}, 1, NULL));
    expect(f, STATUS_USAGE, "--bind q=v: the model has no such input: its inputs are 'x', 'a=b'");
    memset(&f->diag, 0, sizeof f->diag);
    assert_null(import_bound(f, &values, (const char *const[]){"x=v", "x=v"}, 2, NULL));
    expect(f, STATUS_USAGE, "input 'x' is bound twice");
}

static void declared_outputs_are_compared(void **state) {
    Fixture *f = *state;
    relu_model(f, "1x4");
    f->graph->output[0] = value_info(f, "y", ONNX__TENSOR_PROTO__DATA_TYPE__INT64, "1x5");
    assert_non_null(imported(f));
    assert_int_equal(f->diag.note_count, 2);
    assert_string_equal(f->diag.notes[0], "'y' is declared as int64; its element type is float");
    assert_string_equal(f->diag.notes[1], "'y' is declared as 1x5; its shape is 1x4");
    relu_model(f, "1x4");
    f->graph->output[0] = value_info(f, "y", ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, "0x-1");
    assert_non_null(imported(f));
    assert_int_equal(f->diag.note_count, 0);
}

/* start, limit and delta through Casts, as YOLO's anchors come; `count` numbers, the last of them `last`. */
static void expect_range(Fixture *f, int type, const float *given, int64_t count, double last) {
    memset(&f->diag, 0, sizeof f->diag);
    model_start(f, 13);
    static const char *const names[] = {"start", "limit", "delta"};
    for (int k = 0; k < 3; k++) {
        floats(f, arena_printf(&f->arena, "%s32", names[k]), "", 1, &given[k]);
        give_int(f, node(f, "Cast", arena_printf(&f->arena, "%s32", names[k]), names[k]), "to", type);
    }
    node(f, "Range", "start limit delta", "r");
    give_int(f, node(f, "Cast", "r", "y"), "to", ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE);
    output(f, "y");
    const Value *range = imported(f)->outputs[0];
    assert_int_equal(range->shape.dim[0], count);
    if (count) assert_true(constant_float_at(range, count - 1) == last);
}

static void ranges_of_constants(void **state) {
    Fixture *f = *state;
    static const int types[] = {ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE,
                                ONNX__TENSOR_PROTO__DATA_TYPE__INT16, ONNX__TENSOR_PROTO__DATA_TYPE__INT32,
                                ONNX__TENSOR_PROTO__DATA_TYPE__INT64};
    for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
        expect_range(f, types[k], (const float[]){0, 80, 1}, 80, 79);
        expect_range(f, types[k], (const float[]){5, -6, -3}, 4, -4);
        expect_range(f, types[k], (const float[]){5, 6, -3}, 0, 0);
    }
    expect_range(f, types[0], (const float[]){0.5f, 80, 1}, 80, 79.5);
    expect_range(f, types[0], (const float[]){0, 1, 0.001f}, 1000, (double)(float)(999 * (double)0.001f));
}

static void refuse_range(Fixture *f, const int64_t *given, Status status, const char *words) {
    memset(&f->diag, 0, sizeof f->diag);
    model_start(f, 13);
    int64s(f, "start", "", 1, &given[0]);
    int64s(f, "limit", "", 1, &given[1]);
    int64s(f, "delta", "", 1, &given[2]);
    node(f, "Range", "start limit delta", "y");
    output(f, "y");
    refused(f, status, words);
}

static void ranges_that_are_none(void **state) {
    Fixture *f = *state;
    refuse_range(f, (const int64_t[]){0, 5, 0}, STATUS_INVALID, "its delta is 0");
    refuse_range(f, (const int64_t[]){0, 1 << 21, 1}, STATUS_UNSUPPORTED, "more than 1048576 numbers");
    refuse_range(f, (const int64_t[]){INT64_MAX, INT64_MIN, -1}, STATUS_UNSUPPORTED, "more than 1048576 numbers");
    memset(&f->diag, 0, sizeof f->diag);
    f->graph->initializer[2]->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE;
    refused(f, STATUS_INVALID, "numbers of one type");
    memset(&f->diag, 0, sizeof f->diag);
    model_start(f, 13);
    floats(f, "start", "", 1, (const float[]){0});
    floats(f, "limit", "", 1, (const float[]){(float)1e30});
    floats(f, "delta", "", 1, (const float[]){1});
    node(f, "Range", "start limit delta", "y");
    output(f, "y");
    refused(f, STATUS_UNSUPPORTED, "more than 1048576 numbers");
}

static void extreme_ranges(void **state) {
    Fixture *f = *state;
    model_start(f, 13);
    int64s(f, "start", "", 1, (const int64_t[]){INT64_MIN});
    int64s(f, "limit", "", 1, (const int64_t[]){INT64_MAX});
    int64s(f, "delta", "", 1, (const int64_t[]){INT64_C(1) << 62});
    node(f, "Range", "start limit delta", "y");
    output(f, "y");
    const Value *range = imported(f)->outputs[0];
    assert_int_equal(range->shape.dim[0], 4);
    assert_true(constant_int_at(range, 3) == INT64_C(1) << 62);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(open_sizes),
        TEST(empty_inputs),
        TEST(missing_sizes_are_named_at_once),
        TEST(batches_on_any_axis),
        TEST(quotes_in_names),
        TEST(bound_inputs_are_constants),
        TEST(bound_sizes_agree),
        TEST(defaults_may_be_bound),
        TEST(names_of_bindings),
        TEST(declared_outputs_are_compared),
        TEST(ranges_of_constants),
        TEST(ranges_that_are_none),
        TEST(extreme_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
