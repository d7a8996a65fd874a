"""What verify calls a mismatch: C that is wrong, and a peer that reads the model otherwise. Both are made here, since the project's own
are meant to be right: a compiler that puts other C in the place of the network's, and an `onnxruntime` that computes what a test wants.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
import models

OK, MISMATCH, FILE = 0, 1, 5

# Stands in for ONNX Runtime: the reference evaluator, with one fault.
PEER = '''
import os
import numpy
import onnx
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

FAULT = os.environ["PEER_FAULT"]


class GraphOptimizationLevel:
    ORT_DISABLE_ALL = 0
    ORT_ENABLE_ALL = 99


class SessionOptions:
    def add_session_config_entry(self, key, value):
        pass


class InferenceSession:
    def __init__(self, model, options, providers):
        if FAULT == "raises":
            raise RuntimeError("NOT_IMPLEMENTED : no kernel\\n  for Frobnicate")
        if FAULT == "crashes":
            os.abort()
        proto = onnx.load(model) if isinstance(model, str) else onnx.ModelProto.FromString(model)
        for tensor in proto.graph.initializer:
            if tensor.name == FAULT:  # that weight is read otherwise
                tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * numpy.float32(1.5), tensor.name))
        self.evaluator = ReferenceEvaluator(proto)
        self.optimised = options.graph_optimization_level == GraphOptimizationLevel.ORT_ENABLE_ALL

    def run(self, names, feed):
        results = [numpy.array(result) for result in self.evaluator.run(names, feed)]
        first = results[0]
        if FAULT == "shape":
            results[0] = first.reshape(-1)
        elif FAULT == "type":
            results[0] = first.astype(numpy.float64)
        elif FAULT == "nan":
            first.flat[1] = numpy.nan
        elif FAULT == "integer":
            first.flat[1] += 1
        elif FAULT.startswith("off by ") or FAULT.startswith("optimised off by ") and self.optimised:
            first.flat[1] += abs(first).max() * float(FAULT.split()[-1])
        return results
'''


def two_convolutions():
    """x -> Conv first -> Relu -> Conv second -> y, the weights of the second random."""
    random = np.random.default_rng(3)
    weights = [models.tensor(name, random.standard_normal((4, inputs, 3, 3)).astype(np.float32)) for name, inputs in (("v", 3), ("w", 4))]
    nodes = [
        helper.make_node("Conv", ["x", "v"], ["a"], "first", kernel_shape=[3, 3]),
        helper.make_node("Relu", ["a"], ["b"], "relu"),
        helper.make_node("Conv", ["b", "w"], ["y"], "second", kernel_shape=[3, 3]),
    ]
    return models.model(nodes, [models.value("x", [1, 3, 12, 12])], [models.value("y", None)], weights)


def verify(folder, *options, fault=None, variables=()):
    environment = dict(variables)
    if fault:
        (folder / "peer").mkdir(exist_ok=True)
        (folder / "peer/onnxruntime.py").write_text(PEER)
        environment |= {"PYTHONPATH": str(folder / "peer"), "PEER_FAULT": fault}
    quick = ["--exact", "--cflags", "-O1"]  # for the C compiler's time
    return harness.run([harness.skipc_asan_path(), "verify", "model.onnx", *quick, *options], environment.items(), cwd=folder)


NETWORK = """#include "model.h"
#include <stdlib.h>

int model_run(const float *x, float *y, void *arena) {
    (void)arena;
    BODY
    return 0;
}
"""


def network_compiler(folder, body):
    """Options that make verify build this body in the network's place."""
    (folder / "model.c").write_text(NETWORK.replace("BODY", body))
    compiler = folder / "compiler"
    compiler.write_text(f'#!/bin/sh\ncp {folder}/model.c . && exec cc "$@"\n')
    compiler.chmod(0o755)
    return ["--weights", "inline", "--cc", str(compiler), "--cflags", "-O1"]


def said(done):
    """The one line of the error."""
    (line,) = done.stderr.decode().splitlines()
    return line.removeprefix("skipc: model.onnx: ")


@pytest.mark.parametrize("peer", ["onnxruntime", "onnx", "reference"])
def test_every_peer_agrees_on_every_layer(peer, tmp_path):
    models.save(two_convolutions(), tmp_path / "model.onnx")
    done = verify(tmp_path, "--against", peer, "--layers", "--json")
    assert done.returncode == OK, done.stderr
    report = json.loads(done.stdout)
    assert report["pass"] and report["against"] == peer and report["first_parting"] is None and report["first_departure"] is None
    (output,) = report["outputs"]
    assert output["verdict"] == "ok" and not output["reads_differently"] and output["peer_shape"] == output["shape"] == [1, 4, 8, 8]
    assert 0 < output["peer_error"] < 1e-6 and output["rounding_error"] is None
    assert len(report["layers"]) == 2
    for layer in report["layers"]:
        assert 0 < layer["peer_error"] < 1e-6 and layer["error"] < 1e-5


@pytest.mark.parametrize("element", [TensorProto.FLOAT, TensorProto.FLOAT16])
def test_layers_of_several_values_with_one_name(element, tmp_path):
    """A 1-D convolution is a Reshape, a convolution of images and a Reshape: three values of the name that the model gives one."""
    dtype = helper.tensor_dtype_to_np_dtype(element)
    weight = helper.make_tensor("w", element, [4, 3, 3], np.random.default_rng(3).standard_normal((4, 3, 3)).astype(dtype).tobytes(), raw=True)
    nodes = [helper.make_node("Conv", ["x", "w"], ["a"], "conv"), helper.make_node("Softmax", ["a"], ["y"], "softmax")]
    network = models.model(nodes, [models.value("x", [1, 3, 12], element)], [models.value("y", None, element)], [weight])
    models.save(network, tmp_path / "model.onnx")
    done = verify(tmp_path, "--layers", "--json")
    assert done.returncode == OK, done.stderr
    report = json.loads(done.stdout)
    assert report["first_parting"] is None and report["first_departure"] is None
    assert [layer["op"] for layer in report["layers"]] == ["Reshape", "Conv", "Reshape", "Softmax"]
    for layer in report["layers"]:
        assert layer["error"] < 1e-6
        assert layer["peer_error"] is None or layer["peer_error"] < 2e-3


@pytest.mark.parametrize("layers", [[], ["--layers", "--json"]], ids=["text", "layers"])
@pytest.mark.parametrize("weight, node", [("v", "first"), ("w", "second")])
def test_a_peer_that_reads_a_layer_otherwise(weight, node, layers, tmp_path):
    models.save(two_convolutions(), tmp_path / "model.onnx")
    done = verify(tmp_path, *layers, fault=weight)
    assert done.returncode == MISMATCH
    assert said(done).startswith(
        f"skipc and ONNX Runtime read this model differently, first at node '{node}' (Conv): e(ONNX Runtime) of output 'y' is "
    )
    assert said(done).endswith("(--against onnx asks a third reader)")
    text = done.stdout.decode()
    if not layers:
        assert "MISMATCH: model.onnx against onnxruntime" in text and f"first node that ONNX Runtime reads differently: {node}" in text
        return
    report = json.loads(text)
    assert report["first_parting"] == node and not report["pass"]
    (output,) = report["outputs"]
    assert output["verdict"] == "reading" and output["reads_differently"]
    assert output["peer_error"] > 0.1 and 0 < output["rounding_error"] < 1e-6
    assert output["error"] < output["bound"] < 1e-4  # the peer's error doesn't widen it
    first, second = report["layers"]
    assert (first["peer_error"] > 0.1) == (weight == "v") and second["peer_error"] > 0.1
    assert max(first["error"], second["error"]) < 1e-5


@pytest.mark.parametrize("offset, status", [("5e-6", OK), ("3e-5", MISMATCH)])
def test_how_much_needs_no_explanation(offset, status, tmp_path):
    models.save(two_convolutions(), tmp_path / "model.onnx")
    done = verify(tmp_path, fault=f"off by {offset}")
    assert done.returncode == status, done.stderr


def test_the_larger_of_the_optimised_peer_and_the_other_counts(tmp_path):
    """C that is off by 4e-6, which is more than the peer's error allows, and less than that of the peer with its optimisations does."""
    models.save(models.unary("Relu"), tmp_path / "model.onnx")
    np.save(tmp_path / "x.npy", np.array([[1, 2, 4, -1]], np.float32))
    network = network_compiler(tmp_path, "for (int k = 0; k < 4; k++) y[k] = (x[k] > 0 ? x[k] : 0) * 1.000004f;")
    done = verify(tmp_path, "--input", "x.npy", *network, fault="optimised off by 2e-6")
    assert done.returncode == OK, done.stderr
    assert "(with its optimisations e(other) is " in done.stdout.decode()
    done = verify(tmp_path, "--input", "x.npy", *network, fault="optimised off by 1e-6")
    assert done.returncode == MISMATCH
    network = network_compiler(tmp_path, "for (int k = 0; k < 4; k++) y[k] = (x[k] > 0 ? x[k] : 0) * 1.0004f;")
    done = verify(tmp_path, "--input", "x.npy", *network, fault="optimised off by 1e-1")  # more than rounding explains
    assert done.returncode == MISMATCH and "allowed are 2.1e-05" in said(done)


@pytest.mark.parametrize(
    "fault, words",
    [
        ("shape", "read this model differently: output 'y' is f32 1x4x8x8, ONNX Runtime's f32 256"),
        ("type", "read this model differently: output 'y' is f32 1x4x8x8, ONNX Runtime's f64 1x4x8x8"),
        ("nan", "read this model differently: output 'y' has NaN or infinity where ONNX Runtime's has not, or the other way, 1 times"),
    ],
)
def test_forms_and_special_values(fault, words, tmp_path):
    """The fault is of the output alone, so that no layer stands out."""
    models.save(two_convolutions(), tmp_path / "model.onnx")
    done = verify(tmp_path, fault=fault)
    assert done.returncode == MISMATCH and words in said(done)
    assert "MISMATCH: model.onnx" in done.stdout.decode()


def test_integers(tmp_path):
    models.save(models.unary("Abs", TensorProto.INT64), tmp_path / "model.onnx")
    assert verify(tmp_path).returncode == OK
    done = verify(tmp_path, "--json", fault="integer")
    assert done.returncode == MISMATCH and "output 'y' differs from ONNX Runtime's in 1 elements" in said(done)
    (output,) = json.loads(done.stdout)["outputs"]
    assert output["verdict"] == "integers" and output["differences"] == 1 and output["reads_differently"]


def test_what_overflows_in_float_is_rounding(tmp_path):
    """exp(200 x) is infinite in float and not in double; so are its quotients NaN, and 1."""
    nodes = [
        helper.make_node("Mul", ["x", "k"], ["a"], "scale"),
        helper.make_node("Exp", ["a"], ["b"], "exp"),
        helper.make_node("Div", ["b", "b"], ["c"], "quotient"),
    ]
    outputs = [models.value("b", [1, 4]), models.value("c", [1, 4])]
    models.save(models.model(nodes, [models.value("x", [1, 4])], outputs, [models.tensor("k", np.float32(200))]), tmp_path / "model.onnx")
    np.save(tmp_path / "x.npy", np.array([[1, 0.01, 2, -0.02]], np.float32))
    for peer in ("onnxruntime", "reference"):
        done = verify(tmp_path, "--input", "x.npy", "--against", peer, "--json")
        assert done.returncode == OK, done.stderr
        assert all(output["error"] < 1e-6 for output in json.loads(done.stdout)["outputs"])


def test_a_peer_that_fails(tmp_path):
    models.save(two_convolutions(), tmp_path / "model.onnx")
    done = verify(tmp_path, fault="raises")
    assert done.returncode == FILE and said(done) == "ONNX Runtime fails: error: RuntimeError: NOT_IMPLEMENTED : no kernel for Frobnicate"
    done = verify(tmp_path, fault="crashes")
    assert done.returncode == FILE and said(done) == "ONNX Runtime crashes (Aborted)"
    (tmp_path / "none/onnx").mkdir(parents=True)
    for package in ("onnxruntime", "onnx"):
        (tmp_path / f"none/{package}.py").write_text("raise ImportError('not here')")
    for peer, title in (("onnxruntime", "ONNX Runtime"), ("onnx", "ONNX's reference evaluator")):
        done = verify(tmp_path, "--against", peer, variables={"PYTHONPATH": str(tmp_path / "none")})
        assert done.returncode == FILE and f"has no {title} (not here): 'pip install {peer}'" in said(done)


@pytest.mark.parametrize(
    "body, words",
    [
        ("for (int k = 0; k < 3; k++) y[k] = x[k] > 0 ? x[k] : 0;", "output 'y' depends on what the arena or the outputs held before"),
        ("for (int k = 0; k < 4; k++) y[k] = x[k];", "output 'y' departs from the truth by "),
        ("for (int k = 0; k < 4; k++) y[k] = x[k] > 0 ? x[k] : 0.0f / 0.0f;", "output 'y' has NaN or infinity where "),
        ("for (int k = 0; k < 5; k++) y[k] = x[k % 4];", "error: the network writes past the end of y"),
        ("(void)x; (void)y; abort();", "the compiled network crashes (Aborted)"),
        ("(void)x; (void)y; return -7;", "error: the network returns -7"),
    ],
    ids=["unwritten", "wrong", "nan", "bounds", "crash", "status"],
)
def test_c_that_is_wrong(body, words, tmp_path):
    models.save(models.unary("Relu"), tmp_path / "model.onnx")
    done = verify(tmp_path, *network_compiler(tmp_path, body))
    assert done.returncode == MISMATCH and words in said(done)
    assert "read this model differently" not in said(done)


def test_inner_values_of_a_model_with_external_weights(tmp_path):
    """A peer gets the model with more outputs from memory: its weights are still found beside the file."""
    import onnx

    made = two_convolutions()
    made.graph.initializer.append(models.tensor("unused", np.zeros(4096, np.float32)))
    onnx.save(made, tmp_path / "model.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0)
    for peer in ("onnxruntime", "onnx"):
        done = verify(tmp_path, "--layers", "--json", "--against", peer)
        assert done.returncode == OK, done.stderr
        assert all(0 < layer["peer_error"] < 1e-6 for layer in json.loads(done.stdout)["layers"])


def test_a_folder_of_cases(tmp_path):
    models.save(models.unary("Relu"), tmp_path / "good.onnx")
    np.save(tmp_path / "good.in0.npy", np.ones((1, 4), np.float32))
    models.save(models.unary("Relu"), tmp_path / "shaped.onnx")
    np.save(tmp_path / "shaped.in0.npy", np.ones((1, 5), np.float32))
    models.save(models.unary("Frobnicate", domain="elsewhere", domains=["elsewhere"]), tmp_path / "strange.onnx")
    command = [sys.executable, harness.ROOT / "scripts/verify-cases", tmp_path]
    done = harness.run([*command, "--", "--cflags", "-O1"], {"SKIPC": harness.skipc_asan_path()}.items())
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 1 and [line.split()[0] for line in lines] == ["ok", "FAILED", "refused"]
    assert "input 'x' has the shape 1x4, the file 1x5" in lines[1]
    done = harness.run([*command, "absent"])
    assert done.returncode != 0 and b"no model" in done.stderr
