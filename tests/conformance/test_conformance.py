"""Every applicable ONNX backend test, through the compiled C."""

import re
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
import table
from cases import all_cases, freeze

APPLICABLE = [case for case in all_cases() if not case.reason]


def compare(case, actual, expected):
    if expected.dtype == np.float32:
        np.testing.assert_allclose(actual, expected, rtol=case.rtol, atol=case.atol)
    else:
        np.testing.assert_array_equal(actual, expected)


def run_compiled(case, model, inputs, expected, folder):
    path = folder / "net.onnx"
    onnx.save(model, path)
    source = harness.compile_model(path, folder / "net.c")
    network = harness.Network(source, harness.build_shared(source))
    return network(inputs, [(array.shape, array.dtype) for array in expected])


@pytest.mark.parametrize("case", APPLICABLE, ids=lambda case: f"{case.suite}/{case.name}")
def test_case(case, tmp_path):
    assert case.data_sets
    for number, (inputs, outputs) in enumerate(case.data_sets):
        model, remaining = freeze(case.model, inputs)
        folder = tmp_path / str(number)
        folder.mkdir()
        expected = [np.asarray(array) for array in outputs]
        actual = run_compiled(case, model, [np.asarray(array) for array in remaining], expected, folder)
        for mine, theirs in zip(actual, expected, strict=True):
            compare(case, mine, theirs)


def test_committed_table_is_up_to_date():
    """With every applicable case passing (the tests above), the table can say nothing else."""
    committed = (harness.ROOT / "docs/conformance.md").read_text()
    assert committed == table.render(all_cases()), "run scripts/conformance-table"


def test_every_operator_of_the_table_has_a_case():
    """A row of ir/ops.def without a conformance case is an operator nobody has compared with ONNX."""
    rows = re.findall(r"^OP\((\w+),", (harness.ROOT / "ir/ops.def").read_text(), re.MULTILINE)
    covered = {node.op_type for case in APPLICABLE for node in case.model.graph.node}
    # Gelu's other formula: test_gelu_tanh_1 and 2 go through it. The passes' own. Conv cases with 16 channels go through choose-layout's Reorder; tests/models/test_gates.py, test_shortcuts.py and
    # test_batches.py have the others.
    not_in_onnx = {"GeluTanh", "Reorder", "Expression", "AddShortcut", "TakeImage", "StackImages"}
    assert set(rows) - covered - not_in_onnx == set()
