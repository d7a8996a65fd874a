#include "driver/temp.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A signal handler has no argument to find its work by: this is the program's one global variable. */
static TempFiles *volatile caught;

/* Called by the signal handler too: only async-signal-safe functions. */
void temp_remove(TempFiles *files) {
    for (TempFile *file = files->first; file; file = file->next) {
        const char *path = file->path;
        if (!path) continue;
        if (file->is_folder)
            rmdir(path);
        else
            unlink(path);
        file->path = NULL;
    }
    files->first = NULL;
}

static void on_signal(int number) {
    TempFiles *files = caught;
    if (files) {
        if (files->child > 0) kill(files->child, SIGTERM);
        temp_remove(files);
    }
    signal(number, SIG_DFL);
    raise(number);
}

void temp_catch_signals(TempFiles *files) {
    caught = files;
    const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
        struct sigaction old, action = {.sa_handler = on_signal};
        sigemptyset(&action.sa_mask);
        /* nohup and background shells ignore some of them: left so. */
        if (sigaction(numbers[k], NULL, &old) == 0 && old.sa_handler != SIG_IGN) sigaction(numbers[k], &action, NULL);
    }
}

TempFile *temp_register(Arena *arena, TempFiles *files, const char *path, bool is_folder) {
    TempFile *file = ARENA_NEW(arena, TempFile);
    file->path = path;
    file->is_folder = is_folder;
    file->next = files->first;
    files->first = file;
    return file;
}

const char *temp_folder(Arena *arena, Diag *diag, TempFiles *files) {
    const char *parent = getenv("TMPDIR");
    if (!parent || !*parent) parent = "/tmp";
    char *path = arena_printf(arena, "%s/skipc-XXXXXX", parent);
    if (!mkdtemp(path)) {
        fail(diag, STATUS_FILE, "no temporary folder in %s: %s (set TMPDIR to a writable one)", parent, strerror(errno));
        return NULL;
    }
    /* Tools run inside it, so it must not depend on the current folder. */
    char *absolute = realpath(path, NULL);
    if (!absolute) {
        int error = errno;
        rmdir(path);
        fail(diag, STATUS_FILE, "%s: %s", path, strerror(error));
        return NULL;
    }
    path = arena_strdup(arena, absolute);
    free(absolute);
    temp_register(arena, files, path, true);
    return path;
}

const char *temp_path(Arena *arena, TempFiles *files, const char *folder, const char *name) {
    const char *path = arena_printf(arena, "%s/%s", folder, name);
    temp_register(arena, files, path, false);
    return path;
}
