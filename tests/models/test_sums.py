"""Sums of ten thousand terms round as little as ONNX Runtime's (the parity rule's first line), against sums in double precision;
Softmax and LogSoftmax have NaN and infinity where ONNX Runtime has them. In vectors and in plain C."""

import re

import harness
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

TERMS = 10_000
BUILDS = {"vectors": ["-march=native"], "plain": ["-march=native", "-DPLAIN_C"]}


class Sums:
    """One network of many operators, side by side: what goes in, and what comes out in double precision."""

    def __init__(self):
        self.random = np.random.default_rng(19)
        self.nodes, self.weights, self.inputs, self.truths = [], [], {}, {}

    def numbers(self, *shape, low=-0.2, high=1.0):
        return self.random.uniform(low, high, shape).astype(np.float32)

    def input(self, array):
        name = f"x{len(self.inputs)}"
        self.inputs[name] = array
        return name, array.astype(np.float64)

    def weight(self, array):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(array, name))
        return name, array.astype(np.float64)

    def node(self, label, operator, inputs, truth, before=(), **attributes):
        """The last output is compared with `truth`, unless that is None; `before`: those before it."""
        outputs = [f"{label}{place}" for place in before] + [label]
        self.nodes.append(helper.make_node(operator, inputs, outputs, **attributes))
        if truth is not None:
            self.truths[label] = truth
        return label

    def model(self, opset=13):
        outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in self.truths]
        inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, array.shape) for name, array in self.inputs.items()]
        graph = helper.make_graph(self.nodes, "sums", inputs, outputs, self.weights)
        return onnx.shape_inference.infer_shapes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8))


def softmax(x, axis, logarithm=False):
    shifted = x - x.max(axis, keepdims=True)
    total = np.exp(shifted).sum(axis, keepdims=True)
    return shifted - np.log(total) if logarithm else np.exp(shifted) / total


def softmaxes(s):
    for axis, shape in ((-1, (3, TERMS)), (1, (1, TERMS, 5)), (1, (2, TERMS // 4, 4, 5))):
        x, t = s.input(s.random.normal(-5, 2.2, shape).astype(np.float32))
        for operator in ("Softmax", "LogSoftmax"):
            s.node(f"{operator}_{len(shape)}_{axis % len(shape)}", operator, [x], softmax(t, axis, operator == "LogSoftmax"), axis=axis)
    # a text recogniser: 6,625 characters, of which the first is the blank that is nearly always right
    logits = s.random.normal(-5.1, 2.17, (1, 8, 6625)).astype(np.float32)
    logits[0, :, 0] = s.random.uniform(8, 9.5, 8)
    x, t = s.input(logits)
    s.node("characters", "Softmax", [x], softmax(t, -1), axis=-1)


REDUCTIONS = {
    "ReduceSum": lambda x, axes: x.sum(axes, keepdims=True),
    "ReduceMean": lambda x, axes: x.mean(axes, keepdims=True),
    "ReduceL1": lambda x, axes: abs(x).sum(axes, keepdims=True),
    "ReduceL2": lambda x, axes: np.sqrt((x * x).sum(axes, keepdims=True)),
    "ReduceSumSquare": lambda x, axes: (x * x).sum(axes, keepdims=True),
}


def reductions(s):
    half = TERMS // 2
    places = [((2, TERMS), (1,)), ((TERMS, 3), (0,)), ((100, 3, 100), (0, 2)), ((half, 3, 2), (0, 2)), ((2, 2, half, 3), (1, 2))]
    for shape, axes in places:
        x, t = s.input(s.numbers(*shape))
        for operator, truth in REDUCTIONS.items():
            if operator == "ReduceSum":
                name = f"axes{len(s.weights)}"
                s.weights.append(numpy_helper.from_array(np.array(axes), name))
                s.node(f"{operator}_{'_'.join(map(str, shape))}", operator, [x, name], truth(t, axes))
            else:
                s.node(f"{operator}_{'_'.join(map(str, shape))}", operator, [x], truth(t, axes), axes=axes)


def pools(s):
    blocked, t = s.input(s.numbers(1, 16, 101, 101))
    weights, w = s.weight(np.eye(16, dtype=np.float32).reshape(16, 16, 1, 1))
    s.node("blocked", "Conv", [blocked, weights], None)  # what a convolution gives is blocked
    means = np.stack([np.stack([t[:, :, y : y + 100, x : x + 100].mean((2, 3)) for x in range(2)], -1) for y in range(2)], -2)
    s.node("window_blocked", "AveragePool", ["blocked"], means, kernel_shape=[100, 100])
    s.node("window_planar", "AveragePool", [blocked], means, kernel_shape=[100, 100])
    s.node("whole_blocked", "GlobalAveragePool", ["blocked"], t.mean((2, 3), keepdims=True))
    for shape in ((1, 3, 1, TERMS), (1, 3, TERMS, 1), (2, 3, 20, 25, 20)):
        x, t = s.input(s.numbers(*shape))
        axes = tuple(range(2, len(shape)))
        label = "_".join(map(str, shape))
        s.node(f"whole_{label}", "GlobalAveragePool", [x], t.mean(axes, keepdims=True))
        s.node(f"window_{label}", "AveragePool", [x], t.mean(axes, keepdims=True), kernel_shape=shape[2:])


def local_response(s):
    x, t = s.input(s.numbers(1, TERMS, 1, 1))
    squares = np.cumsum(np.concatenate([[0], (t * t).ravel()]))
    at, half = np.arange(TERMS), (TERMS - 1) // 2
    sums = squares[np.minimum(at + half + 1, TERMS)] - squares[np.maximum(at - half, 0)]
    size = 2 * half + 1
    for beta in (0.75, 0.6):
        truth = t.ravel() / (1 + 2.0 / size * sums) ** beta
        s.node(f"LRN_{beta}", "LRN", [x], truth.reshape(t.shape), size=size, alpha=2.0, beta=beta)


def products(s):
    a, ta = s.input(s.numbers(2, TERMS))
    b, tb = s.input(s.numbers(TERMS, 17))
    s.node("MatMul", "MatMul", [a, b], ta @ tb)
    transposed, t_transposed = s.input(s.numbers(3, TERMS))
    s.node("Gemm", "Gemm", [a, transposed], 0.5 * (ta @ t_transposed.T), transB=1, alpha=0.5)
    w, tw = s.weight(s.numbers(TERMS, 16))
    s.node("dense", "MatMul", [a, w], ta @ tw)


def convolutions(s):
    x, t = s.input(s.numbers(1, TERMS, 1, 2))
    w, tw = s.weight(s.numbers(16, TERMS, 1, 1))
    s.node("conv_channels", "Conv", [x, w], np.einsum("nchw,oc->nohw", t, tw[:, :, 0, 0]))
    w, tw = s.input(s.numbers(3, TERMS, 1, 1))
    s.node("conv_channels_computed_weights", "Conv", [x, w], np.einsum("nchw,oc->nohw", t, tw[:, :, 0, 0]))
    for channels, edge in ((1, 100), (16, 25)):
        x, t = s.input(s.numbers(1, channels, edge, edge))
        w, tw = s.weight(s.numbers(16, channels, edge, edge))
        s.node(f"conv_taps_{channels}", "Conv", [x, w], np.einsum("nchw,ochw->no", t, tw)[:, :, None, None])
    x, t = s.input(s.numbers(1, 16, 100, 100))
    w, tw = s.weight(s.numbers(16, 1, 100, 100))
    s.node("conv_depthwise", "Conv", [x, w], (t * tw[:, 0]).sum((2, 3), keepdims=True), group=16)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gates(s, count, inputs, hidden):
    """A layer's weights: gates that are neither open nor shut."""
    scale = 4 / (inputs + hidden) ** 0.5
    return s.weight(scale * s.numbers(1, count * hidden, inputs, low=-1)), s.weight(scale * s.numbers(1, count * hidden, hidden, low=-1))


def recurrent(s):
    """LSTM: one step over 10,000 inputs; GRU: two over 512 units."""
    x, t = s.input(s.numbers(1, 1, TERMS, low=-1))
    (w, tw), (r, _) = gates(s, 4, TERMS, 16)
    i, o, _, g = (tw[0] @ t[0, 0]).reshape(4, 16)
    s.node("LSTM", "LSTM", [x, w, r], (sigmoid(o) * np.tanh(sigmoid(i) * np.tanh(g))).reshape(1, 1, -1), before=["_y"], hidden_size=16)
    hidden = 512
    x, t = s.input(s.numbers(2, 1, 16, low=-1))
    (w, tw), (r, tr) = gates(s, 3, 16, hidden)
    h = np.zeros(hidden)
    for step in t[:, 0]:
        z, reset, g = (tw[0] @ step).reshape(3, hidden)
        z, reset = sigmoid(z + tr[0, :hidden] @ h), sigmoid(reset + tr[0, hidden : 2 * hidden] @ h)
        candidate = np.tanh(g + tr[0, 2 * hidden :] @ (reset * h))
        h = (1 - z) * candidate + z * h
    s.node("GRU", "GRU", [x, w, r], h.reshape(1, 1, -1), before=["_y"], hidden_size=hidden)


def error(result, truth):
    return np.abs(result - truth).max() / np.abs(truth).max()


def results_of_builds(sums, folder, opset=13):
    """By the name of the build ("ONNX Runtime" is one): the outputs in order."""
    path = folder / "sums.onnx"
    onnx.save(sums.model(opset), path)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    results = {"ONNX Runtime": session.run(list(sums.truths), sums.inputs)}
    source = harness.compile_model(path, folder / "net.c", "--weights", "file")
    weights = source.with_suffix(".weights")
    weights.touch()  # there is none where no operator has weights
    outputs = [(truth.shape, np.float32) for truth in sums.truths.values()]
    for build, flags in BUILDS.items():
        library = harness.build_shared(source, *flags)
        results[build] = harness.Network(source, library, weights=weights)(list(sums.inputs.values()), outputs)
    return results


@pytest.mark.parametrize("operators", [softmaxes, reductions, pools, local_response, products, convolutions, recurrent])
def test_ten_thousand_terms(operators, tmp_path):
    sums = Sums()
    operators(sums)
    results = results_of_builds(sums, tmp_path)
    wrong = []
    for k, (label, truth) in enumerate(sums.truths.items()):
        errors = {build: error(outputs[k], truth) for build, outputs in results.items()}
        peer = errors.pop("ONNX Runtime")
        harness.report(f"sums   {label:28} error {max(errors.values()):.1e}, ONNX Runtime's {peer:.1e}")
        wrong += [f"{label}, {build}: {e:.2e}, ONNX Runtime {peer:.2e}" for build, e in errors.items() if not e <= 2 * peer + 1e-6]
        if harness.runs_here(["-march=x86-64-v3"]):
            assert results["vectors"][k].tobytes() == results["plain"][k].tobytes(), f"{label}: the vectors' bits are others"
    assert not wrong, "\n".join(wrong)


def special_rows(length):
    """Rows with what can be at the end of the numbers, one kind each."""
    rows = np.random.default_rng(5).normal(size=(7, length)).astype(np.float32)
    rows[1, 1] = -np.inf
    rows[2, 2] = np.inf
    rows[3, 0] = np.nan
    rows[4, :] = -np.inf
    rows[5, :2] = np.inf, -np.inf
    rows[6, :2] = 3e38, -3e38
    return rows


def test_special_values(tmp_path):
    """Of rows short and long, and of columns, at each place as in ONNX Runtime."""
    sums = Sums()
    for length in (3, 17, 40, 100):
        for axis in (0, 1):
            rows = special_rows(length)
            x, t = sums.input(rows if axis else np.ascontiguousarray(rows.T))
            for operator in ("Softmax", "LogSoftmax"):
                sums.node(f"{operator}_{length}_{axis}", operator, [x], t, axis=axis)
    results = results_of_builds(sums, tmp_path)
    for k, label in enumerate(sums.truths):
        for build in BUILDS:
            np.testing.assert_allclose(results[build][k], results["ONNX Runtime"][k], rtol=1e-5, atol=1e-7, err_msg=f"{label}, {build}")


def test_no_exponential_of_the_c_library(tmp_path):
    """Its bits are another machine's: softmax, activations and recurrent layers compute their own."""
    sums = Sums()
    x, t = sums.input(sums.numbers(2, 40))
    last = x
    for operator in ("Exp", "LogSoftmax", "Softmax", "Elu", "Sigmoid", "Tanh", "Log", "HardSigmoid"):
        last = sums.node(operator, operator, [last], t)
    recurrent(sums)
    onnx.save(sums.model(), tmp_path / "model.onnx")
    for target in ("portable", "auto"):
        source = harness.compile_model(tmp_path / "model.onnx", tmp_path / f"{target}.c", "--weights", "file", "--target", target)
        assert not re.findall(r"\b(?:expf|exp|expm1f|logf|log|log1pf|tanhf|powf)\(", source.read_text())


def test_one_length_of_parts():
    """The compiler chooses parts and kernels by what runtime/ says."""
    found = {}
    for file, name in (("sum_terms.h", "SUM_TERMS"), ("softmax_short_rows.h", "SHORT_ROW")):
        found[name] = re.search(rf"{name} = (\d+)", (harness.ROOT / "runtime" / file).read_text()).group(1)
    assert re.search(r"SUM_TERMS = (\d+)", (harness.ROOT / "codegen/sum_terms.h").read_text()).group(1) == found["SUM_TERMS"]
    assert re.search(r"SHORT_ROW = (\d+)", (harness.ROOT / "codegen/lower_softmax.c").read_text()).group(1) == found["SHORT_ROW"]
