"""Operators that networks ship with, against ONNX Runtime: elementwise ones over every kind of number and with the same bits in every
build, activations fused into the layer before them, and those that move elements or walk along an axis."""

import harness
import numpy as np
import onnx
import onnxruntime
import pytest
from export import export_module
from onnx import TensorProto, helper

ELEMENTWISE = [
    ("Floor", {}),
    ("Ceil", {}),
    ("Round", {}),
    ("Sign", {}),
    ("Abs", {}),
    ("Erf", {}),
    ("Exp", {}),
    ("Log", {}),
    ("Sin", {}),
    ("Cos", {}),
    ("Reciprocal", {}),
    ("Softplus", {}),
    ("Softsign", {}),
    ("Elu", {"alpha": 0.5}),
    ("Selu", {}),
    ("Celu", {"alpha": 2.0}),
    ("Celu", {"alpha": -1.0}),
    ("Mish", {}),
    ("Swish", {}),
    ("Swish", {"alpha": 1.5}),
    ("Gelu", {}),
    ("Gelu", {"approximate": "tanh"}),
    ("ThresholdedRelu", {"alpha": 0.7}),
    ("IsNaN", {}),
    ("IsInf", {}),
    ("IsInf", {"detect_negative": 0}),
    ("IsInf", {"detect_positive": 0}),
]
EXACT = {"Floor", "Ceil", "Round", "Sign", "Abs", "ThresholdedRelu", "IsNaN", "IsInf"}
SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40, -1e-40, 3e38, -3e38, 0.5, -0.5, 1.5, 2.5, -1.5, -0.3, 100, -100, 8388607.5, 1e10, 0.7]


def saved(path, nodes, inputs, outputs, constants=(), opset=24):
    """`inputs`, `outputs`: (name, type, shape)."""
    graph = helper.make_graph(
        nodes,
        "operators",
        [helper.make_tensor_value_info(*value) for value in inputs],
        [helper.make_tensor_value_info(*value) for value in outputs],
        [onnx.numpy_helper.from_array(array, name) for name, array in constants],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    onnx.save(model, path)
    return path


def expected_of(path, inputs):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {value.name: array for value, array in zip(session.get_inputs(), inputs, strict=True)})


def elementwise_model(many, few, path):
    """Each operator of a row long enough for vectors, then each of one that is not."""
    nodes, outputs = [], []
    for x, size in (("many", many), ("few", few)):
        for k, (op, attributes) in enumerate(ELEMENTWISE):
            nodes.append(helper.make_node(op, [x], [f"{x}{k}"], f"{op}_{x}_{k}", **attributes))
            outputs.append((f"{x}{k}", TensorProto.BOOL if op.startswith("Is") else TensorProto.FLOAT, [size]))
    return saved(path, nodes, [("many", TensorProto.FLOAT, [many]), ("few", TensorProto.FLOAT, [few])], outputs)


BUILDS = [("-march=x86-64-v3",), ("-march=x86-64-v3", "-DPLAIN_C"), ("-march=x86-64-v4",)]


def test_elementwise_operators_of_every_kind_of_number(tmp_path):
    """Rows of vectors, and elements too few for one, in the same C."""
    random = np.random.default_rng(5)
    parts = [np.array(SPECIAL), random.standard_normal(40) * 3, random.standard_normal(30) * 30]
    x, few = np.concatenate(parts).astype(np.float32).reshape(18, 5), np.array(SPECIAL, np.float32)
    path = elementwise_model(x.size, 5, tmp_path / "net.onnx")
    source = harness.compile_model(path, tmp_path / "net.c")
    networks = [harness.Network(source, harness.build_shared(source, *flags)) for flags in BUILDS if harness.runs_here(flags)]
    for part in few.reshape(-1, 5):
        inputs = [x.reshape(-1), part]
        expected = expected_of(path, inputs)
        shapes = [(array.shape, array.dtype) for array in expected]
        first, *others = [network(inputs, shapes) for network in networks]
        for (op, attributes), result, truth, *same in zip(ELEMENTWISE * 2, first, expected, *others, strict=True):
            assert all(np.array_equal(result, other, equal_nan=result.dtype != bool) for other in same), f"{op} {attributes}: builds differ"
            if op in EXACT:
                np.testing.assert_array_equal(result, truth, f"{op} {attributes}")
            else:
                # ONNX Runtime's logistic function is wrong by 1e-6; tests/kernels/vec_math_check.c has the units in the last place.
                np.testing.assert_allclose(result, truth, 3e-6, 2e-6, err_msg=f"{op} {attributes}")
    harness.skip_unless_all_ran(BUILDS)


@pytest.mark.parametrize("variant", ["script-folded", "dynamo"])
def test_activations_of_pytorch_fuse_into_the_layer_before(variant, tmp_path):
    import torch

    layers = {
        torch.nn.SiLU(): "swish",
        torch.nn.Mish(): "mish",
        torch.nn.GELU(): "gelu",
        torch.nn.GELU(approximate="tanh"): "gelu_tanh",
        torch.nn.Softplus(): "softplus" if variant == "script-folded" else None,  # the other writes Where(x > 20, x, Softplus(x))
        torch.nn.Softsign(): None,  # x / (1 + |x|) by both
        torch.nn.SELU(): "selu",
        torch.nn.CELU(2.0): "celu",
    }
    torch.manual_seed(3)
    convolutions = [torch.nn.Conv2d(16, 16, 3, padding=1) for _ in layers]
    model = torch.nn.Sequential(*[module for pair in zip(convolutions, layers, strict=True) for module in pair]).eval()
    path = tmp_path / "net.onnx"
    export_module(model, torch.randn(1, 16, 9, 7), variant, path)
    text = harness.ir_after(path, tmp_path, "fuse-activation")
    for name in filter(None, layers.values()):
        assert f"activation={name} " in text, f"no layer with {name}"
    harness.verified(path)


WALKS = {
    "argmax": ("ArgMax", {"axis": 1, "keepdims": 0}, ["x"], TensorProto.INT64),
    "argmin": ("ArgMin", {"axis": -1, "select_last_index": 1}, ["n"], TensorProto.INT64),
    "argmax of integers": ("ArgMax", {"axis": 2, "select_last_index": 1}, ["n"], TensorProto.INT64),
    "cumsum": ("CumSum", {"exclusive": 1}, ["x", "one"], TensorProto.FLOAT),
    "cumsum backwards": ("CumSum", {"reverse": 1}, ["n", "one"], TensorProto.INT64),
    "cumsum backwards without": ("CumSum", {"reverse": 1, "exclusive": 1}, ["x", "last"], TensorProto.FLOAT),
    "product": ("ReduceProd", {"keepdims": 0}, ["x", "axes"], TensorProto.FLOAT),
    "product of integers": ("ReduceProd", {}, ["n", "axes"], TensorProto.INT64),
    "log of sum": ("ReduceLogSum", {}, ["positive", "axes"], TensorProto.FLOAT),
    "tile": ("Tile", {}, ["x", "repeats"], TensorProto.FLOAT),
    "tile integers": ("Tile", {}, ["n", "repeats"], TensorProto.INT64),
    "one hot": ("OneHot", {"axis": 1}, ["n", "four", "off_on"], TensorProto.FLOAT),
    "one hot at the end": ("OneHot", {}, ["n", "four", "off_on_integers"], TensorProto.INT64),
    "to space": ("DepthToSpace", {"blocksize": 2}, ["image"], TensorProto.FLOAT),
    "to space by columns": ("DepthToSpace", {"blocksize": 2, "mode": "CRD"}, ["image"], TensorProto.FLOAT),
    "to depth": ("SpaceToDepth", {"blocksize": 2}, ["image"], TensorProto.FLOAT),
    "mod": ("Mod", {}, ["n", "divisors"], TensorProto.INT64),
    "mod of C": ("Mod", {"fmod": 1}, ["n", "divisors"], TensorProto.INT64),
    "mod of floats": ("Mod", {"fmod": 1}, ["x", "divisor"], TensorProto.FLOAT),
    "less or equal": ("LessOrEqual", {}, ["n", "divisors"], TensorProto.BOOL),
    "greater or equal": ("GreaterOrEqual", {}, ["x", "divisor"], TensorProto.BOOL),
    "and": ("And", {}, ["p", "q"], TensorProto.BOOL),
    "or": ("Or", {}, ["p", "q"], TensorProto.BOOL),
    "xor": ("Xor", {}, ["p", "q"], TensorProto.BOOL),
    "sign of integers": ("Sign", {}, ["n"], TensorProto.INT64),
}


@pytest.mark.parametrize("blocked", [False, True], ids=["planar", "blocked"])
def test_walks_and_moves(blocked, tmp_path):
    """`blocked`: behind a convolution, whose image lies in blocks of channels."""
    random = np.random.default_rng(6)
    shape = (2, 16, 4, 6)
    inputs = {
        "x": (random.integers(-20, 20, shape) / 4).astype(np.float32),
        "n": random.integers(-5, 6, (2, 3, 4)),
        "image": random.standard_normal(shape).astype(np.float32),
        "p": random.integers(0, 2, (2, 3, 4)).astype(bool),
        "q": random.integers(0, 2, (3, 1)).astype(bool),
    }
    inputs["positive"] = np.abs(inputs["x"]) + 1
    constants = {
        "one": np.array(1),
        "last": np.array([-1]),
        "axes": np.array([1, -1]),
        "four": np.array(4),
        "off_on": np.array([-0.5, 2.5], np.float32),
        "off_on_integers": np.array([3, -3]),
        "divisors": np.array([3, -3, 0, -1])[[0, 1, 3, 0]],
        "divisor": np.array(1.5, np.float32),
    }
    nodes, outputs = [], []
    if blocked:
        constants["identity"] = np.eye(16, dtype=np.float32).reshape(16, 16, 1, 1)
        nodes = [helper.make_node("Conv", [name, "identity"], [f"{name}_blocked"]) for name in ("x", "image", "positive")]
    for k, (name, (op, attributes, operands, kind)) in enumerate(WALKS.items()):
        operands = list(operands)
        if op == "Tile":
            constants[f"repeats{k}"] = np.array([1, 2, 1, 3] if operands[0] == "x" else [2, 1, 2])
            operands[1] = f"repeats{k}"
        if blocked and f"{operands[0]}_blocked" in {node.output[0] for node in nodes}:
            operands[0] += "_blocked"
        nodes.append(helper.make_node(op, operands, [f"y{k}"], name, **attributes))
        outputs.append((f"y{k}", kind, None))
    path = tmp_path / "walks.onnx"
    kinds = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.int64): TensorProto.INT64, np.dtype(bool): TensorProto.BOOL}
    saved(path, nodes, [(name, kinds[array.dtype], array.shape) for name, array in inputs.items()], outputs, constants.items(), opset=20)
    expected = expected_of(path, list(inputs.values()))
    source = harness.compile_model(path, tmp_path / "walks.c")
    for flags in ([], ["-DPLAIN_C"]):
        network = harness.Network(source, harness.build_shared(source, *flags))
        results = network(list(inputs.values()), [(array.shape, array.dtype) for array in expected])
        for name, result, truth in zip(WALKS, results, expected, strict=True):
            if result.dtype == np.float32:
                np.testing.assert_allclose(result, truth, 2e-6, 1e-6, err_msg=name)
            else:
                np.testing.assert_array_equal(result, truth, name)


@pytest.mark.parametrize(
    "op, attributes, inputs, constants, says",
    [
        ("DepthToSpace", {"blocksize": 3}, {"x": (1, 8, 2, 2)}, {}, "8 channels are no multiple of its block's 9"),
        ("DepthToSpace", {"blocksize": 2, "mode": "XYZ"}, {"x": (1, 8, 2, 2)}, {}, "neither DCR nor CRD"),
        ("DepthToSpace", {"blocksize": -(2**31)}, {"x": (1, 8, 2, 2)}, {}, "out of range"),
        ("SpaceToDepth", {"blocksize": 2**62}, {"x": (1, 8, 2, 2)}, {}, "out of range"),
        ("SpaceToDepth", {"blocksize": 2}, {"x": (1, 8, 3, 2)}, {}, "image of 3x2"),
        ("SpaceToDepth", {"blocksize": 2}, {"x": (8, 2, 2)}, {}, "3 dimensions"),
        ("Tile", {}, {"x": (2, 3)}, {"r": np.array([2**62, 2])}, "impossible number of elements"),
        ("Tile", {}, {"x": (2, 3)}, {"r": np.array([2, -1])}, "repeated -1 times"),
        ("Tile", {}, {"x": (2, 3)}, {"r": np.array([2])}, "1 entries for 2 dimensions"),
        ("CumSum", {}, {"x": (2, 3)}, {"axis": np.array(2)}, "axis 2"),
        ("CumSum", {}, {"x": (2, 3)}, {"axis": np.array([0, 1])}, "one number"),
        ("ArgMax", {"axis": 2**62}, {"x": (2, 3)}, {}, "out of range"),
        ("OneHot", {}, {"x": (2,)}, {"depth": np.array(-1), "values": np.array([0, 1])}, "its depth"),
        ("OneHot", {}, {"x": (2,)}, {"depth": np.array(3), "values": np.array([0, 1, 2])}, "its values must be two"),
        ("OneHot", {"axis": 2}, {"x": (2,)}, {"depth": np.array(3), "values": np.array([0, 1])}, "axis 2"),
        ("Mod", {}, {"x": (2,)}, {"d": np.array([2.0], np.float32)}, "needs fmod=1"),
        ("Gelu", {"approximate": "sometimes"}, {"x": (2,)}, {}, "neither none nor tanh"),
        ("And", {}, {"x": (2,)}, {"q": np.array([True])}, "bool is needed"),
    ],
)
def test_bad_input(op, attributes, inputs, constants, says, tmp_path):
    graph = helper.make_graph(
        [helper.make_node(op, [*inputs, *constants], ["y"], "bad", **attributes)],
        "bad",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), tmp_path / "bad.onnx")
    done = harness.run([harness.skipc_path(), "compile", tmp_path / "bad.onnx", "-o", tmp_path / "bad.c"])
    assert done.returncode == 3, done.stderr
    assert says in done.stderr.decode() and f"node 'bad' ({op})" in done.stderr.decode()
