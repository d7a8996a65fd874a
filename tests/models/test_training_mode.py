"""Batch normalization and dropout in training mode are refused, by the rules of each opset; inference is not."""

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness

UNSUPPORTED = 4
STATISTICS = ["mean", "var", "saved_mean", "saved_var"]

# operator, opset, attributes, outputs behind y (an empty name: left out), whether it is training
BATCH_NORMALIZATION = [
    (6, {"is_test": 1}, [], False),
    (6, {"is_test": 1}, STATISTICS, False),
    (6, {"is_test": 0}, [], True),
    (6, {}, [], False),  # as ONNX's version converter takes it
    (6, {}, STATISTICS, True),
    (7, {}, [], False),
    (7, {}, STATISTICS, True),
    (8, {}, STATISTICS[:2], True),
    (9, {}, STATISTICS, True),
    (12, {"momentum": 0.9}, STATISTICS, True),
    (13, {}, ["", "", "", "saved_var"], True),
    (13, {}, ["", "", "", ""], False),
    (14, {}, [], False),
    (14, {"training_mode": 0}, [], False),
    (15, {"training_mode": 1}, ["mean", "var"], True),
]
DROPOUT = [
    (6, {"is_test": 1}, [], False),
    (6, {"is_test": 0}, ["mask"], True),
    (6, {"is_test": 0, "ratio": 0.0}, [], False),
    (6, {}, [], False),
    (7, {"ratio": 0.4}, ["mask"], False),
    (10, {}, [], False),
    (13, {}, ["mask"], False),
]


def node_of(operator, attributes, outputs):
    parameters = ["scale", "bias", "running_mean", "running_var"] if operator == "BatchNormalization" else []
    return helper.make_node(operator, ["x", *parameters], ["y", *outputs], operator, **attributes)


@pytest.mark.parametrize(
    "operator, opset, attributes, outputs, training",
    [("BatchNormalization", *case) for case in BATCH_NORMALIZATION] + [("Dropout", *case) for case in DROPOUT],
)
def test_training_mode_is_refused(operator, opset, attributes, outputs, training, tmp_path):
    """Whether anybody reads the other outputs or not: nobody does here."""
    numbers = [numpy_helper.from_array(np.ones(3, np.float32), name) for name in ("scale", "bias", "running_mean", "running_var")]
    graph = helper.make_graph(
        [node_of(operator, attributes, outputs)],
        "training",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [2, 3, 4, 4])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [2, 3, 4, 4])],
        numbers if operator == "BatchNormalization" else [],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), tmp_path / "net.onnx")
    done = harness.run([harness.skipc_path(), "compile", tmp_path / "net.onnx", "-o", tmp_path / "net.c"])
    words = done.stderr.decode()
    assert done.returncode == (UNSUPPORTED if training else 0), words
    assert not training or (operator in words and "model.eval()" in words)
