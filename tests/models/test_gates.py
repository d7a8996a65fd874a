"""Trees of elementwise operators become one step with the bits of the separate operators: Highway networks' gates, x sigmoid(x),
channel gates with residual and ReLU, scales and shifts."""

import re
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
from export import VARIANTS, export_module, seed
from networks import highway

LAYERS = 5

NETWORKS = {
    "conv": lambda blend: (highway.ConvHighway(blend, LAYERS, 16), (1, 3, 12, 12), 16 * 12 * 12),
    "dense": lambda blend: (highway.DenseHighway(blend, LAYERS, 48), (1, 1, 28, 28), 48),
}
FORMULAS = {"subtracted": "a * b + c * (d - b)", "negated": "a * b + c * (-b + d)", "rewritten": "a + b * (c - a)"}


@pytest.mark.parametrize("kind, variant", [*(("conv", variant) for variant in VARIANTS), ("dense", "script-folded")])
@pytest.mark.parametrize("blend", FORMULAS)
def test_a_highway_gate_is_one_step_without_temporaries(kind, blend, variant, tmp_path):
    seed()
    model, shape, image = NETWORKS[kind](getattr(highway, blend))
    path = tmp_path / "highway.onnx"
    export_module(model.eval(), torch.randn(shape), variant, str(path))
    words = harness.ir_after(path, tmp_path, "fuse-elementwise")
    assert re.findall(r"formula=\[(.*?)\] ;", words) == [FORMULAS[blend]] * LAYERS
    assert not re.findall(r"= (Mul|Add|Sub|Neg)\(", words)

    source = harness.compile_model(path, tmp_path / "net.c").read_text()
    assert f"{LAYERS} blocks of 3 */" in source  # transform, gate, blend: shared by the layers
    assert len(re.findall(r"^ +expression_\d+\(", source, re.MULTILINE)) == 1
    # x, H and T lie in the arena; nothing of the blend between them does.
    places = dict(re.findall(r"^#define AT_(\w+) \(\(size_t\)(\d+)\)$", source, re.MULTILINE))
    of_layers = {offset for name, offset in places.items() if int(name.split("_")[0]) <= 3 * LAYERS}
    assert len(of_layers) == 3, places
    assert not [name for name in places if re.search("mul|sub|neg", name, re.IGNORECASE)], places
    sizes = harness.inspected(path)
    assert sizes["arena_bytes"] == sizes["live_bytes"]
    scratch = sizes["arena_bytes"] - 3 * 4 * image
    if kind == "dense":
        assert scratch == 0
    harness.report(f"highway gate {kind:5} {blend:10} {variant:16} arena {sizes['arena_bytes']} bytes, three images and {scratch}")

    if variant == "script-folded":
        operators = [layer["op"] for layer in harness.verified(path, "--layers")["layers"]]
        # Each is compared with the model's own value, where that has the same shape.
        assert operators and (kind == "dense" or operators.count("Expression") == LAYERS)


# Trees that end in "y": a, b and c are images, g is a number a channel that is computed at run time, s and k are constants.
TREES = {
    "subtracted": "u = Mul a b; v = Sub one b; w = Mul c v; y = Add u w",
    "negated": "u = Mul a b; n = Neg b; v = Add n one; w = Mul c v; y = Add u w",
    "rewritten": "u = Sub a c; v = Mul b u; y = Add c v",
    "silu": "u = Sigmoid a; v = Mul a u; y = Add v b",
    "channel gate": "u = Mul a g; v = Add u b; y = Relu v",
    "batchnorm": "u = Mul a s; v = Add u k; y = Relu v",
    "hard swish": "u = HardSwish a; v = Add u b; y = Tanh v",
    "slopes": "u = PRelu a s; v = LeakyRelu b; w = Sub u v; y = Div w c",
    "limits": "u = HardSigmoid a; v = Neg b; w = Mul u v; y = Sub k w",
}
# Whole rows, rows with a rest, channels too small for rows, vectors, and what is blocked.
SHAPES = {"long": (2, 3, 5, 7), "rest": (1, 3, 3, 3), "tiny": (1, 5, 2, 2), "pixel": (1, 40, 1, 1), "blocked": (1, 32, 6, 5)}
POOL = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}  # keeps an image's layout, and other passes from reaching through


def tree_nodes(number):
    """The tree's nodes, and the names of all that it computes: the last is the result."""
    steps = [step.replace("=", "").split() for step in list(TREES.values())[number].split(";")]
    names = {target: f"{target}{number}" for target, *_ in steps}
    nodes = [helper.make_node(op, [names.get(x, x) for x in operands], [names[target]]) for target, op, *operands in steps]
    return nodes, list(names.values())


def trees_model(shape, separate, path):
    """All of them over the same operands. `separate`: everything in between is an output too, and so a step of its own. Returns inputs
    and the shapes of outputs, of which the trees' are first."""
    random = np.random.default_rng(4)
    channels, blocked = shape[1], shape[1] % 16 == 0

    def constant(name, *dims):
        return numpy_helper.from_array(random.standard_normal(dims).astype(np.float32), name)

    constants = [constant("s", channels, 1, 1), constant("k", channels, 1, 1), numpy_helper.from_array(np.float32(1), "one")]
    nodes, results, between = [], [], []

    def convolved(name, source, pool_first):
        constants.append(constant(f"{name}_weight", channels, channels, 1, 1))
        stages = [("Conv", [f"{name}_weight"], {}), ("MaxPool", [], POOL)]
        between_them = f"{name}_half"
        for (op, weights, attributes), start, end in zip(
            reversed(stages) if pool_first else stages, (source, between_them), (between_them, name), strict=True
        ):
            nodes.append(helper.make_node(op, [start, *weights], [end], **attributes))

    inputs = [(name, shape) for name in "abc"] + [("g", (1, channels, 1, 1))]
    if blocked:
        inputs = [(f"{name}_input" if name in "abc" else name, dims) for name, dims in inputs]
        for name in "abc":
            convolved(name, f"{name}_input", pool_first=False)
    for number in range(len(TREES)):
        of_tree, computed = tree_nodes(number)
        nodes += of_tree
        between += computed[:-1]
        results.append(f"z{number}" if blocked else computed[-1])
        if blocked:
            convolved(f"z{number}", computed[-1], pool_first=True)
            between.append(computed[-1])
    outputs = results + between if separate else results
    graph = helper.make_graph(
        nodes,
        "trees",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, dims in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in outputs],
        constants,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 16)], ir_version=8), path)
    return [random.standard_normal(dims).astype(np.float32) for _, dims in inputs], [(shape, np.float32)] * len(outputs)


# The compilers' own dialects let them join products and sums, and gcc does.
BUILDS = [
    "gcc -std=c99 -O2 -march=x86-64-v3",
    "gcc -O2 -march=x86-64-v3",
    "gcc -O2 -march=x86-64-v4",
    "gcc -O2 -march=x86-64-v3 -DPLAIN_C",
    "clang -O2 -march=x86-64-v3",
    "clang -O2 -march=x86-64-v3 -DPLAIN_C",
]


def results_of(source, build, inputs, shapes, library):
    """The loader keeps a library that it knows by its path."""
    warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
    harness.checked([*build.split(), *warnings, "-shared", "-fPIC", source, "-o", library, "-lm"])
    return harness.Network(source, library)(inputs, shapes)[: len(TREES)]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_bits_are_those_of_separate_steps(shape, tmp_path):
    expected = None
    for separate in (True, False):
        folder = tmp_path / str(separate)
        folder.mkdir()
        model = folder / "trees.onnx"
        inputs, outputs = trees_model(SHAPES[shape], separate, model)
        words = harness.ir_after(model, folder, "fuse-elementwise")
        assert len(re.findall(r"= Expression\(", words)) == (0 if separate else len(TREES)), words
        assert separate or len(re.findall(r" blocked = Expression\(", words)) == (len(TREES) if shape == "blocked" else 0), words
        source = harness.compile_model(model, folder / "net.c")
        for number, build in enumerate(BUILDS[:1] if separate else BUILDS):
            if not harness.runs_here(build.split()):
                continue
            results = results_of(source, build, inputs, outputs, folder / f"{number}.so")
            expected = expected or results
            for tree, mine, theirs in zip(TREES, results, expected, strict=True):
                assert np.isfinite(theirs).all() and theirs.any()
                np.testing.assert_array_equal(mine.view(np.int32), theirs.view(np.int32), f"{tree} by {build}")
    harness.skip_unless_all_ran(build.split() for build in BUILDS)
