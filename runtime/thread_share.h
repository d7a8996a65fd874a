#ifndef RUNTIME_THREAD_SHARE_H
#define RUNTIME_THREAD_SHARE_H

#include "runtime/threads.h"

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

#endif
