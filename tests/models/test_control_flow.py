"""If, whose branch is known when compiling: by a constant, by shapes, by --bind. And values that only shapes make: a detector's anchors."""

import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness

NODE = helper.make_node
LIGHT = ("--cflags", "-O1")


def export(module, inputs, path, axes, names, outputs, scripted=False):
    """By the TorchScript-based exporter, which keeps shapes as nodes and, of a scripted module, control flow."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = torch.jit.script(module) if scripted else module
        torch.onnx.export(module, inputs, path, input_names=names, output_names=outputs, dynamic_axes=axes, opset_version=16, dynamo=False)
    return path


class Listener(torch.nn.Module):
    """One sample rate of a voice detector: a short-time Fourier transform as a convolution, an encoder, an LSTM cell whose state the caller
    keeps."""

    def __init__(self, window):
        super().__init__()
        self.bins, self.margin = window // 2 + 1, window // 4
        self.basis = torch.nn.Conv1d(1, 2 * self.bins, window, stride=window // 2, bias=False)
        self.encoder = torch.nn.Sequential(
            torch.nn.Conv1d(self.bins, 16, 3, padding=1), torch.nn.ReLU(), torch.nn.Conv1d(16, 16, 3, stride=2, padding=1), torch.nn.ReLU()
        )
        self.cell, self.head = torch.nn.LSTMCell(16, 16), torch.nn.Conv1d(16, 1, 1)

    def forward(self, x: torch.Tensor, state: torch.Tensor):
        x = torch.nn.functional.pad(x, [0, self.margin], "reflect")
        waves = self.basis(x.unsqueeze(1))
        size = torch.sqrt(waves[:, : self.bins] ** 2 + waves[:, self.bins :] ** 2 + 1e-6)
        hidden, cell = self.cell(self.encoder(size).mean(-1), (state[0], state[1]))
        return torch.sigmoid(self.head(torch.relu(hidden).unsqueeze(-1))).squeeze(1), torch.stack([hidden, cell])


class VoiceDetector(torch.nn.Module):
    """As silero-vad: a network for each sample rate, of which an input names one."""

    def __init__(self):
        super().__init__()
        self.wide, self.narrow = Listener(64), Listener(32)

    def forward(self, x: torch.Tensor, state: torch.Tensor, rate: torch.Tensor):
        if bool(rate == 16000):
            found = self.wide(x, state)
        else:
            found = self.narrow(x, state)
        return found


@pytest.fixture(scope="module")
def voice_detector(tmp_path_factory):
    torch.manual_seed(1)
    module = VoiceDetector().eval()
    inputs = (torch.randn(1, 256), torch.zeros(2, 1, 16), torch.tensor(16000))
    axes = {"x": {0: "batch", 1: "sequence"}, "state": {1: "batch"}}
    path = tmp_path_factory.mktemp("voice") / "voice.onnx"
    return export(module, inputs, path, axes, ["x", "state", "rate"], ["found", "next"], scripted=True)


@pytest.mark.parametrize("rate, batch", [("16000", 1), ("8000", 2)])
def test_an_input_that_is_bound_decides(voice_detector, rate, batch, tmp_path):
    sizes = ("--dim", "sequence=256", "--dim", f"batch={batch}", "--bind", f"rate={rate}")
    report = harness.verified(voice_detector, *sizes, *LIGHT)
    assert [output["shape"] for output in report["outputs"]] == [[batch, 1], [2, batch, 16]]
    assert [entry["name"] for entry in harness.inspected(voice_detector, *sizes)["inputs"]] == ["x", "state"]
    header = harness.compile_model(voice_detector, tmp_path / "net.c", *sizes).with_suffix(".h").read_text()
    assert f"bound   'rate', int64, scalar: {rate}\n" in header
    assert "net_run(const float *input0_x, const float *input1_state," in header


def test_everything_may_be_bound(voice_detector, tmp_path):
    generator = np.random.default_rng(1)
    x, state = tmp_path / "x.npy", tmp_path / "state.npy"
    np.save(x, generator.standard_normal((3, 256)).astype(np.float32))
    np.save(state, generator.standard_normal((2, 3, 16)).astype(np.float32))
    binds = [word for name, value in (("x", x), ("state", state), ("rate", 8000)) for word in ("--bind", f"{name}={value}")]
    assert harness.verified(voice_detector, *binds, *LIGHT)["outputs"][0]["shape"] == [3, 1]
    some = harness.verified(voice_detector, *binds[:2], *binds[4:], *LIGHT)  # state is an input, its batch x's
    assert some["outputs"][1]["shape"] == [2, 3, 16]


def test_bench_feeds_the_peer_what_is_bound(voice_detector):
    words = ["bench", voice_detector, "--dim", "sequence=256", "--bind", "rate=16000", "--against", "onnxruntime", "--runs", "1", *LIGHT]
    assert "onnxruntime" in harness.checked([harness.skipc_path(), *words])


def graph(name, nodes, outputs):
    return helper.make_graph(nodes, name, [], [helper.make_tensor_value_info(output, TensorProto.FLOAT, None) for output in outputs])


def constant(name, numbers):
    return numpy_helper.from_array(np.asarray(numbers), name)


def squeeze_where_one(x, axis, y):
    """As the old exporter writes x.squeeze(axis), whose size it doesn't know."""
    then = graph(f"{y}_then", [NODE("Squeeze", [x, axis], ["o"])], ["o"])
    otherwise = graph(f"{y}_else", [NODE("Identity", [x], ["o"])], ["o"])
    return [
        NODE("Shape", [x], [f"{y}_s"]),
        NODE("Gather", [f"{y}_s", axis], [f"{y}_d"], axis=0),
        NODE("Equal", [f"{y}_d", "one"], [f"{y}_c"]),
        NODE("If", [f"{y}_c"], [y], f"{y}_if", then_branch=then, else_branch=otherwise),
    ]


def old_squeezes():
    """Squeezes around convolutions; a branch that has the same question again, within, and reads values from all around."""
    inner = [
        *squeeze_where_one("r", "last", "i"),
        NODE("Shape", ["i"], ["is"]),
        NODE("Size", ["is"], ["rank"]),
        NODE("Equal", ["rank", "three"], ["deep"]),
        NODE("If", ["deep"], ["z"], "again",
             then_branch=graph("t", [NODE("ReduceMean", ["i"], ["o"], axes=[2], keepdims=0)], ["o"]),
             else_branch=graph("e", [NODE("Mul", ["i", "early"], ["o"])], ["o"])),
        NODE("Neg", ["z"], ["n"]),
    ]
    nodes = [
        NODE("Conv", ["x", "w"], ["c"], "conv", pads=[1, 1]),
        NODE("Relu", ["c"], ["r"]),
        NODE("ReduceMax", ["r"], ["early"], axes=[2], keepdims=0),
        NODE("Shape", ["x"], ["s"]),
        NODE("Gather", ["s", "zero"], ["b"], axis=0),
        NODE("Greater", ["b", "zero"], ["some"]),
        NODE("If", ["some"], ["y", "m"], "outer",
             then_branch=graph("outer_then", inner, ["n", "i"]),
             else_branch=graph("outer_else", [NODE("Identity", ["r"], ["n"]), NODE("Identity", ["r"], ["i"])], ["n", "i"])),
    ]
    weights = [constant("w", np.random.default_rng(1).standard_normal((16, 3, 3)).astype(np.float32))]
    numbers = {"last": [-1], "one": [1], "three": 3, "zero": 0}
    weights += [constant(name, np.array(number, np.int64)) for name, number in numbers.items()]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3, "length"])]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("y", "m")]
    made = helper.make_graph(nodes, "squeezes", inputs, outputs, weights)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


@pytest.mark.parametrize("length, shape", [(1, [1, 16]), (9, [1, 16, 9])])
def test_shapes_decide(length, shape, tmp_path):
    onnx.save(old_squeezes(), tmp_path / "squeezes.onnx")
    report = harness.verified(tmp_path / "squeezes.onnx", "--dim", f"length={length}", *LIGHT)
    assert [output["shape"] for output in report["outputs"]] == [[1, 16], shape]


class Anchors(torch.nn.Module):
    """The end of a detector: boxes around anchors that are made from the size of the image, in floats, and cast about."""

    def forward(self, x):
        rows = torch.arange(x.shape[2], dtype=torch.float32) + 0.5
        columns = torch.arange(0, x.shape[3] * 2, 2).to(torch.int32).to(torch.float32) / 2 + 0.5
        grid = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), -1).reshape(1, -1, 2)
        boxes = torch.sigmoid(x).flatten(2).transpose(1, 2)
        return torch.cat([(boxes[..., :2] * 2 - 0.5 + grid) * 8, (boxes[..., 2:] * 2) ** 2], -1)


def test_anchors_fold(tmp_path):
    axes = {"x": {0: "batch", 2: "height", 3: "width"}}
    path = export(Anchors(), (torch.randn(1, 4, 5, 7),), tmp_path / "anchors.onnx", axes, ["x"], ["y"])
    assert {"Range", "Cast"} <= {node.op_type for node in onnx.load(path).graph.node}
    sizes = ("--dim", "height=5", "--dim", "width=7")
    harness.verified(path, *sizes, *LIGHT)
    assert "Range" not in harness.checked([harness.skipc_path(), "compile", path, *sizes, "--dump-ir=fold-constants"], cwd=tmp_path)
