/* Bad files, tensor encodings and external data. */
#include "test_frontend.h"

#include <sys/stat.h>
#include <unistd.h>

#define FLOAT ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT

static void relu_model(Fixture *f) {
    model_start(f, 13);
    input(f, "x", "1x4");
    node(f, "Relu", "x", "y");
    output(f, "y");
}

static void no_such_file(void **state) {
    Fixture *f = *state;
    assert_null(onnx_import(&f->arena, &f->diag, "no-such-file.onnx", NULL));
    expect(f, STATUS_FILE, "can't be opened");
}

static void folder_is_no_model(void **state) {
    Fixture *f = *state;
    assert_null(onnx_import(&f->arena, &f->diag, ".", NULL));
    expect(f, STATUS_FILE, "folder");
}

static void pipe_is_no_model(void **state) {
    Fixture *f = *state;
    assert_int_equal(mkfifo(f->path, 0600), 0);
    assert_null(onnx_import(&f->arena, &f->diag, f->path, NULL));
    expect(f, STATUS_FILE, "regular");
}

static void empty_file(void **state) {
    refused_bytes(*state, "", 0, STATUS_INVALID, "empty");
}

/* Every prefix of a model: none crashes, none passes for a model with an output. */
static void truncated_files(void **state) {
    Fixture *f = *state;
    uint8_t *bytes;
    relu_model(f);
    size_t size = pack(f, &bytes);
    for (size_t length = 1; length < size; length++) {
        memset(&f->diag, 0, sizeof f->diag);
        write_bytes(f->path, bytes, length);
        Graph *graph = onnx_import(&f->arena, &f->diag, f->path, NULL);
        assert_true(!graph == (f->diag.status != STATUS_OK));
        if (!graph) assert_int_equal(f->diag.status, STATUS_INVALID);
    }
}

static void random_bytes(void **state) {
    Fixture *f = *state;
    uint8_t bytes[512];
    uint32_t seed = 1;
    for (int round = 0; round < 200; round++) {
        for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)((seed = seed * 1664525u + 1013904223u) >> 24);
        memset(&f->diag, 0, sizeof f->diag);
        write_bytes(f->path, bytes, sizeof bytes);
        assert_null(onnx_import(&f->arena, &f->diag, f->path, NULL));
        assert_int_equal(f->diag.status, STATUS_INVALID);
    }
}

/* Single bytes changed in a model: a graph or a diagnostic, never a crash. */
static void mutated_files(void **state) {
    Fixture *f = *state;
    static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    uint8_t *bytes;
    relu_model(f);
    size_t size = pack(f, &bytes);
    for (size_t at = 0; at < size; at++)
        for (size_t k = 0; k < sizeof values; k++) {
            uint8_t before = bytes[at];
            bytes[at] = values[k];
            memset(&f->diag, 0, sizeof f->diag);
            write_bytes(f->path, bytes, size);
            Graph *graph = onnx_import(&f->arena, &f->diag, f->path, NULL);
            assert_true(!graph == (f->diag.status != STATUS_OK));
            bytes[at] = before;
        }
}

/* graph (field 7) of 2^31 - 1 bytes in a file of a few. */
static void length_beyond_the_file(void **state) {
    static const uint8_t bytes[] = {0x08, 0x08, 0x3a, 0xff, 0xff, 0xff, 0xff, 0x07, 0x00};
    refused_bytes(*state, bytes, sizeof bytes, STATUS_INVALID, "truncated");
}

/* Sequence types nested in sequence types, each a message in a message. */
static void deep_nesting(void **state) {
    uint8_t bytes[2048];
    size_t at = sizeof bytes;
    for (int depth = 0; depth < 200; depth++) {
        static const uint8_t tags[] = {0x0a, 0x22}; /* Sequence.elem_type, TypeProto.sequence_type */
        size_t size = sizeof bytes - at;
        if (size >= 128) bytes[--at] = (uint8_t)(size >> 7);
        bytes[at - 1] = (uint8_t)(size & 0x7f);
        if (size >= 128) bytes[at - 1] |= 0x80;
        at--;
        bytes[--at] = tags[depth % 2];
    }
    static const uint8_t outer[] = {0x12, 0x5a, 0x3a}; /* ValueInfoProto.type, GraphProto.input, ModelProto.graph */
    for (int k = 0; k < 3; k++) {
        size_t size = sizeof bytes - at;
        bytes[--at] = (uint8_t)(size >> 7);
        bytes[--at] = (uint8_t)(size & 0x7f) | 0x80;
        bytes[--at] = outer[k];
    }
    refused_bytes(*state, bytes + at, sizeof bytes - at, STATUS_INVALID, "nested");
}

static void weight_of_two_gigabytes_in_a_small_file(void **state) {
    Fixture *f = *state;
    relu_model(f);
    tensor(f, "w", FLOAT, "23170x23170", "1234", 4);
    node(f, "Add", "y w", "z");
    f->graph->output[0]->name = text(f, "z");
    refused(f, STATUS_INVALID, "'w'");
}

static void overflowing_dimensions(void **state) {
    Fixture *f = *state;
    relu_model(f);
    tensor(f, "w", FLOAT, "4611686018427387904x4", "", 0);
    f->graph->output[0]->name = text(f, "w");
    refused(f, STATUS_INVALID, "overflow");
}

static void negative_dimension(void **state) {
    Fixture *f = *state;
    relu_model(f);
    tensor(f, "w", FLOAT, "-1x4", "", 0);
    f->graph->output[0]->name = text(f, "w");
    refused(f, STATUS_INVALID, "negative");
}

static void unsupported_types_are_named(void **state) {
    static const struct {
        int type;
        const char *name;
    } types[] = {{8, "string"}, {14, "complex64"}, {17, "float8e4m3fn"}, {22, "int4"}, {99, "type 99"}};
    for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
        Fixture *f = *state;
        memset(&f->diag, 0, sizeof f->diag);
        relu_model(f);
        tensor(f, "w", types[k].type, "4", "", 0);
        f->graph->output[0]->name = text(f, "w");
        refused(f, STATUS_UNSUPPORTED, types[k].name);
    }
}

/* The tensor as output 0 of a model of its own. */
static const Value *constant(Fixture *f, Onnx__TensorProto *made) {
    f->graph->output[0]->name = made->name;
    return imported(f)->outputs[0];
}

static void typed_fields(void **state) {
    Fixture *f = *state;
    static int32_t bytes[] = {-1, 2}, halves[] = {0x3c00, 0xc000}, flags[] = {0, 5};
    static float singles[] = {1.5f, -2.0f};
    static double doubles[] = {0.25, 3.0};
    static int64_t longs[] = {INT64_MIN, 7};
    static uint64_t words[] = {4294967295u, 7};
    relu_model(f);
    Onnx__TensorProto *made = tensor(f, "i8", 3, "2", NULL, 0);
    made->int32_data = bytes, made->n_int32_data = 2;
    const Value *value = constant(f, made);
    assert_int_equal(value->type, I8);
    assert_int_equal(constant_int_at(value, 0), -1);
    made = tensor(f, "f16", 10, "2", NULL, 0);
    made->int32_data = halves, made->n_int32_data = 2;
    assert_true(constant_float_at(constant(f, made), 1) == -2.0);
    made = tensor(f, "bool", 9, "2", NULL, 0);
    made->int32_data = flags, made->n_int32_data = 2;
    assert_int_equal(constant_int_at(constant(f, made), 1), 1);
    made = tensor(f, "f32", 1, "2", NULL, 0);
    made->float_data = singles, made->n_float_data = 2;
    assert_true(constant_float_at(constant(f, made), 0) == 1.5);
    made = tensor(f, "f64", 11, "2", NULL, 0);
    made->double_data = doubles, made->n_double_data = 2;
    assert_true(constant_float_at(constant(f, made), 0) == 0.25);
    made = tensor(f, "i64", 7, "2", NULL, 0);
    made->int64_data = longs, made->n_int64_data = 2;
    assert_int_equal(constant_int_at(constant(f, made), 0), INT64_MIN);
    made = tensor(f, "u32", 12, "2", NULL, 0);
    made->uint64_data = words, made->n_uint64_data = 2;
    assert_int_equal(constant_int_at(constant(f, made), 0), 4294967295);
}

static void number_beyond_its_type(void **state) {
    Fixture *f = *state;
    static int32_t numbers[] = {300};
    relu_model(f);
    Onnx__TensorProto *made = tensor(f, "w", 2, "1", NULL, 0);
    made->int32_data = numbers, made->n_int32_data = 1;
    f->graph->output[0]->name = made->name;
    refused(f, STATUS_INVALID, "does not fit");
}

static void wrong_number_of_elements(void **state) {
    Fixture *f = *state;
    static float numbers[] = {1, 2, 3};
    relu_model(f);
    Onnx__TensorProto *made = tensor(f, "w", 1, "2x2", NULL, 0);
    made->float_data = numbers, made->n_float_data = 3;
    f->graph->output[0]->name = made->name;
    refused(f, STATUS_INVALID, "float_data holds 3");
}

static void external_entry(Fixture *f, Onnx__TensorProto *made, const char *key, const char *value) {
    Onnx__StringStringEntryProto *entry = NEW(f, Onnx__StringStringEntryProto, onnx__string_string_entry_proto__init);
    entry->key = text(f, key);
    entry->value = text(f, value);
    APPEND(f, made->external_data, made->n_external_data, entry);
}

static Onnx__TensorProto *external(Fixture *f, const char *location, const char *offset, const char *length) {
    relu_model(f);
    Onnx__TensorProto *made = tensor(f, "w", FLOAT, "2", NULL, 0);
    made->has_data_location = 1;
    made->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    external_entry(f, made, "location", location);
    if (offset) external_entry(f, made, "offset", offset);
    if (length) external_entry(f, made, "length", length);
    f->graph->output[0]->name = made->name;
    return made;
}

static void external_data_with_offset(void **state) {
    Fixture *f = *state;
    static const float numbers[] = {1, 2, 3, 4};
    write_bytes("frontend_external.bin", numbers, sizeof numbers);
    const Value *value = constant(f, external(f, "frontend_external.bin", "8", "8"));
    assert_true(constant_float_at(value, 0) == 3.0 && constant_float_at(value, 1) == 4.0);
    remove("frontend_external.bin");
}

static void external_data_that_leave_the_folder(void **state) {
    static const char *const locations[] = {"../secret.bin", "/etc/hostname", "a/../../secret.bin", ".."};
    for (size_t k = 0; k < sizeof locations / sizeof *locations; k++) {
        Fixture *f = *state;
        memset(&f->diag, 0, sizeof f->diag);
        external(f, locations[k], NULL, NULL);
        refused(f, STATUS_INVALID, "leaves the model's folder");
    }
}

static void external_data_through_a_link(void **state) {
    Fixture *f = *state;
    remove("frontend_link.bin");
    assert_int_equal(symlink("/etc/passwd", "frontend_link.bin"), 0);
    external(f, "frontend_link.bin", NULL, NULL);
    refused(f, STATUS_INVALID, "leaves the model's folder");
    remove("frontend_link.bin");
}

static void external_data_gone_or_short(void **state) {
    Fixture *f = *state;
    external(f, "frontend_gone.bin", NULL, NULL);
    refused(f, STATUS_FILE, "frontend_gone.bin");
    memset(&f->diag, 0, sizeof f->diag);
    write_bytes("frontend_short.bin", "1234", 4);
    external(f, "frontend_short.bin", NULL, NULL);
    refused(f, STATUS_FILE, "end at byte 4");
    memset(&f->diag, 0, sizeof f->diag);
    external(f, "frontend_short.bin", "9223372036854775807", NULL);
    refused(f, STATUS_INVALID, "overflows");
    memset(&f->diag, 0, sizeof f->diag);
    external(f, "frontend_short.bin", "-4", NULL);
    refused(f, STATUS_INVALID, "offset");
    remove("frontend_short.bin");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(no_such_file),
        TEST(folder_is_no_model),
        TEST(pipe_is_no_model),
        TEST(empty_file),
        TEST(truncated_files),
        TEST(random_bytes),
        TEST(mutated_files),
        TEST(length_beyond_the_file),
        TEST(deep_nesting),
        TEST(weight_of_two_gigabytes_in_a_small_file),
        TEST(overflowing_dimensions),
        TEST(negative_dimension),
        TEST(unsupported_types_are_named),
        TEST(typed_fields),
        TEST(number_beyond_its_type),
        TEST(wrong_number_of_elements),
        TEST(external_data_with_offset),
        TEST(external_data_that_leave_the_folder),
        TEST(external_data_through_a_link),
        TEST(external_data_gone_or_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
