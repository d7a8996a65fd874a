/* Graph inputs, their symbolic dimensions, and the settings (--dim) that fix them. */
#ifndef SKIPC_FRONTEND_INPUTS_H
#define SKIPC_FRONTEND_INPUTS_H

#include "frontend/model.h"

/* Makes the graph's inputs values with static shapes. Initializers are no inputs, even where old exporters list them. */
bool import_inputs(Model *model, Graph *graph, const ImportOptions *options);
/* A shape declared for a value that is known by now contradicts it: noted for intermediate values and outputs. */
bool check_declared(Model *model, const Onnx__ValueInfoProto *declared, const Value *value);

#endif
