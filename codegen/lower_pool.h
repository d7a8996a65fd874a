/* What other steps share with pools. */
#ifndef SKIPC_CODEGEN_LOWER_POOL_H
#define SKIPC_CODEGEN_LOWER_POOL_H

#include "codegen/lower.h"

/* The mean over all spatial axes of the node's f32 input, 1 to 3 of them. */
bool lower_plane_mean(Emitter *e, Node *node);

/* Declares `window`, for the planes of one image of a pool with two spatial axes. */
bool declare_image_window(Emitter *e, const Node *pool);

#endif
