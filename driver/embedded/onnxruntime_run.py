"""MODEL INPUT_COUNT NAME...: runs the model in ONNX Runtime on input_K.npy and saves its outputs as peer_K.npy."""
import sys

try:
    import numpy
    import onnxruntime
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(3)

model, input_count, names = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
options.log_severity_level = 4
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
feed = {name: numpy.load(f"input_{k}.npy") for k, name in enumerate(names[:input_count])}
for k, result in enumerate(session.run(names[input_count:], feed)):
    numpy.save(f"peer_{k}.npy", numpy.asarray(result, order="C"))
