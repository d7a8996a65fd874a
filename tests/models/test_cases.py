"""Networks that were compiled wrongly once: every file of tests/data/cases gives its outputs by each way to choose kernels, in vectors and
in plain C, whatever the arena and the outputs held before; or it is refused."""

import re
from pathlib import Path

import harness
import numpy as np
import pytest

CASES = harness.ROOT / "tests/data/cases"
SETTINGS = {name: ["--optimize", name] for name in ("speed", "size", "memory")} | {"exact": ["--exact"]}
BUILDS = {"vectors": ["-march=native"], "plain": ["-march=native", "-DPLAIN_C"]}
TOLERANCE = 1e-5  # max|y - expected| / max|expected|

# What is different of a case: {"refused": exit status} where it must not be compiled, {"settings": names} where it is right with these
# alone, {"flags": words} for each command.
EXCEPTIONS = {
    "conv_end_pad_overflow": {"refused": 4},
    "special_values": {"settings": ["memory", "exact"]},  # Winograd's sums spread a NaN over its tile
    "t_train_bn": {"refused": 4},
}


def ordered(name, kind):
    """The arrays NAME.kind0.npy, NAME.kind1.npy, ..."""
    files = sorted(CASES.glob(f"{name}.{kind}*.npy"), key=lambda file: int(re.search(r"(\d+)\.npy$", file.name).group(1)))
    return [np.load(file) for file in files]


def compare(actual, expected, what):
    if expected.dtype.kind != "f":
        np.testing.assert_array_equal(actual, expected, err_msg=what)
        return
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(actual[~finite], expected[~finite], err_msg=f"{what}: NaN and infinity")
    error = np.abs(actual[finite].astype(np.float64) - expected[finite]).max(initial=0)
    assert error <= TOLERANCE * np.abs(expected[finite]).max(initial=0), f"{what}: {error} off"  # a NaN is more than any number


def refused(model, folder, status, flags):
    done = harness.run([harness.skipc_path(), "compile", model, "-o", folder / "net.c", *flags])
    assert done.returncode == status, done.stderr.decode()
    assert done.stderr.startswith(f"skipc: {model}: ".encode())
    assert not list(folder.iterdir())


@pytest.mark.parametrize("name", sorted(file.stem for file in CASES.glob("*.onnx")))
def test_case(name, tmp_path):
    model, special = CASES / f"{name}.onnx", EXCEPTIONS.get(name, {})
    flags = special.get("flags", [])
    if "refused" in special:
        refused(model, tmp_path, special["refused"], flags)
        return
    inputs, expected = ordered(name, "in"), ordered(name, "out")
    assert expected
    compared = {}  # sources, by what they say
    for setting in special.get("settings", SETTINGS):
        source = harness.compile_model(model, tmp_path / f"{setting}.c", *SETTINGS[setting], *flags)
        text = source.read_text().replace(f"{setting}.h", "net.h")
        if text in compared:
            continue
        compared[text] = source
        for build in BUILDS:
            network = harness.Network(source, harness.build_shared(source, *BUILDS[build]))
            for k, (one, other) in enumerate(zip(network(inputs, [(a.shape, a.dtype) for a in expected]), expected, strict=True)):
                compare(one, other, f"output {k}, {setting}, {build}")


def test_every_exception_is_of_a_case():
    assert not set(EXCEPTIONS) - {Path(file).stem for file in CASES.glob("*.onnx")}
