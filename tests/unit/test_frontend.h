/* Models built in code for the frontend's tests, written to the current folder and imported from there. */
#ifndef SKIPC_TESTS_TEST_FRONTEND_H
#define SKIPC_TESTS_TEST_FRONTEND_H

#include "frontend/frontend.h"
#include "onnx.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST = 16 }; /* of anything in one model or node */

typedef struct {
    Arena arena; /* owns the model's structures and what is imported */
    Diag diag;
    Onnx__ModelProto *model;
    Onnx__GraphProto *graph;
    char path[64];
} Fixture;

static inline int fixture_start(void **state) {
    Fixture *fixture = calloc(1, sizeof *fixture);
    arena_init(&fixture->arena, NULL);
    snprintf(fixture->path, sizeof fixture->path, "frontend_test_%p.onnx", (void *)fixture);
    *state = fixture;
    return 0;
}

static inline int fixture_end(void **state) {
    Fixture *fixture = *state;
    remove(fixture->path);
    arena_free(&fixture->arena);
    free(fixture);
    return 0;
}

/* `array` of `count` pointers with `item` appended; the arrays have room for MOST. */
#define APPEND(fixture, array, count, item)                                                                                      \
    do {                                                                                                                         \
        if (!(array)) (array) = arena_alloc(&(fixture)->arena, MOST, sizeof *(array));                                           \
        assert_true((count) < MOST);                                                                                             \
        (array)[(count)++] = (item);                                                                                             \
    } while (0)

#define NEW(fixture, type, init)                                                                                                 \
    ({                                                                                                                           \
        type *made_ = ARENA_NEW(&(fixture)->arena, type);                                                                        \
        init(made_);                                                                                                             \
        made_;                                                                                                                   \
    })

static inline char *text(Fixture *fixture, const char *string) {
    return arena_strdup(&fixture->arena, string);
}

static inline Onnx__OperatorSetIdProto *opset(Fixture *fixture, const char *domain, int64_t version) {
    Onnx__OperatorSetIdProto *import = NEW(fixture, Onnx__OperatorSetIdProto, onnx__operator_set_id_proto__init);
    import->domain = text(fixture, domain);
    import->has_version = 1;
    import->version = version;
    return import;
}

static inline void model_start(Fixture *fixture, int64_t version) {
    fixture->model = NEW(fixture, Onnx__ModelProto, onnx__model_proto__init);
    fixture->graph = NEW(fixture, Onnx__GraphProto, onnx__graph_proto__init);
    fixture->model->graph = fixture->graph;
    fixture->graph->name = text(fixture, "g");
    fixture->model->has_ir_version = 1;
    fixture->model->ir_version = 8;
    APPEND(fixture, fixture->model->opset_import, fixture->model->n_opset_import, opset(fixture, "", version));
}

/* `dims`: sizes and names separated by "x", "?" for an unnamed one: "nx3x?x8"; NULL for no shape at all. */
static inline Onnx__TensorShapeProto *shape_proto(Fixture *fixture, const char *dims) {
    Onnx__TensorShapeProto *shape = NEW(fixture, Onnx__TensorShapeProto, onnx__tensor_shape_proto__init);
    char *rest = NULL, *copy = text(fixture, dims);
    for (char *word = strtok_r(copy, "x", &rest); word; word = strtok_r(NULL, "x", &rest)) {
        Onnx__TensorShapeProto__Dimension *dim =
            NEW(fixture, Onnx__TensorShapeProto__Dimension, onnx__tensor_shape_proto__dimension__init);
        if (*word == '-' || (*word >= '0' && *word <= '9')) {
            dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
            dim->dim_value = strtoll(word, NULL, 10);
        } else if (*word != '?') {
            dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
            dim->dim_param = word;
        }
        APPEND(fixture, shape->dim, shape->n_dim, dim);
    }
    return shape;
}

static inline Onnx__ValueInfoProto *value_info(Fixture *fixture, const char *name, int type, const char *dims) {
    Onnx__ValueInfoProto *info = NEW(fixture, Onnx__ValueInfoProto, onnx__value_info_proto__init);
    info->name = text(fixture, name);
    info->type = NEW(fixture, Onnx__TypeProto, onnx__type_proto__init);
    info->type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    info->type->tensor_type = NEW(fixture, Onnx__TypeProto__Tensor, onnx__type_proto__tensor__init);
    info->type->tensor_type->has_elem_type = 1;
    info->type->tensor_type->elem_type = type;
    if (dims) info->type->tensor_type->shape = shape_proto(fixture, dims);
    return info;
}

static inline void input(Fixture *fixture, const char *name, const char *dims) {
    APPEND(fixture, fixture->graph->input, fixture->graph->n_input,
           value_info(fixture, name, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, dims));
}

static inline void output(Fixture *fixture, const char *name) {
    APPEND(fixture, fixture->graph->output, fixture->graph->n_output,
           value_info(fixture, name, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, NULL));
}

static inline Onnx__NodeProto *node_proto(Fixture *fixture, const char *op_type, const char *ins, const char *outs) {
    Onnx__NodeProto *node = NEW(fixture, Onnx__NodeProto, onnx__node_proto__init);
    node->op_type = text(fixture, op_type);
    char *rest = NULL;
    for (char *word = strtok_r(text(fixture, ins), " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        APPEND(fixture, node->input, node->n_input, strcmp(word, "-") == 0 ? text(fixture, "") : word);
    for (char *word = strtok_r(text(fixture, outs), " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        APPEND(fixture, node->output, node->n_output, word);
    return node;
}

/* Names separated by spaces; "-" for an omitted input. */
static inline Onnx__NodeProto *node(Fixture *fixture, const char *op_type, const char *ins, const char *outs) {
    Onnx__NodeProto *made = node_proto(fixture, op_type, ins, outs);
    APPEND(fixture, fixture->graph->node, fixture->graph->n_node, made);
    return made;
}

static inline Onnx__AttributeProto *attribute(Fixture *fixture, Onnx__NodeProto *owner, const char *name, int type) {
    Onnx__AttributeProto *attr = NEW(fixture, Onnx__AttributeProto, onnx__attribute_proto__init);
    attr->name = text(fixture, name);
    attr->has_type = 1;
    attr->type = (Onnx__AttributeProto__AttributeType)type;
    APPEND(fixture, owner->attribute, owner->n_attribute, attr);
    return attr;
}

static inline void give_int(Fixture *fixture, Onnx__NodeProto *owner, const char *name, int64_t value) {
    Onnx__AttributeProto *attr = attribute(fixture, owner, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
    attr->has_i = 1;
    attr->i = value;
}

static inline void give_float(Fixture *fixture, Onnx__NodeProto *owner, const char *name, float value) {
    Onnx__AttributeProto *attr = attribute(fixture, owner, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);
    attr->has_f = 1;
    attr->f = value;
}

static inline void give_string(Fixture *fixture, Onnx__NodeProto *owner, const char *name, const char *value) {
    Onnx__AttributeProto *attr = attribute(fixture, owner, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING);
    attr->has_s = 1;
    attr->s.data = (uint8_t *)text(fixture, value);
    attr->s.len = strlen(value);
}

static inline void give_ints(Fixture *fixture, Onnx__NodeProto *owner, const char *name, int count, const int64_t *values) {
    Onnx__AttributeProto *attr = attribute(fixture, owner, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);
    for (int k = 0; k < count; k++) APPEND(fixture, attr->ints, attr->n_ints, values[k]);
}

/* An initializer; `bytes` of raw data, NULL for none. */
static inline Onnx__TensorProto *tensor(Fixture *fixture, const char *name, int type, const char *dims, const void *bytes,
                                        size_t size) {
    Onnx__TensorProto *made = NEW(fixture, Onnx__TensorProto, onnx__tensor_proto__init);
    made->name = text(fixture, name);
    made->has_data_type = 1;
    made->data_type = type;
    char *rest = NULL;
    for (char *word = strtok_r(text(fixture, dims), "x", &rest); word; word = strtok_r(NULL, "x", &rest))
        APPEND(fixture, made->dims, made->n_dims, strtoll(word, NULL, 10));
    if (bytes) {
        made->has_raw_data = 1;
        made->raw_data.len = size;
        made->raw_data.data = arena_alloc(&fixture->arena, size + 1, 1);
        memcpy(made->raw_data.data, bytes, size);
    }
    APPEND(fixture, fixture->graph->initializer, fixture->graph->n_initializer, made);
    return made;
}

static inline void floats(Fixture *fixture, const char *name, const char *dims, size_t count, const float *values) {
    tensor(fixture, name, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, dims, values, count * sizeof *values);
}

static inline void int64s(Fixture *fixture, const char *name, const char *dims, size_t count, const int64_t *values) {
    tensor(fixture, name, ONNX__TENSOR_PROTO__DATA_TYPE__INT64, dims, values, count * sizeof *values);
}

static inline void write_bytes(const char *path, const void *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static inline size_t pack(Fixture *fixture, uint8_t **bytes) {
    size_t size = onnx__model_proto__get_packed_size(fixture->model);
    *bytes = arena_alloc(&fixture->arena, size + 1, 1);
    onnx__model_proto__pack(fixture->model, *bytes);
    return size;
}

static inline Graph *import_with(Fixture *fixture, const DimSetting *dims, int dim_count) {
    uint8_t *bytes;
    size_t size = pack(fixture, &bytes);
    write_bytes(fixture->path, bytes, size);
    ImportOptions options = {.dims = dims, .dim_count = dim_count};
    return onnx_import(&fixture->arena, &fixture->diag, fixture->path, &options);
}

/* The graph, or a test failure that says what the diagnostic was. */
static inline Graph *imported(Fixture *fixture) {
    Graph *graph = import_with(fixture, NULL, 0);
    if (!graph) fail_msg("%s: %s", fixture->diag.where, fixture->diag.text);
    return graph;
}

static inline void expect(Fixture *fixture, Status status, const char *words) {
    char message[2 * DIAG_TEXT + 4];
    snprintf(message, sizeof message, "%s: %s", fixture->diag.where, fixture->diag.text);
    if (fixture->diag.status != status || !strstr(message, words))
        fail_msg("status %d \"%s\"; expected %d with \"%s\"", fixture->diag.status, message, status, words);
}

static inline void refused(Fixture *fixture, Status status, const char *words) {
    assert_null(import_with(fixture, NULL, 0));
    expect(fixture, status, words);
}

static inline void refused_bytes(Fixture *fixture, const void *bytes, size_t size, Status status, const char *words) {
    memset(&fixture->diag, 0, sizeof fixture->diag);
    write_bytes(fixture->path, bytes, size);
    assert_null(onnx_import(&fixture->arena, &fixture->diag, fixture->path, NULL));
    expect(fixture, status, words);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_start, fixture_end)

#endif
