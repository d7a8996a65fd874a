/* The loop over the images of a batch (ir/images.h) in the generated file. */
#ifndef SKIPC_CODEGEN_IMAGES_H
#define SKIPC_CODEGEN_IMAGES_H

#include "codegen/emitter.h"

/* After the step of `node` was written: opens the loop behind the network's first step, which is a view, and closes it behind the
 * loop's last one. */
void images_after(Emitter *e, const Node *node);
/* " + image * N", in units of `bytes`, where a step of the loop addresses what holds a whole batch; else "". */
const char *image_offset(Emitter *e, const Value *storage, int64_t bytes);

#endif
