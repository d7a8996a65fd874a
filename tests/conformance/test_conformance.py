"""Every applicable ONNX backend test, through the compiled C."""

import re
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
import table
from cases import AS_ONNXRUNTIME, all_cases, freeze

APPLICABLE = [case for case in all_cases() if not case.reason]


# One unit in the last place: what is computed in float differs that much from what is computed in halves.
UNIT = {np.dtype(np.float32): 0, np.dtype(np.float16): 2**-10, np.dtype(ml_dtypes.bfloat16): 2**-7}


def compare(case, actual, expected):
    if expected.dtype in UNIT:
        rtol = max(case.rtol, UNIT[expected.dtype])
        np.testing.assert_allclose(actual.astype(np.float32), expected.astype(np.float32), rtol=rtol, atol=case.atol)
    else:
        np.testing.assert_array_equal(actual, expected)


def empty_dimensions(model):
    """A 0 in a declared shape is an open size, unless --dim says that the tensor really is empty."""
    return [
        word
        for value in model.graph.input
        for axis, dimension in enumerate(value.type.tensor_type.shape.dim)
        if dimension.HasField("dim_value") and dimension.dim_value == 0
        for word in ("--dim", f"{value.name}:{axis}=0")
    ]


def as_array(data):
    """The cases of Cast keep their data as ONNX tensors."""
    return numpy_helper.to_array(data) if isinstance(data, onnx.TensorProto) else np.asarray(data)


def run_compiled(case, model, inputs, expected, folder):
    path = folder / "net.onnx"
    onnx.save(model, path)
    source = harness.compile_model(path, folder / "net.c", *empty_dimensions(model))
    network = harness.Network(source, harness.build_shared(source))
    return network(inputs, [(array.shape, array.dtype) for array in expected])


def as_onnxruntime(case, model, inputs, written):
    """What ONNX Runtime gives, where it is known to differ from the case's own numbers."""
    session = onnxruntime.InferenceSession(model.SerializeToString())
    results = session.run(None, dict(zip([value.name for value in session.get_inputs()], inputs)))
    with pytest.raises(AssertionError):
        for mine, theirs in zip(results, written, strict=True):
            compare(case, mine, theirs)
    return results


@pytest.mark.parametrize("case", APPLICABLE, ids=lambda case: f"{case.suite}/{case.name}")
def test_case(case, tmp_path):
    assert case.data_sets
    for number, (inputs, outputs) in enumerate(case.data_sets):
        model, remaining = freeze(case.model, inputs)
        folder = tmp_path / str(number)
        folder.mkdir()
        expected = [as_array(array) for array in outputs]
        if case.name in AS_ONNXRUNTIME:
            expected = as_onnxruntime(case, model, remaining, expected)
        actual = run_compiled(case, model, [as_array(array) for array in remaining], expected, folder)
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
