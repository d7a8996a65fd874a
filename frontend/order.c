#include "frontend/model.h"

/* Depth first from the nodes in file order, on a stack of our own: a model may be a million nodes deep. */
typedef struct {
    int node;
    int next_input;
} Visit;

enum { UNSEEN, OPEN, DONE };

/* The producer of the next input that isn't ordered yet, or NO_NODE when all are. */
static int next_producer(const Model *model, Visit *visit, const char *state, int *slot) {
    const OnnxNode *node = &model->nodes[visit->node];
    while (visit->next_input < node->in_count) {
        *slot = node->in[visit->next_input++];
        if (*slot == NO_SLOT) continue;
        int producer = model->slots[*slot].producer;
        if (producer != NO_NODE && state[producer] != DONE) return producer;
    }
    return NO_NODE;
}

static bool visit_from(Model *model, int root, char *state, Visit *stack, int *order, int *ordered) {
    int depth = 0, slot = NO_SLOT;
    stack[depth++] = (Visit){.node = root};
    state[root] = OPEN;
    while (depth > 0) {
        Visit *top = &stack[depth - 1];
        int producer = next_producer(model, top, state, &slot);
        if (producer == NO_NODE) {
            state[top->node] = DONE;
            order[(*ordered)++] = top->node;
            depth--;
        } else if (state[producer] == OPEN) {
            const OnnxNode *node = &model->nodes[top->node];
            return fail_at(model->diag, STATUS_INVALID, node->name, node->op_type,
                           "is part of a cycle: its input '%s' depends on its own output", model->slots[slot].name);
        } else {
            state[producer] = OPEN;
            stack[depth++] = (Visit){.node = producer};
        }
    }
    return true;
}

int *order_nodes(Model *model) {
    int count = model->node_count, ordered = 0;
    char *state = ARENA_ARRAY(model->arena, char, count + 1);
    Visit *stack = ARENA_ARRAY(model->arena, Visit, count + 1);
    int *order = ARENA_ARRAY(model->arena, int, count + 1);
    for (int i = 0; i < count; i++)
        if (state[i] == UNSEEN && !visit_from(model, i, state, stack, order, &ordered)) return NULL;
    return order;
}

void mark_wanted(Model *model, const int *order) {
    for (int i = model->node_count - 1; i >= 0; i--) {
        OnnxNode *node = &model->nodes[order[i]];
        for (int k = 0; k < node->out_count; k++)
            if (node->out[k] != NO_SLOT && model->slots[node->out[k]].wanted) node->wanted = true;
        if (!node->wanted) continue;
        for (int k = 0; k < node->in_count; k++)
            if (node->in[k] != NO_SLOT) model->slots[node->in[k]].wanted = true;
    }
}
