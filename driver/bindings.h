/* The values of --bind. */
#ifndef SKIPC_DRIVER_BINDINGS_H
#define SKIPC_DRIVER_BINDINGS_H

#include "frontend/frontend.h"

/* A ReadBinding; `context` is the Driver. Takes a number, true or false; a list, "1,2,3" or "[[1,2],[3,4]]"; or an .npy file of
 * the input's type. A number also stands for an input of one element, whatever its rank. */
bool binding_read(void *context, const char *text, Binding *binding);

#endif
