"""What depth costs: neither stack nor arena nor code, and compile time in proportion. With --every-network up to 1,202 layers."""

import re
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
from export import export

MOST_STACK = 2048
SHALLOW, DEEP, DEEPEST = "resnet20_cifar", "resnet110_cifar", "resnet1202_cifar"


def deep(config):
    return DEEPEST if config.getoption("--every-network") else DEEP


def compiled(network, folder, *flags):
    """(source, skipc's usage)"""
    folder.mkdir()
    model, source = folder / "net.onnx", folder / "net.c"
    export(network, "script-folded", str(model))
    usage = harness.measured([harness.skipc_path(), "compile", model, "-o", source, *flags])
    model.unlink()
    return source, usage


def stack_bytes(source):
    program = source.parent / "stack"
    driver = Path(__file__).resolve().parent / "stack_depth.c"
    harness.checked(["gcc", "-std=gnu11", "-O2", f"-I{source.parent}", driver, source, "-o", program, "-lm", "-lpthread", "-Wl,-z,now"])  # a call bound late takes 2 KB of its own
    return int(harness.checked([program]))


def code_lines(source):
    """Without weights, constants of offsets, and the rows of tables: one for each block."""
    return sum(not re.match(r'\s*("|#define|\{[A-Z])', line) for line in source.read_text().splitlines())


@pytest.mark.xdist_group(DEEP)
def test_depth_costs_neither_stack_nor_arena_nor_code(tmp_path, pytestconfig):
    (shallow, _), (deepest, usage) = (compiled(name, tmp_path / name) for name in (SHALLOW, deep(pytestconfig)))
    gcc = harness.measured(["gcc", "-O2", "-c", deepest, "-o", tmp_path / "net.o"])
    stacks = stack_bytes(shallow), stack_bytes(deepest)
    harness.report(f"skipc compile {deep(pytestconfig)}: {usage.seconds:.2f} s, {usage.megabytes:.0f} MB; gcc -O2 {gcc.seconds:.1f} s, {gcc.megabytes:.0f} MB")
    harness.report(f"stack of {SHALLOW}: {stacks[0]} bytes, of {deep(pytestconfig)}: {stacks[1]} (at most {MOST_STACK})")
    assert max(stacks) <= MOST_STACK
    assert abs(stacks[1] - stacks[0]) <= 128  # the deeper one's weights outgrow the cache, and it takes another kernel for some
    assert harness.header_number(shallow, "NET_ARENA_BYTES") == harness.header_number(deepest, "NET_ARENA_BYTES")
    assert code_lines(deepest) <= code_lines(shallow) + 20
    shutil.rmtree(tmp_path)


@pytest.mark.xdist_group(DEEP)
def test_blocks_of_a_shape_share_one_function(tmp_path):
    source, _ = compiled(DEEP, tmp_path / "net", "--weights", "file")
    text = source.read_text()
    functions = re.findall(r"^/\* (\d+) blocks alike.*\nstatic void (block_\d+)\(", text, re.MULTILINE)
    assert [int(times) for times, _ in functions] == [18, 17, 17]  # the first block of the later stages changes the shape
    for times, name in functions:
        assert len(re.findall(rf"\b{name}\(", text)) == 2  # its definition, and one call in a loop
        assert f"for (size_t i = 0; i < {times}; i++) {name}(" in text
