"""MODEL THREADS RUNS INPUT_COUNT NAME...: times ./runner and ONNX Runtime in turn; a line "runner_ns onnxruntime_ns" a pair."""
import subprocess
import sys
import time

try:
    import numpy
    import onnxruntime
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(3)

WARM_UPS = 3
model, threads, runs, input_count = sys.argv[1], *map(int, sys.argv[2:5])
names = sys.argv[5:]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = threads
options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
options.log_severity_level = 4
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
feed = {name: numpy.load(f"input_{k}.npy") for k, name in enumerate(names[:input_count])}
outputs = names[input_count:]

with subprocess.Popen(["./runner"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as runner:
    for pair in range(WARM_UPS + runs):
        runner.stdin.write(b"\n")
        runner.stdin.flush()
        line = runner.stdout.readline()
        if not line:
            sys.exit("error: the compiled network ended early")
        # The threads of either side spin for a while after a run, and would slow the other's.
        if threads > 1:
            time.sleep(0.02)
        start = time.perf_counter_ns()
        session.run(outputs, feed)
        elapsed = time.perf_counter_ns() - start
        if threads > 1:
            time.sleep(0.02)
        if pair >= WARM_UPS:
            print(int(line), elapsed)
    runner.stdin.close()
    if runner.wait() != 0:
        sys.exit("error: the compiled network failed")
