/* What machines a generated file is for. */
#ifndef SKIPC_CODEGEN_TARGETS_H
#define SKIPC_CODEGEN_TARGETS_H

/* A vector width that the file carries beside the one the compiler's flags choose, taken at run time where the CPU has it. */
typedef struct {
    const char *suffix;    /* of every name in its copy of the kernels */
    const char *features;  /* as the compilers' target attributes name them */
    const char *supported; /* C expression: has this CPU it? */
    const char *width;     /* the macro that runtime/vec_target.h defines for it, beside the sizes of its vectors and tiles */
} Variant;

typedef struct {
    const char *name, *help;
    const char *required;    /* preprocessor condition without which the file must not be compiled, or NULL */
    const Variant *variants; /* widest first; a NULL suffix ends them */
} Target;

/* NULL where there is none of that name. */
const Target *target_find(const char *name);
/* All of them, a NULL name ends; the first is the default. */
const Target *targets(void);

#endif
