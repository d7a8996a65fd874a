#ifndef RUNTIME_THREADS_H
#define RUNTIME_THREADS_H

/* With OpenMP a kernel runs on a team of threads that share its loops; nothing otherwise. PARALLEL stands where the kernel's
 * constants are, so that each thread runs the specialised code. Every output is computed by one thread: results stay the same. */
#ifdef _OPENMP
#define PARALLEL _Pragma("omp parallel")
#define SHARED_FOR _Pragma("omp for schedule(static)")
#define PARALLEL_FOR _Pragma("omp parallel for schedule(static)")
#else
#define PARALLEL
#define SHARED_FOR
#define PARALLEL_FOR
#endif

#endif
