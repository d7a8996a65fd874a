#include "codegen/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void reserve(Text *text, size_t more) {
    if (text->length + more + 1 <= text->capacity) return;
    size_t capacity = text->capacity * 2 + more + 256;
    char *data = arena_alloc(text->arena, capacity, 1);
    if (text->length) memcpy(data, text->data, text->length);
    text->data = data;
    text->capacity = capacity;
}

void text_add(Text *text, const char *bytes, size_t length) {
    reserve(text, length);
    memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void text_vprintf(Text *text, const char *format, va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0) return;
    reserve(text, (size_t)length);
    vsnprintf(text->data + text->length, (size_t)length + 1, format, arguments);
    text->length += (size_t)length;
}

void text_printf(Text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    text_vprintf(text, format, arguments);
    va_end(arguments);
}

void text_remove(Text *text, size_t at, size_t length) {
    memmove(text->data + at, text->data + at + length, text->length - at - length + 1);
    text->length -= length;
}

bool is_word(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

const char *identifier_part(Arena *arena, const char *name) {
    enum { LONGEST = 40 };
    char *part = arena_alloc(arena, LONGEST + 1, 1);
    size_t n = 0;
    for (; name && *name && n < LONGEST; name++) {
        char c = isalnum((unsigned char)*name) && (unsigned char)*name < 128 ? *name : '_';
        if (c == '_' && (n == 0 || part[n - 1] == '_')) continue;
        part[n++] = c;
    }
    while (n && part[n - 1] == '_') n--;
    part[n] = '\0';
    return n ? part : "value";
}

const char *comment_text(Arena *arena, const char *text) {
    enum { LONGEST = 120 };
    char *safe = arena_alloc(arena, LONGEST + 1, 1);
    size_t n = 0;
    for (; text && *text && n < LONGEST; text++) {
        char c = *text >= 32 && *text < 127 ? *text : '?';
        bool delimiter = n && ((safe[n - 1] == '*' && c == '/') || (safe[n - 1] == '/' && c == '*'));
        /* A backslash could splice lines, two question marks start a trigraph. */
        bool trigraph = c == '?' && n && safe[n - 1] == '?';
        safe[n] = delimiter || trigraph || c == '\\' ? '_' : c;
        n++;
    }
    safe[n] = '\0';
    return safe;
}

const char *upper_case(Arena *arena, const char *text) {
    char *upper = arena_strdup(arena, text);
    for (char *c = upper; *c; c++) *c = (char)toupper((unsigned char)*c);
    return upper;
}

const char *text_nested(Arena *arena, const char *text) {
    Text nested = {.arena = arena};
    for (const char *line = text; line; line = strchr(line, '\n')) {
        if (line != text) text_printf(&nested, "\n    ");
        line += line != text;
        text_add(&nested, line, strcspn(line, "\n"));
    }
    return nested.data;
}
