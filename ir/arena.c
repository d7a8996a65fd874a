#include "ir/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64, SMALLEST_CHUNK = 4096, LARGEST_CHUNK = 1 << 20 };

struct ArenaChunk {
    ArenaChunk *next;
    char *data; /* aligned; zeroed by calloc, so that the pages of a big chunk stay untouched until they are used */
};

void arena_init(Arena *arena, jmp_buf *out_of_memory) {
    memset(arena, 0, sizeof *arena);
    arena->out_of_memory = out_of_memory;
}

void arena_free(Arena *arena) {
    ArenaChunk *chunk = arena->chunks;
    while (chunk) {
        ArenaChunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
    arena->chunks = NULL;
    arena->used = arena->capacity = 0;
}

_Noreturn void arena_exhausted(Arena *arena) {
    if (arena->out_of_memory) longjmp(*arena->out_of_memory, 1);
    abort();
}

static ArenaChunk *chunk_new(Arena *arena, size_t capacity) {
    size_t overhead = sizeof(ArenaChunk) + ALIGNMENT;
    if (capacity > SIZE_MAX - overhead) arena_exhausted(arena);
    ArenaChunk *chunk = calloc(1, capacity + overhead);
    if (!chunk) arena_exhausted(arena);
    uintptr_t start = (uintptr_t)(chunk + 1);
    chunk->data = (char *)(chunk + 1) + (ALIGNMENT - start % ALIGNMENT) % ALIGNMENT;
    return chunk;
}

static void *allocate(Arena *arena, size_t bytes, size_t alignment) {
    size_t start = (arena->used + alignment - 1) / alignment * alignment;
    if (arena->chunks && start <= arena->capacity && bytes <= arena->capacity - start) {
        arena->used = start + bytes;
        return arena->chunks->data + start;
    }
    if (bytes >= LARGEST_CHUNK / 4) { /* a chunk of its own, behind the newest one, which keeps serving small requests */
        ArenaChunk *chunk = chunk_new(arena, bytes);
        if (arena->chunks) {
            chunk->next = arena->chunks->next;
            arena->chunks->next = chunk;
        } else {
            arena->chunks = chunk;
            arena->used = arena->capacity = bytes;
        }
        return chunk->data;
    }
    size_t capacity = arena->capacity * 2;
    if (capacity < SMALLEST_CHUNK) capacity = SMALLEST_CHUNK;
    if (capacity > LARGEST_CHUNK) capacity = LARGEST_CHUNK;
    if (capacity < bytes) capacity = bytes;
    ArenaChunk *chunk = chunk_new(arena, capacity);
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->capacity = capacity;
    arena->used = bytes;
    return chunk->data;
}

void *arena_alloc(Arena *arena, size_t count, size_t size) {
    if (size && count > SIZE_MAX / size) arena_exhausted(arena);
    size_t bytes = count * size;
    return allocate(arena, bytes ? bytes : 1, ALIGNMENT);
}

char *arena_strndup(Arena *arena, const char *text, size_t length) {
    if (length == SIZE_MAX) arena_exhausted(arena);
    char *copy = allocate(arena, length + 1, 1);
    if (length) memcpy(copy, text, length);
    copy[length] = 0;
    return copy;
}

char *arena_strdup(Arena *arena, const char *text) {
    return arena_strndup(arena, text, strlen(text));
}

/* Called twice: for the length, then for the text. */
static int format_text(char *text, size_t size, const char *format, va_list arguments) {
    return format ? vsnprintf(text, size, format, arguments) : -1;
}

char *arena_printf(Arena *arena, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = format_text(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) arena_exhausted(arena);
    char *text = allocate(arena, (size_t)length + 1, 1);
    va_start(arguments, format);
    format_text(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}
