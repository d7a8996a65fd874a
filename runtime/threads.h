#ifndef RUNTIME_THREADS_H
#define RUNTIME_THREADS_H

/* With OpenMP a kernel runs on a team of threads that share its work; nothing otherwise. PARALLEL stands where the kernel's
 * constants are, so that each thread runs the specialised code. Every output is computed by one thread: results stay the same. */
#ifdef _OPENMP
#include <omp.h>
#define PARALLEL _Pragma("omp parallel")
#define SHARED_FOR _Pragma("omp for schedule(static)")
#define PARALLEL_FOR _Pragma("omp parallel for schedule(static)")
#define BARRIER _Pragma("omp barrier")
#else
#define PARALLEL
#define SHARED_FOR
#define PARALLEL_FOR
#define BARRIER
#endif

static inline int thread_count(void) {
#ifdef _OPENMP
    return omp_get_num_threads();
#else
    return 1;
#endif
}

static inline int thread_number(void) {
#ifdef _OPENMP
    return omp_get_thread_num();
#else
    return 0;
#endif
}

/* Tasks [first, end). */
struct share {
    int first, end;
};

/* The calling thread's share of the tasks, or all of them where it works `alone`, on what is no other thread's. */
static inline struct share thread_share(int tasks, int alone) {
    const int t = alone ? 0 : thread_number(), n = alone ? 1 : thread_count();
    const struct share share = {(int)((long long)tasks * t / n), (int)((long long)tasks * (t + 1) / n)};
    return share;
}

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

/* Those of [first, end), counted from `first`. */
static inline struct share grid_rows_within(const struct grid_share *g, int block, int first, int end) {
    const struct share rows = grid_rows(g, block);
    const struct share within = {rows.first > first ? rows.first - first : 0, (rows.end < end ? rows.end : end) - first};
    return within;
}

#endif
