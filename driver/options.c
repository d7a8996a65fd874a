#include "driver/options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool number_parse(const char *text, int64_t least, int64_t most, int64_t *number) {
    const char *digits = *text == '-' ? text + 1 : text;
    if (!*digits || strspn(digits, "0123456789") != strlen(digits)) return false;
    errno = 0;
    long long value = strtoll(text, NULL, 10);
    if (errno == ERANGE || value < least || value > most) return false;
    *number = value;
    return true;
}

enum { LONGEST_NAME = 31 };

/* Insertions, deletions and replacements that turn one word into the other. */
static int edit_distance(const char *a, const char *b) {
    size_t rows = strlen(a), columns = strlen(b);
    if (rows > LONGEST_NAME || columns > LONGEST_NAME) return LONGEST_NAME;
    int row[LONGEST_NAME + 1];
    for (size_t j = 0; j <= columns; j++) row[j] = (int)j;
    for (size_t i = 1; i <= rows; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= columns; j++) {
            int best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[columns];
}

const char *nearest_name(const char *wrong, const char *const *names, int count, size_t stride) {
    const char *nearest = NULL;
    int least = 3; /* two slips of the finger */
    for (int k = 0; k < count; k++) {
        const char *name = *(const char *const *)(const void *)((const char *)names + (size_t)k * stride);
        int distance = edit_distance(wrong, name);
        if (distance >= least || (size_t)distance >= strlen(name)) continue;
        least = distance;
        nearest = name;
    }
    return nearest;
}

void list_add(Arena *arena, TextList *list, const char *item) {
    if (list->count == list->capacity) {
        int capacity = list->capacity ? 2 * list->capacity : 8;
        const char **larger = ARENA_ARRAY(arena, const char *, capacity);
        if (list->count) memcpy(larger, list->item, (size_t)list->count * sizeof *larger);
        list->item = larger;
        list->capacity = capacity;
    }
    list->item[list->count++] = item;
}

static const Option *find_long(const OptionTable *table, const char *name, size_t length) {
    for (int k = 0; k < table->option_count; k++) {
        const char *known = table->options[k].name;
        if (strlen(known) == length && memcmp(known, name, length) == 0) return &table->options[k];
    }
    return NULL;
}

static const Option *find_letter(const OptionTable *table, char letter) {
    for (int k = 0; k < table->option_count; k++) {
        if (table->options[k].letter == letter) return &table->options[k];
    }
    return NULL;
}

static int choice_index(const char *choices, const char *value) {
    size_t length = strlen(value);
    for (int index = 0;; index++) {
        size_t word = strcspn(choices, "|");
        if (word == length && memcmp(choices, value, word) == 0) return index;
        if (!choices[word]) return -1;
        choices += word + 1;
    }
}

static bool store(Arena *arena, Diag *diag, const Option *option, const char *value) {
    switch (option->kind) {
    case OPTION_FLAG: *(bool *)option->target = true; return true;
    case OPTION_TEXT:
    case OPTION_OPTIONAL: *(const char **)option->target = value; return true;
    case OPTION_LIST: list_add(arena, option->target, value); return true;
    case OPTION_NUMBER:
        if (number_parse(value, option->least, option->most, option->target)) return true;
        return fail(diag, STATUS_USAGE, "--%s takes a whole number from %" PRId64 " to %" PRId64 ", not '%s'", option->name,
                    option->least, option->most, value);
    case OPTION_CHOICE: {
        int index = choice_index(option->choices, value);
        if (index < 0) return fail(diag, STATUS_USAGE, "--%s takes %s, not '%s'", option->name, option->choices, value);
        *(int *)option->target = index;
        return true;
    }
    }
    return false;
}

static bool unknown_option(Arena *arena, Diag *diag, const OptionTable *table, const char *argument) {
    const char *name = argument + strspn(argument, "-");
    const char *bare = arena_strndup(arena, name, strcspn(name, "="));
    const char *near = nearest_name(bare, &table->options[0].name, table->option_count, sizeof(Option));
    if (near) return fail(diag, STATUS_USAGE, "%s: unknown option '%s': did you mean --%s?", table->command, argument, near);
    return fail(diag, STATUS_USAGE, "%s: unknown option '%s' ('skipc %s --help' lists them)", table->command, argument,
                table->command);
}

/* One option, at argv[*at]; advances over a value that stands apart. */
static bool parse_option(Arena *arena, Diag *diag, const OptionTable *table, int argc, char **argv, int *at) {
    const char *argument = argv[*at], *value = NULL;
    const Option *option;
    if (argument[1] == '-') {
        size_t length = strcspn(argument + 2, "=");
        option = find_long(table, argument + 2, length);
        if (argument[2 + length] == '=') value = argument + 2 + length + 1;
    } else {
        option = find_letter(table, argument[1]);
        if (argument[2]) value = argument + 2;
    }
    if (!option) return unknown_option(arena, diag, table, argument);
    if (option->kind == OPTION_FLAG && value) return fail(diag, STATUS_USAGE, "--%s takes no value", option->name);
    if (option->kind == OPTION_OPTIONAL && !value) value = "";
    if (option->kind != OPTION_FLAG && !value) {
        if (*at + 1 >= argc) return fail(diag, STATUS_USAGE, "--%s needs a value: %s", option->name, option->argument);
        value = argv[++*at];
    }
    return store(arena, diag, option, value);
}

static void print_help(const OptionTable *table) {
    printf("usage: skipc %s %s\n\n%s\n\noptions:\n", table->command, table->arguments, table->summary);
    for (int k = 0; k < table->option_count; k++) {
        const Option *option = &table->options[k];
        char left[64], letter[8] = "";
        if (option->letter) snprintf(letter, sizeof letter, "-%c, ", option->letter);
        const char *argument = option->argument ? option->argument : option->choices ? option->choices : "";
        const char *between = option->kind == OPTION_OPTIONAL ? "[=" : *argument ? " " : "";
        snprintf(left, sizeof left, "%s--%s%s%s%s", letter, option->name, between, argument,
                 option->kind == OPTION_OPTIONAL ? "]" : "");
        if (strlen(left) > 26)
            printf("  %s\n%30s%s\n", left, "", option->help);
        else
            printf("  %-28s%s\n", left, option->help);
    }
    printf("  %-28s%s\n", "-h, --help", "this text");
}

OptionsResult options_parse(Arena *arena, Diag *diag, const OptionTable *table, int argc, char **argv, const char **model) {
    *model = NULL;
    bool options_end = false;
    for (int at = 0; at < argc; at++) {
        const char *argument = argv[at];
        if (!options_end && strcmp(argument, "--") == 0) {
            options_end = true;
        } else if (!options_end && (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0)) {
            print_help(table);
            return OPTIONS_HELP;
        } else if (!options_end && argument[0] == '-' && argument[1]) {
            if (!parse_option(arena, diag, table, argc, argv, &at)) return OPTIONS_WRONG;
        } else if (*model) {
            fail(diag, STATUS_USAGE, "%s takes one model: '%s' is a second one", table->command, argument);
            return OPTIONS_WRONG;
        } else {
            *model = argument;
        }
    }
    if (*model) return OPTIONS_RUN;
    fail(diag, STATUS_USAGE, "%s: no model given (usage: skipc %s %s)", table->command, table->command, table->arguments);
    return OPTIONS_WRONG;
}
