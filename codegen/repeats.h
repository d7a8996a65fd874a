/* Equal blocks of a network share one function of the generated file. */
#ifndef SKIPC_CODEGEN_REPEATS_H
#define SKIPC_CODEGEN_REPEATS_H

#include "codegen/emitter.h"

/* Where successive steps repeat, moves one copy of their text to e->blocks, as a function, and calls it in a loop over the places
 * of each block's constants. Steps that name the network's parameters stay where they are. */
void share_repeated_steps(Emitter *e);

#endif
