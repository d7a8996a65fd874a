/* Filters of 3x3 convolutions, transformed for the kernels of runtime/conv_winograd.h. */
#ifndef SKIPC_CODEGEN_WINOGRAD_WEIGHTS_H
#define SKIPC_CODEGEN_WINOGRAD_WEIGHTS_H

#include "codegen/conv_geometry.h"

/* [position][panel][phase][in channel][16] from [out][in][3][3], computed in double and rounded once; `*count` elements. */
float *winograd_weights(Arena *arena, const ConvGeometry *geometry, const float *source, int64_t *count);

#endif
