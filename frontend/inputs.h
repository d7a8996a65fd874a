/* Graph inputs, and what the model declares of values. */
#ifndef SKIPC_FRONTEND_INPUTS_H
#define SKIPC_FRONTEND_INPUTS_H

#include "frontend/dims.h"

/* Makes the graph's inputs values with static shapes. Initializers are no inputs, even where old exporters list them; nor is
 * what is bound. */
bool import_inputs(Model *model, Graph *graph, const ImportOptions *options);
/* The inputs that --bind makes constants. */
bool import_bindings(Dims *dims, Graph *graph);
/* A shape or type declared for a value that is known by now contradicts it: noted for intermediate values and outputs. */
bool check_declared(Model *model, const Onnx__ValueInfoProto *declared, const Value *value);

#endif
