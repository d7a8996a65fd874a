/* Checks a memory plan by running it: see verify_plan.c. */
#ifndef SKIPC_CODEGEN_VERIFY_PLAN_H
#define SKIPC_CODEGEN_VERIFY_PLAN_H

#include "codegen/plan.h"

/* False with a diagnostic at the first step that reads bytes which nobody wrote or which another value has overwritten, writes
 * over what it still reads, or leaves its memory. Nodes are numbered. A broken plan is a defect of skipc, never of the model. */
bool verify_plan(Graph *graph, const Plan *plan);

#endif
