"""A convolution and the pool or depthwise convolution behind it, computed strip by strip: the bits of separate steps, in a smaller arena."""

import re
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness

BUILDS = {"one thread": [], "three threads": ["-fopenmp"], "plain C": ["-DPLAIN_C"]}


class Builder:
    def __init__(self):
        self.random = np.random.default_rng(5)
        self.nodes, self.constants = [], []

    def constant(self, name, *shape):
        values = self.random.standard_normal(shape).astype(np.float32) / 4
        self.constants.append(numpy_helper.from_array(values, name))
        return name

    def add(self, op, inputs, output, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    def conv(self, source, name, out, per_group, kernel, **attributes):
        weights = [self.constant(f"{name}_w", out, per_group, kernel, kernel), self.constant(f"{name}_b", out)]
        return self.add("Conv", [source, *weights], name, **attributes)


def stem(net):
    net.add("Relu", [net.conv("x", "conv", 64, 3, 7, strides=[2, 2], pads=[3, 3, 3, 3])], "middle")
    net.add("MaxPool", ["middle"], "pool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    net.conv("pool", "y", 16, 64, 1)


def inverted_residual(stride):
    def build(net):
        net.conv("x", "in", 16, 3, 3, pads=[1, 1, 1, 1])
        net.constants += [numpy_helper.from_array(np.float32(0), "zero"), numpy_helper.from_array(np.float32(6), "six")]
        net.add("Clip", [net.conv("in", "expanded", 96, 16, 1), "zero", "six"], "middle")
        deep = net.conv("middle", "deep", 96, 1, 3, group=96, strides=[stride, stride], pads=[1, 1, 1, 1])
        net.conv(net.add("HardSwish", [deep], "gated"), "out", 16, 96, 1)
        net.add("Add", ["out", "in"], "y") if stride == 1 else net.add("Relu", ["out"], "y")

    return build


NETWORKS = {
    "stem": (stem, (1, 3, 150, 121), (64, 75, 61), (16, 38, 31)),
    "stem of a batch": (stem, (2, 3, 150, 121), (64, 75, 61), (16, 38, 31)),
    "inverted residual": (inverted_residual(1), (1, 3, 50, 41), (96, 50, 41), (16, 50, 41)),
    "strided block": (inverted_residual(2), (2, 3, 50, 41), (96, 50, 41), (16, 25, 21)),
}


def write_model(build, shape, outputs, path):
    net = Builder()
    build(net)
    graph = helper.make_graph(
        net.nodes,
        "pair",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, dims in outputs],
        net.constants,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8), path)
    return path


def arena_bytes(model, optimize):
    return harness.inspected(model, "--optimize", optimize)["arena_bytes"]


@pytest.mark.parametrize("optimize", ["speed", "memory"])
@pytest.mark.parametrize("network", NETWORKS)
def test_a_pair_has_the_bits_of_its_layers(network, optimize, tmp_path):
    build, shape, middle, result = NETWORKS[network]
    outputs = [("y", (shape[0], *result)), ("middle", (shape[0], *middle))]
    image = np.random.default_rng(3).standard_normal(shape).astype(np.float32)
    results = {}
    for folder, count in (("pair", 1), ("separate", 2)):  # what the caller gets is computed as a whole
        (tmp_path / folder).mkdir()
        model = write_model(build, shape, outputs[:count], tmp_path / folder / "net.onnx")
        source = harness.compile_model(model, tmp_path / folder / "net.c", "--optimize", optimize)
        assert bool(re.search(r", in step \d strip by strip \*/", source.read_text())) == (folder == "pair")
        for name, flags in BUILDS.items():
            library = harness.build_shared(source, "-march=x86-64-v3", *flags)
            loaded = harness.Network(source, library, threads=3 if "-fopenmp" in flags else None)
            results[folder, name] = loaded([image], [(dims, np.float32) for _, dims in outputs[:count]])[0]
    first = results["separate", "one thread"]
    assert np.isfinite(first).all() and first.any()
    for name, y in results.items():
        assert np.array_equal(y, first), name
    # The whole result lies in the separate network's own output: the pair's arena is no larger without it.
    of_pair, of_middle = arena_bytes(tmp_path / "pair/net.onnx", optimize), 4 * shape[0] * int(np.prod(middle))
    assert of_pair < arena_bytes(tmp_path / "separate/net.onnx", optimize) + of_middle


@pytest.mark.parametrize("network", NETWORKS)
def test_pairs_agree_with_onnx_runtime_layer_by_layer(network, tmp_path):
    build, shape, _, result = NETWORKS[network]
    model = write_model(build, shape, [("y", (shape[0], *result))], tmp_path / "net.onnx")
    harness.verified(model)
    assert len(harness.verified(model, "--layers")["layers"]) > 2
