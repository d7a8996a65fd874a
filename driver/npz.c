#include "driver/npz.h"

#include <inttypes.h>
#include <string.h>
#include <zip.h>

/* "x.npy" is the array x. */
static bool is_entry(const char *entry, const char *name) {
    size_t length = strlen(name);
    return strncmp(entry, name, length) == 0 && (strcmp(entry + length, ".npy") == 0 || entry[length] == 0);
}

/* "x, y" of those that are there, as far as there is room. */
static const char *entry_names(Arena *arena, zip_t *archive, zip_int64_t count) {
    enum { MOST_NAMED = 8 };
    const char *names = "";
    for (zip_int64_t k = 0; k < count && k < MOST_NAMED; k++) {
        const char *entry = zip_get_name(archive, (zip_uint64_t)k, ZIP_FL_ENC_GUESS);
        names = arena_printf(arena, "%s%s%.40s", names, k ? ", " : "", entry ? entry : "?");
    }
    return names;
}

static bool find_entry(Arena *arena, Diag *diag, zip_t *archive, const char *path, const char *name, bool named,
                       zip_uint64_t *index) {
    zip_int64_t count = zip_get_num_entries(archive, 0);
    *index = 0;
    if (count == 1 && !named) return true;
    for (zip_int64_t k = 0; k < count; k++) {
        const char *entry = zip_get_name(archive, (zip_uint64_t)k, ZIP_FL_ENC_GUESS);
        *index = (zip_uint64_t)k;
        if (entry && is_entry(entry, name)) return true;
    }
    return fail(diag, STATUS_FILE, "%s has no array '%s'; it has %s", path, name,
                count > 0 ? entry_names(arena, archive, count) : "none");
}

static size_t read_entry(void *context, void *bytes, size_t count) {
    zip_int64_t got = zip_fread(context, bytes, count);
    return got < 0 ? 0 : (size_t)got;
}

static bool read_array(Arena *arena, Diag *diag, zip_t *archive, zip_uint64_t index, const char *path, NpyArray *array) {
    zip_stat_t status;
    zip_file_t *entry = zip_fopen_index(archive, index, 0);
    if (!entry) return fail(diag, STATUS_FILE, "%s: %s", path, zip_strerror(archive));
    bool known = zip_stat_index(archive, index, 0, &status) == 0 && (status.valid & ZIP_STAT_SIZE) && status.size < INT64_MAX;
    NpySource source = {read_entry, entry, known ? (int64_t)status.size : 0, path};
    bool read = npy_read_from(arena, diag, &source, array);
    char beyond;
    /* The checksum is compared at the end. */
    if (read && zip_fread(entry, &beyond, 1) != 0) read = fail(diag, STATUS_FILE, "%s: %s", path, zip_file_strerror(entry));
    zip_fclose(entry);
    return read;
}

static bool read_archive(Arena *arena, Diag *diag, const char *path, const char *name, bool named, NpyArray *array) {
    int code;
    zip_t *archive = zip_open(path, ZIP_RDONLY, &code);
    if (!archive) {
        zip_error_t error;
        zip_error_init_with_code(&error, code);
        fail(diag, STATUS_FILE, "%s: %s", path, zip_error_strerror(&error));
        zip_error_fini(&error);
        return false;
    }
    zip_uint64_t index;
    bool read =
        find_entry(arena, diag, archive, path, name, named, &index) && read_array(arena, diag, archive, index, path, array);
    zip_discard(archive);
    return read;
}

bool array_read(Arena *arena, Diag *diag, const char *path, const char *name, bool named, NpyArray *array) {
    char start[2] = "";
    FILE *file = fopen(path, "rbe");
    if (file) {
        size_t got = fread(start, 1, sizeof start, file);
        fclose(file);
        if (got == sizeof start && memcmp(start, "PK", 2) == 0) return read_archive(arena, diag, path, name, named, array);
    }
    if (named) return fail(diag, STATUS_FILE, "%s has no array '%s': it is no .npz archive", path, name);
    return npy_read(arena, diag, path, array);
}
