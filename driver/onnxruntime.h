/* ONNX Runtime, through Python where it is installed. */
#ifndef SKIPC_DRIVER_ONNXRUNTIME_H
#define SKIPC_DRIVER_ONNXRUNTIME_H

#include "driver/build.h"

/* input_K.npy, for the scripts. */
bool write_peer_inputs(Driver *driver, const Workshop *shop, const Graph *graph, const NpyArray *inputs);
/* Runs the original model file; one tensor per output, NULL on failure. */
Tensor **onnxruntime_run(Driver *driver, const Workshop *shop, const Graph *graph, const char *model_path);
/* Times the runner and ONNX Runtime in turn; `out` receives a line "runner_ns onnxruntime_ns" per pair. */
bool onnxruntime_bench(Driver *driver, const Workshop *shop, const Graph *graph, const char *model_path, int64_t threads,
                       int64_t runs, const char *out);

#endif
