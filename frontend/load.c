#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "frontend/load.h"
#include "frontend/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Protobuf's own limit: lengths are 32-bit signed. Larger models keep their weights in external files. */
static const int64_t MODEL_BYTES_MAX = INT32_MAX;

bool read_exactly(int file, void *bytes, size_t size, int64_t offset) {
    char *to = bytes;
    errno = 0;
    while (size > 0) {
        ssize_t got = pread(file, to, size, (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        to += got;
        offset += got;
        size -= (size_t)got;
    }
    return true;
}

static void *allocate(void *arena, size_t size) {
    return arena_alloc(arena, 1, size);
}

static void keep(void *arena, void *pointer) {
    (void)arena;
    (void)pointer;
}

static const Onnx__ModelProto *decode(Arena *arena, Diag *diag, const uint8_t *bytes, size_t size) {
    const char *reason = wire_check(bytes, size, &onnx__model_proto__descriptor);
    if (reason) {
        fail(diag, STATUS_INVALID, "not an ONNX model: %s", reason);
        return NULL;
    }
    ProtobufCAllocator allocator = {.alloc = allocate, .free = keep, .allocator_data = arena};
    const Onnx__ModelProto *model = onnx__model_proto__unpack(&allocator, size, bytes);
    if (!model) fail(diag, STATUS_INVALID, "not an ONNX model: a field has the wrong type");
    return model;
}

static bool file_size(Diag *diag, int file, int64_t *size) {
    struct stat status;
    if (fstat(file, &status) != 0) return fail(diag, STATUS_FILE, "can't be examined: %s", strerror(errno));
    if (S_ISDIR(status.st_mode)) return fail(diag, STATUS_FILE, "is a folder, not a model file");
    if (!S_ISREG(status.st_mode)) return fail(diag, STATUS_FILE, "is not a regular file");
    if (status.st_size == 0) return fail(diag, STATUS_INVALID, "is empty");
    if (status.st_size > MODEL_BYTES_MAX)
        return fail(diag, STATUS_FILE, "is larger than 2 GB, the limit of the ONNX format: save its weights as external data");
    *size = status.st_size;
    return true;
}

static const Onnx__ModelProto *load_open_file(Arena *arena, Diag *diag, int file) {
    int64_t size = 0;
    if (!file_size(diag, file, &size)) return NULL;
    /* An anonymous mapping rather than the heap, so that an arena that runs out of memory and jumps away leaks nothing
     * of it; and rather than a mapping of the file, whose truncation by someone else would raise a signal. */
    void *bytes = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED) {
        fail(diag, STATUS_FILE, "out of memory: the file has %lld bytes", (long long)size);
        return NULL;
    }
    const Onnx__ModelProto *model = NULL;
    if (read_exactly(file, bytes, (size_t)size, 0))
        model = decode(arena, diag, bytes, (size_t)size);
    else
        fail(diag, STATUS_FILE, "can't be read: %s", errno ? strerror(errno) : "it became shorter while being read");
    munmap(bytes, (size_t)size);
    return model;
}

const Onnx__ModelProto *load_model(Arena *arena, Diag *diag, const char *path) {
    /* Without O_NONBLOCK, opening a pipe would wait for its writer. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) {
        fail(diag, STATUS_FILE, "can't be opened: %s", strerror(errno));
        return NULL;
    }
    const Onnx__ModelProto *model = load_open_file(arena, diag, file);
    close(file);
    return model;
}
