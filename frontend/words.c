#include "frontend/words.h"

#include <string.h>

enum { ROOM = 400 }; /* bytes: two lists fit a diagnostic */

void words_add(Arena *arena, WordList *list, const char *word) {
    list->count++;
    if (list->shown < list->count - 1) return;
    const char *before = list->text ? list->text : "", *separator = list->text ? list->separator : "";
    if (list->shown > 0 && strlen(before) + strlen(separator) + strlen(word) > ROOM) return;
    list->text = arena_printf(arena, "%s%s%s", before, separator, word);
    list->shown++;
}

const char *words_text(Arena *arena, const WordList *list) {
    if (list->count == 0) return "";
    if (list->shown == list->count) return list->text;
    return arena_printf(arena, "%s%sand %d more", list->text, list->separator, list->count - list->shown);
}

const char *shell_word(Arena *arena, const char *name, const char *rest) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.,:/@%+=";
    if (*name && strspn(name, plain) == strlen(name)) return arena_printf(arena, "%s%s", name, rest);
    char *quoted = ARENA_ARRAY(arena, char, 4 * strlen(name) + strlen(rest) + 3), *to = quoted;
    *to++ = '\'';
    for (const char *at = name; *at; at++) { /* a quote itself: end the quoted text, an escaped one, and begin again */
        if (*at == '\'') to += strlen(strcpy(to, "'\\'"));
        *to++ = *at;
    }
    strcpy(to, rest);
    strcat(to, "'");
    return quoted;
}
