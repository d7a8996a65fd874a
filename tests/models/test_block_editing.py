"""Residual blocks left out or scaled when compiling, and the factors that exporters write."""

import re
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import helper

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
import residual_nets
from residual_nets import VARIANTS

BLOCKS = {
    "post-activation": 6,
    "gated": 6,
    "gated-by-gemm": 6,
    "slice-and-pad": 3,
    "same-shape-projection": 2,
    "pre-activation": 4,
    "split": 2,
    "res2net": 2,
    "dense": 3,
}


def image():
    return np.random.default_rng(3).standard_normal(residual_nets.SIZE).astype(np.float32)


def compiled(model, folder, *flags):
    """Its output for the image, through gcc."""
    folder.mkdir(exist_ok=True)
    source = harness.compile_model(model, folder / "net.c", *flags)
    return harness.Network(source, harness.build_shared(source))([image()], [((1, 10), np.float32)])[0]


def truth(name, survival):
    with torch.no_grad():
        return residual_nets.surviving(name, survival)(torch.from_numpy(image())).numpy()


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def linear(blocks, last):
    return [1 - (k + 1) / blocks * (1 - last) for k in range(blocks)]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", BLOCKS)
def test_survival_changes_weights_only(name, variant, exported, tmp_path):
    """No step, no name, no size tells the two files apart."""
    written = []
    for folder, flags in (("plain", []), ("scaled", ["--survival", "linear:0.5"])):
        (tmp_path / folder).mkdir()
        source = harness.compile_model(exported(name, variant), tmp_path / folder / "net.c", *flags)
        lines = source.read_text().splitlines()
        weights = [line for line in lines if line.startswith('"')]
        written.append(([line for line in lines if not line.startswith('"')], weights, source.with_suffix(".h").read_text()))
    (code, weights, header), (scaled_code, scaled_weights, scaled_header) = written
    assert code == scaled_code and header == scaled_header
    assert weights != scaled_weights


@pytest.mark.parametrize("name", BLOCKS)
def test_survival_scales_the_branches(name, exported, tmp_path):
    blocks = BLOCKS[name]
    close(compiled(exported(name), tmp_path / "linear", "--survival", "linear:0.25"), truth(name, linear(blocks, 0.25)))
    listed = [1.0, 0.5, 0.125, 0.75, 0.9, 0.01][:blocks]
    close(compiled(exported(name), tmp_path / "list", "--survival", ",".join(map(str, listed))), truth(name, listed))


@pytest.mark.parametrize("name", ["post-activation", "gated", "pre-activation"])
def test_survival_is_what_an_exporter_would_write(name, tmp_path, exported):
    """A network that was exported with its factors needs no step for them either."""
    survival = linear(BLOCKS[name], 0.5)
    for variant in VARIANTS:
        residual_nets.export(name, variant, tmp_path / f"{variant}.onnx", survival)
        close(compiled(tmp_path / f"{variant}.onnx", tmp_path / variant), truth(name, survival))
        ours = harness.checked([harness.skipc_path(), "compile", exported(name, variant), "--dump-ir"])
        theirs = harness.checked([harness.skipc_path(), "compile", tmp_path / f"{variant}.onnx", "--dump-ir"])
        if name != "gated":  # there the factor stays at the gate
            assert re.findall(r"= (\w+)\(", theirs) == re.findall(r"= (\w+)\(", ours)


FACTORS = {"scalar": (), "vector": (1,), "image": (1, 1, 1, 1), "channels": (1, 4, 1, 1), "channel column": (4, 1, 1)}


# Behind ReLU only a factor that is the same for all channels moves on.
PLACES = {
    "before the convolution": FACTORS,
    "behind it": FACTORS,
    "behind batch normalization": FACTORS,
    "behind ReLU": ["scalar", "vector", "image"],
}


@pytest.mark.parametrize("place, shape", [(place, shape) for place, shapes in PLACES.items() for shape in shapes])
@pytest.mark.parametrize("first", [False, True])
def test_factors_fold_wherever_the_exporter_put_them(shape, place, first, tmp_path):
    """A Mul by a constant on the branch: two convolutions with batch normalization, and a last one without."""
    generator = np.random.default_rng(1)
    factor = np.full(FACTORS[shape], 0.4, np.float32)
    weights = {f"w{k}": generator.standard_normal((4, 4, 3, 3)).astype(np.float32) * 0.3 for k in range(2)}
    weights |= {name: generator.uniform(0.5, 1.5, 4).astype(np.float32) for name in ("scale", "shift", "mean", "variance")}
    weights["p"] = factor
    nodes, last = [], "x"

    def add(op, name, *constants, **attributes):
        nonlocal last
        nodes.append(helper.make_node(op, [last, *constants], [name], name, **attributes))
        last = name

    def scale(here):
        if here == place:
            nodes.append(helper.make_node("Mul", ["p", last] if first else [last, "p"], ["scaled"], "scaled"))
            return "scaled"
        return last

    add("Conv", "conv0", "w0", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    add("Relu", "relu")
    last = scale("before the convolution")
    add("Conv", "conv1", "w1", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    last = scale("behind it")
    add("BatchNormalization", "norm", "scale", "shift", "mean", "variance")
    last = scale("behind batch normalization")
    if place == "behind ReLU":
        add("Relu", "relu1")
        last = scale("behind ReLU")
    nodes.append(helper.make_node("Add", [last, "x"], ["y"], "sum"))
    values = [helper.make_tensor_value_info(name, 1, [1, 4, 8, 8]) for name in "xy"]
    graph = helper.make_graph(nodes, "g", values[:1], values[1:], [onnx.numpy_helper.from_array(w, n) for n, w in weights.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8), tmp_path / "net.onnx")
    text = harness.checked([harness.skipc_path(), "compile", tmp_path / "net.onnx", "--dump-ir"])
    assert "Mul(" not in text and text.count("= Conv(") == 2
    harness.checked([harness.skipc_path(), "verify", tmp_path / "net.onnx"])


@pytest.mark.parametrize("variant", ["script-folded", "dynamo"])
@pytest.mark.parametrize(
    "name, dropped, survival",
    [
        ("post-activation", "1,layer2.2", [1, 0, 1, 1, 1, 0]),
        ("post-activation", "layer1.0,1,2,4,5", [0, 0, 0, 1, 0, 0]),
        ("gated", "0,layer2.1", [0, 1, 1, 1, 0, 1]),
        ("same-shape-projection", "layer1.0", [0, 1]),
        ("pre-activation", "0,layer2.1", [0, 1, 1, 0]),
        ("dense", "0,1,2", [0, 0, 0]),
    ],
)
def test_dropped_blocks_are_their_shortcuts(name, dropped, survival, variant, exported, tmp_path):
    if name == "dense" and variant == "dynamo":
        dropped = "layer1.0,head.0,head.1"
    close(compiled(exported(name, variant), tmp_path / "net", "--drop-blocks", dropped), truth(name, survival))


def test_dropping_and_scaling_together(exported, tmp_path):
    """The factors are those of the whole network, as in training."""
    survival = linear(6, 0.5)
    survival[2] = 0
    flags = ["--drop-blocks", "2", "--survival", "linear:0.5"]
    close(compiled(exported("post-activation"), tmp_path / "net", *flags), truth("post-activation", survival))


def test_dropped_blocks_leave_nothing(exported, tmp_path):
    """No weight, no step. With --exact: which other kernels there are, and the size of their weights, depends on the whole network."""
    whole = harness.compile_model(exported("post-activation"), tmp_path / "whole.c", "--exact")
    rest = harness.compile_model(exported("post-activation"), tmp_path / "rest.c", "--exact", "--drop-blocks", "0,1,2,4,5")
    assert harness.header_number(rest, "NET_WEIGHT_BYTES") < harness.header_number(whole, "NET_WEIGHT_BYTES") / 2
    assert "layer1.0" in whole.read_text() and "layer1" not in rest.read_text()


REFUSED = {
    "unknown name": (["--drop-blocks", "layer9.0"], "no block 'layer9.0'"),
    "misspelled name": (["--drop-blocks", "layer2.0,layer1.O"], "layer2.0"),
    "near name": (["--drop-blocks", "layer1.00"], "did you mean layer1.0?"),
    "index too large": (["--drop-blocks", "6"], "no block '6'"),
    "negative index": (["--drop-blocks", "-1"], "no block '-1'"),
    "empty item": (["--drop-blocks", "1,,2"], "no block ''"),
    "empty list": (["--drop-blocks="], "no block ''"),
    "twice by index": (["--drop-blocks", "1,1"], "block 1 'layer1.1' is listed twice"),
    "twice by name": (["--drop-blocks", "1,layer1.1"], "block 1 'layer1.1' is listed twice"),
    "changes the shape": (["--drop-blocks", "layer2.0"], "block 3 'layer2.0' changes the shape from 1x16x16x16 to 1x32x8x8"),
    "p of 0": (["--survival", "linear:0"], "not '0'"),
    "p over 1": (["--survival", "linear:1.5"], "not '1.5'"),
    "negative p": (["--survival", "linear:-0.5"], "not '-0.5'"),
    "p is no number": (["--survival", "linear:nan"], "not 'nan'"),
    "p is infinite": (["--survival", "linear:inf"], "not 'inf'"),
    "p is text": (["--survival", "linear:half"], "not 'half'"),
    "nothing after linear": (["--survival", "linear:"], "not ''"),
    "unknown rule": (["--survival", "uniform:0.5"], "takes 'linear:P' or one probability a block, each over 0 and at most 1, not 'uniform:0.5'"),
    "a list too short": (["--survival", "1,1,1,1,1"], "6 residual blocks, the list has 5"),
    "a list too long": (["--survival", "1,1,1,1,1,1,1"], "6 residual blocks, the list has 7"),
    "a bad number in a list": (["--survival", "1,1,1,0,1,1"], "not '0'"),
    "NaN in a list": (["--survival", "1,1,1,nan,1,1"], "not 'nan'"),
    "an empty number in a list": (["--survival", "1,1,1,,1,1"], "not ''"),
}


def refused(model, flags, reason, folder):
    done = harness.run([harness.skipc_asan_path(), "compile", model, "-o", folder / "net.c", *flags])
    assert done.returncode == 2, done.stderr
    assert reason in done.stderr.decode() and done.stderr.count(b"\n") == 1 and b"skipc: " in done.stderr
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case, exported, tmp_path):
    flags, reason = REFUSED[case]
    refused(exported("post-activation"), flags, reason, tmp_path)


@pytest.mark.parametrize("flags", [["--drop-blocks", "0"], ["--survival", "linear:0.5"], ["--survival", "1"]])
@pytest.mark.parametrize("name", ["plain", "repvgg", "highway"])
def test_networks_without_blocks_are_refused(name, flags, exported, tmp_path):
    refused(exported(name), flags, "has no residual blocks", tmp_path)
