/* What each byte of a memory holds, while a plan is run on labels instead of numbers (verify_plan.c). */
#ifndef SKIPC_CODEGEN_MEMORY_LABELS_H
#define SKIPC_CODEGEN_MEMORY_LABELS_H

#include "ir/arena.h"

enum { NEVER_WRITTEN = 0 };

/* `bytes` bytes of what has that label, from its byte `at` on. */
typedef struct {
    int64_t bytes;
    int label;
    int64_t at;
} Piece;

/* What a value consists of, in the order of its bytes. */
typedef struct {
    Piece *piece;
    int count;
    int64_t bytes;
} Content;

typedef struct {
    int64_t start, end;
    int label;
    int64_t at;
} Stretch;

/* Stretches in order, none overlapping; what none covers was never written. */
typedef struct {
    Stretch *item;
    int count, capacity;
} LabelledMemory;

Content content_new(Arena *arena, int64_t bytes, int label);
/* Appends bytes [from, from + bytes) of `part`. */
void content_append(Arena *arena, Content *content, const Content *part, int64_t from, int64_t bytes);
void memory_write(Arena *arena, LabelledMemory *memory, int64_t start, const Content *content);
/* Do the bytes from `start` on hold exactly that? Otherwise *instead is the label of the first byte that is something else. */
bool memory_holds(const LabelledMemory *memory, int64_t start, const Content *content, int *instead);

#endif
