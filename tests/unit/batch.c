/* Many commands of skipc in one program, for tests: a process of a sanitized build takes longer to start than a small model to
 * compile.
 *
 * Reads one command a line, its arguments separated by tabs, and runs each in a process of its own. For each it prints the exit
 * status (or the signal's number, negative), the peak memory in KB, the milliseconds it took and the length of what it wrote to
 * stderr, then that. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

int skipc_main(int argc, char **argv); /* driver/main.c's */

enum { LONGEST_LINE = 1 << 14, MOST_ARGUMENTS = 64, MOST_SECONDS = 60 };

static int split(char *line, char **argv) {
    int argc = 0;
    argv[argc++] = "skipc";
    for (char *word = strtok(line, "\t\n"); word && argc < MOST_ARGUMENTS; word = strtok(NULL, "\t\n")) argv[argc++] = word;
    argv[argc] = NULL;
    return argc;
}

static void run(char *line, FILE *words) {
    char *argv[MOST_ARGUMENTS + 1];
    int argc = split(line, argv);
    int nothing = open("/dev/null", O_RDWR);
    /* Not even stdin is shared: a process that ends moves it back to where it has read. */
    if (dup2(fileno(words), STDERR_FILENO) < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(nothing, STDOUT_FILENO) < 0) _exit(127);
    alarm(MOST_SECONDS);
    exit(skipc_main(argc, argv));
}

static double milliseconds(const struct timeval *start, const struct timeval *end) {
    return (double)(end->tv_sec - start->tv_sec) * 1e3 + (double)(end->tv_usec - start->tv_usec) / 1e3;
}

static void report(int status, const struct rusage *usage, double took, FILE *words) {
    long length = lseek(fileno(words), 0, SEEK_END);
    printf("%d %ld %.0f %ld\n", WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status), usage->ru_maxrss, took, length);
    rewind(words);
    for (int c; (c = getc(words)) != EOF;) putchar(c);
    fflush(stdout);
}

int main(void) {
    static char line[LONGEST_LINE];
    while (fgets(line, sizeof line, stdin)) {
        struct timeval start, end;
        struct rusage usage;
        int status;
        FILE *words = tmpfile();
        if (!words) return 1;
        gettimeofday(&start, NULL);
        pid_t child = fork();
        if (child == 0) run(line, words);
        if (child < 0 || wait4(child, &status, 0, &usage) != child) return 1;
        gettimeofday(&end, NULL);
        report(status, &usage, milliseconds(&start, &end), words);
        fclose(words);
    }
    return 0;
}
