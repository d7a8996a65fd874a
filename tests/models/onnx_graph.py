"""ONNX graphs written by hand, node by node."""

import numpy as np
import onnx
from onnx import helper, numpy_helper


class OnnxGraph:
    def __init__(self, opset=14):
        self.opset, self.nodes, self.initializers, self.inputs, self.outputs = opset, [], [], {}, []
        self.random = np.random.default_rng(5)

    def constant(self, array):
        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def weights(self, *shape):
        """Random ones that keep the size of what they multiply."""
        return self.constant((self.random.uniform(-1, 1, shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32))

    def node(self, operator, *inputs, outputs=1, **attributes):
        """The name of its result; a list of names where it has several."""
        names = [f"v{len(self.nodes)}" + (f"_{k}" if k else "") for k in range(outputs)]
        self.nodes.append(helper.make_node(operator, inputs, names, name=names[0], **attributes))
        return names[0] if outputs == 1 else names

    def input(self, name, array):
        self.inputs[name] = array
        return name

    def save(self, path):
        def info(name, array):
            return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)

        outputs = [helper.make_empty_tensor_value_info(name) for name in self.outputs]
        graph = helper.make_graph(self.nodes, "graph", [info(*item) for item in self.inputs.items()], outputs, self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)
        onnx.save(onnx.shape_inference.infer_shapes(model), path)
        return path
