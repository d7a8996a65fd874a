/* Residual blocks that are skipped at run time: which steps belong to which, and what takes a skipped block's place. */
#ifndef SKIPC_CODEGEN_SKIP_H
#define SKIPC_CODEGEN_SKIP_H

#include "codegen/emitter.h"

/* By step: the block (attribute `block` of its last node) without which nobody needs the step's results; -1 where they are needed
 * anyway. Nodes must be numbered. */
int *steps_of_blocks(Graph *graph);
/* The operand through which the last node of a block reads the shortcut. */
int shortcut_slot(const Node *end);

/* Before a step: opens and closes `if (keep[N]) {` as the step's block asks. */
void skip_before(Emitter *e, const Node *node);
/* After a step: where it ends a block, writes what happens instead. False with a diagnostic where that is not possible. */
bool skip_after(Emitter *e, const Node *node);
/* After the last step. */
void skip_finish(Emitter *e);

#endif
