"""Infinities and NaN in the image stand in the result where ONNX Runtime has them, unless a Winograd kernel spreads them over its tile, as
docs/commands.md says."""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import harness

CHANNELS, SIZE = 32, 12


def network():
    generator = np.random.default_rng(17)
    weight = generator.standard_normal((CHANNELS, CHANNELS, 3, 3), dtype=np.float32) / 17
    nodes = [
        helper.make_node("Relu", ["x"], ["a"]),
        helper.make_node("Conv", ["a", "w"], ["b"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["b"], ["y"]),
    ]
    shape = [1, CHANNELS, SIZE, SIZE]
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in "xy")
    graph = helper.make_graph(nodes, "special", [x], [y], [numpy_helper.from_array(weight, "w")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), shape


def image(shape):
    x = np.random.default_rng(18).standard_normal(shape, dtype=np.float32)
    x[0, 3, 2, 3] = np.inf
    x[0, 5, 8, 9] = np.nan
    x[0, 7, 0, 11] = -np.inf
    return x


def results(folder, *flags):
    model, shape = network()
    onnx.save(model, folder / "net.onnx")
    x = image(shape)
    [expected] = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})
    source = harness.compile_model(folder / "net.onnx", folder / "net.c", *flags)
    library = harness.build_shared(source, *(["-DPLAIN_C"] if "--exact" in flags else []))
    [mine] = harness.Network(source, library)([x], [(shape, np.float32)])
    return mine, expected, source


@pytest.mark.parametrize("flags", [("--exact",), ("--optimize", "memory"), ("--optimize", "size")], ids=" ".join)
def test_positions(flags, tmp_path):
    mine, expected, _ = results(tmp_path, *flags)
    assert np.isnan(expected).sum() > 100 and np.isinf(expected).any() and np.isfinite(expected).any()
    for special in (np.isnan, np.isposinf, np.isneginf):
        np.testing.assert_array_equal(special(mine), special(expected))
    finite = np.isfinite(expected)
    np.testing.assert_allclose(mine[finite], expected[finite], rtol=0, atol=1e-5)


def test_winograd_spreads_over_its_tiles(tmp_path):
    """Within 4 pixels, a tile's width, of where they belong; nothing finite is lost beyond."""
    mine, expected, source = results(tmp_path)
    assert "conv_winograd" in source.read_text()
    special, reach = ~np.isfinite(expected).all(axis=(0, 1)), 4
    near = np.zeros_like(special)
    for y, x in zip(*np.nonzero(special)):
        near[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1] = True
    assert not np.isfinite(mine[0, :, special]).all() and not near.all()
    np.testing.assert_allclose(mine[0][:, ~near], expected[0][:, ~near], rtol=0, atol=1e-4)
