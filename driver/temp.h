/* Temporary files and folders: removed when the command ends, fails, runs out of memory or is interrupted. */
#ifndef SKIPC_DRIVER_TEMP_H
#define SKIPC_DRIVER_TEMP_H

#include "ir/arena.h"
#include "ir/diag.h"

#include <sys/types.h>

typedef struct TempFile {
    const char *volatile path; /* NULL once it is none any more */
    bool is_folder;
    struct TempFile *next;
} TempFile;

typedef struct {
    TempFile *volatile first; /* newest first, so that a folder's files go before it */
    volatile pid_t child;     /* a running tool, or 0 */
} TempFiles;

/* From here on an interrupt removes the files first. `files` must outlive every signal. */
void temp_catch_signals(TempFiles *files);
/* Registers a path that the caller is about to create. */
TempFile *temp_register(Arena *arena, TempFiles *files, const char *path, bool is_folder);
/* Makes a folder that only this user can read, in $TMPDIR or /tmp; NULL with `diag` set on failure. */
const char *temp_folder(Arena *arena, Diag *diag, TempFiles *files);
/* "FOLDER/NAME", registered. */
const char *temp_path(Arena *arena, TempFiles *files, const char *folder, const char *name);
void temp_remove(TempFiles *files);

#endif
