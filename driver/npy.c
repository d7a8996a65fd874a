#include "driver/npy.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

static const char *const type_names[DTYPE_COUNT] = {
    [F32] = "<f4", [F64] = "<f8", [F16] = "<f2", [I8] = "|i1",  [U8] = "|u1",  [I16] = "<i2",
    [U16] = "<u2", [I32] = "<i4", [U32] = "<u4", [I64] = "<i8", [U64] = "<u8", [BOOL] = "|b1",
};

enum { MAGIC_BYTES = 8, LONGEST_HEADER = 65535, HEADER_ALIGN = 64 };

const char *npy_type_name(Dtype type) {
    return type_names[type];
}

/* The header is a Python dictionary; what is accepted is what numpy.save writes, keys in any order. */
typedef struct {
    const char *at;
    Diag *diag;
    const char *path;
} Parser;

static bool malformed(Parser *parser, const char *what) {
    return fail(parser->diag, STATUS_FILE, "%s: the .npy header is malformed: %s", parser->path, what);
}

static bool accept(Parser *parser, const char *token) {
    while (*parser->at == ' ') parser->at++;
    size_t length = strlen(token);
    if (strncmp(parser->at, token, length) != 0) return false;
    parser->at += length;
    return true;
}

static bool parse_type(Parser *parser, NpyArray *array) {
    char quote = accept(parser, "'") ? '\'' : '"';
    if (quote == '"' && !accept(parser, "\"")) return malformed(parser, "'descr' is no simple type");
    const char *start = parser->at;
    const char *end = strchr(start, quote);
    if (!end) return malformed(parser, "'descr' has no end");
    parser->at = end + 1;
    size_t length = (size_t)(end - start);
    for (int type = 0; type < DTYPE_COUNT; type++) {
        const char *name = type_names[type];
        if (!name || length != strlen(name)) continue;
        /* One byte has no order: numpy writes '|', other writers '<'. */
        bool order_fits = name[0] == '|' ? start[0] == '|' || start[0] == '<' : start[0] == '<';
        if (order_fits && memcmp(start + 1, name + 1, length - 1) == 0) {
            array->type = (Dtype)type;
            return true;
        }
    }
    return fail(parser->diag, STATUS_FILE,
                "%s: element type '%.*s' is not supported: f2, f4, f8, i1 to i8, u1 to u8 and b1 are, little endian",
                parser->path, length > 32 ? 32 : (int)length, start);
}

static bool parse_order(Parser *parser) {
    if (accept(parser, "False")) return true;
    if (!accept(parser, "True")) return malformed(parser, "'fortran_order' is neither True nor False");
    return fail(parser->diag, STATUS_FILE, "%s: the array is in Fortran order: save numpy.ascontiguousarray(x)", parser->path);
}

static bool parse_dimension(Parser *parser, int64_t *dimension) {
    int64_t value = 0;
    const char *start = parser->at;
    for (; *parser->at >= '0' && *parser->at <= '9'; parser->at++) {
        if (!checked_mul(value, 10, &value) || !checked_add(value, *parser->at - '0', &value))
            return malformed(parser, "a dimension is too large");
    }
    *dimension = value;
    return parser->at > start || malformed(parser, "a dimension is no number");
}

static bool parse_shape(Parser *parser, NpyArray *array) {
    if (!accept(parser, "(")) return malformed(parser, "'shape' is no tuple");
    array->shape.rank = 0;
    while (!accept(parser, ")")) {
        if (array->shape.rank == MAX_RANK)
            return fail(parser->diag, STATUS_FILE, "%s: more than %d dimensions", parser->path, MAX_RANK);
        while (*parser->at == ' ') parser->at++;
        if (!parse_dimension(parser, &array->shape.dim[array->shape.rank])) return false;
        array->shape.rank++;
        if (!accept(parser, ",")) {
            if (!accept(parser, ")")) return malformed(parser, "'shape' has no end");
            break;
        }
    }
    return true;
}

enum { KEY_TYPE = 1, KEY_ORDER = 2, KEY_SHAPE = 4, KEYS_ALL = 7 };

static bool parse_header(Parser *parser, NpyArray *array) {
    int keys = 0;
    if (!accept(parser, "{")) return malformed(parser, "it is no dictionary");
    while (!accept(parser, "}")) {
        int key = accept(parser, "'descr'")           ? KEY_TYPE
                  : accept(parser, "'fortran_order'") ? KEY_ORDER
                  : accept(parser, "'shape'")         ? KEY_SHAPE
                                                      : 0;
        if (!key || (keys & key)) return malformed(parser, "a key is unknown or there twice");
        keys |= key;
        if (!accept(parser, ":")) return malformed(parser, "a key has no value");
        bool parsed = key == KEY_TYPE    ? parse_type(parser, array)
                      : key == KEY_ORDER ? parse_order(parser)
                                         : parse_shape(parser, array);
        if (!parsed) return false;
        if (!accept(parser, ",")) {
            if (!accept(parser, "}")) return malformed(parser, "it has no end");
            break;
        }
    }
    return keys == KEYS_ALL || malformed(parser, "'descr', 'fortran_order' or 'shape' is missing");
}

typedef struct {
    const NpySource *source;
    int64_t used;
} Reader;

static bool read_exactly(Reader *reader, void *bytes, size_t count) {
    size_t got = reader->source->read(reader->source->context, bytes, count);
    reader->used += (int64_t)got;
    return got == count;
}

/* Versions differ in the width of the header's length; 3 is 2 with UTF-8 names, which no simple type has. */
static bool read_header_text(Arena *arena, Diag *diag, Reader *reader, const char **text) {
    const char *path = reader->source->path;
    unsigned char magic[MAGIC_BYTES], length[4] = {0};
    if (!read_exactly(reader, magic, sizeof magic) || memcmp(magic, "\x93NUMPY", 6) != 0)
        return fail(diag, STATUS_FILE, "%s is no .npy file", path);
    if (magic[6] < 1 || magic[6] > 3) return fail(diag, STATUS_FILE, "%s: .npy version %d is not known", path, magic[6]);
    if (!read_exactly(reader, length, magic[6] == 1 ? 2 : 4))
        return fail(diag, STATUS_FILE, "%s: the file ends in its header", path);
    uint32_t bytes = length[0] | (uint32_t)length[1] << 8 | (uint32_t)length[2] << 16 | (uint32_t)length[3] << 24;
    if (bytes > LONGEST_HEADER) return fail(diag, STATUS_FILE, "%s: the .npy header claims %" PRIu32 " bytes", path, bytes);
    char *header = ARENA_ARRAY(arena, char, bytes + 1);
    if (!read_exactly(reader, header, bytes)) return fail(diag, STATUS_FILE, "%s: the file ends in its header", path);
    *text = header;
    return true;
}

/* The size is known before memory is taken, so a false claim costs nothing. */
static bool read_data(Arena *arena, Diag *diag, Reader *reader, NpyArray *array) {
    const char *path = reader->source->path;
    char shape[256];
    shape_text(&array->shape, shape, sizeof shape);
    int64_t bytes, rest = reader->source->bytes - reader->used;
    array->count = shape_count(&array->shape);
    if (array->count < 0 || !checked_mul(array->count, (int64_t)dtype_size(array->type), &bytes))
        return fail(diag, STATUS_FILE, "%s: its shape %s is too large", path, shape);
    if (bytes != rest)
        return fail(diag, STATUS_FILE, "%s: %s of %s are %" PRId64 " bytes, the file has %" PRId64, path, shape,
                    type_names[array->type], bytes, rest);
    array->data = arena_alloc(arena, bytes ? (size_t)bytes : 1, 1);
    if (!read_exactly(reader, array->data, (size_t)bytes)) return fail(diag, STATUS_FILE, "%s: it could not be read whole", path);
    unsigned char *flags = array->data;
    for (int64_t k = 0; array->type == BOOL && k < array->count; k++) flags[k] = flags[k] != 0;
    return true;
}

bool npy_read_from(Arena *arena, Diag *diag, const NpySource *source, NpyArray *array) {
    *array = (NpyArray){.data = NULL};
    Parser parser = {.diag = diag, .path = source->path};
    Reader reader = {.source = source};
    return read_header_text(arena, diag, &reader, &parser.at) && parse_header(&parser, array) &&
           read_data(arena, diag, &reader, array);
}

static size_t read_stream(void *context, void *bytes, size_t count) {
    return fread(bytes, 1, count, context);
}

bool npy_read(Arena *arena, Diag *diag, const char *path, NpyArray *array) {
    FILE *file = fopen(path, "rbe");
    if (!file) return fail(diag, STATUS_FILE, "%s: %s", path, strerror(errno));
    struct stat status;
    bool read = fstat(fileno(file), &status) == 0 || fail(diag, STATUS_FILE, "%s: %s", path, strerror(errno));
    read = read && (S_ISREG(status.st_mode) || fail(diag, STATUS_FILE, "%s is no regular file", path));
    if (read) {
        NpySource source = {read_stream, file, (int64_t)status.st_size, path};
        read = npy_read_from(arena, diag, &source, array);
    }
    fclose(file);
    return read;
}

bool npy_write(Diag *diag, FILE *file, Dtype type, const Shape *shape, const void *data) {
    if (!type_names[type]) return fail(diag, STATUS_FILE, "NumPy has no type for %s", dtype_name(type));
    char header[512];
    size_t size = sizeof header;
    int used = snprintf(header, size, "{'descr': '%s', 'fortran_order': False, 'shape': (", type_names[type]);
    for (int axis = 0; axis < shape->rank; axis++)
        used += snprintf(header + used, size - (size_t)used, axis ? " %" PRId64 "," : "%" PRId64 ",", shape->dim[axis]);
    used += snprintf(header + used, size - (size_t)used, "), }");
    /* Padded with spaces, newline last, so that the data begins at a multiple of 64. */
    int total = (MAGIC_BYTES + 2 + used + 1 + HEADER_ALIGN - 1) / HEADER_ALIGN * HEADER_ALIGN - MAGIC_BYTES - 2;
    const unsigned char start[] = {
        0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (unsigned char)(total & 255), (unsigned char)(total >> 8)};
    fwrite(start, 1, sizeof start, file);
    fprintf(file, "%-*s\n", total - 1, header);
    int64_t count = shape_count(shape);
    fwrite(data, dtype_size(type), (size_t)count, file);
    return true;
}
