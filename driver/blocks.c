#include "driver/blocks.h"

#include "driver/options.h"
#include "passes/passes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Splits at commas; an empty item stays one. */
static TextList split_list(Arena *arena, const char *text) {
    TextList items = {.count = 0};
    for (;;) {
        size_t length = strcspn(text, ",");
        list_add(arena, &items, arena_strndup(arena, text, length));
        if (!text[length]) return items;
        text += length + 1;
    }
}

static bool require_blocks(Driver *driver, const ResidualBlocks *blocks, const char *option) {
    if (blocks->count > 0) return true;
    return fail(driver->diag, STATUS_USAGE, "--%s: the network has no residual blocks", option);
}

/* By index or by name; -1 with a message. */
static int find_block(Driver *driver, const ResidualBlocks *blocks, const char *item) {
    int64_t index;
    if (number_parse(item, 0, blocks->count - 1, &index)) return (int)index;
    for (int k = 0; k < blocks->count; k++) {
        if (strcmp(blocks->block[k].name, item) == 0) return k;
    }
    const char *near = nearest_name(item, &blocks->block[0].name, blocks->count, sizeof(ResidualBlock));
    fail(driver->diag, STATUS_USAGE, "--drop-blocks: there is no block '%s': they are 0 to %d, %s to %s%s%s%s", item,
         blocks->count - 1, blocks->block[0].name, blocks->block[blocks->count - 1].name, near ? ": did you mean " : "",
         near ? near : "", near ? "?" : " ('skipc inspect' lists them)");
    return -1;
}

static bool check_droppable(Driver *driver, const ResidualBlock *block, int index) {
    char from[256], to[256];
    if (block->droppable) return true;
    return fail(
        driver->diag, STATUS_USAGE,
        "--drop-blocks: block %d '%s' changes the shape from %s to %s: its shortcut is a projection, and can't stand for it",
        index, block->name, shape_text(&block->from, from, sizeof from), shape_text(&block->to, to, sizeof to));
}

/* dropped[k], by block. */
static bool choose_dropped(Driver *driver, const ResidualBlocks *blocks, const char *list, bool *dropped) {
    TextList items = split_list(driver->arena, list);
    if (!require_blocks(driver, blocks, "drop-blocks")) return false;
    for (int k = 0; k < items.count; k++) {
        int index = find_block(driver, blocks, items.item[k]);
        if (index < 0 || !check_droppable(driver, &blocks->block[index], index)) return false;
        if (dropped[index])
            return fail(driver->diag, STATUS_USAGE, "--drop-blocks: block %d '%s' is listed twice", index,
                        blocks->block[index].name);
        dropped[index] = true;
    }
    return true;
}

static bool parse_survival(Driver *driver, const char *text, double *p) {
    char *end;
    *p = strtod(text, &end);
    if (end != text && *end == 0 && *p > 0 && *p <= 1) return true;
    return fail(driver->diag, STATUS_USAGE,
                "--survival takes 'linear:P' or one probability a block, each over 0 and at most 1, not '%s'", text);
}

/* p[k], by block: given one by one, or by the linear rule of Huang et al. 2016, p_l = 1 - l/L (1 - p_L) for l = 1 to L. */
static bool choose_survival(Driver *driver, const ResidualBlocks *blocks, const char *text, double *p) {
    static const char linear[] = "linear:";
    if (!require_blocks(driver, blocks, "survival")) return false;
    if (strncmp(text, linear, strlen(linear)) == 0) {
        double last;
        if (!parse_survival(driver, text + strlen(linear), &last)) return false;
        for (int k = 0; k < blocks->count; k++) p[k] = 1 - (k + 1) * (1 - last) / blocks->count;
        return true;
    }
    TextList items = split_list(driver->arena, text);
    for (int k = 0; k < items.count; k++) {
        double number;
        if (!parse_survival(driver, items.item[k], &number)) return false;
        if (k < blocks->count) p[k] = number;
    }
    if (items.count == blocks->count) return true;
    return fail(driver->diag, STATUS_USAGE, "--survival: the network has %d residual blocks, the list has %d probabilities",
                blocks->count, items.count);
}

static bool scale_blocks(Graph *graph, const ResidualBlocks *blocks, const double *p) {
    for (int k = 0; k < blocks->count; k++) {
        if (p[k] != 1 && !residual_block_scale(graph, &blocks->block[k], p[k])) return false;
    }
    return true;
}

static void drop_blocks(Graph *graph, ResidualBlocks *blocks, const bool *dropped) {
    int left = 0;
    for (int k = 0; k < blocks->count; k++) {
        if (dropped[k])
            residual_block_drop(graph, &blocks->block[k]);
        else
            blocks->block[left++] = blocks->block[k];
    }
    blocks->count = left;
}

static bool mark_blocks(Driver *driver, Graph *graph, const ResidualBlocks *blocks) {
    if (!require_blocks(driver, blocks, "droppable")) return false;
    for (int k = 0; k < blocks->count; k++) {
        if (blocks->block[k].droppable) residual_block_mark(graph, &blocks->block[k], k);
    }
    return true;
}

bool blocks_apply(Driver *driver, Graph *graph, BlockOptions *options) {
    if (!widen_half(graph) || !fold_constants(graph) || !remove_dead_code(graph)) return false;
    options->found = residual_blocks_find(graph);
    ResidualBlocks *blocks = &options->found;
    double *p = ARENA_ARRAY(driver->arena, double, blocks->count + 1);
    bool *dropped = ARENA_ARRAY(driver->arena, bool, blocks->count + 1);
    /* All that can be wrong is said before anything is rewritten. */
    if (options->survival && !choose_survival(driver, blocks, options->survival, p)) return false;
    if (options->drop && !choose_dropped(driver, blocks, options->drop, dropped)) return false;
    if (options->survival && !scale_blocks(graph, blocks, p)) return false;
    if (options->drop) drop_blocks(graph, blocks, dropped);
    return (!options->drop || remove_dead_code(graph)) && (!options->droppable || mark_blocks(driver, graph, blocks));
}

const BlockLabel *block_labels(Driver *driver, const BlockOptions *options) {
    if (!options || !options->droppable) return NULL;
    BlockLabel *labels = ARENA_ARRAY(driver->arena, BlockLabel, options->found.count);
    for (int k = 0; k < options->found.count; k++)
        labels[k] = (BlockLabel){options->found.block[k].name, options->found.block[k].droppable};
    return labels;
}
