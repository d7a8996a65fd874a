/* Lists in one-line messages. */
#ifndef SKIPC_FRONTEND_WORDS_H
#define SKIPC_FRONTEND_WORDS_H

#include "ir/arena.h"

/* Words one after the other, as many as a message has room for. */
typedef struct {
    const char *separator;
    const char *text;
    int count, shown;
} WordList;

void words_add(Arena *arena, WordList *list, const char *word);
/* "a, b, c", with "and 7 more" behind them where they were too many; "" for an empty list. */
const char *words_text(Arena *arena, const WordList *list);
/* `name` and `rest` as one word of a shell's command line: in quotes where it needs them. */
const char *shell_word(Arena *arena, const char *name, const char *rest);

#endif
