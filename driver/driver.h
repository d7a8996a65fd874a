/* What every command works with, and the commands themselves. */
#ifndef SKIPC_DRIVER_DRIVER_H
#define SKIPC_DRIVER_DRIVER_H

#include "driver/progress.h"
#include "driver/temp.h"
#include "ir/arena.h"
#include "ir/diag.h"

typedef struct {
    Arena *arena;
    Diag *diag;
    TempFiles temp; /* removed at the end, whatever happens */
    Progress progress;
} Driver;

/* `argv` starts after the command's name. False with driver->diag set on failure. */
typedef bool CommandFunction(Driver *driver, int argc, char **argv);
CommandFunction command_compile, command_inspect, command_run, command_verify, command_bench, command_lesion;

#endif
