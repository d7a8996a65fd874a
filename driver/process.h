/* Other programs: the C compiler, what it built, Python. Never through a shell. */
#ifndef SKIPC_DRIVER_PROCESS_H
#define SKIPC_DRIVER_PROCESS_H

#include "driver/driver.h"
#include "driver/options.h"

typedef struct {
    const TextList *arguments; /* the program first; looked up in $PATH where it has no '/' */
    const char *folder;        /* the program's working folder */
    const char *in;            /* file for its standard input; NULL: empty */
    const char *out, *error; /* files for its output, created in `folder` by the caller's choice of absolute paths; NULL: none */
    const char *variable, *value; /* one environment variable; NULL: none */
} Process;

/* False with diag set where the program could not be started. *status: its exit status, 128 + N for signal N. */
bool process_run(Driver *driver, const Process *process, int *status);

/* Appends the words of a command line; blanks separate, nothing quotes. */
void list_add_words(Arena *arena, TextList *list, const char *words);
/* The line of a tool's output that says what went wrong: the first with "error" in it, else the last. */
const char *complaint(Arena *arena, const char *path);

#endif
