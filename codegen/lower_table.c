#include "codegen/lower.h"

#define OP(id, least, most, outputs, infer, evaluate, lower, attributes, notes) Lower lower;
#include "ir/ops.def"
#undef OP

Lower *lower_of(Op op) {
    static Lower *const table[] = {
#define OP(id, least, most, outputs, infer, evaluate, lower, attributes, notes) lower,
#include "ir/ops.def"
#undef OP
    };
    return table[op];
}
