#include "driver/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 20, TEMP_ATTEMPTS = 100 };

static bool fail_with(Driver *driver, const char *path, int error) {
    return fail(driver->diag, STATUS_FILE, "%s can't be written: %s", path, strerror(error));
}

/* O_EXCL, so that neither another run's file nor a planted link is written through; the mode heeds the umask. */
static int open_temporary(Driver *driver, Output *output) {
    for (int attempt = 0; attempt < TEMP_ATTEMPTS; attempt++) {
        const char *path = arena_printf(driver->arena, "%s.%ld-%d.tmp", output->path, (long)getpid(), attempt);
        int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor >= 0) {
            output->temp_path = path;
            output->temp = temp_register(driver->arena, &driver->temp, path, false);
            return descriptor;
        }
        if (errno != EEXIST) return -1;
    }
    return -1;
}

bool output_open(Driver *driver, Output *output, const char *path) {
    *output = (Output){.path = path};
    struct stat status;
    bool exists = stat(path, &status) == 0;
    if (exists && S_ISDIR(status.st_mode)) return fail_with(driver, path, EISDIR);
    bool direct = exists && !S_ISREG(status.st_mode);
    int descriptor = direct ? open(path, O_WRONLY | O_CLOEXEC) : open_temporary(driver, output);
    if (descriptor < 0) return fail_with(driver, path, errno);
    output->file = fdopen(descriptor, "wb");
    if (!output->file) {
        int error = errno;
        close(descriptor);
        return fail_with(driver, path, error);
    }
    setvbuf(output->file, NULL, _IOFBF, BUFFER_BYTES);
    return true;
}

/* A stream remembers that a write failed, not why: asks the system again. The file is thrown away anyway. */
static int write_error(int descriptor) {
    static const char zeros[4096];
    for (int k = 0; k < 1024; k++) {
        if (write(descriptor, zeros, sizeof zeros) < 0) return errno;
    }
    return EIO;
}

bool output_finish(Driver *driver, Output *output) {
    FILE *file = output->file;
    output->file = NULL;
    int error = 0;
    if (fflush(file) != 0)
        error = errno;
    else if (ferror(file))
        error = write_error(fileno(file));
    if (fclose(file) != 0 && !error) error = errno;
    return error == 0 || fail_with(driver, output->path, error);
}

bool output_commit(Driver *driver, Output *output) {
    if (!output->temp) return true;
    if (rename(output->temp_path, output->path) != 0) return fail_with(driver, output->path, errno);
    output->temp->path = NULL;
    return true;
}

void output_discard(Output *output) {
    if (output->file) fclose(output->file);
    output->file = NULL;
}
