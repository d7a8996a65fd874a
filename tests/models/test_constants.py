"""Constants that are results: read from every row of the weights, without a warning from any compiler that sees where they lie."""

import sys
from pathlib import Path

import harness
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from onnx_graph import OnnxGraph


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("sanitizers", [[], harness.SANITIZERS], ids=["plain", "sanitized"])
def test_constants_of_several_rows(compiler, sanitizers, tmp_path):
    graph, random = OnnxGraph(), np.random.default_rng(1)
    expected = [random.standard_normal(3 + k % 9, dtype=np.float32) for k in range(60)]
    graph.outputs = [graph.node("Identity", graph.constant(array)) for array in expected]
    graph.save(tmp_path / "constants.onnx")
    source = harness.compile_model(tmp_path / "constants.onnx", tmp_path / "constants.c")
    assert harness.header_number(source, "NET_WEIGHT_BYTES") > 2 * 1344  # codegen/weights.h: a row's
    for level in ("-O1", "-O2", "-O3"):
        library = harness.build_shared(source, *sanitizers, compiler=compiler, optimise=level)
        if sanitizers:
            continue  # Python can't load it without its runtime
        results = harness.Network(source, library)([], [(array.shape, array.dtype) for array in expected])
        for mine, theirs in zip(results, expected, strict=True):
            np.testing.assert_array_equal(mine, theirs)
