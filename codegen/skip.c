#include "codegen/skip.h"

#include "codegen/activation.h"
#include "codegen/step.h"
#include "ir/range.h"

static int block_ended_by(const Node *node) {
    return (int)attr_int(node, A_BLOCK, -1);
}

int shortcut_slot(const Node *end) {
    return end->op == OP_Conv ? 3 : 1;
}

/* The block that reads operand `slot` for its branch. */
static int reading_block(const Node *reader, int slot, const int *block) {
    bool is_shortcut = block_ended_by(reader) >= 0 && slot == shortcut_slot(reader);
    return is_shortcut ? -1 : block[reader->mark];
}

/* -1 as soon as two readers disagree. */
static int block_of_readers(const Value *value, const int *block) {
    int common = -1;
    if (value->output_count) return -1;
    for (int u = 0; u < value->user_count; u++) {
        const Node *reader = value->users[u];
        for (int slot = 0; slot < reader->in_count; slot++) {
            if (reader->in[slot] != value) continue;
            int reading = reading_block(reader, slot, block);
            if (reading < 0 || (common >= 0 && reading != common)) return -1;
            common = reading;
        }
    }
    return common;
}

/* Against execution order: a node is looked at after all who read it. */
int *steps_of_blocks(Graph *graph) {
    int steps = graph->last ? graph->last->mark + 1 : 0;
    int *block = ARENA_ARRAY(graph->arena, int, steps + 1);
    for (Node *node = graph->last; node; node = node->prev) {
        int own = block_ended_by(node);
        for (int k = 0; own < 0 && k < node->out_count; k++) {
            int of_output = block_of_readers(node->out[k], block);
            own = k == 0 || of_output == own ? of_output : -1;
            if (of_output < 0) break;
        }
        block[node->mark] = own;
    }
    return block;
}

static void close_block(Emitter *e, const char *rest) {
    e->depth = 2;
    emit(e, "}%s", rest);
    e->open_block = -1;
    e->base_depth = 1;
}

void skip_before(Emitter *e, const Node *node) {
    int block = e->block_of_step ? e->block_of_step[node->mark] : -1;
    if (block == e->open_block) return;
    if (e->open_block >= 0) close_block(e, "");
    if (block < 0) return;
    text_printf(&e->steps, "\n");
    e->depth = 1;
    emit(e, "if (keep[%d]) { /* block '%s' */", block, comment_text(e->graph->arena, e->options->blocks[block].name));
    e->open_block = block;
    e->base_depth = 2;
}

/* y = act(shortcut); nothing where y lies over the shortcut and the activation changes nothing. */
static void write_shortcut(Emitter *e, const Node *end, const Value *shortcut) {
    const Value *y = end->out[0];
    int64_t count = shape_count(&y->shape);
    Activation activation = (Activation)attr_int(end, A_ACTIVATION, ACT_NONE);
    bool is_plain = activation == ACT_NONE || (activation == ACT_RELU && value_is_never_negative(shortcut));
    bool in_place = same_memory(e, shortcut, y);
    if (count == 0 || (is_plain && in_place)) {
        close_block(e, " /* else the result is its shortcut, which lies in the same place */");
        return;
    }
    close_block(e, " else SINGLE {");
    e->depth = 2;
    if (!in_place) declare_input(e, "shortcut", shortcut);
    declare_output(e, "y", y);
    if (is_plain)
        emit(e, "memcpy(y, shortcut, %lld);", (long long)count * (long long)dtype_size(y->type));
    else
        emit(e, "for (size_t i = 0; i < %lld; i++) y[i] = %s;", (long long)count,
             activation_expression(e, end, in_place ? "y[i]" : "shortcut[i]"));
    emit(e, "}");
}

bool skip_after(Emitter *e, const Node *node) {
    int slot = shortcut_slot(node);
    if (!e->block_of_step || block_ended_by(node) < 0) return true;
    const Value *shortcut = slot < node->in_count ? node->in[slot] : NULL;
    /* What the passes guarantee (fuse-residual, choose-layout). */
    if (!shortcut || shortcut->layout != node->out[0]->layout || !shape_equal(&shortcut->shape, &node->out[0]->shape) ||
        node->out_count != 1)
        return node_fail(e->graph, node, STATUS_UNSUPPORTED, "its residual block can't be skipped at run time");
    write_shortcut(e, node, shortcut);
    return true;
}

void skip_finish(Emitter *e) {
    if (e->open_block >= 0) close_block(e, "");
}
