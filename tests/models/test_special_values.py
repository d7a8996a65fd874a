"""Activations of NaN, infinity, zeros of both signs and crossed bounds, alone and in every epilogue: the bits are the same by every vector
width and in plain C, and ONNX Runtime's values. Clips of integers compare integers."""

import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
from onnx_graph import OnnxGraph

SPECIALS = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, 1e-40, -1e-40, 6, 7, -0.5, 0.25, 2, -1, 1.5, 3e38, -3e38], np.float32)
FUSED = {"avx512": ["-march=x86-64-v4"], "avx2": ["-march=x86-64-v3"], "plain": ["-march=x86-64-v3", "-DPLAIN_C"]}

ACTIVATIONS = {
    "Relu": ("Relu", {}, []),
    "Clip": ("Clip", {}, [0, 6]),
    "ClipCrossed": ("Clip", {}, [2, -1]),
    "ClipBelow": ("Clip", {}, [-0.5, np.inf]),
    "ClipMin": ("Clip", {}, [-0.5]),  # a bound that is left out is the largest finite number
    "ClipMax": ("Clip", {}, [None, 0.5]),
    "ClipFinite": ("Clip", {}, []),
    "ClipNan": ("Clip", {}, [np.nan, 1]),
    "LeakyRelu": ("LeakyRelu", {"alpha": 0.1}, []),
    "Sigmoid": ("Sigmoid", {}, []),
    "Tanh": ("Tanh", {}, []),
    "HardSigmoid": ("HardSigmoid", {"alpha": 0.3}, []),
    "HardSwish": ("HardSwish", {}, []),
    "Elu": ("Elu", {"alpha": 0.7}, []),
}
LIMITS = ("Relu", "Clip", "ClipCrossed", "ClipBelow", "ClipMin", "ClipNan")  # what the convolutions' own epilogues do


def activation(graph, kind, x, dtype=np.float32):
    operator, attributes, bounds = ACTIVATIONS[kind]
    operands = ["" if bound is None else graph.constant(np.array(bound, dtype)) for bound in bounds]
    graph.outputs.append(graph.node(operator, x, *operands, **attributes))


def convolutions(graph, kind):
    """Results of -1, 0 or a special bias, which no product changes: the weights are 0."""
    bias = np.tile(SPECIALS, 2)
    blocked = graph.node("Relu", graph.node("Conv", "image", graph.constant(np.zeros((32, 3, 1, 1), np.float32))))
    for inputs, shape, attributes in (
        ("image", (32, 3, 3, 3), {"strides": [2, 2]}),
        (blocked, (32, 32, 3, 3), {"pads": [1, 1, 1, 1]}),
        (blocked, (20, 32, 1, 1), {"pads": [1, 0, 0, 0]}),
        (blocked, (32, 1, 3, 3), {"group": 32}),
        (blocked, (32, 4, 3, 3), {"group": 8}),
    ):
        weights = graph.constant(np.zeros(shape, np.float32))
        activation(graph, kind, graph.node("Conv", inputs, weights, graph.constant(bias[: shape[0]]), **attributes))
    activation(graph, kind, graph.node("Conv", "image", "weights", graph.constant(bias[:7])))


def elements(graph, kind):
    """Vectors and what is left of a row, elements alone, sums and expressions."""
    activation(graph, kind, "row")
    activation(graph, kind, "few")
    activation(graph, kind, graph.node("Add", "row", "other"))
    activation(graph, kind, graph.node("Mul", graph.node("Add", "row", "other"), "other"))


@pytest.fixture(scope="module")
def special(tmp_path_factory):
    """The graph, its file, and ONNX Runtime's outputs."""
    graph, path = OnnxGraph(), tmp_path_factory.mktemp("special") / "special.onnx"
    random = np.random.default_rng(5)
    graph.input("image", random.uniform(-1, 1, (1, 3, 9, 10)).astype(np.float32))
    graph.input("weights", np.zeros((7, 3, 3, 3), np.float32))
    graph.input("row", np.resize(SPECIALS, 3 * len(SPECIALS) + 5).reshape(1, -1))
    graph.input("other", np.repeat(SPECIALS, 4)[: 3 * len(SPECIALS) + 5].reshape(1, -1))
    graph.input("few", SPECIALS[:5].copy())
    for kind in ACTIVATIONS:
        elements(graph, kind)
    for kind in LIMITS:
        convolutions(graph, kind)
    for kind in set(ACTIVATIONS) - set(LIMITS):
        activation(graph, kind, graph.node("Conv", "image", graph.constant(np.zeros((16, 3, 1, 1), np.float32)), graph.constant(SPECIALS)))
    graph.save(path)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    expected = onnxruntime.InferenceSession(str(path), options).run(None, graph.inputs)
    return graph, path, expected


def outputs_of(source, graph, expected, flags):
    network = harness.Network(source, harness.build_shared(source, *flags))
    return network(graph.inputs.values(), [(array.shape, array.dtype) for array in expected])


def check_values(graph, outputs, expected, what):
    for name, mine, theirs in zip(graph.outputs, outputs, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=2e-6, atol=1e-38, err_msg=f"{name}, {what}")


def bits(array):
    """NaNs are alike, whatever their payload."""
    return np.where(np.isnan(array), np.float32(np.nan), array).tobytes()


@pytest.mark.parametrize("setting", [["--optimize", "speed"], ["--exact"]], ids=lambda words: words[-1].strip("-"))
def test_the_bits_of_every_width(special, setting, tmp_path):
    graph, path, expected = special
    source = harness.compile_model(path, tmp_path / "special.c", *setting)
    results = {name: outputs_of(source, graph, expected, flags) for name, flags in FUSED.items() if harness.runs_here(flags)}
    check_values(graph, results["plain"], expected, "plain")
    for name, outputs in results.items():
        for output, mine, plain in zip(graph.outputs, outputs, results["plain"], strict=True):
            assert bits(mine) == bits(plain), f"{output}, {name}: {mine} {plain}"
    if "--exact" in setting:  # without FMA: the same values, other bits of sums
        check_values(graph, outputs_of(source, graph, expected, []), expected, "without FMA")
    harness.skip_unless_all_ran(FUSED.values())


def test_double(tmp_path):
    graph, values = OnnxGraph(), np.concatenate([SPECIALS.astype(np.float64), [1 + 2**-40, -(2.0**-1074)]])
    graph.input("x", values)
    kinds, largest = [kind for kind in ACTIVATIONS if kind.startswith("Clip")], np.finfo(np.float64).max
    for kind in kinds:
        activation(graph, kind, "x", np.float64)
    expected = []
    for kind in kinds:
        given = ACTIVATIONS[kind][2] + [None, None]
        low, high = (limit if bound is None else bound for bound, limit in zip(given, (-largest, largest)))
        raised = np.where(values < low, low, values)
        expected.append(np.where(raised > high, high, raised))
    graph.save(tmp_path / "double.onnx")
    source = harness.compile_model(tmp_path / "double.onnx", tmp_path / "double.c")
    for mine, theirs in zip(outputs_of(source, graph, expected, []), expected, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_half(tmp_path):
    """A bound that is left out is the largest number of the type that the graph has, not of the float that it is computed in."""
    graph = OnnxGraph()
    graph.input("x", np.array([np.nan, np.inf, -np.inf, 65504, -65504, 1, -1, 0], np.float16))
    for kind in ("ClipMin", "ClipMax", "ClipFinite"):
        activation(graph, kind, "x", np.float16)
    graph.save(tmp_path / "half.onnx")
    expected = onnxruntime.InferenceSession(str(tmp_path / "half.onnx")).run(None, graph.inputs)
    assert all(np.isfinite(array[1:]).all() for array in expected)
    source = harness.compile_model(tmp_path / "half.onnx", tmp_path / "half.c")
    for mine, theirs in zip(outputs_of(source, graph, expected, []), expected, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_bounds_at_run_time(tmp_path):
    """One of them, or both, and a constant one or none beside it; crossed, too."""
    graph = OnnxGraph()
    graph.input("x", SPECIALS)
    graph.input("low", np.array(2, np.float32))
    graph.input("high", np.array(0.25, np.float32))
    constants = ["", graph.constant(np.float32(-1)), graph.constant(np.float32(1.5))]
    pairs = [("low", "high"), *(("low", constant) for constant in constants), *((constant, "high") for constant in constants)]
    graph.outputs = [graph.node("Clip", "x", *pair) for pair in pairs]
    graph.save(tmp_path / "bounds.onnx")
    expected = onnxruntime.InferenceSession(str(tmp_path / "bounds.onnx")).run(None, graph.inputs)
    source = harness.compile_model(tmp_path / "bounds.onnx", tmp_path / "bounds.c")
    check_values(graph, outputs_of(source, graph, expected, []), expected, "bounds at run time")


def test_integers(tmp_path):
    """Every type, bounds at its limits and beside them, crossed ones, and those that no double holds; of constants, too, which the
    interpreter folds."""
    graph, expected = OnnxGraph(), []
    for name in ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"):
        dtype = np.dtype(name)
        least, most = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
        beside = sorted({least, least + 1, -2, 0, 1, 3, most // 2, most // 2 + 2, most - 1, most})
        numbers = [number for number in beside if least <= number <= most]
        if dtype.itemsize == 8:
            numbers += [2**53 + 1, 2**53 + 3]
        x = np.array(numbers, dtype)
        operands = [graph.input(name, x)] + ([graph.constant(x)] if dtype.itemsize == 8 else [])
        for low in numbers + [None]:
            for high in (numbers[0], numbers[1], numbers[-2], numbers[-1], None):
                bounds = ["" if bound is None else graph.constant(np.array(bound, dtype)) for bound in (low, high)]
                raised = x if low is None else np.maximum(x, dtype.type(low))
                graph.outputs += [graph.node("Clip", operand, *bounds) for operand in operands]
                expected += [raised if high is None else np.minimum(raised, dtype.type(high))] * len(operands)
    graph.save(tmp_path / "integers.onnx")
    source = harness.compile_model(tmp_path / "integers.onnx", tmp_path / "integers.c")
    results = outputs_of(source, graph, expected, [])
    for node, mine, theirs in zip(graph.nodes, results, expected, strict=True):
        np.testing.assert_array_equal(mine, theirs, err_msg=str(node))
