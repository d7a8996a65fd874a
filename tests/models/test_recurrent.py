"""LSTM and GRU: every attribute against ONNX Runtime, and PyTorch's modules from both exporters."""

import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import helper, numpy_helper

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
from export import VARIANTS, export_module

GATES = {"LSTM": 4, "GRU": 3}


def one_node(op, steps=7, batch=1, inputs=5, hidden=20, bias=True, state=False, peepholes=False, lens=None, outputs=None, opset=22, **attributes):
    """A model of one node, its weights and its states constant, and every output a graph output."""
    random = np.random.default_rng(3)
    directions = 2 if attributes.get("direction") == "bidirectional" else 1
    batch_first = attributes.get("layout", 0)
    constants = {}

    def constant(name, *shape, scale=0.5):
        constants[name] = (scale * random.uniform(-1, 1, shape)).astype(np.float32)
        return name

    rows = GATES[op] * hidden
    names = ["x", constant("W", directions, rows, inputs), constant("R", directions, rows, hidden)]
    names.append(constant("B", directions, 2 * rows) if bias else "")
    names.append("lens" if lens else "")
    if lens:
        constants["lens"] = np.array(lens, np.int32)
    shape = (batch, directions, hidden) if batch_first else (directions, batch, hidden)
    names.append(constant("h", *shape) if state else "")
    if op == "LSTM":
        names.append(constant("c", *shape) if state else "")
        names.append(constant("P", directions, 3 * hidden) if peepholes else "")
    while not names[-1]:
        names.pop()
    results = outputs or (["y", "last_h", "last_c"] if op == "LSTM" else ["y", "last_h"])
    x = (batch, steps, inputs) if batch_first else (steps, batch, inputs)
    node = helper.make_node(op, names, results, "recurrent", hidden_size=hidden, **attributes)
    graph = helper.make_graph(
        [node],
        "recurrent",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, x)],
        [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in results if name],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


BOTH = {
    "plain": {},
    "no bias": {"bias": False},
    "whole blocks": {"hidden": 32},
    "one unit": {"hidden": 1, "inputs": 1},
    "long sums": {"hidden": 300, "inputs": 530, "steps": 17},
    "batch": {"batch": 3, "state": True},
    "reverse": {"direction": "reverse", "state": True},
    "bidirectional": {"direction": "bidirectional", "batch": 2, "state": True},
    "lengths": {"batch": 4, "lens": [7, 3, 3, 1], "state": True},
    "lengths reversed": {"direction": "reverse", "batch": 3, "lens": [2, 7, 5]},
    "lengths both": {"direction": "bidirectional", "batch": 2, "lens": [4, 4]},
    "clip": {"clip": 0.3, "state": True},
    "opset 7": {"opset": 7},
    "last state alone": {"outputs": ["", "last_h"]},
    "sequence alone": {"outputs": ["y"], "opset": 14},
}
LSTM = {
    "peepholes": {"peepholes": True, "state": True},
    "peepholes both": {"peepholes": True, "direction": "bidirectional"},
    "coupled": {"input_forget": 1},
    "relu": {"activations": ["Sigmoid", "Relu", "Relu"]},
    "parameters": {"activations": ["HardSigmoid", "LeakyRelu", "Elu"], "activation_alpha": [0.3, 0.1, 0.8], "activation_beta": [0.4]},
    "defaults of parameters": {"activations": ["HardSigmoid", "LeakyRelu", "Elu"]},
    "other functions backwards": {"direction": "bidirectional", "activations": ["Sigmoid", "Tanh", "Tanh", "HardSigmoid", "Relu", "Tanh"]},
}
GRU = {
    "reset after": {"linear_before_reset": 1, "state": True},
    "reset after both": {"linear_before_reset": 1, "direction": "bidirectional", "batch": 2},
    "reset after, lengths": {"linear_before_reset": 1, "batch": 2, "lens": [5, 2]},
    "reset after, clip": {"linear_before_reset": 1, "clip": 0.2},
    "functions": {"activations": ["HardSigmoid", "LeakyRelu"], "activation_alpha": [0.3, 0.1], "activation_beta": [0.4]},
}
CASES = [pytest.param("LSTM", case, id=f"LSTM {name}") for name, case in {**BOTH, **LSTM}.items()]
CASES += [pytest.param("GRU", case, id=f"GRU {name}") for name, case in {**BOTH, **GRU}.items()]


@pytest.mark.parametrize("op, case", CASES)
def test_against_onnxruntime(op, case, tmp_path):
    path = tmp_path / "net.onnx"
    onnx.save(one_node(op, **case), path)
    assert len(harness.verified(path)["outputs"]) == len([name for name in case.get("outputs", range(2 if op == "GRU" else 3)) if name != ""])


@pytest.mark.parametrize("op", GATES)
def test_batch_first_is_a_transposition(op, tmp_path):
    """ONNX Runtime refuses layout 1; the interpreter in double precision knows it, and ONNX's own cases check it."""
    path = tmp_path / "net.onnx"
    onnx.save(one_node(op, layout=1, batch=3, state=True, direction="bidirectional"), path)
    harness.verified(path, "--against", "reference")


class Stack(torch.nn.Module):
    """Two layers in both directions, and a classifier of the last step."""

    def __init__(self, kind):
        super().__init__()
        self.layers = kind(12, 40, num_layers=2, bidirectional=True, batch_first=True)
        self.classify = torch.nn.Linear(80, 10)

    def forward(self, x):
        y, _ = self.layers(x)
        return self.classify(y[:, -1])


@pytest.mark.parametrize("variant", [name for name in VARIANTS if name != "script-unfolded"])
@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_pytorch(kind, variant, tmp_path):
    torch.manual_seed(4)
    path = tmp_path / "net.onnx"
    export_module(Stack(getattr(torch.nn, kind)).eval(), torch.randn(1, 25, 12), variant, str(path))
    (output,) = harness.verified(path)["outputs"]
    harness.report(f"parity {kind:16} {variant:16} error {output['error']:.1e}, ONNX Runtime's {output['peer_error']:.1e}")


REFUSED = [
    ({"activations": ["Sigmoid", "Softsign", "Tanh"]}, 4, "Softsign"),
    ({"activations": ["Sigmoid", "Cosine", "Tanh"]}, 3, "no function"),
    ({"activations": ["Sigmoid"]}, 3, "must name 3"),
    ({"direction": "sideways"}, 3, "sideways"),
    ({"lens": [8]}, 3, "length of sequence 0"),
    ({"lens": [2, 2]}, 3, "batch"),
    ({"clip": -1.0}, 3, "clip"),
]


@pytest.mark.parametrize("case, status, words", REFUSED)
def test_refused(case, status, words, tmp_path):
    path = tmp_path / "net.onnx"
    onnx.save(one_node("LSTM", **case), path)
    done = harness.run([harness.skipc_path(), "compile", path, "-o", tmp_path / "net.c"])
    assert done.returncode == status, done.stderr
    assert words in done.stderr.decode()


@pytest.mark.parametrize("name", ["W", "R", "B", "lens"])
def test_operands_that_must_be_constant(name, tmp_path):
    model = one_node("LSTM", lens=[5])
    (constant,) = (tensor for tensor in model.graph.initializer if tensor.name == name)
    model.graph.initializer.remove(constant)
    model.graph.input.append(helper.make_tensor_value_info(name, constant.data_type, constant.dims))
    path = tmp_path / "net.onnx"
    onnx.save(model, path)
    done = harness.run([harness.skipc_path(), "compile", path, "-o", tmp_path / "net.c"])
    assert done.returncode == 4, done.stderr
