/* What users would otherwise run, through Python where it is installed. */
#ifndef SKIPC_DRIVER_PEERS_H
#define SKIPC_DRIVER_PEERS_H

#include "driver/build.h"

typedef struct {
    const char *name, *title; /* as --against takes it; as it is called */
    const char *packages;     /* for pip */
} Peer;

/* One to be timed; NULL where there is none of that name. */
const Peer *peer_find(const char *name);
#define PEER_NAMES "onnxruntime|openvino|ncnn|mnn"

/* input_K.npy, for the scripts: of the graph's inputs, then of those that --bind made constants. */
bool write_peer_inputs(Driver *driver, const Workshop *shop, const Graph *graph, const NpyArray *inputs);
/* Those that verify asks: ONNX Runtime without its optimisations and with them, and the onnx package's reference evaluator. */
extern const Peer peer_onnxruntime, peer_onnxruntime_optimised, peer_onnx;
/* Runs the original model file as driver/embedded/verify_peers.py does; one tensor per output, of the peer's type and shape, NULL
 * on failure. With `inner`, names of values inside the model, peer_inner then has those. */
Tensor **peer_run(Driver *driver, const Workshop *shop, const Graph *graph, const char *model_path, const Peer *peer,
                  const TextList *inner);
/* What the last such run computed for inner->item[index], in `arena`; NULL where the model has no such value, or it can't be
 * read. */
Tensor *peer_inner(Driver *driver, const Workshop *shop, Arena *arena, int index);
/* Times the runner and a peer in turn, as driver/embedded/bench_peers.py does; `out` receives a line "runner_ns peer_ns" per
 * pair. */
bool peer_bench(Driver *driver, const Workshop *shop, const Graph *graph, const char *model_path, const Peer *peer,
                int64_t threads, int64_t runs, const char *out);

#endif
