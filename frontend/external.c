#define _XOPEN_SOURCE 700 /* realpath */
#include "frontend/external.h"
#include "frontend/load.h"
#include "frontend/model.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool error_set(ExternalError *error, Status status, const char *format, ...) __attribute__((format(printf, 3, 4)));

static bool error_set(ExternalError *error, Status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    error->status = status;
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return false;
}

/* Decimal digits only: offsets and lengths are texts in ONNX. */
static bool parse_size(const char *text, int64_t *size) {
    *size = 0;
    if (!*text) return false;
    for (; *text; text++)
        if (*text < '0' || *text > '9' || !checked_mul(*size, 10, size) || !checked_add(*size, *text - '0', size)) return false;
    return true;
}

static bool has_parent_step(const char *path) {
    for (const char *step = path; step; step = strchr(step, '/')) {
        step += *step == '/';
        if (strncmp(step, "..", 2) == 0 && (step[2] == '/' || step[2] == 0)) return true;
    }
    return false;
}

bool external_describe(const Onnx__TensorProto *tensor, int64_t bytes, External *external, ExternalError *error) {
    *external = (External){.location = "", .bytes = bytes};
    int64_t length = bytes;
    for (size_t i = 0; i < tensor->n_external_data; i++) {
        const char *key = text_of(tensor->external_data[i]->key), *value = text_of(tensor->external_data[i]->value);
        if (strcmp(key, "location") == 0) external->location = value;
        if (strcmp(key, "offset") == 0 && !parse_size(value, &external->offset))
            return error_set(error, STATUS_INVALID, "its external data's offset '%s' is no size", value);
        if (strcmp(key, "length") == 0 && !parse_size(value, &length))
            return error_set(error, STATUS_INVALID, "its external data's length '%s' is no size", value);
    }
    if (!*external->location) return error_set(error, STATUS_INVALID, "its external data have no location");
    if (external->location[0] == '/' || has_parent_step(external->location))
        return error_set(error, STATUS_INVALID, "its external data's location '%s' leaves the model's folder",
                         external->location);
    if (length != bytes)
        return error_set(error, STATUS_INVALID, "its external data have %lld bytes, its shape needs %lld", (long long)length,
                         (long long)bytes);
    return true;
}

static bool inside(const char *folder, const char *path) {
    size_t length = strlen(folder);
    if (length == 1) return true; /* the model lies in the root folder */
    return strncmp(path, folder, length) == 0 && path[length] == '/';
}

/* An open file, its location resolved to be in the model's folder even through symbolic links; or -1. */
static int open_inside(Arena *arena, const char *model_path, const char *location, ExternalError *error) {
    const char *slash = strrchr(model_path, '/');
    const char *folder = slash ? arena_strndup(arena, model_path, (size_t)(slash - model_path) + 1) : "./";
    char *real_folder = realpath(folder, NULL);
    char *real_path = realpath(arena_printf(arena, "%s%s", folder, location), NULL);
    int file = -1;
    bool resolved = real_folder && real_path, allowed = resolved && inside(real_folder, real_path);
    if (allowed) file = open(real_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (resolved && !allowed)
        error_set(error, STATUS_INVALID, "its external data's location '%s' leaves the model's folder", location);
    else if (file < 0)
        error_set(error, STATUS_FILE, "its external data '%s' can't be opened: %s", location, strerror(errno));
    free(real_folder);
    free(real_path);
    return file;
}

static bool holds(int file, const External *external, ExternalError *error) {
    struct stat status;
    int64_t end = 0;
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode))
        return error_set(error, STATUS_FILE, "its external data '%s' are not a regular file", external->location);
    if (!checked_add(external->offset, external->bytes, &end))
        return error_set(error, STATUS_INVALID, "its external data's offset overflows");
    if (status.st_size < end)
        return error_set(error, STATUS_FILE, "its external data '%s' end at byte %lld, %lld are needed", external->location,
                         (long long)status.st_size, (long long)end);
    return true;
}

void *external_read(Arena *arena, const char *model_path, const External *external, ExternalError *error) {
    int file = open_inside(arena, model_path, external->location, error);
    if (file < 0) return NULL;
    void *bytes = NULL;
    if (holds(file, external, error)) {
        /* At least one byte, so that the data of an empty tensor aren't NULL. */
        bytes = arena_alloc(arena, (size_t)external->bytes + 1, 1);
        if (!read_exactly(file, bytes, (size_t)external->bytes, external->offset)) {
            error_set(error, STATUS_FILE, "its external data '%s' can't be read: %s", external->location,
                      errno ? strerror(errno) : "the file became shorter");
            bytes = NULL;
        }
    }
    close(file);
    return bytes;
}
