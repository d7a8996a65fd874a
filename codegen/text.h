/* A growing piece of text in arena memory. */
#ifndef SKIPC_CODEGEN_TEXT_H
#define SKIPC_CODEGEN_TEXT_H

#include "ir/arena.h"

typedef struct {
    Arena *arena;
    char *data; /* NUL-terminated once anything was added */
    size_t length, capacity;
} Text;

void text_add(Text *text, const char *bytes, size_t length);
void text_printf(Text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_vprintf(Text *text, const char *format, va_list arguments);
/* Takes out `length` bytes from `at` on. */
void text_remove(Text *text, size_t at, size_t length);

/* Can it stand in a C identifier? */
bool is_word(char c);
/* `name` as part of a C identifier: letters, digits and single underscores, at most 40 characters, never empty. */
const char *identifier_part(Arena *arena, const char *name);
/* `text` made safe inside a comment: printable ASCII, no comment delimiters, at most 120 characters. */
const char *comment_text(Arena *arena, const char *text);
const char *upper_case(Arena *arena, const char *text);

/* The text with every line but the first four columns deeper; arena memory. */
const char *text_nested(Arena *arena, const char *text);

#endif
