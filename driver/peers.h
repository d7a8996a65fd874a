/* What users would otherwise run, through Python where it is installed. */
#ifndef SKIPC_DRIVER_PEERS_H
#define SKIPC_DRIVER_PEERS_H

#include "driver/build.h"

typedef struct {
    const char *name, *title; /* as --against takes it; as it is called */
    const char *packages;     /* for pip */
} Peer;

/* NULL where there is none of that name. */
const Peer *peer_find(const char *name);
#define PEER_NAMES "onnxruntime|openvino|ncnn|mnn"

/* input_K.npy, for the scripts: of the graph's inputs, then of those that --bind made constants. */
bool write_peer_inputs(Driver *driver, const Workshop *shop, const Graph *graph, const NpyArray *inputs);
/* Runs the original model file; one tensor per output, NULL on failure. */
Tensor **onnxruntime_run(Driver *driver, const Workshop *shop, const Graph *graph, const char *model_path);
/* Times the runner and a peer in turn, as driver/embedded/bench_peers.py does; `out` receives a line "runner_ns peer_ns" per
 * pair. */
bool peer_bench(Driver *driver, const Workshop *shop, const Graph *graph, const char *model_path, const Peer *peer,
                int64_t threads, int64_t runs, const char *out);

#endif
