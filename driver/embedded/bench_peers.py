"""What skipc is timed against, and how: `skipc bench` runs this file, and bench/speed.py imports it.

MODEL PEER THREADS RUNS INPUT_COUNT NAME...: times ./runner and the peer in turn on input_K.npy; a line "runner_ns peer_ns" a pair.
"""
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WARM_UPS = 3
NO_MODULE = 3  # exit status
OTHER_RESULT = 1e-2  # a peer this far off computes another network, or in another precision


class Unsupported(Exception):
    """The peer is there, and can't run this network."""


def open_onnxruntime(model, feed, outputs, threads, folder):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(outputs, feed)


def open_openvino(model, feed, outputs, threads, folder):
    import openvino

    # Without the hint it would compute in bfloat16 where the machine has it.
    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": 1}
    core = openvino.Core()
    read = core.read_model(str(model))
    read.reshape({name: list(array.shape) for name, array in feed.items()})
    request = core.compile_model(read, "CPU", settings).create_infer_request()

    def run():
        results = request.infer(feed)
        return [results[name] for name in outputs]

    return run


def whole_model(model, folder):
    """A copy with its weights inside, alone in a folder: converters write beside the model. Another process makes it, for its memory's sake."""
    import onnx  # noqa: F401  (says here that it is missing)

    path = Path(folder) / "model.onnx"
    converted([sys.executable, "-c", "import sys, onnx; onnx.save(onnx.load(sys.argv[1]), sys.argv[2])", Path(model).resolve(), path], path, folder)
    return path


def converted(command, wanted, folder):
    done = subprocess.run([str(word) for word in command], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0 or not wanted.exists():
        lines = done.stdout.decode(errors="replace").strip().splitlines()
        raise Unsupported(f"its converter does not convert the model: {lines[-1] if lines else 'it says nothing'}")


def open_ncnn(model, feed, outputs, threads, folder):
    import ncnn
    import numpy
    import pnnx  # noqa: F401  (its program is what is used)

    if any(array.ndim != 4 or array.shape[0] != 1 for array in feed.values()):
        raise Unsupported("ncnn runs one image at a time")
    shapes = ",".join(f"[{','.join(map(str, array.shape))}]f32" for array in feed.values())
    unused = [f"{name}=/dev/null" for name in ("pnnxparam", "pnnxbin", "pnnxpy", "pnnxonnx", "ncnnpy")]
    files = Path(folder) / "net.param", Path(folder) / "net.bin"
    program = Path(sys.executable).parent / "pnnx"  # where pip puts it
    converted([program, whole_model(model, folder), f"inputshape={shapes}", "fp16=0",
               f"ncnnparam={files[0]}", f"ncnnbin={files[1]}", *unused], files[1], folder)
    net = ncnn.Net()
    net.opt.num_threads = threads
    for half in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage"):
        setattr(net.opt, half, False)
    if net.load_param(str(files[0])) != 0 or net.load_model(str(files[1])) != 0:
        raise Unsupported("ncnn does not load the converted model")
    inputs = [ncnn.Mat(numpy.ascontiguousarray(array[0])) for array in feed.values()]
    names = sorted(net.input_names(), key=lambda name: int(name[2:])), sorted(net.output_names(), key=lambda name: int(name[3:]))

    def run():
        extractor = net.create_extractor()
        for name, mat in zip(names[0], inputs, strict=True):
            extractor.input(name, mat)
        return [numpy.array(extractor.extract(name)[1]) for name in names[1]]

    return run


def open_mnn(model, feed, outputs, threads, folder):
    import MNN
    import numpy

    path = Path(folder) / "net.mnn"
    # The converter itself, in a process of its own: the `mnnconvert` around it installs packages, downgrades others, and reports its use.
    convert = [sys.executable, "-c", "import sys, _tools; _tools.mnnconvert(sys.argv)"]
    converted([*convert, "-f", "ONNX", "--modelFile", whole_model(model, folder), "--MNNModel", path,
               "--bizCode", "skipc"], path, folder)
    runtime = MNN.nn.create_runtime_manager(({"backend": "CPU", "precision": "high", "numThread": threads},))
    module = MNN.nn.load_module_from_file(str(path), list(feed), list(outputs), runtime_manager=runtime)
    inputs = []
    for array in feed.values():
        inputs.append(MNN.expr.placeholder(list(array.shape), MNN.expr.NCHW))
        inputs[-1].write(array)

    def run():
        results = module.onForward(inputs)
        return [numpy.array(MNN.expr.convert(result, MNN.expr.NCHW).read()) for result in results]

    return run


# name: a function (model, {input name: array}, output names, threads, folder for files) -> run, which returns the outputs.
# Raises ImportError where it is not installed, Unsupported where it can't run the network.
PEERS = {"onnxruntime": open_onnxruntime, "openvino": open_openvino, "ncnn": open_ncnn, "mnn": open_mnn}


def timed(run, clock=time.perf_counter_ns):
    """A function that calls `run` once, and returns the nanoseconds."""

    def timer():
        start = clock()
        run()
        return clock() - start

    return timer


PAUSE, WAKING = 0.2, 0.03  # seconds


def wake(timer):
    """Lets a side's threads have the machine: the other's spin for a while after a run, ONNX Runtime's for more than 20 ms, and a
    virtual machine's second processor takes milliseconds to come back from the pause."""
    time.sleep(PAUSE)
    end = time.monotonic() + WAKING
    timer()
    while time.monotonic() < end:
        timer()


def rounds(timers, count, threads):
    """Calls each timer once a round; after the warm-ups yields the rounds' [nanoseconds of each timer]."""
    for number in range(WARM_UPS + count):
        times = []
        for timer in timers:
            if threads > 1:
                wake(timer)
            times.append(timer())
        if number >= WARM_UPS:
            yield times


def relative_difference(mine, theirs):
    import numpy

    mine, theirs = numpy.ravel(mine).astype(numpy.float64), numpy.ravel(theirs).astype(numpy.float64)
    return numpy.abs(mine - theirs).max() / max(numpy.abs(theirs).max(), 1e-30) if mine.size == theirs.size else numpy.inf


def check_result(mine, theirs, name):
    """Of the first output."""
    if (difference := relative_difference(mine, theirs)) > OTHER_RESULT:
        raise Unsupported(f"{name} computes something else (a relative difference of {difference:.1g})")


def runner_timer(runner):
    def timer():
        runner.stdin.write(b"\n")
        runner.stdin.flush()
        line = runner.stdout.readline()
        if not line:
            raise SystemExit("error: the compiled network ended early")
        return int(line)

    return timer


def main(model, peer, threads, runs, input_count, *names):
    import numpy

    threads, runs, input_count = int(threads), int(runs), int(input_count)
    lines = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # peers print what they like to standard output
    feed = {name: numpy.load(f"input_{k}.npy") for k, name in enumerate(names[:input_count])}
    with tempfile.TemporaryDirectory() as folder:
        run = PEERS[peer](model, feed, list(names[input_count:]), threads, folder)
        with subprocess.Popen(["./runner"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as runner:
            runner_timer(runner)()  # its outputs are written now
            first = numpy.asarray(run()[0])
            check_result(numpy.fromfile("output_0.bin", first.dtype), first, peer)
            for pair in rounds([runner_timer(runner), timed(run)], runs, threads):
                print(*pair, file=lines)
            runner.stdin.close()
            if runner.wait() != 0:
                raise SystemExit("error: the compiled network failed")
    lines.close()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))  # an interrupted bench leaves no files
    try:
        main(*sys.argv[1:])
    except ImportError as missing:
        print(missing, file=sys.stderr)
        sys.exit(NO_MODULE)
    except Unsupported as reason:
        sys.exit(f"error: {reason}")
