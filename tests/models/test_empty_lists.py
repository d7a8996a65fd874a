"""Lists that are empty - axes, sizes, pads, as input or attribute - mean what ONNX Runtime takes them for, or are refused as there."""

import harness
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper

X = np.array([[[3, -1, 2]], [[-5, 4, 1]]], np.float32)
EMPTY = np.array([], np.int64)
ONE = np.array([1], np.int64)
KEEP = {"noop_with_empty_axes": 1}

# name: operator, opset, inputs behind x (None: left out), attributes; an attribute of EMPTY is an empty list.
CASES = {
    "squeeze_attribute": ("Squeeze", 11, [], {"axes": EMPTY}),
    "squeeze_input": ("Squeeze", 13, [EMPTY], {}),
    "unsqueeze_attribute": ("Unsqueeze", 11, [], {"axes": EMPTY}),
    "unsqueeze_input": ("Unsqueeze", 13, [EMPTY], {}),
    "reduce_attribute": ("ReduceMean", 11, [], {"axes": EMPTY}),
    "reduce_absent": ("ReduceSum", 13, [], {}),
    "reduce_absent_kept": ("ReduceSum", 13, [], KEEP),
    **{
        f"{name}{'_kept' if kept else ''}": (name, 18, [EMPTY], kept)
        for name in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare")
        for kept in ({}, KEEP)
    },
    "slice_nothing": ("Slice", 13, [EMPTY, EMPTY], {}),
    "slice_no_axes": ("Slice", 13, [EMPTY, EMPTY, EMPTY, EMPTY], {}),
    "slice_axes_missing": ("Slice", 13, [ONE, 2 * ONE, EMPTY], {}),
    "slice_steps_missing": ("Slice", 13, [ONE, 2 * ONE, 0 * ONE, EMPTY], {}),
    "split": ("Split", 13, [EMPTY], {}),
    "transpose": ("Transpose", 13, [], {"perm": EMPTY}),
    "pad_no_axes": ("Pad", 18, [EMPTY, None, EMPTY], {}),
    "pad_axes_missing": ("Pad", 18, [np.array([0, 0, 1, 0, 0, 1]), None, EMPTY], {}),
    "resize_axes": ("Resize", 18, [None, np.array([1, 1, 2], np.float32)], {"axes": EMPTY}),
    "pool_strides": ("MaxPool", 13, [], {"kernel_shape": [2], "strides": EMPTY}),
    "pool_dilations": ("MaxPool", 13, [], {"kernel_shape": [2], "dilations": EMPTY}),
    "pool_pads": ("MaxPool", 13, [], {"kernel_shape": [2], "pads": EMPTY}),
    "pool_kernel": ("MaxPool", 13, [], {"kernel_shape": EMPTY}),
    "conv_kernel": ("Conv", 13, [np.ones((1, 1, 2), np.float32)], {"kernel_shape": EMPTY}),
    "conv_strides": ("Conv", 13, [np.ones((1, 1, 2), np.float32)], {"strides": EMPTY}),
}


def model_of(name):
    operator, opset, inputs, attributes = CASES[name]
    names = [f"c{k}" if array is not None else "" for k, array in enumerate(inputs)]
    outputs = ["y", "z"] if operator == "Split" else ["y"]
    node = helper.make_node(operator, ["x", *names], outputs, **{k: v for k, v in attributes.items() if v is not EMPTY})
    for key in (k for k, v in attributes.items() if v is EMPTY):
        node.attribute.add(name=key, type=onnx.AttributeProto.INTS)
    graph = helper.make_graph(
        [node],
        name,
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, X.shape)],
        [helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, None) for output in outputs],
        [numpy_helper.from_array(array, at) for array, at in zip(inputs, names) if at],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def expected_of(model):
    """ONNX Runtime's outputs; None where it refuses the model."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(model.SerializeToString(), options).run(None, {"x": X})
    except Exception:
        return None


@pytest.mark.parametrize("name", CASES)
def test_empty_list(name, tmp_path):
    model = model_of(name)
    expected = expected_of(model)
    onnx.save(model, tmp_path / "net.onnx")
    if expected is None:
        done = harness.run([harness.skipc_path(), "compile", tmp_path / "net.onnx", "-o", tmp_path / "net.c"])
        assert done.returncode == 3, done.stderr.decode()
        return
    source = harness.compile_model(tmp_path / "net.onnx", tmp_path / "net.c")
    shapes = harness.inspected(tmp_path / "net.onnx")["outputs"]
    assert [tuple(output["shape"]) for output in shapes] == [array.shape for array in expected]
    network = harness.Network(source, harness.build_shared(source, optimise="-O0"))
    for mine, theirs in zip(network([X], [(a.shape, a.dtype) for a in expected]), expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6)
