#include "driver/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bool redirect(const char *path, int flags, int descriptor) {
    int opened = open(path ? path : "/dev/null", flags, 0600);
    if (opened < 0) return false;
    if (opened == descriptor) return true;
    bool moved = dup2(opened, descriptor) == descriptor;
    close(opened);
    return moved;
}

/* In the child: comes back only when something failed, with errno. */
static void become(const Process *process, char **argv) {
    const int numbers[] = {SIGPIPE, SIGXFSZ, SIGINT, SIGTERM, SIGHUP};
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) signal(numbers[k], SIG_DFL);
    if (!redirect(process->in, O_RDONLY, STDIN_FILENO)) return;
    if (!redirect(process->out, O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO)) return;
    if (!redirect(process->error, O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO)) return;
    if (chdir(process->folder) != 0) return;
    if (process->variable && setenv(process->variable, process->value, 1) != 0) return;
    execvp(argv[0], argv);
}

/* The pipe closes by itself when exec succeeds; otherwise the child's errno comes through it. */
static bool start(const Process *process, char **argv, pid_t *child, int *error) {
    int pipe_ends[2];
    if (pipe(pipe_ends) != 0) {
        *error = errno;
        return false;
    }
    fcntl(pipe_ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(pipe_ends[1], F_SETFD, FD_CLOEXEC);
    *child = fork();
    if (*child == 0) {
        become(process, argv);
        int reason = errno;
        ssize_t sent = write(pipe_ends[1], &reason, sizeof reason);
        _exit(sent == sizeof reason ? 127 : 126);
    }
    *error = *child < 0 ? errno : 0;
    close(pipe_ends[1]);
    if (*child > 0) {
        ssize_t got;
        do got = read(pipe_ends[0], error, sizeof *error);
        while (got < 0 && errno == EINTR);
        if (got > 0) waitpid(*child, NULL, 0);
    }
    close(pipe_ends[0]);
    return *error == 0;
}

bool process_run(Driver *driver, const Process *process, int *status) {
    int count = process->arguments->count;
    char **argv = ARENA_ARRAY(driver->arena, char *, count + 1);
    for (int k = 0; k < count; k++) argv[k] = arena_strdup(driver->arena, process->arguments->item[k]);
    if (count == 0) return fail(driver->diag, STATUS_FILE, "the command line of a tool is empty");
    fflush(NULL); /* the child must not write this program's buffers again */
    pid_t child = 0;
    int error = 0;
    if (!start(process, argv, &child, &error))
        return fail(driver->diag, STATUS_FILE, "%s could not be started: %s", argv[0], strerror(error));
    driver->temp.child = child;
    int raw = 0;
    pid_t waited;
    do waited = waitpid(child, &raw, 0);
    while (waited < 0 && errno == EINTR);
    driver->temp.child = 0;
    *status = WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw);
    return waited == child || fail(driver->diag, STATUS_FILE, "%s: %s", argv[0], strerror(errno));
}

void list_add_words(Arena *arena, TextList *list, const char *words) {
    const char *blanks = " \t\n";
    for (words += strspn(words, blanks); *words; words += strspn(words, blanks)) {
        size_t length = strcspn(words, blanks);
        list_add(arena, list, arena_strndup(arena, words, length));
        words += length;
    }
}

const char *complaint(Arena *arena, const char *path) {
    char line[512], last[512] = "it says nothing";
    FILE *file = fopen(path, "re");
    if (!file) return "it says nothing";
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        if (strspn(line, " \t") == strlen(line)) continue;
        memcpy(last, line, sizeof last);
        if (strstr(line, "error:")) break;
    }
    fclose(file);
    return arena_strdup(arena, last);
}
