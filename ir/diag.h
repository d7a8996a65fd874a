/* Errors are values: the first one of a compilation is kept here and travels up; the driver alone prints it. */
#ifndef SKIPC_IR_DIAG_H
#define SKIPC_IR_DIAG_H

#include <stdbool.h>

/* Also skipc's exit statuses. */
typedef enum {
    STATUS_OK = 0,
    STATUS_MISMATCH = 1,    /* verification found a difference */
    STATUS_USAGE = 2,       /* the command line is wrong */
    STATUS_INVALID = 3,     /* the model breaks the ONNX specification */
    STATUS_UNSUPPORTED = 4, /* the model is valid, skipc can't compile it */
    STATUS_FILE = 5         /* a file or tool could not be used */
} Status;

enum { DIAG_TEXT = 1024, DIAG_NOTES = 16 };

typedef struct {
    Status status;
    const char *model;           /* path as the user gave it, or NULL */
    char where[DIAG_TEXT];       /* "node 'layer1.0/conv1' (Conv)", or empty */
    char text[DIAG_TEXT];        /* what is wrong, and what to do */
    char notes[DIAG_NOTES][256]; /* e.g. "dimension 'batch' is symbolic: taken as 1 (--dim batch=N sets it)" */
    int note_count;
} Diag;

/* Keeps the first failure only. Always returns false, so that `return fail(...)` reads as it should. */
bool fail(Diag *diag, Status status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same, at a node. `name` may be empty or NULL (then only the operator type is named). */
bool fail_at(Diag *diag, Status status, const char *name, const char *op_type, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void note(Diag *diag, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
