"""The parity rule of docs/commands.md, verify, on torchvision's networks.

Each always runs as one exporter writes it; those that the others are larger or wider kinds of, as every exporter does.
`scripts/test tests/models/test_parity.py --every-network` runs each from every exporter.
"""

import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
from export import VARIANTS, export
from networks import PLAIN

BY_EVERY_EXPORTER = ("resnet18", "resnet50", "alexnet")


def pytest_generate_tests(metafunc):
    every = metafunc.config.getoption("--every-network")
    cases = [(name, variant) for name in PLAIN for variant in VARIANTS if every or variant == VARIANTS[0] or name in BY_EVERY_EXPORTER]
    metafunc.parametrize("network, variant", [pytest.param(*case, id="-".join(case), marks=pytest.mark.xdist_group(case[0])) for case in cases])


def verify(network, variant, path, kernels, flags):
    (output,) = harness.verified(path, *flags)["outputs"]
    harness.report(
        f"parity {network:16} {variant:16} {kernels:8} error {output['error']:.1e}, ONNX Runtime's {output['peer_error']:.1e}, "
        f"allowed {output['bound']:.1e}"
    )


def test_parity(network, variant, large_folder, pytestconfig):
    path = large_folder / f"{network}.onnx"
    start = time.monotonic()
    export(network, variant, str(path))
    exported = time.monotonic()
    verify(network, variant, path, "fastest", [])
    if variant == VARIANTS[0] or pytestconfig.getoption("--every-network"):  # all become the same layers
        verify(network, variant, path, "direct", ["--exact"])
    harness.report(f"time   {network:16} {variant:16} export {exported - start:.0f} s, verify {time.monotonic() - exported:.0f} s")
