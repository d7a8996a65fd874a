#include "ir/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void keep(Diag *diag, Status status, const char *format, va_list arguments) {
    diag->status = status;
    vsnprintf(diag->text, sizeof diag->text, format, arguments);
}

bool fail(Diag *diag, Status status, const char *format, ...) {
    if (diag->status != STATUS_OK) return false;
    va_list arguments;
    va_start(arguments, format);
    keep(diag, status, format, arguments);
    va_end(arguments);
    return false;
}

bool fail_at(Diag *diag, Status status, const char *name, const char *op_type, const char *format, ...) {
    if (diag->status != STATUS_OK) return false;
    if (!op_type) op_type = "?";
    if (name && *name)
        snprintf(diag->where, sizeof diag->where, "node '%.480s' (%.240s)", name, op_type);
    else
        snprintf(diag->where, sizeof diag->where, "a %.240s node", op_type);
    va_list arguments;
    va_start(arguments, format);
    keep(diag, status, format, arguments);
    va_end(arguments);
    return false;
}

/* The same note twice tells nothing new. */
void note(Diag *diag, const char *format, ...) {
    if (diag->note_count == DIAG_NOTES) return;
    char *text = diag->notes[diag->note_count];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof diag->notes[0], format, arguments);
    va_end(arguments);
    for (int i = 0; i < diag->note_count; i++)
        if (!strcmp(diag->notes[i], text)) return;
    diag->note_count++;
}
