/* Text -> number, for the names of one scope. */
#ifndef SKIPC_FRONTEND_NAMES_H
#define SKIPC_FRONTEND_NAMES_H

#include "ir/arena.h"

enum { NO_NAME = -1 };

typedef struct {
    Arena *arena;
    struct NameEntry *entries;
    size_t count, capacity; /* capacity is a power of two */
} NameTable;

NameTable names_new(Arena *arena);
/* NO_NAME where absent. */
int names_find(const NameTable *table, const char *name);
/* Keeps `name`, not a copy. Replaces what was there. */
void names_set(NameTable *table, const char *name, int number);

#endif
