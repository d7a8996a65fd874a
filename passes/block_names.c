/* Names for residual blocks, from what exporters leave of a model's structure. Several kinds of names are made for each block; it
 * gets the first one that no other block's name of that kind equals. */
#include "passes/residual_blocks.h"
#include "passes/rewrite.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST_BLOCK_NAME = 100 };

/* A stretch of a name that belongs to the model. */
typedef struct {
    const char *text;
    size_t length;
} Part;

/* "/layer1/layer1.0/conv1/Conv", '/': "/layer1/layer1.0/conv1"; empty where the separator is missing. */
static Part without_last(const char *name, char separator) {
    const char *last = strrchr(name, separator);
    return (Part){name, last ? (size_t)(last - name) : 0};
}

/* The longest common beginning that ends at a separator, or at the end of both. */
static Part common_part(Part a, Part b, char separator) {
    size_t common = 0, length = 0;
    while (common < a.length && common < b.length && a.text[common] == b.text[common]) {
        if (a.text[common] == separator) length = common;
        common++;
    }
    bool a_ends = common == a.length || a.text[common] == separator;
    bool b_ends = common == b.length || b.text[common] == separator;
    return (Part){a.text, a_ends && b_ends ? common : length};
}

/* The scope that the branch's layers share in the names of their nodes. */
static Part node_scope(const BranchLayers *branch) {
    Part scope = without_last(branch->layer[0]->name, '/');
    for (int k = 1; k < branch->count; k++) scope = common_part(scope, without_last(branch->layer[k]->name, '/'), '/');
    return scope;
}

/* The same with the Add, whose name stands nearest to the block where it has a scope at all. */
static Part block_scope(const ResidualBlock *block, const BranchLayers *branch) {
    Part scope = node_scope(branch), with_add = common_part(scope, without_last(block->add->name, '/'), '/');
    return with_add.length > 0 ? with_add : scope;
}

static Part last_component(Part scope) {
    size_t start = scope.length;
    while (start > 0 && scope.text[start - 1] != '/') start--;
    return (Part){scope.text + start, scope.length - start};
}

/* layer1.0.conv1.weight and layer1.0.conv2.weight: layer1.0 */
static Part weight_scope(const BranchLayers *branch) {
    Part scope = {"", 0};
    for (int k = 0; k < branch->count; k++) {
        const Value *weight = branch->layer[k]->in[1];
        Part module = without_last(weight->name, '.');
        if (!weight->data || module.length == 0) return (Part){"", 0};
        scope = k ? common_part(scope, module, '.') : module;
    }
    return scope;
}

/* As it can stand in a list on the command line, where numbers are indexes; '#' is kept for our own suffix. */
static const char *block_name(Arena *arena, Part part) {
    while (part.length > 0 && part.text[0] == '/') part = (Part){part.text + 1, part.length - 1};
    if (part.length > LONGEST_BLOCK_NAME) part.length = LONGEST_BLOCK_NAME;
    char *name = arena_strndup(arena, part.text, part.length);
    for (char *c = name; *c; c++) {
        if (*c == ',' || *c == '#' || (unsigned char)*c <= ' ' || *c == 0x7f) *c = '_';
    }
    bool number = *name && strspn(name, "0123456789") == strlen(name);
    return number ? arena_printf(arena, "block%s", name) : name;
}

typedef enum { LAST_SCOPE, WEIGHT_SCOPE, WHOLE_SCOPE, ADD_NAME, NAME_KINDS } NameKind;

static Part name_part(NameKind kind, const ResidualBlock *block, const BranchLayers *branch) {
    switch (kind) {
    case LAST_SCOPE: return last_component(block_scope(block, branch));
    case WEIGHT_SCOPE: return weight_scope(branch);
    case WHOLE_SCOPE: return block_scope(block, branch);
    default: return (Part){block->add->name, strlen(block->add->name)};
    }
}

typedef struct {
    const char *name;
    int index;
} NamedIndex;

static int by_name(const void *a, const void *b) {
    const NamedIndex *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* unique[k]: names[k] is not empty, and nobody else's. `sorted` has room for all. */
static void find_unique(const char *const *names, int count, NamedIndex *sorted, bool *unique) {
    for (int k = 0; k < count; k++) sorted[k] = (NamedIndex){names[k], k};
    qsort(sorted, (size_t)count, sizeof *sorted, by_name);
    for (int k = 0; k < count; k++) {
        bool shared = (k > 0 && strcmp(sorted[k - 1].name, sorted[k].name) == 0) ||
                      (k + 1 < count && strcmp(sorted[k].name, sorted[k + 1].name) == 0);
        unique[sorted[k].index] = !shared && *sorted[k].name;
    }
}

void residual_blocks_name(Graph *graph, ResidualBlocks *blocks, const BranchLayers *branches) {
    int count = blocks->count;
    const char **names = ARENA_ARRAY(graph->arena, const char *, count);
    bool *unique = ARENA_ARRAY(graph->arena, bool, count);
    NamedIndex *sorted = ARENA_ARRAY(graph->arena, NamedIndex, count);
    for (NameKind kind = LAST_SCOPE; kind < NAME_KINDS; kind++) {
        for (int k = 0; k < count; k++) names[k] = block_name(graph->arena, name_part(kind, &blocks->block[k], &branches[k]));
        find_unique(names, count, sorted, unique);
        for (int k = 0; k < count; k++) {
            if (!blocks->block[k].name && unique[k]) blocks->block[k].name = names[k];
        }
    }
    /* Names of different kinds may still be equal, and some blocks have none. */
    for (int k = 0; k < count; k++) names[k] = blocks->block[k].name ? blocks->block[k].name : "";
    find_unique(names, count, sorted, unique);
    for (int k = 0; k < count; k++) {
        if (!unique[k]) blocks->block[k].name = arena_printf(graph->arena, "%s#%d", *names[k] ? names[k] : "block", k);
    }
}
