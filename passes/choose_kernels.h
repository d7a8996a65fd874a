/* What the pass choose-kernels chooses between, for those who measure it. */
#ifndef SKIPC_PASSES_CHOOSE_KERNELS_H
#define SKIPC_PASSES_CHOOSE_KERNELS_H

#include "ir/graph.h"

typedef struct {
    const char *name;
    int winograd; /* as A_WINOGRAD has it; 0: direct */
} KernelCandidate;

enum { KERNEL_CANDIDATES = 3 };
extern const KernelCandidate kernel_candidates[KERNEL_CANDIDATES];

/* NULL where there is none of that name. */
const KernelCandidate *kernel_candidate(const char *name);
/* The layer's geometry as a word without blanks, in arena memory: equal for layers that one choice serves. NULL where nothing is
 * to be chosen: one kernel alone can run it, or graph->exact or graph->optimize leave one. */
const char *kernel_layer(const Graph *graph, const Node *node);

#endif
