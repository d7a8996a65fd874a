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

/* True where the threads get about as many of the rows each. */
static inline int rows_divide(int rows) {
    const int n = thread_count();
    return (rows + n - 1) / n * n - rows <= rows / 8;
}

/* Tasks of `blocks` by `rows`, of which number `task` is row first_row + task % rows of block task / rows. */
struct grid_share {
    int first_row, rows;
    struct share tasks;
};

/* The calling thread's share, or all where it works `alone`. With `by_rows`, where there are enough of them, rows of its own of
 * every block: the same as in the layers before and after, so that what it reads is in its own cache. Else blocks of its own. */
static inline struct grid_share thread_grid_share(int blocks, int rows, int by_rows, int alone) {
    by_rows = by_rows && rows_divide(rows);
    const struct share mine = thread_share(rows, alone || !by_rows);
    const struct grid_share share = {mine.first, mine.end - mine.first,
                                     thread_share(blocks * (mine.end - mine.first), alone || by_rows)};
    return share;
}

#endif
