"""float16 and bfloat16 networks: computed in float between borders in halves, or rounded where the model rounds with --strict-types."""

import harness
import ml_dtypes
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

HALVES = {"float16": (TensorProto.FLOAT16, np.float16), "bfloat16": (TensorProto.BFLOAT16, ml_dtypes.bfloat16)}
UNIT = {"float16": 2**-11, "bfloat16": 2**-8}  # of rounding, relative
BUILDS = [["-march=native"], ["-march=native", "-DPLAIN_C"]]


def network(half, computed):
    """A residual block of halves, a float and two half outputs; or the same in float, of weights that a half holds."""
    element, dtype = HALVES[half]
    random = np.random.default_rng(3)
    weights = {
        "w1": random.standard_normal((16, 3, 3, 3)) * 0.3,
        "b1": random.standard_normal(16),
        "scale": random.uniform(0.5, 1.5, 16),
        "shift": random.standard_normal(16),
        "mean": random.standard_normal(16),
        "variance": random.uniform(0.5, 2, 16),
        "w2": random.standard_normal((16, 16, 3, 3)) * 0.1,
        "w3": random.standard_normal((10, 16)),
        "two": np.array(2.0),
    }
    nodes = [
        helper.make_node("Conv", ["x", "w1", "b1"], ["c1"], pads=[1] * 4),
        helper.make_node("BatchNormalization", ["c1", "scale", "shift", "mean", "variance"], ["n1"]),
        helper.make_node("Relu", ["n1"], ["r1"]),
        helper.make_node("Conv", ["r1", "w2"], ["c2"], pads=[1] * 4),
        helper.make_node("Add", ["c2", "r1"], ["sum"]),
        helper.make_node("Relu", ["sum"], ["r2"]),
        helper.make_node("GlobalAveragePool", ["r2"], ["pool"]),
        helper.make_node("Flatten", ["pool"], ["flat"]),
        helper.make_node("Gemm", ["flat", "w3"], ["logits"], transB=1),
        helper.make_node("Mul", ["logits", "two"], ["twice"]),
        helper.make_node("Cast", ["twice"], ["wide"], to=TensorProto.FLOAT),
    ]
    declared = TensorProto.FLOAT if computed else element
    initializers = []
    for name, array in weights.items():
        rounded = array.astype(dtype)
        bits = rounded.astype(np.float32) if computed else rounded
        initializers.append(helper.make_tensor(name, declared, array.shape, bits.tobytes(), raw=True))
    inputs = [helper.make_tensor_value_info("x", declared, [1, 3, 9, 7])]
    outputs = [
        helper.make_tensor_value_info(name, kind, [1, 10])
        for name, kind in [("wide", TensorProto.FLOAT), ("logits", declared), ("twice", declared)]
    ]
    graph = helper.make_graph(nodes, "half", inputs, outputs, initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def image(half):
    return np.random.default_rng(4).standard_normal((1, 3, 9, 7)).astype(HALVES[half][1])


def outputs_of(model, half, folder, *flags):
    """Of each build."""
    path = folder / "net.onnx"
    onnx.save(model, path)
    source = harness.compile_model(path, folder / f"{''.join(flags) or 'loose'}.c", *flags)
    shapes = [((1, 10), np.float32), ((1, 10), HALVES[half][1]), ((1, 10), HALVES[half][1])]
    return [harness.Network(source, harness.build_shared(source, *flags_of_build))([image(half)], shapes) for flags_of_build in BUILDS]


@pytest.mark.parametrize("half", HALVES)
def test_computed_in_float(half, tmp_path):
    """What ONNX Runtime computes of the same network in float, rounded at the border alone."""
    session = onnxruntime.InferenceSession(network(half, computed=True).SerializeToString(), providers=["CPUExecutionProvider"])
    expected = session.run(None, {"x": image(half).astype(np.float32)})
    for outputs in outputs_of(network(half, computed=False), half, tmp_path):
        for k, (mine, theirs) in enumerate(zip(outputs, expected, strict=True)):
            error = np.abs(mine.astype(np.float64) - theirs).max() / np.abs(theirs).max()
            assert error <= 1e-5 + (UNIT[half] if k else 0)


@pytest.mark.parametrize("half", HALVES)
def test_strict_types(half, tmp_path):
    """The interpreter rounds after each node, too: what is rounded is the same but where a sum falls beside a middle."""
    model = network(half, computed=False)
    outputs = outputs_of(model, half, tmp_path, "--strict-types")
    loose = outputs_of(model, half, tmp_path)
    assert outputs[0][0].tobytes() == outputs[1][0].tobytes()  # vectors and plain C
    assert outputs[0][0].tobytes() != loose[0][0].tobytes()
    wide, logits, twice = outputs[0]
    assert np.array_equal(wide, twice.astype(np.float32)) and np.array_equal(wide, 2 * logits.astype(np.float32))


def test_verified(tmp_path):
    path = tmp_path / "net.onnx"
    onnx.save(network("float16", computed=False), path)
    for flags in [], ["--strict-types"], ["--layers"]:
        assert harness.verified(path, *flags)["pass"]
    onnx.save(network("bfloat16", computed=False), path)  # NumPy, and so the peer, has no such type
    assert harness.verified(path, "--against", "reference")["pass"]


def test_weights_alone(tmp_path):
    """Weights in halves that a Cast widens: constants, as exporters write them to save space."""
    weight = np.random.default_rng(5).standard_normal((4, 3, 1, 1)).astype(np.float16)
    nodes = [helper.make_node("Cast", ["w"], ["wide"], to=TensorProto.FLOAT), helper.make_node("Conv", ["x", "wide"], ["y"])]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 2, 2])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4, 2, 2])]
    graph = helper.make_graph(nodes, "weights", inputs, outputs, [numpy_helper.from_array(weight, "w")])
    path = tmp_path / "net.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    assert harness.verified(path)["pass"]
