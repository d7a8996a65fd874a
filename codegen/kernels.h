/* The files of runtime/, embedded at build time. */
#ifndef SKIPC_CODEGEN_KERNELS_H
#define SKIPC_CODEGEN_KERNELS_H

typedef struct {
    const char *name; /* without folder and ending */
    const char *text;
} KernelFile;

extern const KernelFile kernel_files[]; /* ends with a NULL name */

#endif
