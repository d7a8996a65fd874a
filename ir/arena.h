/* One arena per compilation: everything a compilation builds is allocated here and released at once. */
#ifndef SKIPC_IR_ARENA_H
#define SKIPC_IR_ARENA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ArenaChunk ArenaChunk;

typedef struct {
    ArenaChunk *chunks;
    size_t used, capacity;  /* of the newest chunk, bytes */
    jmp_buf *out_of_memory; /* where an exhausted heap goes: the driver prints one line and exits with status 5 */
} Arena;

/* `out_of_memory` must stay valid as long as the arena is used; NULL aborts instead (tests). */
void arena_init(Arena *arena, jmp_buf *out_of_memory);
void arena_free(Arena *arena);

/* Zeroed memory, 64-byte aligned; never NULL. `count * size` is checked: an overflow counts as out of memory. */
void *arena_alloc(Arena *arena, size_t count, size_t size);
/* What a failed allocation does: jumps to `out_of_memory`, or aborts. */
_Noreturn void arena_exhausted(Arena *arena);
char *arena_strdup(Arena *arena, const char *text);
char *arena_strndup(Arena *arena, const char *text, size_t length);
char *arena_printf(Arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), 1, sizeof(type)))
#define ARENA_ARRAY(arena, type, count) ((type *)arena_alloc((arena), (size_t)(count), sizeof(type)))

#endif
