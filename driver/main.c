/* skipc: the command line. Chooses the command, prints its diagnostics, and turns them into an exit status. */
#include "driver/driver.h"
#include "driver/options.h"
#include "driver/text.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    const char *name;
    const char *summary;
    CommandFunction *run;
} Command;

static const Command commands[] = {
    {"compile", "write the network as one C file and its header", command_compile},
    {"inspect", "show sizes, multiply-adds, memory, and a table of the layers", command_inspect},
    {"run", "run the model in the reference interpreter", command_run},
    {"verify", "build the C, run it, and compare it with ONNX Runtime", command_verify},
    {"bench", "time the C, layer by layer or beside a peer if wanted", command_bench},
    {"lesion", "delete residual blocks, and see what the network still knows", command_lesion},
};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static void print_help(void) {
    puts("skipc " SKIPC_VERSION ": compiles residual networks, exported to ONNX, into one dependency-free C file\n\n"
         "usage: skipc COMMAND MODEL.onnx [options]\n\n"
         "commands:");
    for (int k = 0; k < COMMAND_COUNT; k++) printf("  %-10s%s\n", commands[k].name, commands[k].summary);
    puts("\n'skipc COMMAND --help' explains a command and lists its options.\n\n"
         "options:\n"
         "  -h, --help   this text\n"
         "  --version    the version\n\n"
         "examples:\n"
         "  skipc compile resnet50.onnx                    writes resnet50.c and resnet50.h\n"
         "  skipc compile net.onnx -o src/net.c --name net --dim batch=4\n"
         "  skipc compile voice.onnx --dim length=512 --bind rate=16000     an input that is known\n"
         "  skipc inspect resnet50.onnx                    what it costs, layer by layer\n"
         "  skipc verify resnet50.onnx --layers            where the C departs from the truth, if it does\n"
         "  skipc run net.onnx --input x.npy --output y.npy\n"
         "  skipc bench resnet50.onnx --threads 2 --against onnxruntime\n"
         "  skipc bench resnet50.onnx --layers             where the time goes, and what bounds it\n"
         "  skipc lesion resnet56.onnx --inputs images.npz --labels --plot lesion.svg\n\n"
         "The C that 'compile' writes for --name net is called as\n"
         "  int net_run(const float *input, float *output, void *arena);\n"
         "with NET_ARENA_BYTES of scratch memory, aligned to NET_ARENA_ALIGN. It needs no heap and no operating system.\n\n"
         "exit status:\n"
         "  0  done\n"
         "  1  verification found a mismatch\n"
         "  2  the command line is wrong\n"
         "  3  the model is invalid\n"
         "  4  the model is valid, but not supported\n"
         "  5  a file or a tool could not be used");
}

static bool unknown_command(Diag *diag, const char *name) {
    const char *near = nearest_name(name, &commands[0].name, COMMAND_COUNT, sizeof(Command));
    if (near) return fail(diag, STATUS_USAGE, "unknown command '%s': did you mean '%s'?", name, near);
    return fail(diag, STATUS_USAGE, "unknown command '%s' ('skipc --help' lists them)", name);
}

static bool dispatch(Driver *driver, int argc, char **argv) {
    if (argc < 2) return fail(driver->diag, STATUS_USAGE, "no command given ('skipc --help' lists them)");
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_help();
        return true;
    }
    if (strcmp(name, "--version") == 0) {
        puts("skipc " SKIPC_VERSION);
        return true;
    }
    for (int k = 0; k < COMMAND_COUNT; k++) {
        if (strcmp(name, commands[k].name) == 0) return commands[k].run(driver, argc - 2, argv + 2);
    }
    return unknown_command(driver->diag, name);
}

/* Apart from its caller, so that no variable of this frame changes between setjmp and longjmp. */
static void guarded_dispatch(Driver *driver, jmp_buf *out_of_memory, int argc, char **argv) {
    if (setjmp(*out_of_memory)) {
        fail(driver->diag, STATUS_FILE, "out of memory");
        return;
    }
    dispatch(driver, argc, argv);
}

static void print_line(const Diag *diag, const char *before, const char *text) {
    fputs("skipc: ", stderr);
    if (diag->model) {
        text_print(stderr, diag->model);
        fputs(": ", stderr);
    }
    text_print(stderr, before);
    text_print(stderr, text);
    fputc('\n', stderr);
}

static void print_diag(const Diag *diag) {
    for (int k = 0; k < diag->note_count; k++) print_line(diag, "note: ", diag->notes[k]);
    if (diag->status == STATUS_OK) return;
    char where[DIAG_TEXT + 2] = "";
    if (diag->where[0]) snprintf(where, sizeof where, "%s: ", diag->where);
    print_line(diag, where, diag->text);
}

/* A program started with a standard stream closed would get it as its next file, and print into that. */
static bool standard_streams_open(void) {
    int descriptor;
    do descriptor = open("/dev/null", O_RDWR);
    while (descriptor >= 0 && descriptor <= STDERR_FILENO);
    return descriptor >= 0 && close(descriptor) == 0;
}

int main(int argc, char **argv) {
    if (!standard_streams_open()) return STATUS_FILE;
    /* Broken pipes and file size limits come back as errors of write(). */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);

    Arena arena;
    jmp_buf out_of_memory;
    Diag diag = {.status = STATUS_OK};
    Driver driver = {.arena = &arena, .diag = &diag};
    arena_init(&arena, &out_of_memory);
    progress_start(&driver.progress);
    temp_catch_signals(&driver.temp);

    guarded_dispatch(&driver, &out_of_memory, argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) fail(&diag, STATUS_FILE, "standard output: %s", strerror(errno));
    progress_end(&driver.progress);
    print_diag(&diag);
    temp_remove(&driver.temp);
    Status status = diag.status;
    arena_free(&arena);
    return (int)status;
}
