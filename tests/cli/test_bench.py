"""skipc bench on the trained ResNet-8: what it reports, never how fast."""

import json
import os
import re

import harness
import pytest

RUNS = ("--runs", "2", "--cflags=-O1")  # builds fast


def bench(*arguments, **variables):
    return harness.run([harness.skipc_path(), "bench", harness.SAMPLE, *RUNS, *arguments], variables=variables)


def report(*arguments):
    done = bench(*arguments, "--json")
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def layers_of(command, *arguments):
    return json.loads(harness.checked([harness.skipc_path(), command, harness.SAMPLE, "--json", *arguments]))["layers"]


def test_alone():
    result = report()
    assert result["threads"] == 1 and result["runs"] == 2 and "ratio" not in result
    times = result["skipc"]
    assert 0 < times["min_ms"] <= times["low_ms"] <= times["median_ms"] <= times["high_ms"] <= times["max_ms"]


@pytest.mark.parametrize("peer", ["onnxruntime", "openvino", "ncnn", "mnn"])
def test_paired(peer):
    result = report("--against", peer)
    assert result[peer]["median_ms"] > 0
    assert result["ratio_low"] <= result["ratio"] <= result["ratio_high"]


@pytest.mark.parametrize("peer", ["onnxruntime", "openvino", "ncnn", "mnn"])
def test_peer_that_is_not_installed(peer, tmp_path):
    """A module of that name that can't be imported stands before the installed one, if there is one."""
    module = {"mnn": "MNN"}.get(peer, peer)
    (tmp_path / f"{module}.py").write_text("raise ImportError('not here')\n")
    done = bench("--against", peer, PYTHONPATH=str(tmp_path))
    assert done.returncode == 5
    words = done.stderr.decode()
    assert words.count("\n") == 1 and "pip install" in words and module in words


def test_unknown_peer_and_layers_of_a_peer():
    done = bench("--against", "tensorflow")
    assert done.returncode == 2 and b"onnxruntime" in done.stderr
    assert bench("--against", "onnxruntime", "--layers").returncode == 2


def test_layers():
    result = report("--layers")
    layers, costs = result["layers"], layers_of("inspect")
    assert [layer["name"] for layer in layers] == [cost["name"] for cost in costs]
    assert [layer["multiply_adds"] for layer in layers] == [cost["multiply_adds"] for cost in costs]
    assert result["peak_gflops"] > 0 and result["memory_gb_per_s"] > 0
    for layer, cost in zip(layers, costs, strict=True):
        assert layer["ms"] >= layer["min_ms"] >= 0 and layer["bytes"] >= cost["activation_bytes"]
        assert layer["bound"] in ("arithmetic", "memory")
    winograd = [layer for layer in layers if re.match("conv_winograd", layer["kernel"] or "")]
    assert winograd and all(layer["products"] < layer["multiply_adds"] for layer in winograd)
    assert all(layer["products"] == layer["multiply_adds"] for layer in report("--layers", "--exact")["layers"])


def test_layers_table():
    words = bench("--layers").stdout.decode()
    assert "peak" in words
    for cost in layers_of("inspect"):
        assert cost["name"] in words


def test_layers_with_threads():
    assert report("--layers", "--threads", "2")["threads"] == 2


def test_layers_of_a_missing_compiler():
    done = bench("--layers", "--cc", "no-such-compiler")
    assert done.returncode == 5 and b"no-such-compiler" in done.stderr


def test_only_profiling_builds_call_out(tmp_path):
    source = harness.compile_model(harness.SAMPLE, tmp_path / "net.c")
    assert "net_step" not in source.read_text()


def test_nothing_stays_behind(tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    assert bench("--layers", TMPDIR=str(folder)).returncode == 0
    assert bench("--against", "ncnn", TMPDIR=str(folder)).returncode == 0
    assert os.listdir(folder) == []
