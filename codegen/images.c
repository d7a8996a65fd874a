#include "codegen/images.h"

#include "codegen/lower.h"
#include "codegen/step.h"
#include "ir/images.h"

#include <inttypes.h>

/* The loop's first and last lines belong to steps, which therefore can't be shared with others. */
static void add_line(Emitter *e, const char *line) {
    StepText *text = &e->step_texts[e->step_count - 1];
    text_printf(&e->steps, "\n    %s\n", line);
    text->end = e->steps.length;
    text->shareable = false;
}

void images_after(Emitter *e, const Node *node) {
    if (!e->loop_end) return;
    if (node == e->graph->first) {
        add_line(e, arena_printf(e->graph->arena, "for (size_t image = 0; image < %" PRId64 "; image++) { /* one by one */",
                                 e->images));
        e->base_depth = 2;
    }
    if (node == e->loop_end) {
        e->base_depth = 1;
        e->images = 0;
        add_line(e, "}");
    }
}

/* Of the whole batch: the caller's, or a stack. */
static bool holds_batch(const Value *storage) {
    return storage->is_input || storage->producer->op == OP_StackImages;
}

const char *image_offset(Emitter *e, const Value *storage, int64_t bytes) {
    if (!e->images || !holds_batch(storage)) return "";
    e->names_parameter = true; /* the loop's variable */
    return arena_printf(e->graph->arena, " + image * %" PRId64, value_bytes(storage) / e->images / bytes);
}

bool lower_take_image(Emitter *e, Node *node) {
    (void)e, (void)node; /* a view, whose address depends on the loop's image */
    return true;
}

bool lower_stack_images(Emitter *e, Node *node) {
    copy_whole(e, node);
    return true;
}
