"""Nothing that was not written is seen in a result or decides a branch: MemorySanitizer follows every byte of the arena and the outputs
through networks that use every kernel of runtime/."""

import re
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
from onnx_graph import OnnxGraph

BUILDS = {"vectors": ["-march=x86-64-v3"], "plain": ["-march=x86-64-v3", "-DPLAIN_C"]}
MEMORY_SANITIZER = ["clang", "-std=gnu11", "-O1", "-gline-tables-only", "-fsanitize=memory", "-fno-sanitize-recover=all"]


def image(graph, *shape):
    return graph.input(f"input{len(graph.inputs)}", graph.random.uniform(-1, 1, shape).astype(np.float32))


def conv(graph, x, inputs, outputs, kernel, relu=False, groups=1, **attributes):
    y = graph.node("Conv", x, graph.weights(outputs, inputs // groups, kernel, kernel), graph.weights(outputs), group=groups, **attributes)
    return graph.node("Relu", y) if relu else y


def scaled(graph, x, channels):
    parameters = [graph.constant(graph.random.uniform(0.5, 1, channels).astype(np.float32)) for _ in range(4)]
    return graph.node("Relu", graph.node("BatchNormalization", x, *parameters))


def convolutions(graph):
    """Stems and inverted residuals in strips, groups, scales, tails of blocks, padded rows, dilations; two images."""
    x = image(graph, 2, 3, 95, 93)
    x = conv(graph, x, 3, 64, 7, True, strides=[2, 2], pads=[3, 3, 3, 3])
    x = graph.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    x = conv(graph, x, 64, 32, 1, True)
    y = conv(graph, x, 32, 96, 1, True)
    y = conv(graph, y, 96, 96, 3, True, 96, pads=[1, 1, 1, 1])
    x = graph.node("Add", conv(graph, y, 96, 32, 1), x)
    gate = graph.node("GlobalAveragePool", x)
    gate = conv(graph, conv(graph, gate, 32, 8, 1, True), 8, 32, 1)
    x = graph.node("Mul", x, graph.node("Sigmoid", gate))
    y = conv(graph, scaled(graph, x, 32), 32, 48, 1, True)
    y = conv(graph, scaled(graph, y, 48), 48, 32, 3, pads=[1, 1, 1, 1], strides=[2, 2])
    y = conv(graph, y, 32, 32, 3, True, 4, pads=[1, 1, 1, 1])
    y = conv(graph, y, 32, 64, 3, True, 2, pads=[2, 2, 2, 2], dilations=[2, 2])
    y = conv(graph, y, 64, 20, 1, pads=[2, 1, 1, 0])
    z = conv(graph, y, 20, 12, 3, pads=[1, 0, 0, 1])
    z = graph.node("Pad", z, graph.constant(np.array([0, 0, 0, 1, 0, 0, 1, 0])))
    y = graph.node("Concat", y, z, axis=1)
    y = conv(graph, y, 32, 32, 5, True, 32, pads=[2, 2, 2, 2], strides=[2, 2])
    graph.outputs += [x, y]


def winograd(graph):
    """Tiles that hang over every edge, stride 2, lattices of dilations, residuals, two images."""
    x = image(graph, 2, 32, 15, 13)
    y = graph.node("Relu", graph.node("Add", conv(graph, scaled(graph, x, 32), 32, 32, 3, pads=[1, 1, 1, 1]), x))
    z = conv(graph, y, 32, 48, 3, True, strides=[2, 2], pads=[1, 1, 1, 1])
    graph.outputs += [conv(graph, z, 48, 24, 3, pads=[2, 2, 2, 2], dilations=[2, 2]), conv(graph, y, 32, 20, 3)]


def images(graph):
    """Pools, resizes, shortcuts of option A, layouts."""
    x = conv(graph, image(graph, 1, 3, 14, 13), 3, 16, 3, True, pads=[1, 1, 1, 1])
    graph.outputs.append(graph.node("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], ceil_mode=1))
    graph.outputs.append(graph.node("AveragePool", x, kernel_shape=[4, 3], pads=[2, 1, 1, 2], count_include_pad=1))
    graph.outputs += graph.node("MaxPool", x, outputs=2, kernel_shape=[3, 3], strides=[2, 2], dilations=[2, 2], pads=[1, 2, 2, 1])
    for mode, size in (("nearest", [1, 16, 9, 31]), ("linear", [1, 16, 29, 26]), ("cubic", [1, 16, 5, 40])):
        graph.outputs.append(graph.node("Resize", x, "", "", graph.constant(np.array(size)), mode=mode))
    up = graph.node("Resize", conv(graph, x, 16, 32, 3, True), "", "", graph.constant(np.array([1, 32, 24, 22])), mode="linear")
    graph.outputs.append(conv(graph, up, 32, 16, 3))
    planar = graph.node("MaxPool", image(graph, 1, 3, 14, 13), kernel_shape=[2, 2], ceil_mode=1, strides=[2, 2])
    graph.outputs.append(graph.node("Resize", planar, "", "", graph.constant(np.array([1, 3, 9, 19])), mode="linear"))
    graph.outputs.append(graph.node("LRN", planar, size=3))
    down = graph.node("Slice", x, *(graph.constant(np.array(list)) for list in ([0, 0], [99, 99], [2, 3], [2, 2])))
    down = graph.node("Pad", down, graph.constant(np.array([0, 8, 0, 0, 0, 8, 0, 0])))
    graph.outputs.append(graph.node("Relu", graph.node("Add", conv(graph, x, 16, 32, 3, strides=[2, 2], pads=[1, 1, 1, 1]), down)))
    weights = graph.input("kernel", graph.random.uniform(-1, 1, (6, 3, 3, 3)).astype(np.float32))
    graph.outputs.append(graph.node("Conv", planar, weights, pads=[1, 1, 1, 1]))
    graph.outputs.append(graph.node("MaxPool", image(graph, 1, 2, 5, 6, 7), kernel_shape=[2, 3, 3], strides=[2, 2, 2], pads=[1] * 6))


def elements(graph):
    x, y = image(graph, 2, 37), image(graph, 2, 37)
    for operator in ("Relu", "LeakyRelu", "Elu", "Sigmoid", "Tanh", "HardSigmoid", "HardSwish", "Exp", "Abs", "Softmax", "LogSoftmax"):
        graph.outputs.append(graph.node(operator, x))
    few = graph.node("Slice", x, *(graph.constant(np.array([at])) for at in (0, 3, 1)))
    for operator in ("Relu", "LeakyRelu", "Sigmoid", "Tanh", "HardSigmoid", "HardSwish"):
        graph.outputs.append(graph.node(operator, few))
    graph.outputs.append(graph.node("Clip", few, graph.constant(np.float32(-0.5)), graph.constant(np.float32(0.5))))
    for operator in ("Min", "Max", "PRelu", "Pow", "Div"):
        graph.outputs.append(graph.node(operator, x, y))
    graph.outputs.append(graph.node("Add", graph.node("Mul", few, few), few))
    graph.outputs.append(graph.node("MatMul", x, graph.node("Transpose", y, perm=[1, 0])))
    for operator in ("ReduceMean", "ReduceMax"):
        graph.outputs.append(graph.node(operator, x, axes=[1]))
    graph.outputs.append(graph.node("ReduceSum", x, graph.constant(np.array([0]))))
    numbers = {name: graph.input(name, np.array([7, -3, 2, 5], name)) for name in ("int32", "int64")}
    for name in numbers.values():
        graph.outputs += [graph.node("Div", name, name), graph.node("Pow", name, name)]
    doubles = graph.input("float64", np.array([0.5, -3, 1e30]))
    graph.outputs.append(graph.node("Clip", doubles, graph.constant(np.float64(-1)), graph.constant(np.float64(1))))
    for to in (7, 13, 6):
        graph.outputs.append(graph.node("Cast", x, to=to))
    graph.outputs.append(graph.node("Gather", x, graph.node("Div", numbers["int64"], graph.constant(np.array([3]))), axis=1))


def functions(graph):
    """Operators of newer opsets, softmaxes of each kernel, sums in parts, halves."""
    graph.opset = 28
    x, y = image(graph, 2, 37), image(graph, 2, 37)
    for operator in ("Erf", "Gelu", "Mish", "Softplus", "Softsign", "Swish", "ThresholdedRelu", "Round", "Sin", "Cos"):
        graph.outputs.append(graph.node(operator, x))
    graph.outputs.append(graph.node("Gelu", x, approximate="tanh"))
    few = graph.node("Slice", x, *(graph.constant(np.array([at])) for at in (0, 3, 1)))
    graph.outputs += [graph.node("Softmax", few, axis=1), graph.node("LogSoftmax", x, axis=0), graph.node("Erf", few)]
    graph.outputs.append(graph.node("ReduceSum", image(graph, 2, 700, 3), graph.constant(np.array([1]))))
    graph.outputs += [graph.node("Mod", x, y, fmod=1), graph.node("Mod", x, y)]
    for name in ("int32", "int64"):
        number = graph.input(name, np.array([7, -3, 2, 5], name))
        graph.outputs += [graph.node("Mod", number, number), graph.node("Mod", number, number, fmod=1)]
    doubles = graph.input("float64", np.array([0.5, -3, 1e30]))
    for half in (10, 16):  # float16, bfloat16
        graph.outputs += [graph.node("Cast", graph.node("Cast", x, to=half), to=11), graph.node("Cast", doubles, to=half)]
    for dtype in (np.float16, ml_dtypes.bfloat16):
        halves = graph.input(np.dtype(dtype).name, np.array([0.5, -3, 6e-8], dtype))
        graph.outputs.append(graph.node("Cast", halves, to=1))


def recurrent(graph):
    x = image(graph, 9, 2, 20)
    for operator, gates, states in (("LSTM", 4, 2), ("GRU", 3, 1)):
        sides = [graph.weights(2, gates * 37, 20), graph.weights(2, gates * 37, 37), graph.weights(2, 2 * gates * 37), ""]
        state = [image(graph, 2, 2, 37) for _ in range(states)]
        graph.outputs += graph.node(operator, x, *sides, *state, outputs=1 + states, hidden_size=37, direction="bidirectional")


NETWORKS = {"convolutions": convolutions, "winograd": winograd, "images": images, "elements": elements, "functions": functions, "recurrent": recurrent}
SETTINGS = [(name, "speed") for name in NETWORKS] + [("convolutions", "memory")]
RUNS = [(name, setting, build) for name, setting in SETTINGS for build in BUILDS if name != "convolutions"]
RUNS += [("convolutions", "speed", "vectors"), ("convolutions", "memory", "plain")]  # the largest


def bytes_of(value):
    dtype = onnx.helper.tensor_dtype_to_np_dtype(getattr(onnx.TensorProto, value["type"].upper()))
    return int(np.prod(value["shape"])) * np.dtype(dtype).itemsize


def program(folder, graph, outputs):
    """Runs the network in memory that nobody has written - malloc's, under MemorySanitizer - and has its outputs looked at."""
    (folder / "inputs.bin").write_bytes(b"".join(array.tobytes() for array in graph.inputs.values()))
    reads = [f"void *in{k} = read_input({array.nbytes});" for k, array in enumerate(graph.inputs.values())]
    results = [f"void *out{k} = malloc({size});" for k, size in enumerate(outputs)]
    checks = [f"__msan_check_mem_is_initialized(out{k}, {size});" for k, size in enumerate(outputs)]
    arguments = [f"in{k}" for k in range(len(reads))] + [f"out{k}" for k in range(len(results))] + ["arena"]
    body = [*reads, *results, "void *arena = aligned_alloc(64, NET_ARENA_BYTES / 64 * 64 + 64);"]
    body += [f"if (net_run({', '.join(arguments)}) != 0) return 1;", *checks, "return 0;"]
    includes = [f"#include {name}" for name in ('"net.h"', "<sanitizer/msan_interface.h>", "<stdio.h>", "<stdlib.h>")]
    (folder / "main.c").write_text("\n".join([*includes, READ_INPUT, "int main(void) {", *body, "}", ""]))


READ_INPUT = """static FILE *file;
static void *read_input(size_t bytes) {
    void *data = malloc(bytes);
    if (!file) file = fopen("inputs.bin", "rb");
    if (!file || fread(data, 1, bytes, file) != bytes) exit(1);
    return data;
}"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The C of every network and a program that runs it, by setting."""
    made = {}
    for name, setting in SETTINGS:
        folder, graph = tmp_path_factory.mktemp(f"{name}-{setting}"), OnnxGraph()
        NETWORKS[name](graph)
        path = graph.save(folder / "net.onnx")
        harness.compile_model(path, folder / "net.c", "--optimize", setting, "--separate")  # or it were another step's bytes
        program(folder, graph, [bytes_of(value) for value in harness.inspected(path)["outputs"]])
        made[name, setting] = folder
    return made


@pytest.mark.parametrize("name, setting, build", RUNS)
def test_no_result_shows_what_was_not_written(name, setting, build, folders):
    folder = folders[name, setting]
    harness.checked([*MEMORY_SANITIZER, *BUILDS[build], "main.c", "net.c", "-lm", "-o", build], cwd=folder)
    harness.checked([folder / build], cwd=folder)


def test_every_kernel_is_used(folders):
    text = "".join((folder / "net.c").read_text() for folder in folders.values())
    unused = []
    for header in sorted((harness.ROOT / "runtime").glob("*.h")):
        defined = re.findall(r"^(?:static [^;{]*?\b(\w+)\(|struct (\w+) \{|#define (\w+))", header.read_text(), re.MULTILINE)
        names = {name for names in defined for name in names if name} - {f"RUNTIME_{header.stem.upper()}_H"}
        used = any(re.search(rf"\b{name}\b", text) for name in names)
        if names and not used:
            unused.append(header.name)
    assert not unused, f"no network uses {', '.join(unused)} of runtime/"
