#ifndef RUNTIME_LIBM_H
#define RUNTIME_LIBM_H

/* Steps call functions of the C library's <math.h>. */
#include <math.h>

#endif
