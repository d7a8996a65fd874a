/* The files of this folder, as text: what verify and bench hand to the C compiler and to Python. */
#ifndef SKIPC_DRIVER_EMBEDDED_H
#define SKIPC_DRIVER_EMBEDDED_H

extern const char embedded_runner_h[], embedded_runner_c[], embedded_lesion_runner_c[], embedded_peak_c[],
    embedded_verify_peers_py[], embedded_bench_peers_py[];

#endif
