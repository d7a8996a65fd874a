"""Resize: every coordinate mode by every mode, by sizes and by scales, lengths 1 to 40, against ONNX Runtime and PyTorch.

The interpreter does them all, and the kernels compute with its tables; the compiled C has a sample that covers each kernel. A model
holds 800 resizes of planes: each pair of lengths occurs once, along the rows or along the columns."""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import harness

onnxruntime.set_default_logger_severity(3)  # tf_half_pixel_for_nn is deprecated: a warning for each node

COORDINATES = [
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "align_corners",
    "asymmetric",
    "tf_half_pixel_for_nn",
    "tf_crop_and_resize",
]
NEAREST = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]
MODES = [{"mode": "nearest", "nearest_mode": rounding} for rounding in NEAREST] + [{"mode": "linear"}, {"mode": "cubic"}]
FILTERS = [{"mode": mode, "antialias": 1, "exclude_outside": outside} for mode in ("linear", "cubic") for outside in (0, 1)]
FILTERS += [{"mode": "cubic", "exclude_outside": 1}, {"mode": "cubic", "cubic_coeff_a": -0.5}]
LENGTHS = range(1, 41)
HALF = len(LENGTHS) // 2


class Builder:
    def __init__(self, opset):
        self.opset, self.nodes, self.constants, self.names = opset, [], [], {}

    def constant(self, values, dtype):
        array = np.asarray(values, dtype)
        key = (array.tobytes(), array.dtype)
        if key not in self.names:
            self.names[key] = f"c{len(self.names)}"
            self.constants.append(numpy_helper.from_array(array, self.names[key]))
        return self.names[key]

    def add(self, operator, inputs, output, **attributes):
        self.nodes.append(helper.make_node(operator, inputs, [output], output, **attributes))
        return output

    def resize(self, x, rank, by, values, output, attributes, region=None):
        """`values`: of the last axes; the others keep their size. `by` sizes needs x's shape in whole: (1, 1, ...)."""
        whole = [1] * (rank - len(values)) + list(values)
        absent = self.constant([], np.float32) if self.opset < 13 else ""
        roi = self.constant(region, np.float32) if region else absent
        scales = self.constant(whole, np.float32) if by == "scales" else absent
        sizes = [self.constant(whole, np.int64)] if by == "sizes" else []
        return self.add("Resize", [x, roi, scales, *sizes], output, **attributes)

    def model(self, inputs, outputs):
        graph = helper.make_graph(
            self.nodes,
            "resizes",
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
            self.constants,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)


def with_coordinates(attributes, coordinates):
    crop = {"extrapolation_value": 7.0} if coordinates == "tf_crop_and_resize" else {}
    return {**attributes, "coordinate_transformation_mode": coordinates, **crop}


def region_of(coordinates):
    return [0, 0, 0.1, 0.2, 1, 1, 0.9, 1.15] if coordinates == "tf_crop_and_resize" else None


def grid(attributes, coordinates, by, generator, opset):
    """A model of one input and one output, and the (height, width, new height, new width) of its resizes in order."""
    b = Builder(opset)
    offset, sizes, parts = 0, [], []
    for short in range(1, HALF + 1):
        height, width = (short, short + HALF) if by == "sizes" else (short + HALF, short)
        part = b.add("Slice", ["x", b.constant([offset], np.int64), b.constant([offset + height * width], np.int64)], f"s{short}")
        plane = b.add("Reshape", [part, b.constant([1, 1, height, width], np.int64)], f"x{short}")
        offset += height * width
        widths = generator.permutation(len(LENGTHS)) + 1
        for new_height, new_width in zip(LENGTHS, widths):
            values = np.array([new_height, new_width])
            if by == "scales":
                values = (values + generator.choice([0.01, 0.25, 0.5, 0.9], 2)) / (height, width)
            given, region = with_coordinates(attributes, coordinates), region_of(coordinates)
            resized = b.resize(plane, 4, by, values, f"y{short}_{new_height}", given, region)
            parts.append(b.add("Reshape", [resized, b.constant([-1], np.int64)], f"z{short}_{new_height}"))
            sizes.append((height, width, new_height, int(new_width)))
    b.add("Concat", parts, "y", axis=0)
    return b.model({"x": [offset]}, ["y"]), offset, sizes


def values_for(attributes, shape, generator):
    """Nearest moves elements: they are told apart by their values."""
    if attributes["mode"] == "nearest":
        return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    return generator.standard_normal(shape, dtype=np.float32)


def by_onnxruntime(model, inputs):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options).run(None, inputs)


def interpreted(model, x, folder):
    onnx.save(model, folder / "model.onnx")
    np.save(folder / "x.npy", x)
    harness.checked([harness.skipc_path(), "run", folder / "model.onnx", "--input", folder / "x.npy", "--output", folder / "y.npy"])
    return np.load(folder / "y.npy")


def tolerance(attributes, coordinates):
    if attributes["mode"] == "nearest":
        return 0
    if attributes["mode"] == "cubic" and "exclude_outside" in attributes:  # cubic weights beyond the image leave a small sum to divide by
        return 1e-3 if coordinates == "tf_half_pixel_for_nn" else 1e-4
    return 1e-5


def wrong_sizes(actual, expected, sizes, most):
    assert actual.shape == expected.shape
    wrong, at = [], 0
    for size in sizes:
        count = size[2] * size[3]
        if np.abs(actual[at : at + count] - expected[at : at + count]).max() > most:
            wrong.append(size)
        at += count
    assert at == actual.size
    return wrong


def check_grid(attributes, coordinates, by, folder, opset=19):
    generator = np.random.default_rng(len(coordinates))
    model, count, sizes = grid(attributes, coordinates, by, generator, opset)
    x = values_for(attributes, count, generator)
    [expected] = by_onnxruntime(model, {"x": x})
    wrong = wrong_sizes(interpreted(model, x, folder), expected, sizes, tolerance(attributes, coordinates))
    assert wrong == [], f"{attributes} {coordinates} by {by}"


@pytest.mark.parametrize("by", ["sizes", "scales"])
@pytest.mark.parametrize("coordinates", COORDINATES)
def test_all_lengths(coordinates, by, tmp_path):
    for attributes in MODES:
        check_grid(attributes, coordinates, by, tmp_path)


@pytest.mark.parametrize("coordinates", COORDINATES)
def test_filters(coordinates, tmp_path):
    for k, attributes in enumerate(FILTERS):
        check_grid(attributes, coordinates, ["sizes", "scales"][(k + len(coordinates)) % 2], tmp_path)


@pytest.mark.parametrize("opset", [11, 13, 18])
def test_earlier_opsets(opset, tmp_path):
    check_grid(MODES[0], "half_pixel", "scales", tmp_path, opset)
    check_grid({"mode": "cubic"}, "pytorch_half_pixel", "sizes", tmp_path, opset)


# PyTorch's name and arguments, what its exporter writes for them, and which (length, new length, scale) it sees otherwise than ONNX Runtime
# does: docs/conformance.md gives the reasons.
def never(length, new, scale):
    return False


def single(length, new, scale):
    return new == 1 < length


def kept(length, new, scale):
    return scale and new == length


def at_a_tie(length, new, scale):
    """A coordinate, or its distance to the half, that is whole but for rounding; and PyTorch's own cases."""
    ratio = 1 / scale if scale else length / new
    positions = np.arange(new)
    coordinates = np.concatenate([positions * ratio, (positions + 0.5) * ratio])
    return bool((np.abs(coordinates - np.rint(coordinates)) < 1e-5).any()) or new in (length, 2 * length)


PYTORCH = {
    "nearest": ({"mode": "nearest"}, {"mode": "nearest", "nearest_mode": "floor"}, "asymmetric", at_a_tie),
    "nearest-exact": ({"mode": "nearest-exact"}, {"mode": "nearest", "nearest_mode": "round_prefer_ceil"}, "half_pixel", at_a_tie),
    "linear-corners": ({"mode": "bilinear", "align_corners": True}, {"mode": "linear"}, "align_corners", never),
    "linear": ({"mode": "bilinear", "align_corners": False}, {"mode": "linear"}, "half_pixel", never),
    "linear-pytorch": ({"mode": "bilinear", "align_corners": False}, {"mode": "linear"}, "pytorch_half_pixel", single),
    "cubic-corners": ({"mode": "bicubic", "align_corners": True}, {"mode": "cubic"}, "align_corners", kept),
    "cubic": ({"mode": "bicubic", "align_corners": False}, {"mode": "cubic"}, "half_pixel", kept),
    "linear-antialias": (
        {"mode": "bilinear", "align_corners": False, "antialias": True},
        {"mode": "linear", "antialias": 1, "exclude_outside": 1},
        "half_pixel",
        never,
    ),
    "cubic-antialias": (
        {"mode": "bicubic", "align_corners": False, "antialias": True},
        {"mode": "cubic", "antialias": 1, "exclude_outside": 1, "cubic_coeff_a": -0.5},
        "half_pixel",
        never,
    ),
}


@pytest.mark.parametrize("by", ["sizes", "scales"])
@pytest.mark.parametrize("name", PYTORCH)
def test_pytorch(name, by, tmp_path):
    options, attributes, coordinates, expected_to_differ = PYTORCH[name]
    generator = np.random.default_rng(7)
    b, rows, results, parts = Builder(19), {}, [], []
    for length in LENGTHS:
        rows[length] = values_for(attributes, (1, 1, 1, length), generator)
    whole = np.concatenate([row.ravel() for row in rows.values()])
    for length in LENGTHS:
        start = sum(range(length))
        part = b.add("Slice", ["x", b.constant([start], np.int64), b.constant([start + length], np.int64)], f"s{length}")
        row = b.add("Reshape", [part, b.constant([1, 1, 1, length], np.int64)], f"x{length}")
        for new in LENGTHS:
            scale = float(np.float32((new + generator.choice([0.01, 0.25, 0.5, 0.9])) / length)) if by == "scales" else None
            resized = b.resize(row, 4, by, [scale or new], f"y{length}_{new}", with_coordinates(attributes, coordinates))
            parts.append(b.add("Reshape", [resized, b.constant([-1], np.int64)], f"z{length}_{new}"))
            way = {"scale_factor": (1.0, scale)} if scale else {"size": (1, new)}
            theirs = torch.nn.functional.interpolate(torch.from_numpy(rows[length]), **way, **options)
            results.append((length, new, scale, theirs.numpy().ravel()))
    b.add("Concat", parts, "y", axis=0)
    mine = interpreted(b.model({"x": [whole.size]}, ["y"]), whole, tmp_path)
    at, differ = 0, []
    for length, new, scale, theirs in results:
        assert theirs.size == new
        if np.abs(mine[at : at + new] - theirs).max() > (0 if "nearest" in name else 2e-5):
            differ.append((length, new, scale))
        at += new
    assert at == mine.size
    unexpected = [case for case in differ if not expected_to_differ(*case)]
    assert unexpected == []
    assert len(differ) <= 48  # of 1600: that many are known


def sample(coordinates):
    """Images, blocked and planar, rows and volumes, and a channel axis; each mode once in each."""
    b = Builder(19)
    inputs = {"planar": [2, 3, 7, 9], "blocked": [1, 16, 7, 9], "row": [1, 2, 9], "volume": [1, 2, 3, 4, 5], "matrix": [6, 5]}
    weight = b.constant(np.eye(16).reshape(16, 16, 1, 1), np.float32)
    b.add("Conv", ["blocked", weight], "convolved")  # the resizes between convolutions stay in blocks of channels
    scales_of = {"planar": (1.8, 0.6), "convolved": (0.7, 2.3), "row": (1.7,), "volume": (0.7, 1.3, 2.5), "matrix": (1.4, 0.5)}
    outputs = []
    for k, attributes in enumerate(MODES + FILTERS[:2]):
        attributes = with_coordinates(attributes, coordinates)
        for name, scales in scales_of.items():
            rank = len(inputs[{"convolved": "blocked"}.get(name, name)])
            if attributes["mode"] != "nearest" and (name == "row" or "antialias" in attributes) and name not in ("planar", "convolved"):
                continue  # ONNX Runtime has none
            if attributes["mode"] == "cubic" and name == "volume":
                continue
            region = [0] * (rank - 2) + [0.1, 0.2] + [1] * (rank - 2) + [0.9, 1.15] if coordinates == "tf_crop_and_resize" else None
            resized = b.resize(name, rank, "scales", scales, f"{name}{k}", attributes, region)
            outputs.append(b.add("Conv", [resized, weight], f"after{k}") if name == "convolved" else resized)
    return b.model(inputs, outputs), inputs


@pytest.mark.parametrize("coordinates, flags", [("half_pixel", ()), ("align_corners", ("-DPLAIN_C",)), ("tf_crop_and_resize", ())])
def test_compiled(coordinates, flags, tmp_path):
    model, shapes = sample(coordinates)
    onnx.save(model, tmp_path / "net.onnx")
    generator = np.random.default_rng(3)
    inputs = {name: generator.standard_normal(shape, dtype=np.float32) for name, shape in shapes.items()}
    expected = by_onnxruntime(model, inputs)
    source = harness.compile_model(tmp_path / "net.onnx", tmp_path / "net.c")
    if coordinates != "tf_crop_and_resize":  # whose extrapolation has no kernel
        assert all(f"void {kernel}(" in source.read_text() for kernel in ("resize_planar", "resize_blocked"))
    network = harness.Network(source, harness.build_shared(source, *flags))
    results = network(inputs.values(), [(array.shape, np.float32) for array in expected])
    for output, mine, theirs in zip(model.graph.output, results, expected):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=2e-5, err_msg=output.name)


@pytest.mark.parametrize("policy", ["not_larger", "not_smaller", "stretch"])
def test_keep_aspect_ratio(policy, tmp_path):
    generator = np.random.default_rng(11)
    b, parts = Builder(18), []
    for k in range(200):
        height, width, new_height, new_width = map(int, generator.integers(1, 41, 4))
        part = b.add("Slice", ["x", b.constant([0], np.int64), b.constant([height * width], np.int64)], f"s{k}")
        plane = b.add("Reshape", [part, b.constant([1, 1, height, width], np.int64)], f"x{k}")
        sizes = b.constant([new_height, new_width], np.int64)
        b.add("Resize", [plane, "", "", sizes], f"y{k}", mode="linear", axes=[2, 3], keep_aspect_ratio_policy=policy)
        parts += [b.add("Shape", [f"y{k}"], f"h{k}"), b.add("Reshape", [f"y{k}", b.constant([-1], np.int64)], f"z{k}")]
    b.add("Concat", parts[1::2], "y", axis=0)
    x = generator.standard_normal(1600, dtype=np.float32)
    model = b.model({"x": [1600]}, ["y"])
    [expected] = by_onnxruntime(model, {"x": x})
    np.testing.assert_allclose(interpreted(model, x, tmp_path), expected, rtol=0, atol=1e-5)


def upsampled(opset, attributes, scales, x, folder):
    """Upsample 7 takes its scales as an attribute, Upsample 9 and Resize 10 as an input."""
    inputs, attributes = (["x"], {**attributes, "scales": scales}) if opset == 7 else (["x", "s"], attributes)
    node = helper.make_node("Resize" if opset == 10 else "Upsample", inputs, ["y"], **attributes)
    constants = [] if opset == 7 else [numpy_helper.from_array(np.array(scales, np.float32), "s")]
    value = [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)]
    graph = helper.make_graph([node], "g", value, [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=4)
    [expected] = by_onnxruntime(model, {"x": x})
    np.testing.assert_allclose(interpreted(model, x, folder), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("opset", [7, 9, 10])
def test_before_coordinate_modes(opset, tmp_path):
    x = np.random.default_rng(5).standard_normal((1, 2, 10, 7), dtype=np.float32)
    down = [(0.7, 0.5), (1.7, 0.6), (0.3, 2.2)] if opset == 10 else []  # Upsample only enlarges; Resize 10 may do both at once
    for scales in [(2, 2), (1.3, 2.6), (1, 3)] + down:
        for mode in ("nearest", "linear"):
            upsampled(opset, {"mode": mode}, [1.0, 1.0, *map(float, scales)], x, tmp_path)
