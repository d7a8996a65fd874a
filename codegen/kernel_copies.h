/* Copies kernels of runtime/ into the generated file, once for the compiler's flags and once for each variant of the target. */
#ifndef SKIPC_CODEGEN_KERNEL_COPIES_H
#define SKIPC_CODEGEN_KERNEL_COPIES_H

#include "codegen/emitter.h"

/* Before the first kernel. */
void kernels_begin(Emitter *e);
/* As use_kernel, for a kernel written for any vector width: each variant gets a copy. */
void copy_vector_kernel(Emitter *e, const char *kernel);
/* `text` in which every name that depends on the vector width carries the variant's suffix. */
const char *renamed_for_variant(Emitter *e, const char *text, int variant);

#endif
