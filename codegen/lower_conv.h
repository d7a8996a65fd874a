/* The parts of a convolution's step, for steps that it shares with another layer. */
#ifndef SKIPC_CODEGEN_LOWER_CONV_H
#define SKIPC_CODEGEN_LOWER_CONV_H

#include "codegen/conv_geometry.h"
#include "codegen/lower.h"

/* `{ ... }` of a struct conv. */
const char *conv_initialiser(Emitter *e, const Node *node, const ConvGeometry *geometry);
/* The geometry as a shared constant; returns its name. Equal layers share one. */
const char *conv_geometry_constant(Emitter *e, const Node *node, const ConvGeometry *geometry);
/* Constants where conv_grouped is called: the kernel's edge that is unrolled, or 0. */
int conv_unrolled_size(const ConvGeometry *geometry);
/* The name of a dense kernel with its constants. */
const char *conv_kernel_stem(Emitter *e, const ConvGeometry *geometry);

/* Expressions for the kernel's arguments: packed weights, bias, and, with a comma behind it, the input scale, where it takes one.
 */
const char *conv_weights(Emitter *e, const Node *node, const ConvGeometry *geometry);
const char *conv_bias(Emitter *e, const Node *node, const ConvGeometry *geometry);
const char *conv_scale(Emitter *e, const Node *node, const ConvGeometry *geometry);

#endif
