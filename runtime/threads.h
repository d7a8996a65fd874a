#ifndef RUNTIME_THREADS_H
#define RUNTIME_THREADS_H

/* With OpenMP a team of threads goes through a network's steps together. They share the work of the kernels that are written for
 * it, each of which ends with a BARRIER, and leave the other steps to a SINGLE thread. Every output is computed by one thread:
 * results stay the same. Without OpenMP there is one thread, and the macros do nothing. */
#ifdef _OPENMP
#include <omp.h>
#define PARALLEL _Pragma("omp parallel")
#define SHARED_FOR _Pragma("omp for schedule(static)")
#define SINGLE _Pragma("omp single")
#define BARRIER                                                                                                                  \
    do {                                                                                                                         \
        _Pragma("omp barrier")                                                                                                   \
    } while (0)
#else
#define PARALLEL
#define SHARED_FOR
#define SINGLE
#define BARRIER ((void)0)
#endif

#endif
