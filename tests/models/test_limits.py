"""Compile time, memory and arena of ResNet-18 and ResNet-50: what the project promises of them."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
from export import export

# In the group of the parity tests of the same network: they share the made model.
ARENA_LIMITS = [
    pytest.param("resnet18", 2_300_000, marks=pytest.mark.xdist_group("resnet18")),
    pytest.param("resnet50", 5_700_000, marks=pytest.mark.xdist_group("resnet50")),
]


@pytest.mark.parametrize("network, most_bytes", ARENA_LIMITS)
def test_arena(network, most_bytes, tmp_path):
    path = tmp_path / f"{network}.onnx"
    export(network, "script-folded", str(path))
    sizes = harness.inspected(path)
    path.unlink()
    harness.report(f"arena {network}: {sizes['arena_bytes']} bytes (at most {most_bytes})")
    assert sizes["arena_bytes"] <= most_bytes


@pytest.mark.xdist_group("resnet18")
def test_least_arena_of_resnet18(tmp_path):
    """Two images of 64 channels at 56x56, and the shortest strip of one: the stem's result is pooled strip by strip."""
    path = tmp_path / "resnet18.onnx"
    export("resnet18", "script-folded", str(path))
    sizes = harness.inspected(path, "--optimize", "memory")
    path.unlink()
    assert sizes["arena_bytes"] == 2 * 64 * 56 * 56 * 4 + 61_440


# Seconds alone, and megabytes: the transformed weights of the fastest kernels make the file twice as long.
COMPILE_LIMITS = {"memory": (15, 2000), "speed": (20, 2048)}


@pytest.mark.xdist_group("resnet50")
@pytest.mark.parametrize("optimize", COMPILE_LIMITS)
def test_resnet50_compiles_within_limits(optimize, tmp_path):
    """Memory is asserted; times depend on what else runs, and are reported."""
    seconds, megabytes = COMPILE_LIMITS[optimize]
    path = tmp_path / "resnet50.onnx"
    source = tmp_path / "resnet50.c"
    export("resnet50", "script-folded", str(path))
    skipc = harness.measured([harness.skipc_path(), "compile", path, "-o", source, "--optimize", optimize])
    harness.report(f"skipc compile --optimize {optimize} resnet50.onnx: {skipc.seconds:.2f} s, {skipc.megabytes:.0f} MB")
    gcc = harness.measured(["gcc", "-O2", "-c", source, "-o", tmp_path / "resnet50.o"])
    harness.report(f"gcc -O2 resnet50.c: {gcc.seconds:.1f} s (at most {seconds} alone), {gcc.megabytes:.0f} MB (at most {megabytes})")
    for file in tmp_path.iterdir():
        file.unlink()
    assert skipc.megabytes <= (600 if optimize == "memory" else 1200)
    assert gcc.megabytes <= megabytes
