"""Small ONNX models, good and broken, for the command-line tests."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT


def tensor(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def value(name, shape, kind=FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes, inputs, outputs, initializers=(), opset=17, ir_version=8, functions=(), domains=()):
    graph = helper.make_graph(list(nodes), "g", list(inputs), list(outputs), list(initializers))
    opsets = [helper.make_opsetid("", opset)] + [helper.make_opsetid(domain, 1) for domain in domains]
    made = helper.make_model(graph, opset_imports=opsets, functions=list(functions))
    made.ir_version = ir_version
    return made


def convolution(weight_shape=(4, 3, 3, 3), **changes):
    """x[1,3,8,8] -> Conv -> y: the base that most broken models vary."""
    weight = tensor("w", np.ones(weight_shape, np.float32))
    node = helper.make_node("Conv", ["x", "w"], ["y"], "layer1/conv", kernel_shape=[3, 3])
    return model([node], [value("x", [1, 3, 8, 8])], [value("y", None)], [weight], **changes)


def unary(op_type, kind=FLOAT, name="n", domain="", **changes):
    node = helper.make_node(op_type, ["x"], ["y"], name, domain=domain)
    return model([node], [value("x", [1, 4], kind)], [value("y", [1, 4], kind)], **changes)


def cyclic():
    nodes = [
        helper.make_node("Add", ["x", "b"], ["a"], "first"),
        helper.make_node("Relu", ["a"], ["b"], "second"),
    ]
    return model(nodes, [value("x", [1, 4])], [value("b", [1, 4])])


def missing_input():
    return model([helper.make_node("Add", ["x", "nowhere"], ["y"], "n")], [value("x", [1, 4])], [value("y", [1, 4])])


def missing_output():
    return model([helper.make_node("Relu", ["x"], ["z"], "n")], [value("x", [1, 4])], [value("y", [1, 4])])


def duplicate_output():
    nodes = [helper.make_node("Relu", ["x"], ["y"], "first"), helper.make_node("Abs", ["x"], ["y"], "second")]
    return model(nodes, [value("x", [1, 4])], [value("y", [1, 4])])


def dimensions(shape):
    return model([helper.make_node("Relu", ["x"], ["y"], "n")], [value("x", shape)], [value("y", None)])


def claims(dims, raw=b"\0\0\0\0"):
    """An initializer that claims more than it holds."""
    made = convolution()
    weight = made.graph.initializer[0]
    del weight.dims[:]
    weight.dims.extend(dims)
    weight.raw_data = raw
    return made


def external(location, offset=None, length=None):
    made = convolution()
    weight = made.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    for key, text in (("location", location), ("offset", offset), ("length", length)):
        if text is not None:
            entry = weight.external_data.add()
            entry.key, entry.value = key, str(text)
    return made


def resize(scale):
    scales = tensor("s", np.array([1, 1, scale, scale], np.float32))
    node = helper.make_node("Resize", ["x", "", "s"], ["y"], "up", mode="nearest")
    return model([node], [value("x", [1, 1, 4, 4])], [value("y", None)], [scales])


def filled(shape):
    """ConstantOfShape of a size that no machine has."""
    nodes = [helper.make_node("ConstantOfShape", ["s"], ["c"], "fill"), helper.make_node("Add", ["x", "c"], ["y"], "n")]
    return model(nodes, [value("x", [1])], [value("y", None)], [tensor("s", np.array(shape, np.int64))])


def reshape(shape):
    node = helper.make_node("Reshape", ["x", "s"], ["y"], "view")
    return model([node], [value("x", [1, 4])], [value("y", None)], [tensor("s", np.array(shape, np.int64))])


def attribute(op_type, **attributes):
    node = helper.make_node(op_type, ["x", "w"] if op_type == "Conv" else ["x"], ["y"], "n", **attributes)
    weights = [tensor("w", np.ones((4, 3, 3, 3), np.float32))] if op_type == "Conv" else []
    return model([node], [value("x", [1, 3, 8, 8])], [value("y", None)], weights)


def run_time_shape():
    node = helper.make_node("Reshape", ["x", "s"], ["y"], "view")
    return model([node], [value("x", [1, 4]), value("s", [2], TensorProto.INT64)], [value("y", None)])


def side(op_type="Identity", outputs=1, kind=FLOAT, name="side"):
    """A branch of an If: outputs made from x."""
    names = [f"o{k}" for k in range(outputs)]
    nodes = [helper.make_node(op_type, ["x"], [output]) for output in names]
    return helper.make_graph(nodes, name, [], [value(output, None, kind) for output in names])


def branch(then=None, otherwise=None, condition=TensorProto.BOOL):
    """An If that an input decides: valid ONNX, no static graph until the input is bound."""
    then, otherwise = then or side("Relu"), otherwise or side()
    node = helper.make_node("If", ["c"], ["y"], "choice", then_branch=then, else_branch=otherwise)
    return model([node], [value("x", [1, 4]), value("c", [], condition)], [value("y", None)])


def branch_by_shape():
    """Two Ifs, one in a branch of the other, that shapes decide."""
    inner = helper.make_node("If", ["c"], ["i"], "inner", then_branch=side("Relu"), else_branch=side("Neg"))
    outer = helper.make_graph([inner, helper.make_node("Add", ["i", "x"], ["o"])], "outer", [], [value("o", None)])
    nodes = [
        helper.make_node("Shape", ["x"], ["s"]),
        helper.make_node("Size", ["s"], ["r"]),
        helper.make_node("Equal", ["r", "two"], ["c"]),
        helper.make_node("If", ["c"], ["y"], "choice", then_branch=outer, else_branch=side()),
    ]
    return model(nodes, [value("x", [1, 4])], [value("y", None)], [tensor("two", np.int64(2))])


def three_unknown_operators():
    """Four nodes, one of them in a function and one in a branch."""
    body = [helper.make_node("Unheard", ["a"], ["b"], "inner")]
    function = helper.make_function("local", "f", ["a"], ["b"], body, [helper.make_opsetid("", 17)])
    nodes = [
        helper.make_node("Unheard", ["x"], ["p"], "first"),
        helper.make_node("f", ["p"], ["q"], "call", domain="local"),
        helper.make_node("Unseen", ["q"], ["r"], "third", domain="com.example"),
    ]
    made = branch(side("Untold"))
    made.graph.node.extend(nodes)
    made.graph.output.append(value("r", None))
    made.opset_import.extend([helper.make_opsetid("local", 1), helper.make_opsetid("com.example", 1)])
    made.functions.append(function)
    return made


def quantised():
    nodes = [helper.make_node("QuantizeLinear", ["x", "s"], ["q"], "down"), helper.make_node("DequantizeLinear", ["q", "s"], ["y"], "up")]
    return model(nodes, [value("x", [1, 4])], [value("y", None)], [tensor("s", np.float32(0.5))])


def recursive_function():
    call = helper.make_node("f", ["x"], ["y"], domain="local")
    function = helper.make_function("local", "f", ["x"], ["y"], [call], [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)])
    return unary("f", domain="local", functions=[function], domains=["local"])


def wrong_opset(version):
    made = unary("Relu")
    made.opset_import[0].version = version
    return made


def no_opset():
    made = unary("Relu")
    del made.opset_import[:]
    return made


def wrong_ir(version):
    made = unary("Relu")
    made.ir_version = version
    return made


def no_graph():
    made = unary("Relu")
    made.ClearField("graph")
    return made


def save(made, path):
    path.write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
    return path


def huge_claim():
    """A hundred bytes whose graph field says that 2 GB follow."""
    field = bytes([7 << 3 | 2]) + b"\xff\xff\xff\xff\x07"  # graph, length 2^31 - 1
    return b"\x08\x08" + field + bytes(92)

