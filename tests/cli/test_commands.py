"""The command line on good input, and models that try to break the generated C through their names."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
import models


def skipc(*arguments, folder):
    return harness.checked([harness.skipc_asan_path(), *arguments], cwd=folder)


def test_help_and_version(tmp_path):
    for flag in ("--help", "-h"):
        words = skipc(flag, folder=tmp_path)
        for command in ("compile", "inspect", "run", "verify", "bench", "lesion"):
            assert command in words
    version = re.search(r"VERSION ([\d.]+)", (harness.ROOT / "CMakeLists.txt").read_text().split("project(")[1]).group(1)
    assert skipc("--version", folder=tmp_path) == f"skipc {version}\n"
    for command in ("compile", "inspect", "run", "verify", "bench", "lesion"):
        assert f"skipc {command}" in skipc(command, "--help", folder=tmp_path)


def test_output_defaults_to_the_models_stem(tmp_path):
    (tmp_path / "sub").mkdir()
    models.save(models.convolution(), tmp_path / "sub/my-net.v2.onnx")
    skipc("compile", "sub/my-net.v2.onnx", folder=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["my-net.v2.c", "my-net.v2.h", "sub"]
    header = (tmp_path / "my-net.v2.h").read_text()
    assert re.search(r"\b[a-z]\w*_run\(", header)


def test_inspect_json(tmp_path):
    models.save(models.convolution(), tmp_path / "model.onnx")
    sizes = json.loads(skipc("inspect", "model.onnx", "--json", folder=tmp_path))
    assert sizes["arena_bytes"] >= 0
    text = json.dumps(sizes)
    assert "layer1/conv" in text and str(4 * 6 * 6 * 27) in text  # multiply-adds
    assert "layer1/conv" in skipc("inspect", "model.onnx", folder=tmp_path)


def test_dump_ir(tmp_path):
    models.save(models.convolution(), tmp_path / "model.onnx")
    before = skipc("compile", "model.onnx", "--dump-ir", folder=tmp_path)
    assert "Conv" in before and "1x4x6x6" in before


def test_symbolic_dimensions(tmp_path):
    models.save(models.dimensions(["batch", 3, "side", "side"]), tmp_path / "model.onnx")
    done = harness.run(
        [harness.skipc_asan_path(), "compile", "model.onnx", "--dim", "side=5", "--dim", "batch=2"], cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "2x3x5x5" in (tmp_path / "model.h").read_text()
    models.save(models.dimensions(["batch", 3]), tmp_path / "one.onnx")
    done = harness.run([harness.skipc_asan_path(), "compile", "one.onnx"], cwd=tmp_path)
    assert done.returncode == 0 and b"batch" in done.stderr
    assert "1x3" in (tmp_path / "one.h").read_text()


def test_open_sizes_are_noted_with_what_sets_them(tmp_path):
    models.save(models.dimensions([0, 3, "batch", "i j"]), tmp_path / "model.onnx")
    done = harness.run([harness.skipc_asan_path(), "compile", "model.onnx", "--dim", "i j=2"], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert b"note: dimension 0 of input 'x' has no size: taken as 1 (--dim x:0=N sets it)" in done.stderr
    assert b"note: dimension 'batch' is symbolic: taken as 1 (--dim batch=N sets it)" in done.stderr
    assert "1x3x1x2" in (tmp_path / "model.h").read_text()


def test_declared_outputs_are_compared(tmp_path):
    made = models.unary("Relu")
    made.graph.output[0].CopyFrom(models.value("y", [1, 5], TensorProto.INT64))
    models.save(made, tmp_path / "model.onnx")
    done = harness.run([harness.skipc_asan_path(), "compile", "model.onnx"], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert b"note: 'y' is declared as int64; its element type is float" in done.stderr
    assert b"note: 'y' is declared as 1x5; its shape is 1x4" in done.stderr


@pytest.mark.parametrize("bind, negative", [("c=1", 0), ("c=false", -1), ("c=c.npy", -1)])
def test_bound_inputs_are_constants_for_every_command(bind, negative, tmp_path):
    models.save(models.branch(), tmp_path / "net.onnx")
    np.save(tmp_path / "c.npy", np.array(False))
    x = np.array([[-1, 2, -3, 4]], np.float32)
    np.save(tmp_path / "x.npy", x)
    skipc("run", "net.onnx", "--bind", bind, "-i", "x.npy", "-o", "y.npy", folder=tmp_path)
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), np.where(x < 0, negative * -x, x))
    sizes = json.loads(skipc("inspect", "net.onnx", "--bind", bind, "--json", folder=tmp_path))
    assert [entry["name"] for entry in sizes["inputs"]] == ["x"]
    skipc("compile", "net.onnx", "--bind", bind, folder=tmp_path)
    assert "net_run(const float *input, float *output" in (tmp_path / "net.h").read_text()
    skipc("verify", "net.onnx", "--bind", bind, "-i", "x=x.npy", folder=tmp_path)


def test_numbers_and_lists_of_every_type(tmp_path):
    """What a bound input is, as the network's output: its bits, by the interpreter."""
    for kind, text, expected in (
        (TensorProto.FLOAT, "[[0.1, -2],[3e-5,inf]]", np.array([[0.1, -2], [3e-5, np.inf]], np.float32)),
        (TensorProto.DOUBLE, "0.1,-1e300", np.array([0.1, -1e300])),
        (TensorProto.INT64, "-9223372036854775808,9223372036854775807", np.array([-(2**63), 2**63 - 1])),
        (TensorProto.UINT64, "18446744073709551615", np.array([2**64 - 1], np.uint64)),
        (TensorProto.INT8, "[-128, 127]", np.array([-128, 127], np.int8)),
        (TensorProto.BOOL, "true,false,1,0", np.array([True, False, True, False])),
    ):
        nodes = [helper.make_node("Identity", ["v"], ["w"]), helper.make_node("Relu", ["x"], ["y"])]
        inputs = [models.value("x", [1]), models.value("v", [None] * expected.ndim, kind)]
        made = models.model(nodes, inputs, [models.value("y", [1]), models.value("w", None, kind)])
        models.save(made, tmp_path / "net.onnx")
        np.save(tmp_path / "x.npy", np.ones(1, np.float32))
        skipc("run", "net.onnx", "--bind", f"v={text}", "-i", "x.npy", "-o", "y.npy", "-o", "w.npy", folder=tmp_path)
        bound = np.load(tmp_path / "w.npy")
        assert bound.dtype == expected.dtype and bound.tobytes() == expected.tobytes(), (text, bound)


def test_run_writes_npy(tmp_path):
    models.save(models.convolution(), tmp_path / "model.onnx")
    x = np.random.default_rng(1).standard_normal((1, 3, 8, 8)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    skipc("run", "model.onnx", "--input", "x.npy", "--output", "y.npy", folder=tmp_path)
    expected = onnxruntime.InferenceSession(tmp_path / "model.onnx").run(None, {"x": x})[0]
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), expected, rtol=1e-4, atol=1e-5)


def test_verify_json_and_mismatch_free_exit(tmp_path):
    models.save(models.convolution(), tmp_path / "model.onnx")
    for peer in ("onnxruntime", "reference"):
        json.loads(skipc("verify", "model.onnx", "--against", peer, "--json", folder=tmp_path))


HOSTILE = [
    "x */ int injected; /*",
    "trailing backslash \\",
    "trigraph ??/",
    'quote " and % and %s %n',
    "line\nbreak",
    "naïve ☃",
    "// comment",
    "a" * 3000,
    "int",
]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("mode", ["inline", "asm", "file"])
def test_names_cannot_break_the_c(name, mode, tmp_path):
    weight = models.tensor(name + "w", np.ones((4, 3, 3, 3), np.float32))
    nodes = [
        helper.make_node("Conv", [name, name + "w"], [name + "c"], name + "n", kernel_shape=[3, 3]),
        helper.make_node("Relu", [name + "c"], [name + "y"], name + "r"),
    ]
    made = models.model(nodes, [models.value(name, [1, 3, 8, 8])], [models.value(name + "y", None)], [weight])
    made.graph.name = name
    models.save(made, tmp_path / "net.onnx")
    source = harness.compile_model(tmp_path / "net.onnx", tmp_path / "net.c", "--weights", mode)
    harness.build_shared(source)
    harness.build_shared(source, compiler="clang")


def test_colliding_names(tmp_path):
    """Two inputs that become the same C identifier."""
    node = helper.make_node("Add", ["a.b", "a/b"], ["a-b"], "n")
    made = models.model([node], [models.value("a.b", [4]), models.value("a/b", [4])], [models.value("a-b", [4])])
    models.save(made, tmp_path / "net.onnx")
    source = harness.compile_model(tmp_path / "net.onnx", tmp_path / "net.c")
    network = harness.Network(source, harness.build_shared(source))
    x, y = np.arange(4, dtype=np.float32), np.ones(4, np.float32)
    np.testing.assert_array_equal(network([x, y], [((4,), np.float32)])[0], x + y)


def test_several_inputs_and_outputs_and_an_input_that_is_an_output(tmp_path):
    nodes = [helper.make_node("Add", ["x", "y"], ["sum"]), helper.make_node("Sub", ["x", "y"], ["difference"])]
    nodes.append(helper.make_node("Exp", ["x"], ["unused"]))
    outputs = [models.value(name, [2, 3]) for name in ("sum", "x", "difference", "sum")]
    made = models.model(nodes, [models.value("x", [2, 3]), models.value("y", [2, 3])], outputs[:3])
    models.save(made, tmp_path / "net.onnx")
    source = harness.compile_model(tmp_path / "net.onnx", tmp_path / "net.c")
    network = harness.Network(source, harness.build_shared(source))
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    y = np.full((2, 3), 0.5, np.float32)
    for actual, expected in zip(network([x, y], [((2, 3), np.float32)] * 3), (x + y, x, x - y), strict=True):
        np.testing.assert_array_equal(actual, expected)


def test_local_functions_are_inlined(tmp_path):
    body = [helper.make_node("Relu", ["a"], ["t"]), helper.make_node("Add", ["t", "a"], ["b"])]
    function = helper.make_function("local", "f", ["a"], ["b"], body, [helper.make_opsetid("", 17)])
    nodes = [helper.make_node("f", ["x"], ["h"], domain="local"), helper.make_node("f", ["h"], ["y"], domain="local")]
    made = models.model(
        nodes, [models.value("x", [4])], [models.value("y", [4])], functions=[function], domains=["local"]
    )
    models.save(made, tmp_path / "net.onnx")
    source = harness.compile_model(tmp_path / "net.onnx", tmp_path / "net.c")
    network = harness.Network(source, harness.build_shared(source))
    x = np.array([-2, -1, 1, 2], np.float32)
    np.testing.assert_array_equal(network([x], [((4,), np.float32)])[0], np.array([-2, -1, 4, 8], np.float32))
