"""Option A shortcuts (every second pixel, zeros for new channels) are added where they lie: no step and no buffer of their own."""

import re
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent.parent / "cli")]

import harness
from export import VARIANTS, export
from models import model, tensor, value

SMALL_KERNELS = ("--optimize", "memory")
ARENA = 196352  # of ResNet-20: two images of its first stage, and a strip with its border


@pytest.mark.xdist_group("resnet20_cifar")
@pytest.mark.parametrize("network", ["resnet20_cifar", "resnet20_cifar_pooled"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_no_step_and_no_buffer(network, variant, tmp_path):
    path, source = tmp_path / "net.onnx", tmp_path / "net.c"
    export(network, variant, str(path))
    ir = harness.ir_after(path, tmp_path, "choose-kernels")
    operators = re.findall(r"^%.* = (\w+)\(", ir, re.MULTILINE)
    assert operators.count("AddShortcut") == 2 and len(re.findall(r" blocked = AddShortcut\(", ir)) == 2
    assert not {"Slice", "Pad", "Concat", "Reorder"} & set(operators)
    assert operators.count("AveragePool") == 1  # over the whole plane, before the classifier
    harness.compile_model(path, source, *SMALL_KERNELS)
    assert not re.search(r"/\* \d+\. .* \((Slice|Pad|Concat)\)", source.read_text())
    assert harness.header_number(source, "NET_ARENA_BYTES") == ARENA


CASES = {
    # channels of the shortcut, zeros before and behind, its plane, strides, batch, activation
    "blocks move by half a block": (16, 8, 8, (8, 8), (2, 2), 1, "Relu"),
    "whole blocks": (32, 16, 16, (8, 6), (2, 2), 2, "Relu"),
    "behind alone, uneven plane": (16, 0, 32, (7, 9), (2, 2), 1, None),
    "lanes move one by one": (16, 5, 11, (8, 8), (2, 2), 1, "Elu"),
    "planar": (3, 2, 3, (10, 7), (2, 3), 2, "LeakyRelu"),
    "one stride": (16, 16, 0, (6, 6), (1, 2), 1, "Sigmoid"),
    "to one pixel": (16, 8, 8, (2, 2), (2, 2), 1, "Relu"),
}


def block(channels, before, behind, plane, strides, batch, activation):
    """x -> stem -> s; act(branch + pad(s[::strides])), with the branch from the stem where it is `inside`, else an input of its own."""
    rng = np.random.default_rng(1)
    wide = before + channels + behind
    weights = {
        "stem": rng.standard_normal((channels, 3, 1, 1)).astype(np.float32),
        "branch": rng.standard_normal((wide, channels, 3, 3)).astype(np.float32) / 8,
        "head": rng.standard_normal((5, wide, 1, 1)).astype(np.float32),
        "starts": np.array([0, 0], np.int64),
        "ends": np.array(plane, np.int64),
        "axes": np.array([2, 3], np.int64),
        "steps": np.array(strides, np.int64),
        "pads": np.array([0, before, 0, 0, 0, behind, 0, 0], np.int64),
    }
    nodes = [
        helper.make_node("Conv", ["x", "stem"], ["s"], "stem"),
        helper.make_node("Conv", ["s", "branch"], ["b"], "branch", strides=strides, pads=[1, 1, 1, 1]),
        helper.make_node("Slice", ["s", "starts", "ends", "axes", "steps"], ["sliced"], "slice"),
        helper.make_node("Pad", ["sliced", "pads"], ["padded"], "pad"),
    ]
    sums = [("b", "sum"), ("given", "other")]  # over the branch's result; beside an operand that is the caller's
    for operand, result in sums:
        nodes.append(helper.make_node("Add", [operand, "padded" if operand == "b" else "padded_too"], [f"{result}_plain"], result))
        nodes.append(helper.make_node(activation or "Identity", [f"{result}_plain"], [result], f"{result}_activation"))
    nodes += [
        helper.make_node("Slice", ["s", "starts", "ends", "axes", "steps"], ["sliced_too"], "slice_too"),
        helper.make_node("Pad", ["sliced_too", "pads"], ["padded_too"], "pad_too"),
        helper.make_node("Conv", ["sum", "head"], ["y"], "head"),
    ]
    order = ["stem", "branch", "slice", "pad", "slice_too", "pad_too", "sum", "sum_activation", "other", "other_activation", "head"]
    nodes.sort(key=lambda node: order.index(node.name))
    small = [-(-size // stride) for size, stride in zip(plane, strides, strict=True)]
    inputs = [value("x", [batch, 3, *plane]), value("given", [batch, wide, *small])]
    return model(nodes, inputs, [value("y", None), value("other", None)], [tensor(*item) for item in weights.items()])


@pytest.mark.parametrize("case", CASES)
def test_every_place_of_the_channels(case, tmp_path):
    path = tmp_path / "net.onnx"
    onnx.save(block(*CASES[case]), path)
    ir = harness.ir_after(path, tmp_path, "fuse-shortcut")
    assert ir.count("= AddShortcut(") == 2
    harness.build_shared(harness.compile_model(path, tmp_path / "net.c"), optimise="-O2")
    harness.checked([harness.skipc_path(), "verify", path, "--layers"])
