"""Residual blocks: found in every way of writing them, and not in what only looks like one."""

import sys
from fractions import Fraction
from math import comb
from pathlib import Path

import numpy as np
import onnx
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
import residual_nets

IDENTITY, PROJECTION, CHANGES_SHAPE = ("identity", True), ("projection", True), ("projection", False)
TWO_STAGES = {
    "layer1.0": IDENTITY,
    "layer1.1": IDENTITY,
    "layer1.2": IDENTITY,
    "layer2.0": CHANGES_SHAPE,
    "layer2.1": IDENTITY,
    "layer2.2": IDENTITY,
}
OPTION_A = {"layer1.0": IDENTITY, "layer2.0": CHANGES_SHAPE, "layer2.1": IDENTITY}
BLOCKS = {
    "post-activation": TWO_STAGES,
    "gated": TWO_STAGES,
    "gated-by-gemm": TWO_STAGES,
    "slice-and-pad": OPTION_A,
    "pool-and-concat": OPTION_A,
    "same-shape-projection": {"layer1.0": PROJECTION, "layer1.1": IDENTITY},
    "pre-activation": {"layer1.0": IDENTITY, "layer1.1": IDENTITY, "layer2.0": CHANGES_SHAPE, "layer2.1": IDENTITY},
    "split": {"layer1.0": IDENTITY, "layer1.1": IDENTITY},
    "res2net": {"layer1.0": IDENTITY, "layer1.1": IDENTITY},
    "dense": {"layer1.0": IDENTITY, "head.0": IDENTITY, "head.1": IDENTITY},
    "repvgg": {},
    "highway": {},
    "shared": {},
    "forks": {},
    "pyramid": {},
    "plain": {},
}


@pytest.mark.parametrize("variant", residual_nets.VARIANTS)
@pytest.mark.parametrize("name", residual_nets.NETWORKS)
def test_blocks(name, variant, exported):
    report = harness.inspected(exported(name, variant))
    found = {block["name"].removesuffix(".paths"): (block["shortcut"], block["droppable"]) for block in report["blocks"]}
    assert found == BLOCKS[name]
    assert list(found) == list(BLOCKS[name])
    assert [block["index"] for block in report["blocks"]] == list(range(len(found)))


def test_names_of_old_exporters(exported, tmp_path):
    """Before PyTorch 1.13 nodes were numbered; where batch normalization is folded, so are weights."""
    for variant, expected in (
        ("script-unfolded", list(TWO_STAGES)),
        ("script-folded", None),
    ):
        model = onnx.load(exported("post-activation", variant))
        for number, node in enumerate(model.graph.node):
            node.name = f"{node.op_type}_{number}"
        onnx.save(model, tmp_path / "old.onnx")
        adds = [node.name for node in model.graph.node if node.op_type == "Add"]
        assert [block["name"] for block in harness.inspected(tmp_path / "old.onnx")["blocks"]] == (expected or adds)


def test_blocks_that_no_output_needs_are_none(exported, tmp_path):
    """The last block is cut off: the classifier reads what comes before it."""
    model = onnx.load(exported("post-activation"))
    last = [node for node in model.graph.node if node.op_type == "Add"][-1]
    relu = next(node for node in model.graph.node if last.output[0] in node.input)
    before = next(name for name in last.input if "Relu" in name)
    for node in model.graph.node:
        for index, name in enumerate(node.input):
            if name == relu.output[0]:
                node.input[index] = before
    onnx.save(model, tmp_path / "cut.onnx")
    assert [block["name"] for block in harness.inspected(tmp_path / "cut.onnx")["blocks"]] == list(TWO_STAGES)[:-1]
    done = harness.run([harness.skipc_path(), "compile", tmp_path / "cut.onnx", "-o", tmp_path / "n.c", "--drop-blocks", "layer2.2"])
    assert done.returncode == 2 and b"no block 'layer2.2'" in done.stderr


def test_path_lengths(exported):
    paths = harness.inspected(exported("post-activation"))["paths"]
    assert paths["count"] == "2^6"
    assert paths["length_shares"] == pytest.approx([comb(6, k) / 64 for k in range(7)])
    assert paths["band"] == {"from": 1, "to": 5, "share": 62 / 64}


def test_path_lengths_of_a_deep_network(tmp_path):
    """2^601 is no double, and 2^-601 of all paths has length 0."""
    blocks = 601
    weight = onnx.numpy_helper.from_array(np.ones((2, 2, 1, 1), np.float32), "w")
    nodes = []
    for k in range(blocks):
        nodes.append(onnx.helper.make_node("Conv", [f"x{k}", "w"], [f"y{k}"], f"/block{k}/Conv", kernel_shape=[1, 1]))
        nodes.append(onnx.helper.make_node("Add", [f"x{k}", f"y{k}"], [f"x{k + 1}"], f"/block{k}/Add"))
    values = [onnx.helper.make_tensor_value_info(name, 1, [1, 2, 2, 2]) for name in ("x0", f"x{blocks}")]
    graph = onnx.helper.make_graph(nodes, "deep", values[:1], values[1:], [weight])
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8), tmp_path / "deep.onnx")
    report = harness.inspected(tmp_path / "deep.onnx")
    assert [block["name"] for block in report["blocks"]] == [f"block{k}" for k in range(blocks)]
    assert report["paths"]["count"] == "2^601"
    exact = [Fraction(comb(blocks, k), 2**blocks) for k in range(blocks + 1)]
    assert report["paths"]["length_shares"] == pytest.approx([float(share) for share in exact], rel=1e-8, abs=0)
    band = report["paths"]["band"]
    share = sum(exact[band["from"] : band["to"] + 1])
    inner = share - exact[band["from"]] - exact[band["to"]]
    assert band["from"] + band["to"] == blocks and inner < 0.95 <= share
    assert band["share"] == pytest.approx(float(share))
    words = harness.checked([harness.skipc_path(), "inspect", tmp_path / "deep.onnx"])
    assert "601 residual blocks: 2^601 paths" in words and f"{band['from']} to {band['to']} blocks" in words


def test_without_blocks_there_is_one_path(exported):
    words = harness.checked([harness.skipc_path(), "inspect", exported("plain")])
    assert "not residual: there is one path" in words
    report = harness.inspected(exported("plain"))
    assert report["blocks"] == [] and report["paths"]["count"] == "2^0" and report["paths"]["length_shares"] == [1]
