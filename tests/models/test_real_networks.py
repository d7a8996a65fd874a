"""Networks that people ship, tests/data/real: what they gave in ONNX Runtime when they were recorded, and what it gives today."""

import harness
import numpy as np
import pytest

NETWORKS = sorted(path.stem for path in (harness.ROOT / "tests/data/real").glob("*.onnx"))


def recorded(name, kind):
    paths = sorted((harness.ROOT / "tests/data/real").glob(f"{name}.{kind}*.npy"), key=lambda path: int(path.stem.rsplit(kind, 1)[1]))
    assert paths, f"{name} has no {kind}puts"
    return paths


def flags_of(name):
    path = harness.ROOT / f"tests/data/real/{name}.flags"
    return path.read_text().split() if path.exists() else []


def close(actual, expected):
    """Integers equal; floats as near as float arithmetic in another order brings them."""
    if expected.dtype != np.float32:
        return np.array_equal(actual, expected)
    return np.abs(actual - expected).max(initial=0) <= 2e-5 * np.abs(expected).max(initial=0) + 1e-7


def test_there_are_some():
    assert len(NETWORKS) >= 2


@pytest.mark.parametrize("cflags", [(), ("-DPLAIN_C",)], ids=["vectors", "plain"])
@pytest.mark.parametrize("name", NETWORKS)
def test_gives_what_was_recorded(name, cflags, tmp_path):
    source = harness.compile_model(harness.ROOT / f"tests/data/real/{name}.onnx", tmp_path / "net.c", *flags_of(name))
    network = harness.Network(source, harness.build_shared(source, *cflags))
    inputs, outputs = ([np.load(path) for path in recorded(name, kind)] for kind in ("in", "out"))
    results = network(inputs, [(array.shape, array.dtype) for array in outputs])
    for k, (result, expected) in enumerate(zip(results, outputs, strict=True)):
        assert close(result, expected), f"output {k}"


@pytest.mark.parametrize("name", NETWORKS)
def test_verifies(name):
    inputs = [word for path in recorded(name, "in") for word in ("-i", path)]
    harness.verified(harness.ROOT / f"tests/data/real/{name}.onnx", *inputs, *flags_of(name))
