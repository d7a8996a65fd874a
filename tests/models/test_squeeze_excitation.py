"""SE-ResNeXt-50: gates that compile to two small convolutions and one multiplication in place, without copies, joined
with the residual behind it."""

import re
import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
from export import VARIANTS, export_module, network
from squeeze_excitation import with_gates


@pytest.mark.xdist_group("resnext50_32x4d")
@pytest.mark.parametrize("linear", [False, True], ids=["convolutions", "linear"])
@pytest.mark.parametrize("variant", [name for name in VARIANTS if name != "script-unfolded"])
def test_parity(variant, linear, large_folder):
    path = large_folder / "se_resnext50.onnx"
    export_module(with_gates(network("resnext50_32x4d"), linear), torch.randn(1, 3, 64, 64), variant, str(path))
    (output,) = harness.verified(path)["outputs"]
    harness.report(f"parity SE-ResNeXt-50 {variant:16} error {output['error']:.1e}, ONNX Runtime's {output['peer_error']:.1e}")
    words = harness.ir_after(path, large_folder, "choose-kernels")
    assert len(re.findall(r" blocked = Mul\(", words)) == 16
    assert "Reorder" not in words and "Expand" not in words and "Transpose" not in words
    words = harness.ir_after(path, large_folder, "fuse-elementwise")
    # With the residual and ReLU behind them, but where a convolution in the shortcut takes the sum.
    assert len(re.findall(r" blocked = Expression\(.*formula=\[Relu\(a \* b \+ c\)\]", words)) == 12
    assert len(re.findall(r" = Mul\(", words)) == 4 and not re.findall(r" = Add\(", words)
