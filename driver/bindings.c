#include "driver/bindings.h"

#include "driver/driver.h"
#include "driver/npy.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Numbers being read. */
typedef struct {
    Driver *driver;
    const Binding *binding;
    const char *at; /* what isn't read yet */
    Shape shape;    /* of brackets that are closed */
    bool closed[MAX_RANK];
    char *data;
    int64_t count;
} NumberList;

static bool bad_value(const NumberList *list, const char *what) {
    return fail(list->driver->diag, STATUS_USAGE, "--bind %s: %s", list->binding->name, what);
}

static bool parse_integer(const char *word, Dtype type, char *to) {
    static const struct {
        int64_t least;
        uint64_t most;
    } limits[DTYPE_COUNT] = {
        [I8] = {INT8_MIN, INT8_MAX},    [U8] = {0, UINT8_MAX},   [I16] = {INT16_MIN, INT16_MAX},
        [U16] = {0, UINT16_MAX},        [BOOL] = {0, 1},         [U32] = {0, UINT32_MAX},
        [I32] = {INT32_MIN, INT32_MAX}, [U64] = {0, UINT64_MAX}, [I64] = {INT64_MIN, INT64_MAX},
    };
    const bool negative = *word == '-';
    const char *digits = word + (negative || *word == '+');
    if (!*digits || strspn(digits, "0123456789") != strlen(digits)) return false;
    errno = 0;
    const uint64_t size = strtoull(digits, NULL, 10);
    if (errno == ERANGE || size > (negative ? 0 - (uint64_t)limits[type].least : limits[type].most)) return false;
    const uint64_t bits = negative ? 0 - size : size;
    memcpy(to, &bits, dtype_size(type)); /* little endian: the low bytes come first */
    return true;
}

static bool parse_float(const char *word, Dtype type, char *to) {
    char *end;
    const double wide = strtod(word, &end);
    const float narrow = strtof(word, NULL); /* rounded once */
    if (end == word || *end) return false;
    const bool is_wide = type == F64;
    /* Infinity is written out where it is meant. */
    if (strpbrk(word, "0123456789") && (is_wide ? isinf(wide) : isinf(narrow))) return false;
    const uint16_t half = type == F16 ? f32_to_f16(narrow) : f32_to_bf16(narrow);
    memcpy(to, is_wide ? (const void *)&wide : type == F32 ? (const void *)&narrow : &half, dtype_size(type));
    return true;
}

static bool parse_number(const char *word, Dtype type, char *to) {
    if (dtype_is_float(type)) return parse_float(word, type, to);
    if (type == BOOL && strcmp(word, "true") == 0) word = "1";
    if (type == BOOL && strcmp(word, "false") == 0) word = "0";
    return parse_integer(word, type, to);
}

static bool read_number(NumberList *list) {
    Arena *arena = list->driver->arena;
    const size_t length = strcspn(list->at, ",] ");
    const char *word = arena_strndup(arena, list->at, length);
    const Dtype type = list->binding->type;
    if (!parse_number(word, type, list->data + (size_t)list->count * dtype_size(type)))
        return bad_value(list, arena_printf(arena, "'%s' is no %s", word, dtype_onnx_name(type)));
    list->at += length;
    list->count++;
    return true;
}

static void skip_spaces(NumberList *list) {
    list->at += strspn(list->at, " ");
}

static bool read_list(NumberList *list, int depth, char end);

static bool read_element(NumberList *list, int depth) {
    skip_spaces(list);
    const bool nested = *list->at == '[';
    /* The first number decides how deep all of them are. */
    if (list->count > 0 && nested != (depth < list->shape.rank)) return bad_value(list, "its lists are not equally deep");
    if (!nested) {
        list->shape.rank = depth;
        return read_number(list);
    }
    list->at++;
    return read_list(list, depth, ']');
}

/* Up to `end`, which is a bracket or the text's end. */
static bool read_list(NumberList *list, int depth, char end) {
    if (depth == MAX_RANK) return bad_value(list, "its lists are too deep");
    int64_t length = 0;
    skip_spaces(list);
    if (*list->at == end) return bad_value(list, "a list without numbers needs an .npy file");
    for (;;) {
        if (!read_element(list, depth + 1)) return false;
        length++;
        skip_spaces(list);
        if (*list->at == end) break;
        if (*list->at != ',') return bad_value(list, "its list has no end");
        list->at++;
    }
    list->at += end != '\0';
    if (list->closed[depth] && list->shape.dim[depth] != length) return bad_value(list, "its lists are not equally long");
    list->closed[depth] = true;
    list->shape.dim[depth] = length;
    return true;
}

static bool read_numbers(Driver *driver, const char *text, Binding *binding) {
    NumberList list = {.driver = driver, .binding = binding, .at = text};
    list.data = arena_alloc(driver->arena, strlen(text) + 1, dtype_size(binding->type)); /* a number takes a character at least */
    bool read = *text == '['        ? (list.at++, read_list(&list, 0, ']'))
                : strchr(text, ',') ? read_list(&list, 0, '\0')
                                    : read_number(&list);
    if (!read) return false;
    skip_spaces(&list);
    if (*list.at) return bad_value(&list, arena_printf(driver->arena, "it does not end before '%s'", list.at));
    binding->shape = list.shape;
    binding->data = list.data;
    return true;
}

static bool read_file(Driver *driver, const char *path, Binding *binding) {
    NpyArray array;
    const char *type = npy_type_name(binding->type);
    if (!npy_read(driver->arena, driver->diag, path, &array)) return false;
    if (array.type != binding->type)
        return fail(driver->diag, STATUS_FILE, "%s: input '%s' is %s%s%s%s, the file has %s", path, binding->name,
                    dtype_onnx_name(binding->type), type ? " (" : "", type ? type : "", type ? ")" : "",
                    npy_type_name(array.type));
    binding->shape = array.shape;
    binding->data = array.data;
    return true;
}

/* "1x?x3" */
static const char *declared_text(Arena *arena, const Shape *shape) {
    const char *text = shape->rank ? "" : "scalar";
    for (int k = 0; k < shape->rank; k++)
        text = shape->dim[k] == -1 ? arena_printf(arena, "%s%s?", text, k ? "x" : "")
                                   : arena_printf(arena, "%s%s%" PRId64, text, k ? "x" : "", shape->dim[k]);
    return text;
}

static bool fits(const Shape *shape, const Shape *declared) {
    bool fitting = shape->rank == declared->rank;
    for (int k = 0; k < shape->rank && fitting; k++) fitting = declared->dim[k] == -1 || declared->dim[k] == shape->dim[k];
    return fitting;
}

static bool is_one_element(const Shape *declared) {
    bool one = true;
    for (int k = 0; k < declared->rank; k++) one = one && (declared->dim[k] == -1 || declared->dim[k] == 1);
    return one;
}

/* What begins like a number or a list is one, even where there is a file of that name. */
static bool names_file(const char *text) {
    const size_t length = strlen(text);
    if (length > 4 && strcmp(text + length - 4, ".npy") == 0) return true;
    return *text && !strchr("[+-.0123456789", *text) && access(text, F_OK) == 0;
}

bool binding_read(void *context, const char *text, Binding *binding) {
    Driver *driver = context;
    const bool is_file = names_file(text);
    if (!(is_file ? read_file(driver, text, binding) : read_numbers(driver, text, binding))) return false;
    const Shape *declared = binding->declared;
    if (!declared || fits(&binding->shape, declared)) return true;
    char given[256];
    if (is_file || binding->shape.rank > 0 || !is_one_element(declared))
        return fail(driver->diag, is_file ? STATUS_FILE : STATUS_USAGE, "--bind %s: the input has the shape %s, the value %s",
                    binding->name, declared_text(driver->arena, declared), shape_text(&binding->shape, given, sizeof given));
    binding->shape.rank = declared->rank;
    for (int k = 0; k < declared->rank; k++) binding->shape.dim[k] = 1;
    return true;
}
