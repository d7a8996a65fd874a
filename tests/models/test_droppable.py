"""Residual blocks that are skipped at run time: the same as leaving them out when compiling."""

import ctypes
import itertools
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent))

import export as torchvision_export
import harness
import residual_nets

NETWORKS = [name for name in residual_nets.NETWORKS if name not in ("repvgg", "highway", "shared", "forks", "pyramid", "plain")]
OUTPUT = [((1, 10), np.float32)]


def image(shape=residual_nets.SIZE):
    return np.random.default_rng(3).standard_normal(shape).astype(np.float32)


def compile_in(folder, model, *flags):
    folder.mkdir(exist_ok=True)
    return harness.compile_model(model, folder / "net.c", *flags)


def load(source, compiler="gcc", flags=(), threads=None, **options):
    return harness.Network(source, harness.build_shared(source, *flags, compiler=compiler, **options), threads=threads)


def subsets(droppable):
    """None, each alone, all but one, all."""
    return {(), *itertools.combinations(droppable, 1), *itertools.combinations(droppable, len(droppable) - 1), tuple(droppable)}


def some_subsets(droppable):
    return {(), tuple(droppable[:1]), tuple(droppable)}


THOROUGH = ("post-activation", "pre-activation")  # each set is a build: the other networks take fewer


@pytest.mark.parametrize("name, compiler", [*((name, "gcc") for name in NETWORKS), *((name, "clang") for name in THOROUGH)])
def test_skipping_is_dropping(name, compiler, exported, tmp_path):
    """Bit for bit, for each block alone and for all that can be left out. With --exact: which other kernels are chosen depends on the
    weights of all layers, of which a network without blocks has less."""
    model = exported(name)
    blocks = harness.inspected(model)["blocks"]
    droppable = [block["index"] for block in blocks if block["droppable"]]
    source = compile_in(tmp_path / "skipping", model, "--exact", "--droppable")
    assert harness.header_number(source, "NET_BLOCKS") == len(blocks)
    network = load(source, compiler)
    whole = load(compile_in(tmp_path / "whole", model, "--exact"), compiler)([image()], OUTPUT)[0]
    np.testing.assert_array_equal(network([image()], OUTPUT)[0], whole)
    for number, dropped in enumerate(sorted((subsets if compiler == "gcc" and name in THOROUGH else some_subsets)(droppable))):
        keep = [block["index"] not in dropped for block in blocks]
        skipped = network([image()], OUTPUT, keep)[0]
        if dropped:
            flags = ["--exact", "--drop-blocks", ",".join(map(str, dropped))]
            expected = load(compile_in(tmp_path / f"dropped{number}", model, *flags), compiler)([image()], OUTPUT)[0]
            np.testing.assert_array_equal(skipped, expected, err_msg=str(dropped))
            assert not np.array_equal(skipped, whole)
        else:
            np.testing.assert_array_equal(skipped, whole)


@pytest.mark.parametrize("name", NETWORKS)
def test_skipping_is_the_network_without_the_branch(name, exported, tmp_path):
    """By PyTorch, for random choices; blocks that change the shape are run whatever keep says."""
    blocks = harness.inspected(exported(name))["blocks"]
    network = load(compile_in(tmp_path / "net", exported(name), "--droppable"))
    generator = np.random.default_rng(5)
    for _ in range(4):
        keep = generator.integers(0, 2, len(blocks))
        survival = [float(wanted or not block["droppable"]) for wanted, block in zip(keep, blocks)]
        with torch.no_grad():
            expected = residual_nets.surviving(name, survival)(torch.from_numpy(image())).numpy()
        actual = network([image()], OUTPUT, keep.tolist())[0]
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name", NETWORKS)
def test_skipping_needs_no_more_memory(name, exported, tmp_path):
    """The shortcut stays where the result is wanted: in place, without a buffer for it."""
    plain, skipping = (compile_in(tmp_path / flag, exported(name), *flags) for flag, flags in (("a", []), ("b", ["--droppable"])))
    for number in ("NET_ARENA_BYTES", "NET_WEIGHT_BYTES"):
        assert harness.header_number(skipping, number) <= harness.header_number(plain, number)
    text = skipping.read_text()
    assert "memcpy(y, shortcut" not in text


@pytest.mark.parametrize("name", NETWORKS)
def test_threads_skip_together(name, exported, tmp_path):
    droppable = [block["droppable"] for block in harness.inspected(exported(name))["blocks"]]
    source = compile_in(tmp_path / "net", exported(name), "--droppable")
    alone, team = load(source), load(source, flags=["-fopenmp"], threads=2)
    for keep in ([1] * len(droppable), [not can for can in droppable], [k % 2 for k in range(len(droppable))]):
        np.testing.assert_array_equal(team([image()], OUTPUT, keep)[0], alone([image()], OUTPUT, keep)[0])


@pytest.mark.parametrize("mode", ["inline", "asm", "file"])
def test_run_keeps_all_blocks(mode, exported, tmp_path):
    source = compile_in(tmp_path / "net", exported("post-activation"), "--droppable", "--weights", mode)
    library = harness.build_shared(source)
    weights = source.with_suffix(".weights") if mode == "file" else None
    network = harness.Network(source, library, weights=weights)
    np.testing.assert_array_equal(network([image()], OUTPUT)[0], network([image()], OUTPUT, [1] * 6)[0])
    assert network.function_of_blocks is not None


def test_without_the_option_nothing_changes(exported, tmp_path):
    """Neither the function nor a constant."""
    source = compile_in(tmp_path / "net", exported("post-activation"))
    words = source.read_text() + source.with_suffix(".h").read_text()
    assert "run_blocks" not in words and "NET_BLOCKS" not in words and "keep[" not in words and "block '" not in words


def test_null_keep_is_reported(exported, tmp_path):
    network = load(compile_in(tmp_path / "net", exported("pre-activation"), "--droppable"))
    output = np.zeros(10, np.float32)
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in (image(), output, network.arena)]
    assert network.function_of_blocks(*pointers, None) == -1
    assert not output.any()


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_skipping_under_sanitizers(compiler, exported, tmp_path):
    """The arena is the header's size and filled with NaN: nothing is read that was skipped."""
    for name in ("post-activation", "pre-activation"):
        blocks = harness.inspected(exported(name))["blocks"]
        source = compile_in(tmp_path / name, exported(name), "--droppable")
        (tmp_path / name / "main.c").write_text(
            """#include "net.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(void) {
    static float input[NET_INPUT_ELEMENTS], output[NET_OUTPUT_ELEMENTS];
    unsigned char *arena = aligned_alloc(NET_ARENA_ALIGN, NET_ARENA_BYTES);
    unsigned char keep[NET_BLOCKS];
    for (int subset = 0; arena && subset < 1 << NET_BLOCKS; subset++) {
        for (int k = 0; k < NET_BLOCKS; k++) keep[k] = (unsigned char)(subset >> k & 1);
        memset(arena, 0xff, NET_ARENA_BYTES);
        memset(output, 0xff, sizeof output);
        if (net_run_blocks(input, output, arena, keep) != 0) return 1;
        for (int k = 0; k < NET_OUTPUT_ELEMENTS; k++)
            if (output[k] != output[k]) return 2;
    }
    free(arena);
    puts("done");
    return 0;
}
"""
        )
        program = tmp_path / name / "main"
        files = [tmp_path / name / "main.c", source]
        harness.checked([compiler, "-std=c11", *harness.SANITIZERS, "-O1", *files, "-o", program, "-lm"])
        assert harness.checked([program]) == "done\n" and len(blocks) > 3


def test_resnet18(tmp_path):
    """224x224 pixels; three of eight blocks change the shape."""
    weights = ["--weights", "asm"]
    model = tmp_path / "resnet18.onnx"
    torchvision_export.export("resnet18", "script-folded", model)
    source = compile_in(tmp_path / "skipping", model, "--droppable", *weights)
    plain = compile_in(tmp_path / "plain", model, *weights)
    assert harness.header_number(source, "NET_ARENA_BYTES") == harness.header_number(plain, "NET_ARENA_BYTES")
    network = load(source, optimise="-O2")
    picture = image((1, 3, 224, 224))
    names = ["layer1.0", "layer1.1", "layer2.1", "layer3.1", "layer4.1"]
    dropped = load(compile_in(tmp_path / "dropped", model, "--drop-blocks", ",".join(names), *weights), optimise="-O2")
    output = [((1, 1000), np.float32)]
    np.testing.assert_array_equal(network([picture], output, [0] * 8)[0], dropped([picture], output)[0])


def test_trained_resnet8(tmp_path):
    source = compile_in(tmp_path / "skipping", harness.SAMPLE, "--droppable")
    dropped = load(compile_in(tmp_path / "dropped", harness.SAMPLE, "--drop-blocks", "l1"))
    network, photos = load(source), np.load(harness.PHOTOS)["x"][:20]
    for photo in photos.astype(np.float32):
        np.testing.assert_array_equal(network([photo], OUTPUT, [0, 1, 1])[0], dropped([photo], OUTPUT)[0])


def test_blocks_that_are_left_are_counted_anew(exported, tmp_path):
    source = compile_in(tmp_path / "net", exported("post-activation"), "--droppable", "--drop-blocks", "0,2")
    header = source.with_suffix(".h").read_text()
    assert "#define NET_BLOCKS 4" in header
    assert [line.split(": ")[1] for line in header.splitlines() if "  keep[" in line] == [
        "'layer1.1'",
        "'layer2.0', always run",
        "'layer2.1'",
        "'layer2.2'",
    ]


@pytest.mark.parametrize("name", ["plain", "repvgg"])
def test_networks_without_blocks_are_refused(name, exported, tmp_path):
    done = harness.run([harness.skipc_asan_path(), "compile", exported(name), "-o", tmp_path / "net.c", "--droppable"])
    assert done.returncode == 2 and b"has no residual blocks" in done.stderr and list(tmp_path.iterdir()) == []
