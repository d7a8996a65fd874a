#ifndef RUNTIME_GRID_SHARE_H
#define RUNTIME_GRID_SHARE_H

#include "runtime/thread_share.h"

/* A thread's share of `blocks` by `rows` tasks. `by_rows` it is whole rows but for the first and the last, of which it has some
 * blocks: the same rows as in the layers before and after, so that what it reads is in its own cache. Else it is whole blocks. */
struct grid_share {
    int blocks, rows, by_rows;
    struct share tasks;
};

/* The calling thread's share, or all where it works `alone`. */
static inline struct grid_share thread_grid_share(int blocks, int rows, int by_rows, int alone) {
    const struct grid_share share = {blocks, rows, by_rows, thread_share(blocks * rows, alone)};
    return share;
}

/* Of the first `tasks` tasks, those that are rows of `block`. */
static inline int grid_rows_before(const struct grid_share *g, int tasks, int block) {
    if (g->by_rows) return (tasks - block + g->blocks - 1) / g->blocks;
    const int rows = tasks - block * g->rows;
    return rows < 0 ? 0 : rows < g->rows ? rows : g->rows;
}

/* The rows of a block that are the thread's. */
static inline struct share grid_rows(const struct grid_share *g, int block) {
    const struct share rows = {grid_rows_before(g, g->tasks.first, block), grid_rows_before(g, g->tasks.end, block)};
    return rows;
}

#endif
