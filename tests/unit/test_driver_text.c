/* The command line's small parts: options, identifiers, safe printing, and the measures of verify. */
#include "driver/compare.h"
#include "driver/identifier.h"
#include "driver/options.h"
#include "driver/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* cmocka comes last: its fail() is a macro, ir/diag.h's is a function. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int set_up(void **state) {
    Arena *arena = calloc(1, sizeof *arena);
    arena_init(arena, NULL);
    *state = arena;
    return 0;
}

static int tear_down(void **state) {
    arena_free(*state);
    free(*state);
    return 0;
}

static void numbers_are_whole_and_in_range(void **state) {
    (void)state;
    int64_t number = -1;
    assert_true(number_parse("42", 0, 100, &number));
    assert_int_equal(number, 42);
    assert_true(number_parse("9223372036854775807", 0, INT64_MAX, &number));
    const char *const wrong[] = {"", "-", "4x", " 4", "0x10", "1e3", "101", "-1", "9223372036854775808", "+4"};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) assert_false(number_parse(wrong[k], 0, 100, &number));
}

typedef struct {
    const char *out, *dump, *model;
    TextList dims;
    int64_t runs;
    int choice;
    bool json;
} Parsed;

static OptionsResult parse(Arena *arena, Diag *diag, Parsed *parsed, const char *line) {
    *diag = (Diag){.status = STATUS_OK};
    *parsed = (Parsed){.runs = 1};
    const Option list[] = {
        {.name = "out", .letter = 'o', .kind = OPTION_TEXT, .target = &parsed->out, .argument = "OUT.c"},
        {.name = "dump-ir", .kind = OPTION_OPTIONAL, .target = &parsed->dump},
        {.name = "dim", .kind = OPTION_LIST, .target = &parsed->dims, .argument = "NAME=N"},
        {.name = "runs", .kind = OPTION_NUMBER, .target = &parsed->runs, .argument = "R", .least = 1, .most = 9},
        {.name = "weights", .kind = OPTION_CHOICE, .target = &parsed->choice, .choices = "inline|asm|file"},
        {.name = "json", .kind = OPTION_FLAG, .target = &parsed->json},
    };
    const OptionTable table = {"try", "MODEL.onnx", "", list, sizeof list / sizeof *list};
    char *argv[16], *text = arena_strdup(arena, line);
    int argc = 0;
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) argv[argc++] = word;
    return options_parse(arena, diag, &table, argc, argv, &parsed->model);
}

static void options_come_in_every_form(void **state) {
    Diag diag;
    Parsed parsed;
    assert_int_equal(parse(*state, &diag, &parsed, "m.onnx -o a.c --dim N=2 --dim=H=3 --runs 7 --weights=file --json"),
                     OPTIONS_RUN);
    assert_string_equal(parsed.model, "m.onnx");
    assert_string_equal(parsed.out, "a.c");
    assert_int_equal(parsed.dims.count, 2);
    assert_string_equal(parsed.dims.item[1], "H=3");
    assert_int_equal(parsed.runs, 7);
    assert_int_equal(parsed.choice, 2);
    assert_true(parsed.json);
    assert_null(parsed.dump);
    assert_int_equal(parse(*state, &diag, &parsed, "--dump-ir m.onnx -oa.c"), OPTIONS_RUN);
    assert_string_equal(parsed.dump, "");
    assert_string_equal(parsed.out, "a.c");
    assert_int_equal(parse(*state, &diag, &parsed, "--dump-ir=import -- --odd.onnx"), OPTIONS_RUN);
    assert_string_equal(parsed.dump, "import");
    assert_string_equal(parsed.model, "--odd.onnx");
}

static void wrong_options_are_explained(void **state) {
    static const struct {
        const char *line, *text;
    } cases[] = {
        {"", "no model given"},
        {"a.onnx b.onnx", "second one"},
        {"a.onnx --wieghts file", "did you mean --weights?"},
        {"a.onnx --nonsense", "unknown option '--nonsense'"},
        {"a.onnx -x", "unknown option '-x'"},
        {"a.onnx --out", "--out needs a value: OUT.c"},
        {"a.onnx --json=1", "--json takes no value"},
        {"a.onnx --runs 0", "from 1 to 9, not '0'"},
        {"a.onnx --runs 99999999999999999999", "from 1 to 9"},
        {"a.onnx --weights as", "takes inline|asm|file, not 'as'"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        Diag diag;
        Parsed parsed;
        assert_int_equal(parse(*state, &diag, &parsed, cases[k].line), OPTIONS_WRONG);
        assert_int_equal(diag.status, STATUS_USAGE);
        if (!strstr(diag.text, cases[k].text)) fail_msg("'%s' has no '%s'", diag.text, cases[k].text);
    }
}

static void identifiers_are_made_and_judged(void **state) {
    Arena *arena = *state;
    static const char *const made[][2] = {
        {"resnet-50.v1", "resnet_50_v1"},
        {"net", "net"},
        {"50", "net_50"},
        {"int", "net_int"},
        {"--", "net"},
        {"__a__b__", "a_b"},
        {"\xc3\xa9t\xc3\xa9", "t"},
        {"", "net"},
    };
    for (size_t k = 0; k < sizeof made / sizeof *made; k++) {
        const char *name = identifier_from(arena, made[k][0]);
        assert_string_equal(name, made[k][1]);
        assert_null(identifier_problem(name));
    }
    char longest[200];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    assert_null(identifier_problem(identifier_from(arena, longest)));
    const char *const wrong[] = {"", "1a", "_a", "a-b", "a b", "a__b", "while", "class", "\xc3\xa9", longest};
    for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) assert_non_null(identifier_problem(wrong[k]));
}

static void expect_printed(void (*print)(FILE *, const char *), const char *text, const char *expected) {
    char *printed = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&printed, &size);
    print(file, text);
    fclose(file);
    assert_string_equal(printed, expected);
    free(printed);
}

static void hostile_names_print_safely(void **state) {
    (void)state;
    expect_printed(text_print, "a\nb\x1b[2J\x7f \xc3\xa9", "a?b?[2J? \xc3\xa9");
    expect_printed(json_string, "a\"b\\\n", "\"a\\\"b\\\\\\u000a\"");
    expect_printed(json_string, "\xc3\xa9 \xf0\x9f\x98\x80", "\"\xc3\xa9 \xf0\x9f\x98\x80\"");
    expect_printed(json_string, "\xff \xc3 \xed\xa0\x80", "\"\\ufffd \\ufffd \\ufffd\\ufffd\\ufffd\"");
    char number[32];
    assert_string_equal(grouped(0, number), "0");
    assert_string_equal(grouped(999, number), "999");
    assert_string_equal(grouped(1814073344, number), "1,814,073,344");
    assert_string_equal(grouped(-123456, number), "-123,456");
    assert_string_equal(file_name("a/b/c.onnx"), "c.onnx");
    assert_string_equal(file_name("c.onnx"), "c.onnx");
}

static Tensor floats(double *data, int64_t rows, int64_t columns) {
    return (Tensor){.type = F32, .shape = shape_of(2, rows, columns), .count = rows * columns, .f = data};
}

static void errors_follow_the_parity_rule(void **state) {
    (void)state;
    Tensor truth = floats((double[]){1, -4, 2, 0}, 2, 2);
    Tensor y = floats((double[]){1, -4, 2.5, 0}, 2, 2);
    assert_true(fabs(relative_error(&y, &truth) - 0.125) < 1e-15);
    Tensor zero = floats((double[]){0, 0, 0, 0}, 2, 2);
    assert_true(fabs(relative_error(&y, &zero) - 4) < 1e-15);
    assert_true(fabs(error_bound(1e-6, false) - 3e-6) < 1e-18);
    assert_true(fabs(error_bound(1e-6, true) - 14e-6) < 1e-18);
    int64_t rows;
    assert_int_equal(top1_agreement(&y, &truth, &rows), 2);
    assert_int_equal(rows, 2);
}

static void nan_and_infinity_must_stand_in_the_same_places(void **state) {
    (void)state;
    Tensor peer = floats((double[]){NAN, INFINITY, -INFINITY, 1}, 2, 2);
    assert_int_equal(special_differences(&peer, &peer), 0);
    Tensor y = floats((double[]){1, -INFINITY, -INFINITY, NAN}, 2, 2);
    assert_int_equal(special_differences(&y, &peer), 3);
    assert_int_equal(special_differences(&peer, &y), 3);
    assert_true(relative_error(&y, &peer) == 0);
}

/* Beyond FLT_MAX a float is infinite, where a double isn't: neither a distance nor a difference. */
static void doubles_are_seen_as_their_type_holds_them(void **state) {
    (void)state;
    Tensor truth = floats((double[]){1e39, 2, 4, -1e300}, 2, 2);
    Tensor y = floats((double[]){INFINITY, 2, 3, -INFINITY}, 2, 2);
    assert_int_equal(special_differences(&y, &truth), 0);
    assert_true(fabs(relative_error(&y, &truth) - 0.25) < 1e-15);
    y.type = truth.type = F64;
    assert_int_equal(special_differences(&y, &truth), 2);
}

static void only_rounding_explains_a_peer(void **state) {
    (void)state;
    assert_true(explained_error(0) == 1e-5);
    assert_true(explained_error(1e-4) > 5e-4 && explained_error(1e-4) < 1e-2);
    Tensor truth = floats((double[]){1, 1, 1, 1}, 2, 2), rounding = floats((double[]){1, 1, NAN, INFINITY}, 2, 2);
    Tensor peer = floats((double[]){1, NAN, NAN, 1}, 2, 2);
    assert_int_equal(unexplained_specials(&peer, &truth, &rounding), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_whole_and_in_range),
        cmocka_unit_test_setup_teardown(options_come_in_every_form, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_options_are_explained, set_up, tear_down),
        cmocka_unit_test_setup_teardown(identifiers_are_made_and_judged, set_up, tear_down),
        cmocka_unit_test(hostile_names_print_safely),
        cmocka_unit_test(errors_follow_the_parity_rule),
        cmocka_unit_test(nan_and_infinity_must_stand_in_the_same_places),
        cmocka_unit_test(doubles_are_seen_as_their_type_holds_them),
        cmocka_unit_test(only_rounding_explains_a_peer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
