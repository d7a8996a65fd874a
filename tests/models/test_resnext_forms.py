"""ResNeXt's three equivalent forms, from the same weights, become the same IR, the same C and the same weights."""

import re
import sys
import time
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
from export import VARIANTS, calibrate, export_module, models, network, seed
from resnext_forms import FORMS, in_form

IMAGE = (1, 3, 64, 64)
# The others fold batch normalization in single precision, skipc in double: what (a) leaves to skipc differs by bits.
EXACT = "script-unfolded"


def short_resnext():
    """One block in each of the four stages: exporters take minutes for the 1,536 convolutions of ResNeXt-50's form (a)."""
    seed()
    resnet = models().resnet
    return calibrate(resnet.ResNet(resnet.Bottleneck, [1, 1, 1, 1], groups=32, width_per_group=4), (3, 96, 96))


CASES = [pytest.param("short", variant, id=f"short-{variant}") for variant in VARIANTS]
CASES.append(pytest.param("resnext50_32x4d", EXACT, id="resnext50", marks=pytest.mark.xdist_group("resnext50_32x4d")))


def without_names(text, patterns):
    """Every name replaced by the order of its first use."""
    seen = {}
    return re.sub("|".join(patterns), lambda found: f"name{seen.setdefault(found[0], len(seen))}", text)


def ir(model, folder):
    """Without comments, which hold names, and the values of constants."""
    words = harness.ir_after(model, folder, "choose-kernels")
    lines = (line.split(" ; ")[0] for line in words.splitlines() if re.match(r"input|output|const|%", line))
    return without_names("\n".join(re.sub(r"^(const .*?) \[.*", r"\1", line) for line in lines), [r"[%@]\d+"])


def steps(source):
    """The body of net_run, without comments."""
    text = re.sub(r"/\*.*?\*/", "", source.read_text(), flags=re.DOTALL)
    return without_names(text[text.index("int net_run") :], [r"\b[AWS][A-Z]*_\d+_?\w*"])


def inspected(model):
    sizes = harness.inspected(model)
    return {key: sizes[key] for key in ("multiply_adds", "weight_bytes", "arena_bytes", "live_bytes")}


@pytest.mark.parametrize("name, variant", CASES)
def test_forms_are_one(name, variant, tmp_path):
    original = short_resnext() if name == "short" else network(name)
    graphs, programs, weights, sizes = {}, {}, {}, {}
    for form in FORMS:
        model, source = tmp_path / f"{form}.onnx", tmp_path / f"{form}.c"
        export_module(in_form(original, form), torch.randn(*IMAGE), variant, str(model))
        start = time.monotonic()
        harness.compile_model(model, source, "--weights", "file")
        seconds = time.monotonic() - start
        graphs[form], programs[form] = ir(model, tmp_path), steps(source)
        weights[form], sizes[form] = source.with_suffix(".weights").read_bytes(), inspected(model)
        (parity,) = harness.verified(model)["outputs"]
        harness.report(
            f"{name:16} form ({form}) {variant:16} compiled in {seconds:.2f} s, arena {sizes[form]['arena_bytes']}, "
            f"error {parity['error']:.1e}, ONNX Runtime's {parity['peer_error']:.1e}"
        )
        for file in tmp_path.iterdir():
            file.unlink()
    assert graphs["a"] == graphs["b"] == graphs["c"]
    assert "group=32" in graphs["a"]
    assert programs["a"] == programs["b"] == programs["c"]
    assert sizes["a"] == sizes["b"] == sizes["c"]
    assert len(weights["a"]) == len(weights["b"]) == len(weights["c"])
    if variant == EXACT:
        assert weights["a"] == weights["b"] == weights["c"]
