"""Speed of the compiled C next to its peers: all alternate in one process, so that they meet the same machine.

usage: python bench/speed.py [--threads N] [--runs N] [--json OUT.json] [--relatives] [NETWORK...]
default: every row of the table; with --relatives: every row of that of ResNet's relatives

ONNX Runtime is always there; OpenVINO (f32) where it is installed. "avx2" is the same C built for 256-bit vectors. A ratio is the median of
skipc's time over the peer's, pair by pair; its spread is the middle half of the pairs. The last line counts the rows that meet "must".
"""

import argparse
import json
import os
import platform
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/models")]

TARGETS = {  # network: (must, goal), skipc / ONNX Runtime
    "resnet18": (0.60, 0.46), "resnet34": (0.52, 0.40), "resnet50": (0.88, 0.73), "resnet101": (0.80, 0.64), "resnet152": (0.80, 0.64),
    "wide_resnet50_2": (0.75, 0.60), "resnext50_32x4d": (1.00, 0.85), "vgg16_bn": (0.50, 0.35), "alexnet": (0.90, 0.70), "resnet8": (0.50, 0.35),
}
RELATIVES = {
    "resnet110_cifar": (0.55, 0.35), "densenet100_bc_cifar": (0.60, 0.45), "highway19_subtracted": (0.60, 0.40), "preresnet164_cifar": (0.75, 0.55),
    "preresnet1001_cifar": (0.70, 0.50), "densenet121": (0.87, 0.68), "googlenet": (0.85, 0.65), "inception_v3": (0.85, 0.85), "mobilenet_v2": (0.85, 0.65),
    **{name: (1.00, 1.00) for name in (
        "resnet20_cifar", "preresnet110_cifar", "highway_dense_subtracted", "seresnet50", "seresnext50_32x4d", "ecaresnet50", "resnet50_d", "resnet50_rs",
        "iresnet50", "densenet161", "densenet169", "densenet201", "squeezenet1_0", "squeezenet1_1", "shufflenet_v2_x1_0", "mobilenet_v3_small",
        "regnet_x_400mf", "regnet_y_400mf", "efficientnet_b0", "fcn_resnet50", "deeplabv3_resnet50")},
}
BUILDS = {"skipc": "-march=native", "avx2": "-march=x86-64-v3"}


def cpu_name():
    names = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text()) if platform.system() == "Linux" else []
    vector = "AVX-512" if "avx512f" in Path("/proc/cpuinfo").read_text() else "AVX2"
    return f"{names[0] if names else platform.processor()}, {vector}"


def model_file(network, folder):
    if network == "resnet8":
        return harness.SAMPLE
    path = Path(folder) / f"{network}.onnx"
    export(network, "script-folded", str(path))
    return path


def aligned(count):
    raw = np.zeros(count + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + count]


def compiled(path, folder, threads):
    """{build: function that runs the network once}; the weights are a file, so that building takes seconds."""
    source = harness.compile_model(path, Path(folder) / "net.c", "--weights", "file")
    weights = aligned(source.with_suffix(".weights").stat().st_size)
    weights[:] = np.fromfile(source.with_suffix(".weights"), np.uint8)
    arena = aligned(harness.header_number(source, "NET_ARENA_BYTES"))
    x = np.random.default_rng(1).standard_normal(harness.header_number(source, "NET_INPUT_ELEMENTS")).astype(np.float32)
    y = np.empty(harness.header_number(source, "NET_OUTPUT_ELEMENTS"), np.float32)
    runs = {}
    for name, march in BUILDS.items():
        library = source.with_suffix(f".{name}.so")
        harness.checked(["gcc", "-std=c99", "-O2", march, *(["-fopenmp"] if threads > 1 else []), "-shared", "-fPIC", source, "-o", library, "-lm"])
        function = ctypes.CDLL(str(library)).net_run
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in (x, y, weights, arena)]
        runs[name] = (lambda function=function, pointers=pointers, keep=(x, y, weights, arena): function(*pointers))
    return runs, x


def onnxruntime_run(path, x, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: x.reshape(session.get_inputs()[0].shape)}
    return lambda: session.run(None, feed)


def openvino_run(path, x, threads):
    try:
        import openvino
    except ImportError:
        return None
    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32", "NUM_STREAMS": 1}
    model = openvino.Core().compile_model(str(path), "CPU", settings)
    request = model.create_infer_request()
    shape = tuple(model.inputs[0].shape)
    return lambda: request.infer({0: x.reshape(shape)})


def alternate(runs, count, threads):
    """{name: [ms]}: each round runs every one once, after a pause in which the threads of the one before go to sleep."""
    times = {name: [] for name in runs}
    for number in range(count + 3):
        for name, run in runs.items():
            if threads > 1:
                time.sleep(0.02)
            start = time.perf_counter()
            run()
            if number >= 3:
                times[name].append(1e3 * (time.perf_counter() - start))
    return times


def ratio(times, name, peer):
    pairs = sorted(mine / theirs for mine, theirs in zip(times[name], times[peer]))
    quarter = len(pairs) // 4
    return {"median": statistics.median(pairs), "low": pairs[quarter], "high": pairs[-1 - quarter]}


def measure(network, threads, count):
    with tempfile.TemporaryDirectory() as folder:
        path = model_file(network, folder)
        runs, x = compiled(path, folder, threads)
        runs["onnxruntime"] = onnxruntime_run(path, x, threads)
        if (openvino := openvino_run(path, x, threads)) is not None:
            runs["openvino"] = openvino
        times = alternate(runs, count * (20 if x.size <= 3 * 32 * 32 else 1), threads)
    result = {"network": network, "threads": threads, "ms": {name: statistics.median(values) for name, values in times.items()}}
    result["ratio"] = {peer: ratio(times, "skipc", peer) for peer in times if peer not in BUILDS}
    result["avx2_ratio"] = ratio(times, "avx2", "onnxruntime")
    result["must"], result["goal"] = {**TARGETS, **RELATIVES}[network]
    openvino_ratio = result["ratio"].get("openvino", {"median": 0})["median"]
    result["meets"] = result["ratio"]["onnxruntime"]["median"] <= result["must"] and openvino_ratio < 1
    return result


def cell(spread):
    return f"{spread['median']:.2f} ({spread['low']:.2f} to {spread['high']:.2f})" if spread else "-"


def row(result):
    columns = [result["network"], str(result["threads"]), f"{result['ms']['skipc']:.2f}", f"{result['ms']['onnxruntime']:.2f}",
               cell(result["ratio"]["onnxruntime"]), cell(result["ratio"].get("openvino")), cell(result["avx2_ratio"]),
               f"{result['must']:.2f}", f"{result['goal']:.2f}", "yes" if result["meets"] else "no"]
    return "| " + " | ".join(columns) + " |"


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("networks", nargs="*", metavar="NETWORK")
    parser.add_argument("--relatives", action="store_true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runs", type=int, default=21)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    networks = options.networks or list(RELATIVES if options.relatives else TARGETS)
    if unknown := set(networks) - set(TARGETS) - set(RELATIVES):
        parser.error(f"no network {', '.join(sorted(unknown))}: there are {' '.join([*TARGETS, *RELATIVES])}")
    print(f"{cpu_name()}; {options.runs} runs, milliseconds and skipc's share of the peer's time\n")
    print("| network | threads | skipc ms | ONNX Runtime ms | / ONNX Runtime | / OpenVINO | avx2 / ONNX Runtime | must | goal | meets |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    results = []
    for network in networks:
        results.append(measure(network, options.threads, options.runs))
        print(row(results[-1]), flush=True)
    if options.json:
        options.json.write_text(json.dumps({"cpu": cpu_name(), "results": results}, indent=1) + "\n")
    print(f"\n{sum(result['meets'] for result in results)} of {len(results)} rows meet 'must'")


if __name__ == "__main__":
    if "--threads" in sys.argv:  # OpenMP reads it when the library is loaded
        os.environ["OMP_NUM_THREADS"] = sys.argv[sys.argv.index("--threads") + 1]
    import ctypes

    import harness
    import numpy as np
    from export import export

    main()
