#include "frontend/names.h"

#include <string.h>

struct NameEntry {
    const char *name;
    int number;
};

NameTable names_new(Arena *arena) {
    NameTable table = {.arena = arena, .capacity = 16};
    table.entries = ARENA_ARRAY(arena, struct NameEntry, table.capacity);
    return table;
}

/* FNV-1a. */
static size_t hash(const char *name) {
    uint64_t h = 14695981039346656037u;
    for (; *name; name++) h = (h ^ (unsigned char)*name) * 1099511628211u;
    return (size_t)(h ^ h >> 32);
}

static struct NameEntry *slot_of(const NameTable *table, const char *name) {
    size_t mask = table->capacity - 1, i = hash(name) & mask;
    while (table->entries[i].name && strcmp(table->entries[i].name, name) != 0) i = (i + 1) & mask;
    return &table->entries[i];
}

int names_find(const NameTable *table, const char *name) {
    const struct NameEntry *entry = slot_of(table, name);
    return entry->name ? entry->number : NO_NAME;
}

static void grow(NameTable *table) {
    NameTable larger = {.arena = table->arena, .capacity = table->capacity * 2, .count = table->count};
    larger.entries = ARENA_ARRAY(table->arena, struct NameEntry, larger.capacity);
    for (size_t i = 0; i < table->capacity; i++)
        if (table->entries[i].name) *slot_of(&larger, table->entries[i].name) = table->entries[i];
    *table = larger;
}

void names_set(NameTable *table, const char *name, int number) {
    if (table->count * 2 >= table->capacity) grow(table);
    struct NameEntry *entry = slot_of(table, name);
    if (!entry->name) table->count++;
    *entry = (struct NameEntry){.name = name, .number = number};
}
