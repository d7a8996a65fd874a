"""Weights are little-endian: on a big-endian machine all forms of them are refused when the C is compiled, and what has none computes the
same bits."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
from onnx_graph import OnnxGraph

COMPILER = ["s390x-linux-gnu-gcc", *harness.STRICT, "-O1", "-static"]
RUN = """#include "net.h"
#include <stdio.h>
int main(void) {
    static float x[NET_INPUT_ELEMENTS], y[NET_OUTPUT_ELEMENTS];
    static unsigned char arena[NET_ARENA_BYTES + 64] __attribute__((aligned(64)));
    for (int k = 0; k < NET_INPUT_ELEMENTS; k++) x[k] = (float)(k * 7 % 31) - 15.5f;
    int status = net_run(x, y, arena);
    for (int k = 0; k < NET_OUTPUT_ELEMENTS; k++) printf("%a\\n", (double)y[k]);
    return status;
}
"""


@pytest.mark.parametrize("form", ["inline", "asm", "file"])
def test_weights_refuse_a_machine_that_would_reverse_them(form, tmp_path):
    harness.compile_model(harness.SAMPLE, tmp_path / "net.c", "--weights", form)
    done = harness.run([*COMPILER, "-c", "net.c", "-o", "net.o"], cwd=tmp_path)
    assert done.returncode != 0
    assert "big-endian" in done.stderr.decode()
    harness.checked(["gcc", *harness.STRICT, "-c", "net.c", "-o", "net.o"], cwd=tmp_path)


def test_without_weights_the_bits_are_the_same(tmp_path):
    graph = OnnxGraph()
    x = graph.input("x", np.zeros((1, 16, 9, 9), np.float32))
    pooled = graph.node("MaxPool", graph.node("Relu", x), kernel_shape=[3, 3], strides=[2, 2])
    average = graph.node("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2])
    graph.outputs.append(graph.node("Sigmoid", graph.node("Add", pooled, average)))
    harness.compile_model(graph.save(tmp_path / "net.onnx"), tmp_path / "net.c")
    assert harness.header_number(tmp_path / "net.c", "NET_WEIGHT_BYTES") == 0
    (tmp_path / "run.c").write_text(RUN)
    harness.checked([*COMPILER, "run.c", "net.c", "-lm", "-o", "there"], cwd=tmp_path)
    harness.checked(["gcc", "-O1", "-march=x86-64-v3", "run.c", "net.c", "-lm", "-o", "here"], cwd=tmp_path)
    assert harness.checked(["qemu-s390x", tmp_path / "there"]) == harness.checked([tmp_path / "here"])
