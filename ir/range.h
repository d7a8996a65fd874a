/* What the nodes that compute a value say of its elements, whatever the inputs are. */
#ifndef SKIPC_IR_RANGE_H
#define SKIPC_IR_RANGE_H

#include "ir/graph.h"

/* No element can be negative (NaN aside), through nodes that only choose or average elements. False where it is not known. */
bool value_is_never_negative(const Value *value);

#endif
