/* .npy files: what numpy writes is read, what is written numpy reads, and nothing in a hostile file is believed. */
#include "driver/npy.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* cmocka comes last: its fail() is a macro, ir/diag.h's is a function. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef struct {
    Arena arena;
    Diag diag;
    char path[32];
} Fixture;

static int set_up(void **state) {
    Fixture *fixture = calloc(1, sizeof *fixture);
    arena_init(&fixture->arena, NULL);
    strcpy(fixture->path, "npy-XXXXXX");
    close(mkstemp(fixture->path));
    *state = fixture;
    return 0;
}

static int tear_down(void **state) {
    Fixture *fixture = *state;
    unlink(fixture->path);
    arena_free(&fixture->arena);
    free(fixture);
    return 0;
}

static void write_bytes(Fixture *fixture, const void *bytes, size_t count) {
    FILE *file = fopen(fixture->path, "wb");
    assert_int_equal(fwrite(bytes, 1, count, file), count);
    fclose(file);
}

/* A version 1 file with this dictionary and `data_bytes` bytes 1, 2, 3 ... behind it. */
static void write_file(Fixture *fixture, const char *dictionary, size_t data_bytes) {
    char bytes[1024] = "\x93NUMPY\x01";
    size_t length = strlen(dictionary);
    bytes[8] = (char)(length & 255);
    bytes[9] = (char)(length >> 8);
    memcpy(bytes + 10, dictionary, length);
    for (size_t k = 0; k < data_bytes; k++) bytes[10 + length + k] = (char)(k + 1);
    write_bytes(fixture, bytes, 10 + length + data_bytes);
}

static void expect_failure(Fixture *fixture, const char *text) {
    NpyArray array;
    fixture->diag = (Diag){.status = STATUS_OK};
    assert_false(npy_read(&fixture->arena, &fixture->diag, fixture->path, &array));
    assert_int_equal(fixture->diag.status, STATUS_FILE);
    if (!strstr(fixture->diag.text, text)) fail_msg("'%s' has no '%s'", fixture->diag.text, text);
}

static void expect_dictionary_failure(Fixture *fixture, const char *dictionary, size_t data_bytes, const char *text) {
    write_file(fixture, dictionary, data_bytes);
    expect_failure(fixture, text);
}

static void reads_what_it_writes(void **state) {
    Fixture *fixture = *state;
    const float data[] = {1, -2.5f, 3, 4, 5, 6};
    Shape shape = shape_of(3, (int64_t)1, (int64_t)2, (int64_t)3);
    FILE *file = fopen(fixture->path, "wb");
    assert_true(npy_write(&fixture->diag, file, F32, &shape, data));
    fclose(file);
    NpyArray array;
    assert_true(npy_read(&fixture->arena, &fixture->diag, fixture->path, &array));
    assert_int_equal(array.type, F32);
    assert_true(shape_equal(&array.shape, &shape));
    assert_int_equal(array.count, 6);
    assert_memory_equal(array.data, data, sizeof data);
}

static void writes_aligned_data_for_every_rank(void **state) {
    Fixture *fixture = *state;
    const int64_t value = 7;
    for (int rank = 0; rank <= MAX_RANK; rank++) {
        Shape shape = {.rank = rank};
        for (int axis = 0; axis < rank; axis++) shape.dim[axis] = 1;
        FILE *file = fopen(fixture->path, "wb");
        assert_true(npy_write(&fixture->diag, file, I64, &shape, &value));
        assert_int_equal(ftell(file) % 64, sizeof value);
        fclose(file);
        NpyArray array;
        assert_true(npy_read(&fixture->arena, &fixture->diag, fixture->path, &array));
        assert_true(shape_equal(&array.shape, &shape));
        assert_int_equal(*(int64_t *)array.data, 7);
    }
}

static void reads_every_version(void **state) {
    Fixture *fixture = *state;
    for (char version = 1; version <= 3; version++) {
        const char dictionary[] = "{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }\n";
        char bytes[128] = "\x93NUMPY";
        size_t start = version == 1 ? 10 : 12;
        bytes[6] = version;
        bytes[8] = sizeof dictionary - 1;
        memcpy(bytes + start, dictionary, sizeof dictionary - 1);
        bytes[start + sizeof dictionary - 1] = 5;
        write_bytes(fixture, bytes, start + sizeof dictionary - 1 + 8);
        NpyArray array;
        assert_true(npy_read(&fixture->arena, &fixture->diag, fixture->path, &array));
        assert_int_equal(((int32_t *)array.data)[0], 5);
    }
}

static void takes_keys_in_any_order(void **state) {
    Fixture *fixture = *state;
    NpyArray array;
    write_file(fixture, "{'shape': (3,1), 'fortran_order': False, 'descr': \"|u1\"}", 3);
    assert_true(npy_read(&fixture->arena, &fixture->diag, fixture->path, &array));
    assert_int_equal(array.type, U8);
    assert_int_equal(array.shape.rank, 2);
    assert_int_equal(((unsigned char *)array.data)[2], 3);
}

static void makes_booleans_zero_or_one(void **state) {
    Fixture *fixture = *state;
    NpyArray array;
    write_file(fixture, "{'descr': '|b1', 'fortran_order': False, 'shape': (3,)}", 3);
    assert_true(npy_read(&fixture->arena, &fixture->diag, fixture->path, &array));
    for (int k = 0; k < 3; k++) assert_int_equal(((unsigned char *)array.data)[k], 1);
}

static void reads_empty_and_scalar_arrays(void **state) {
    Fixture *fixture = *state;
    NpyArray array;
    write_file(fixture, "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4)}", 0);
    assert_true(npy_read(&fixture->arena, &fixture->diag, fixture->path, &array));
    assert_int_equal(array.count, 0);
    write_file(fixture, "{'descr': '<f8', 'fortran_order': False, 'shape': ()}", 8);
    assert_true(npy_read(&fixture->arena, &fixture->diag, fixture->path, &array));
    assert_int_equal(array.count, 1);
}

static void refuses_other_files(void **state) {
    Fixture *fixture = *state;
    write_bytes(fixture, "", 0);
    expect_failure(fixture, "no .npy file");
    write_bytes(fixture, "PK\x03\x04 an .npz", 12);
    expect_failure(fixture, "no .npy file");
    write_bytes(fixture, "\x93NUMPY\x09\x00", 8);
    expect_failure(fixture, "version 9");
    write_bytes(fixture, "\x93NUMPY\x01\x00\xff", 9);
    expect_failure(fixture, "ends in its header");
    write_bytes(fixture, "\x93NUMPY\x01\x00\xff\x00{", 11);
    expect_failure(fixture, "ends in its header");
    write_bytes(fixture, "\x93NUMPY\x02\x00\xff\xff\xff\xff{", 13);
    expect_failure(fixture, "claims 4294967295 bytes");
    unlink(fixture->path);
    expect_failure(fixture, "No such file");
}

static void refuses_malformed_dictionaries(void **state) {
    Fixture *fixture = *state;
    expect_dictionary_failure(fixture, "[]", 0, "no dictionary");
    expect_dictionary_failure(fixture, "{}", 0, "missing");
    expect_dictionary_failure(fixture, "{'descr': '<f4', 'shape': (1,)}", 4, "missing");
    expect_dictionary_failure(fixture, "{'descr': '<f4', 'descr': '<f4'}", 0, "twice");
    expect_dictionary_failure(fixture, "{'other': 1}", 0, "unknown");
    expect_dictionary_failure(fixture, "{'descr' '<f4'}", 0, "no value");
    expect_dictionary_failure(fixture, "{'descr': '<f4", 0, "no end");
    expect_dictionary_failure(fixture, "{'descr': [('a', '<f4')]}", 0, "no simple type");
    expect_dictionary_failure(fixture, "{'fortran_order': 0}", 0, "neither True nor False");
    expect_dictionary_failure(fixture, "{'shape': 3}", 0, "no tuple");
    expect_dictionary_failure(fixture, "{'shape': (1", 0, "no end");
    expect_dictionary_failure(fixture, "{'shape': (-1,)}", 0, "no number");
    expect_dictionary_failure(fixture, "{'shape': (,)}", 0, "no number");
    expect_dictionary_failure(fixture, "{'shape': (1,) 'descr'", 0, "no end");
}

static void refuses_types_it_cannot_take(void **state) {
    Fixture *fixture = *state;
    expect_dictionary_failure(fixture, "{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}", 4, "'>f4' is not supported");
    expect_dictionary_failure(fixture, "{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", 8, "'<c8' is not supported");
    expect_dictionary_failure(fixture, "{'descr': '', 'fortran_order': False, 'shape': (1,)}", 8, "'' is not supported");
    expect_dictionary_failure(fixture, "{'descr': '<f4', 'fortran_order': True, 'shape': (1,)}", 4, "Fortran order");
    const int value = 0;
    Shape shape = {.rank = 0};
    fixture->diag = (Diag){.status = STATUS_OK};
    FILE *file = fopen(fixture->path, "wb");
    assert_false(npy_write(&fixture->diag, file, BF16, &shape, &value));
    fclose(file);
}

static void refuses_sizes_that_do_not_fit(void **state) {
    Fixture *fixture = *state;
    expect_dictionary_failure(fixture, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 4,
                              "are 8 bytes, the file has 4");
    expect_dictionary_failure(fixture, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 12, "the file has 12");
    expect_dictionary_failure(fixture, "{'descr': '<f8', 'fortran_order': False, 'shape': (268435456,)}", 4, "the file has 4");
    expect_dictionary_failure(fixture, "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", 0,
                              "too large");
    expect_dictionary_failure(fixture, "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4)}", 0,
                              "too large");
    expect_dictionary_failure(fixture, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}", 4, "dimensions");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_what_it_writes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(writes_aligned_data_for_every_rank, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_every_version, set_up, tear_down),
        cmocka_unit_test_setup_teardown(takes_keys_in_any_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(makes_booleans_zero_or_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reads_empty_and_scalar_arrays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_other_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_malformed_dictionaries, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_types_it_cannot_take, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_sizes_that_do_not_fit, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
