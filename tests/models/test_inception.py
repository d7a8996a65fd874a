"""Inception's 1x1 reductions of one input are one convolution, whose parts are read where they lie."""

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
from export import export

# Inception modules, and the convolutions of each that go another way than into the Concat at once.
MODULES = {"googlenet": [2] * 9, "inception_v3": [2] * 3 + [2] * 4 + [2] + [2] * 2}


@pytest.mark.parametrize("network", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in MODULES])
def test_reductions_are_merged_without_copies(network, large_folder):
    path = large_folder / "net.onnx"
    export(network, "script-folded", str(path), small=True)
    ir = harness.ir_after(path, large_folder, "choose-kernels")
    merged = [int(count) + 1 for count in re.findall(r" = Conv\(.* \+ (\d+) more$", ir, re.MULTILINE)]
    assert merged == MODULES[network]
    text = harness.compile_model(path, large_folder / "net.c", "--weights", "file").read_text()
    slices = re.findall(r"^    /\* \d+\. .* \(Slice\): .*\n(.*)$", text, re.MULTILINE)
    assert slices and not any(slices)  # a comment, and no code
    table = harness.checked([harness.skipc_path(), "verify", path, "--layers"])
    assert " Slice " in table  # the parts are compared with the model's own values
