/* C identifiers from file names. */
#ifndef SKIPC_DRIVER_IDENTIFIER_H
#define SKIPC_DRIVER_IDENTIFIER_H

#include "ir/arena.h"

enum { IDENTIFIER_LONGEST = 63 }; /* what C99 compilers must tell apart within a file */

/* NULL where `name` can prefix C and C++ names (`net` gives net_run); otherwise what is wrong with it. */
const char *identifier_problem(const char *name);
/* The nearest good one: "resnet-50.v1" gives "resnet_50_v1". */
const char *identifier_from(Arena *arena, const char *text);

#endif
