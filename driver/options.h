/* Command-line options: one table per command parses them and prints its --help. */
#ifndef SKIPC_DRIVER_OPTIONS_H
#define SKIPC_DRIVER_OPTIONS_H

#include "ir/arena.h"
#include "ir/diag.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    const char **item;
    int count, capacity;
} TextList;

typedef enum {
    OPTION_FLAG,     /* bool */
    OPTION_TEXT,     /* const char * */
    OPTION_OPTIONAL, /* const char *: --name gives "", --name=VALUE the value */
    OPTION_NUMBER,   /* int64_t from least to most */
    OPTION_CHOICE,   /* int: index into the words of `choices` */
    OPTION_LIST      /* TextList: may be given again and again */
} OptionKind;

typedef struct {
    const char *name; /* without the dashes */
    char letter;      /* short form, or 0 */
    OptionKind kind;
    void *target;         /* of the type that `kind` says */
    const char *argument; /* as help shows it, e.g. "NAME=N" */
    const char *help;
    const char *choices; /* words separated by '|' */
    int64_t least, most;
} Option;

typedef struct {
    const char *command;   /* "compile" */
    const char *arguments; /* "MODEL.onnx [-o OUT.c] ..." */
    const char *summary;   /* what it does, a paragraph */
    const Option *options;
    int option_count;
} OptionTable;

typedef enum {
    OPTIONS_RUN,
    OPTIONS_HELP /* printed: the command is done */,
    OPTIONS_WRONG /* diag set: it has failed */
} OptionsResult;

/* Takes exactly one argument that is no option: the model. */
OptionsResult options_parse(Arena *arena, Diag *diag, const OptionTable *table, int argc, char **argv, const char **model);

/* A whole decimal number from least to most; false without a message otherwise. */
bool number_parse(const char *text, int64_t least, int64_t most, int64_t *number);
/* The name nearest to a mistyped one, or NULL where none is near. `stride` bytes from one name's pointer to the next. */
const char *nearest_name(const char *wrong, const char *const *names, int count, size_t stride);
/* Appends to a list in arena memory. */
void list_add(Arena *arena, TextList *list, const char *item);

#endif
