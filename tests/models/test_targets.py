"""--target: what each is compiled for, and the same bits from all of them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness

FLAGS = {"x86-64-v2": "-march=x86-64-v2", "x86-64-v3": "-march=x86-64-v3", "x86-64-v4": "-march=x86-64-v4"}
FUSED = ("x86-64-v3", "x86-64-v4")  # v2 has no fused multiply-add


@pytest.fixture(scope="module", params=["resnet8", "highway"])
def model(request, tmp_path_factory):
    """The sample network, and one with gates."""
    if request.param == "resnet8":
        return harness.SAMPLE
    import torch
    from export import export_module, seed
    from networks import highway

    seed()
    path = tmp_path_factory.mktemp("highway") / "highway.onnx"
    export_module(highway.ConvHighway(highway.subtracted, 3, 16).eval(), torch.randn(1, 3, 32, 32), "script-folded", str(path))
    return path


def compile_for(target, folder, *flags, compiler="gcc", model=harness.SAMPLE):
    """A library of the network and its source."""
    folder.mkdir()
    source = harness.compile_model(model, folder / "net.c", "--target", target)
    return source, harness.build_shared(source, *flags, compiler=compiler, optimise="-O2")


def outputs(source, library):
    images = np.load(harness.PHOTOS)["x"][:8].astype(np.float32)
    network = harness.Network(source, library)
    return np.concatenate([network([image[None]], [((1, 10), np.float32)])[0] for image in images])


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_auto_needs_no_flags_and_gives_the_bits_of_every_target(compiler, model, tmp_path):
    expected = outputs(*compile_for("auto", tmp_path / "auto", compiler=compiler, model=model))
    for flags in (["-fopenmp"], ["-march=x86-64-v3"], ["-march=x86-64-v3", "-DPLAIN_C"]):
        folder = tmp_path / "".join(flags)
        np.testing.assert_array_equal(outputs(*compile_for("auto", folder, *flags, compiler=compiler, model=model)), expected)
    for target in FUSED:
        source, library = compile_for(target, tmp_path / target, FLAGS[target], compiler=compiler, model=model)
        if harness.runs_here([FLAGS[target]]):
            np.testing.assert_array_equal(outputs(source, library), expected)
    harness.skip_unless_all_ran([FLAGS[target]] for target in FUSED)


@pytest.mark.parametrize("target", [*FLAGS, "aarch64"])
def test_a_build_for_less_is_refused_with_the_flags_it_needs(target, tmp_path):
    source = harness.compile_model(harness.SAMPLE, tmp_path / "net.c", "--target", target)
    done = subprocess.run(["gcc", "-c", source, "-o", tmp_path / "net.o"], capture_output=True, text=True)
    assert done.returncode != 0
    assert f"compiled by skipc for {target}" in done.stderr


def test_aarch64_builds_and_gives_the_same_bits(model, tmp_path):
    """Run under emulation, against the desktop's AVX2."""
    main = tmp_path / "main.c"
    main.write_text(
        '#include "net.h"\n#include <stdio.h>\n'
        "static float input[NET_INPUT_ELEMENTS], output[NET_OUTPUT_ELEMENTS];\n"
        "static unsigned char memory[NET_ARENA_BYTES + NET_ARENA_ALIGN];\n"
        "int main(void) {\n"
        "    unsigned char *arena = memory;\n"
        "    while ((uintptr_t)arena % NET_ARENA_ALIGN) arena++;\n"
        "    for (int i = 0; i < NET_INPUT_ELEMENTS; i++) input[i] = (float)(i * 37 % 256);\n"
        "    int status = net_run(input, output, arena);\n"
        '    for (int i = 0; i < NET_OUTPUT_ELEMENTS; i++) printf("%a\\n", (double)output[i]);\n'
        "    return status;\n}\n"
    )
    printed = {}
    for target, compiler, emulator in (("aarch64", ["aarch64-linux-gnu-gcc", "-static"], ["qemu-aarch64"]), ("x86-64-v3", ["gcc", "-march=x86-64-v3"], [])):
        harness.compile_model(model, tmp_path / "net.c", "--target", target)
        program = tmp_path / target
        harness.checked([*compiler, "-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", main, tmp_path / "net.c", "-o", program, "-lm"])
        printed[target] = harness.checked([*emulator, program])
    assert printed["aarch64"] == printed["x86-64-v3"]
    assert len(printed["aarch64"].split()) == 10
