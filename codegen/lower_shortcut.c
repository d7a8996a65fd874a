/* AddShortcut: the shortcut is read where it lies, and added in place. */
#include "codegen/step.h"
#include "codegen/vector_elements.h"

#include <inttypes.h>

bool lower_add_shortcut(Emitter *e, Node *node) {
    const Value *sum = node->in[0], *shortcut = node->in[1], *out = node->out[0];
    View y = value_view(out), x = value_view(shortcut);
    Nest nests[BLOCK];
    if (!require_f32(e, node, out->type)) return false;
    y.dim[1] = x.dim[1];
    for (int k = 2; k < shortcut->shape.rank; k++) x.stride[k] *= attr_ints_at(node, A_STRIDES, k - 2, 1);
    int count = nests_of_channels(out->layout, &y, 0, &x, 0, attr_ints_at(node, A_PADS, 0, 0), nests);
    step_by_team(e);
    declare_input(e, "shortcut", shortcut);
    declare_output(e, "y", out);
    if (!same_memory(e, sum, out))
        emit(e, "SINGLE memcpy(y, %s, %" PRId64 " * sizeof *y);", input_pointer(e, sum), shape_count(&out->shape));
    for (int k = 0; k < count; k++) emit_sum_in_place(e, &nests[k], "y", "shortcut");
    emit_activation_after(e, node, "y");
    return true;
}
