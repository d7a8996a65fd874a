"""The parity rule of docs/commands.md, verify, on torchvision's networks, each from every exporter."""

import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
from export import VARIANTS, export
from networks import PLAIN

CASES = [
    pytest.param(network, variant, id=f"{network}-{variant}", marks=pytest.mark.xdist_group(network))
    for network in PLAIN
    for variant in VARIANTS
]


def verify(network, variant, path, kernels, flags):
    (output,) = harness.verified(path, *flags)["outputs"]
    harness.report(
        f"parity {network:16} {variant:16} {kernels:8} error {output['error']:.1e}, ONNX Runtime's {output['peer_error']:.1e}, "
        f"allowed {output['bound']:.1e}"
    )


@pytest.mark.parametrize("network, variant", CASES)
def test_parity(network, variant, large_folder):
    path = large_folder / f"{network}.onnx"
    start = time.monotonic()
    export(network, variant, str(path))
    exported = time.monotonic()
    verify(network, variant, path, "fastest", [])
    if variant == VARIANTS[0]:  # all become the same layers
        verify(network, variant, path, "direct", ["--exact"])
    harness.report(f"time   {network:16} {variant:16} export {exported - start:.0f} s, verify {time.monotonic() - exported:.0f} s")
