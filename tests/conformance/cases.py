"""The ONNX backend tests, sorted into those that a float/int64/bool compiler of static graphs has to pass and the rest."""

import functools
import glob
import os
import warnings
from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import numpy_helper

OPERATORS = frozenset(
    """Conv BatchNormalization Relu LeakyRelu PRelu Clip Sigmoid Tanh HardSigmoid HardSwish Elu Add Sub Mul Div Sum Min Max
    Pow Sqrt Exp Log Neg Abs MaxPool AveragePool GlobalAveragePool GlobalMaxPool ReduceMean ReduceSum ReduceMax ReduceMin
    ReduceL1 ReduceL2 ReduceSumSquare Gemm MatMul Flatten Reshape Transpose Squeeze Unsqueeze Concat Split Slice Gather Pad
    Resize Upsample Softmax LogSoftmax LRN LSTM GRU Identity Dropout Constant ConstantOfShape Shape Cast Expand Where Equal Less Greater Not
    LessOrEqual GreaterOrEqual And Or Xor IsNaN IsInf Mod Reciprocal Floor Ceil Round Sign Erf Sin Cos Softplus Softsign Selu Celu
    Mish Swish Gelu ThresholdedRelu ArgMax ArgMin CumSum ReduceProd ReduceLogSum DepthToSpace SpaceToDepth Tile OneHot If Range""".split()
)

TYPES = {
    onnx.TensorProto.FLOAT: "float",
    onnx.TensorProto.FLOAT16: "float16",
    onnx.TensorProto.BFLOAT16: "bfloat16",
    onnx.TensorProto.INT64: "int64",
    onnx.TensorProto.BOOL: "bool",
}

# Inputs that decide shapes, that ONNX had as attributes before, or that are packed when compiling (recurrent weights): a static
# compiler needs their values.
COMPILE_TIME_INPUTS = {
    "Reshape": [1],
    "Slice": [1, 2, 3, 4],
    "Pad": [1, 2, 3],
    "Resize": [1, 2, 3],
    "Upsample": [1],
    "Expand": [1],
    "Clip": [1, 2],
    "Squeeze": [1],
    "Unsqueeze": [1],
    "Split": [1],
    "ReduceMean": [1],
    "ReduceSum": [1],
    "ReduceMax": [1],
    "ReduceMin": [1],
    "ReduceL1": [1],
    "ReduceL2": [1],
    "ReduceSumSquare": [1],
    "ReduceProd": [1],
    "ReduceLogSum": [1],
    "CumSum": [1],
    "Tile": [1],
    "OneHot": [1],
    "ConstantOfShape": [0],
    "Dropout": [1, 2],
    "If": [0],
    "Range": [0, 1, 2],
    "LSTM": [1, 2, 3, 4, 7],
    "GRU": [1, 2, 3, 4],
}

# The numbers of these cases are the reference evaluator's, which takes scale times input size, no whole number, for length_resized.
# skipc follows ONNX Runtime, which leaves them out of its own conformance tests: docs/conformance.md, Resize.
AS_ONNXRUNTIME = {
    "test_resize_downsample_scales_linear_align_corners",
    "test_resize_downsample_scales_cubic_align_corners",
}


@dataclass
class Case:
    name: str
    suite: str  # "node", or the folder of the ONNX package's own test data
    model: onnx.ModelProto
    data_sets: list = field(repr=False)  # of (inputs, outputs)
    rtol: float
    atol: float
    reason: str = ""  # why it does not apply; empty where it does


def frozen_inputs(graph):
    """Graph inputs whose values decide a compile-time input, directly or through other nodes."""
    producers = {name: node for node in graph.node for name in node.output}
    wanted = [
        node.input[index]
        for node in graph.node
        for index in COMPILE_TIME_INPUTS.get(node.op_type, ())
        if index < len(node.input)
    ]
    seen = set()
    while wanted:
        name = wanted.pop()
        if name in seen or not name:
            continue
        seen.add(name)
        producer = producers.get(name)
        if producer is not None and producer.op_type != "Shape":  # Shape reads no values
            wanted.extend(producer.input)
    return [value.name for value in graph.input if value.name in seen]


def freeze(model, inputs):
    """The model with its compile-time inputs as initializers, and the inputs that remain."""
    frozen = set(frozen_inputs(model.graph))
    initialized = {tensor.name for tensor in model.graph.initializer}
    values = [value for value in model.graph.input if value.name not in initialized]
    result = onnx.ModelProto()
    result.CopyFrom(model)
    del result.graph.input[:]
    remaining = []
    for value, array in zip(values, inputs):
        if value.name in frozen:
            result.graph.initializer.append(numpy_helper.from_array(np.asarray(array), value.name))
        else:
            result.graph.input.append(value)
            remaining.append(array)
    return result, remaining


def training_reason(case):
    for node in case.model.graph.node:
        if node.op_type == "BatchNormalization" and any(a.name == "training_mode" and a.i for a in node.attribute):
            return "training mode"
        if node.op_type == "Dropout" and len(node.input) > 2 and node.input[2]:
            names = [value.name for value in case.model.graph.input]
            if node.input[2] in names and bool(case.data_sets[0][0][names.index(node.input[2])]):
                return "training mode"
            constants = [n for n in case.model.graph.node if n.op_type == "Constant" and n.output[0] == node.input[2]]
            if constants and bool(numpy_helper.to_array(constants[0].attribute[0].t)):
                return "training mode"
    return ""


def convolution_reason(case):
    ranks = {value.name: len(value.type.tensor_type.shape.dim) for value in case.model.graph.input}
    if any(ranks.get(node.input[0], 0) > 4 for node in case.model.graph.node if node.op_type == "Conv"):
        return "3-D convolution"
    return ""


def reason_not_applicable(case):
    graph = case.model.graph
    for node in graph.node:
        if node.op_type not in OPERATORS or node.domain not in ("", "ai.onnx"):
            return f"operator {node.op_type} is not supported"
    frozen = set(frozen_inputs(graph))  # constants may have any type
    for value in [*(value for value in graph.input if value.name not in frozen), *graph.output]:
        if value.type.WhichOneof("value") != "tensor_type":
            return f"{value.type.WhichOneof('value').removesuffix('_type')}s, not tensors"
        element = value.type.tensor_type.elem_type
        if element not in TYPES:
            return f"tensors of {onnx.TensorProto.DataType.Name(element).lower()}"
    opset = next(entry.version for entry in case.model.opset_import if entry.domain in ("", "ai.onnx"))
    if opset < 6:
        return "opset below 6"
    return training_reason(case) or convolution_reason(case)


def node_cases():
    from onnx.backend.test.loader import load_node_model_tests

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's, about the infinities that some cases want
        for test in load_node_model_tests():
            yield Case(test.name, "node", test.model, test.data_sets, test.rtol, test.atol)


def own_cases():
    """Where ONNX's cases of an operator have types that do not apply, or an opset before skipc's first."""
    x = np.array([[True, False], [False, True]])
    boolean = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.BOOL, x.shape) for name in ("x", "y")]
    graph = onnx.helper.make_graph([onnx.helper.make_node("Not", ["x"], ["y"])], "not", boolean[:1], boolean[1:])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8)
    yield Case("test_not_opset13", "skipc", model, [([x], [~x])], 0, 0)
    for kind, number in (("float", onnx.TensorProto.FLOAT), ("int64", onnx.TensorProto.INT64), ("bool", onnx.TensorProto.BOOL)):
        x, y = (np.array(values, onnx.helper.tensor_dtype_to_np_dtype(number)) for values in ([[0], [1]], [0, 1, 1]))
        graph = onnx.helper.make_graph(
            [onnx.helper.make_node("Equal", ["x", "y"], ["z"])],
            "equal",
            [onnx.helper.make_tensor_value_info("x", number, x.shape), onnx.helper.make_tensor_value_info("y", number, y.shape)],
            [onnx.helper.make_tensor_value_info("z", onnx.TensorProto.BOOL, [2, 3])],
        )
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8)
        yield Case(f"test_equal_bcast_{kind}", "skipc", model, [([x, y], [x == y])], 0, 0)
    x = np.arange(-5, 7, dtype=np.float32).reshape(2, 3, 2)
    for exclusive, reverse in ((0, 0), (0, 1), (1, 0), (1, 1)):
        graph = onnx.helper.make_graph(
            [onnx.helper.make_node("CumSum", ["x", "axis"], ["y"], exclusive=exclusive, reverse=reverse)],
            "cumsum",
            [
                onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, x.shape),
                onnx.helper.make_tensor_value_info("axis", onnx.TensorProto.INT64, []),
            ],
            [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, x.shape)],
        )
        along = np.flip(x, 1) if reverse else x
        y = np.cumsum(along, 1) - (along if exclusive else 0)
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 14)], ir_version=8)
        name = "test_cumsum_float" + "_exclusive" * exclusive + "_reverse" * reverse
        yield Case(name, "skipc", model, [([x, np.array(1)], [np.flip(y, 1) if reverse else y])], 0, 0)


def read_tensor(path):
    tensor = onnx.TensorProto()
    with open(path, "rb") as file:
        tensor.ParseFromString(file.read())
    return numpy_helper.to_array(tensor)


def package_cases(suite):
    """The conversions of PyTorch's operators of 2017 that the ONNX package ships as files."""
    folder = os.path.join(os.path.dirname(onnx.__file__), "backend/test/data", suite)
    for path in sorted(glob.glob(os.path.join(folder, "test_*"))):
        model = onnx.load(os.path.join(path, "model.onnx"))
        sets = []
        for data in sorted(glob.glob(os.path.join(path, "test_data_set_*"))):
            files = {
                kind: sorted(glob.glob(os.path.join(data, f"{kind}_*.pb")), key=lambda p: int(p[:-3].rsplit("_", 1)[1]))
                for kind in ("input", "output")
            }
            sets.append(tuple([read_tensor(p) for p in files[kind]] for kind in ("input", "output")))
        yield Case(os.path.basename(path), suite, model, sets, 1e-3, 1e-7)


@functools.lru_cache(maxsize=1)
def all_cases():
    cases = [*node_cases(), *package_cases("pytorch-converted"), *package_cases("pytorch-operator"), *own_cases()]
    for case in cases:
        case.reason = reason_not_applicable(case)
    return cases
