"""A network under construction.

Every node is evaluated by ONNX Runtime when it is added, on the values that its inputs have. So shapes and types are known without
a second set of rules; what ONNX Runtime refuses never enters a network; and a node enters only where rounding can't decide its
result: its inputs are disturbed a little, and its outputs may not change much.
"""

import functools
import math
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

onnxruntime.set_default_logger_severity(4)

OPSETS = (9, 10, 11, 11, 12, 13, 13, 14, 15, 16, 17, 17, 18, 18, 19, 20, 21, 24)
MOST_ELEMENTS = 24000  # of a value
MOST_PRODUCTS = 3_000_000  # of a node
LARGEST = 24.0  # magnitude of a float that is kept as it is
DISTURBANCE = 1e-5  # of the largest magnitude: far above the rounding of a float network
MOST_AMPLIFICATION = 40.0
ABSOLUTE = ("Sigmoid", "Tanh", "Erf")  # ONNX Runtime's approximations: right to 1e-7 of 1, not of a result that is small


class Unfit(Exception):
    """The drawn operator has no place in the network as it stands: another is drawn."""


@dataclass
class Value:
    name: str
    array: np.ndarray

    @property
    def shape(self):
        return self.array.shape

    @property
    def rank(self):
        return self.array.ndim

    @property
    def is_float(self):
        return self.array.dtype == np.float32


@dataclass
class Case:
    """A network and what it is run on."""

    model: onnx.ModelProto
    inputs: dict  # name -> array, in graph order
    blocks: list = field(default_factory=list)  # (name of a residual block, name of the value that is its result, of its shortcut)

    def model_constants(self):
        return {tensor.name for tensor in self.model.graph.initializer}


def session_options():
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return options


def session_of(model):
    return onnxruntime.InferenceSession(model.SerializeToString(), session_options(), providers=["CPUExecutionProvider"])


def model_of(nodes, inputs, outputs, constants, opset, constants_are_inputs=False):
    """`inputs`, `outputs`: name -> array (None: type unknown); `constants`: name -> array."""

    def info(name, array):
        if array is None:
            return onnx.ValueInfoProto(name=name)
        return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)

    listed = {**inputs, **constants} if constants_are_inputs else inputs
    graph = helper.make_graph(
        nodes,
        "random",
        [info(*item) for item in listed.items()],
        [info(*item) for item in outputs.items()],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8 if opset < 19 else 10)


def disturbed(rng, array):
    """Exact zeros stay: they come from activations and padding, not from rounding."""
    if array.dtype.kind != "f" or not array.size:
        return array
    noise = rng.standard_normal(array.shape) * DISTURBANCE * max(float(np.abs(array).max()), 1e-30)
    return np.where(array == 0, 0, array + noise).astype(array.dtype)


def is_stable(before, after):
    if before.dtype.kind != "f":
        return np.array_equal(before, after)
    largest = float(np.abs(before).max()) if before.size else 0
    return not before.size or float(np.abs(before - after).max()) <= MOST_AMPLIFICATION * DISTURBANCE * max(largest, 1e-30)


class Builder:
    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.opset = int(self.choice(OPSETS))
        self.nodes, self.inputs, self.values, self.blocks = [], [], [], []
        self.constants = {}
        self.scope, self.count = "", 0

    # Draws.

    def choice(self, options, weights=None):
        options = list(options)
        if not options:
            raise Unfit
        p = None if weights is None else np.asarray(weights, float) / np.sum(weights)
        return options[int(self.rng.choice(len(options), p=p))]

    def chance(self, probability):
        return bool(self.rng.random() < probability)

    def integer(self, least, most):
        if most < least:
            raise Unfit
        return int(self.rng.integers(least, most + 1))

    def number(self, low, high):
        return float(np.float32(self.rng.uniform(low, high)))

    # Values.

    def pick(self, fits=lambda value: True, recent=4.0):
        """A value that fits, rather a late one."""
        fitting = [value for value in self.values if value.array.size and fits(value)]
        if not fitting:
            raise Unfit
        back = self.integer(0, len(fitting) - 1) if self.chance(0.2) else min(int(self.rng.exponential(recent)), len(fitting) - 1)
        return fitting[len(fitting) - 1 - back]

    def floats(self, rank=None, fits=lambda value: True):
        return self.pick(lambda v: v.is_float and (rank is None or v.rank == rank) and fits(v))

    def image(self, fits=lambda value: True):
        return self.floats(4, fits)

    def fresh(self, stem):
        self.count += 1
        return f"{self.scope}{stem}_{self.count}"

    def input(self, array):
        value = Value(f"x{len(self.inputs)}", array)
        self.inputs.append(value)
        self.values.append(value)
        return value

    def weights(self, shape, scale=None):
        """Seldom those of another layer. `scale`: by default 1 over the root of the terms of a sum."""
        shape = tuple(int(d) for d in shape)
        if self.chance(0.08):
            alike = [(name, array) for name, array in self.constants.items() if array.shape == shape and array.size > 8]
            known = [name for name, array in alike if array.dtype == np.float32]
            if known:
                return self.constants[self.choice(known)]
        if scale is None:
            scale = 1.4 / math.sqrt(max(1, math.prod(shape[1:])))
        return (self.rng.standard_normal(shape) * scale).astype(np.float32)

    # Nodes.

    def _constant_name(self, array):
        for name, known in self.constants.items():
            if known is array:
                return name
        name = self.fresh("c")
        self.constants[name] = array
        return name

    @contextmanager
    def trial(self):
        """Takes back all that was added where what is tried turns out unfit."""
        before = len(self.nodes), len(self.values), dict(self.constants), self.scope, len(self.blocks)
        try:
            yield
        except Unfit:
            del self.nodes[before[0] :], self.values[before[1] :], self.blocks[before[4] :]
            self.constants = before[2]
            raise
        finally:
            self.scope = before[3]

    def add(self, op, inputs, outputs=1, wanted=None, keep=True, **attributes):
        """Adds a node. `inputs`: Values, arrays (constants), or None where one is left out; `wanted`: which of its outputs have a name,
        by default all. Returns its Value, or a list of them where several are wanted."""
        names = [x.name if isinstance(x, Value) else "" if x is None else self._constant_name(np.asarray(x)) for x in inputs]
        while names and not names[-1]:
            names.pop()
        wanted = list(range(outputs)) if wanted is None else wanted
        label = self.fresh(op.lower())
        results = [(label if k == wanted[0] else f"{label}_{k}") if k in wanted else "" for k in range(outputs)]
        while not results[-1]:
            results.pop()
        attributes = {key: value for key, value in attributes.items() if value is not None}
        node = helper.make_node(op, names, results, name=label, **attributes)
        arrays = self.evaluate(node)
        if op in ABSOLUTE and np.abs(arrays[0]).max(initial=1 if not arrays[0].size else 0) < 0.1:
            raise Unfit
        self.nodes.append(node)
        added = [Value(name, array) for name, array in zip([name for name in results if name], arrays)]
        if keep:
            added = [self._moderated(value) for value in added]
            self.values.extend(added)
        return added if len(added) > 1 else added[0]

    def evaluate(self, node):
        """What ONNX Runtime makes of one node; Unfit where it refuses, or where rounding could decide the result."""
        feeds = {v.name: v.array for v in self.values + self._hidden() if v.name in node.input}
        constants = {name: self.constants[name] for name in node.input if name in self.constants}
        model = model_of([node], feeds, {name: None for name in node.output if name}, constants, self.opset)
        try:
            session = session_of(model)
            arrays = session.run(None, feeds)
            others = session.run(None, {name: disturbed(self.rng, array) for name, array in feeds.items()})
        except Exception as error:  # ONNX Runtime's exceptions have no common base
            raise Unfit(str(error)) from error
        for array, other in zip(arrays, others):
            if array.size > MOST_ELEMENTS or array.ndim > 6 or not np.all(np.isfinite(array)):
                raise Unfit
            if np.abs(array, dtype=float).max(initial=0) > 1e30:
                raise Unfit
            if array.shape != other.shape or not is_stable(array, other):
                raise Unfit
        return arrays

    def _hidden(self):
        """Values of nodes that were added with keep=False."""
        return self.__dict__.setdefault("hidden", [])

    def hide(self, value):
        """Lets a node read a value that no other operator may pick."""
        self._hidden().append(value)
        return value

    def _moderated(self, value):
        """Scaled, so that activations keep their magnitude."""
        largest = float(np.abs(value.array).max()) if value.is_float and value.array.size else 1
        if largest == 0 or 0.02 <= largest <= LARGEST:
            return value
        self.hide(value)
        return self.add("Mul", [value, np.float32(2.0 ** -round(math.log2(largest / 2)))], keep=False)

    # The whole.

    def case(self, outputs):
        """`outputs`: Values, which may be inputs."""
        constants = dict(self.constants)
        nodes = list(self.nodes)
        if self.chance(0.25):  # some exporters write Constant nodes
            moved = [name for name in constants if self.chance(0.5)]
            for name in reversed(moved):
                nodes.insert(0, helper.make_node("Constant", [], [name], value=numpy_helper.from_array(np.asarray(constants.pop(name)))))
        model = model_of(
            nodes,
            {v.name: v.array for v in self.inputs},
            {v.name: v.array for v in outputs},
            constants,
            self.opset,
            constants_are_inputs=self.chance(0.1),
        )
        return Case(model, {v.name: v.array for v in self.inputs}, list(self.blocks))


@dataclass
class Row:
    name: str  # of the ONNX operator
    add: object  # function that adds it to a builder
    weight: float


OPERATORS = []  # several rows may be of one operator: other situations


def operator(*names, weight=1.0):
    """Makes a function a row of the table. One for several operators takes the operator's name, too."""

    def register(function):
        for name in names:
            OPERATORS.append(Row(name, function if len(names) == 1 else functools.partial(function, op=name), weight))
        return function

    return register
