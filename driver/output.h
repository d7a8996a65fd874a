/* Output files, whole or not at all: written under a temporary name beside the target, then renamed. */
#ifndef SKIPC_DRIVER_OUTPUT_H
#define SKIPC_DRIVER_OUTPUT_H

#include "driver/driver.h"

#include <stdio.h>

typedef struct {
    const char *path;
    FILE *file;
    TempFile *temp; /* NULL: the target is a device or a pipe, written directly */
    const char *temp_path;
} Output;

bool output_open(Driver *driver, Output *output, const char *path);
/* Everything written is in the file. After this only output_commit can fail. False: the error the system gave. */
bool output_finish(Driver *driver, Output *output);
/* Gives the file its name. */
bool output_commit(Driver *driver, Output *output);
/* Closes an unfinished one; its temporary file goes with the command's others. */
void output_discard(Output *output);

#endif
