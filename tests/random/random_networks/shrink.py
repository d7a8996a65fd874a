"""From a network that fails to a least one that fails in the same way, as a test case to paste."""

import itertools
import re
import time

import numpy as np
import onnx
from onnx import helper, numpy_helper

from .builder import Case, model_of, session_of


class Parts:
    """A model taken apart: nodes, inputs, outputs and constants can be taken away."""

    def __init__(self, case):
        graph = case.model.graph
        self.opset = case.model.opset_import[0].version
        self.constants = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
        self.nodes = []
        for node in graph.node:
            if node.op_type == "Constant" and node.attribute[0].name == "value":
                self.constants[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
            else:
                self.nodes.append(node)
        self.inputs = dict(case.inputs)
        self.outputs = [output.name for output in graph.output]

    def copy(self, **changes):
        other = object.__new__(Parts)
        other.__dict__.update(self.__dict__)
        for name in ("constants", "inputs"):
            setattr(other, name, dict(getattr(self, name)))
        for name in ("nodes", "outputs"):
            setattr(other, name, list(getattr(self, name)))
        other.__dict__.update(changes)
        return other

    def pruned(self):
        """Without what no output needs."""
        needed, kept = set(self.outputs), []
        for node in reversed(self.nodes):
            if any(name in needed for name in node.output):
                kept.insert(0, node)
                needed.update(name for name in node.input if name)
        return self.copy(
            nodes=kept,
            inputs={name: array for name, array in self.inputs.items() if name in needed},
            constants={name: array for name, array in self.constants.items() if name in needed},
        )

    def values(self):
        """What ONNX Runtime computes for every value."""
        names = [name for node in self.nodes for name in node.output if name]
        model = model_of(self.nodes, self.inputs, {name: None for name in names}, self.constants, self.opset)
        return dict(zip(names, session_of(model).run(None, self.inputs)))

    def case(self):
        """None where ONNX Runtime doesn't take it."""
        try:
            arrays = {**self.inputs, **self.values()}
            outputs = {name: arrays[name] for name in self.outputs}
            model = model_of(self.nodes, self.inputs, outputs, self.constants, self.opset)
            session_of(model)
        except Exception:  # ONNX Runtime's exceptions have no common base
            return None
        return Case(model, self.inputs)

    def weight(self):
        """What shrinking makes less."""
        return len(self.nodes), len(self.outputs), sum(a.size for a in [*self.inputs.values(), *self.constants.values()])


def single_outputs(parts):
    if len(parts.outputs) > 1:
        for name in parts.outputs:
            yield parts.copy(outputs=[name])
        for name in parts.outputs:
            yield parts.copy(outputs=[other for other in parts.outputs if other != name])


def prefix(parts, count):
    """The first nodes alone; what none of them reads is an output."""
    nodes = parts.nodes[:count]
    read = {name for node in nodes for name in node.input}
    return parts.copy(nodes=nodes, outputs=[name for node in nodes for name in node.output if name and name not in read])


def least_prefix(parts, accepted):
    """By bisection: networks mostly go on failing when nodes are added."""
    low, high, best = 0, len(parts.nodes), parts
    while high - low > 1:
        middle = (low + high) // 2
        candidate = prefix(parts, middle).pruned()
        if accepted(candidate):
            high, best = middle, candidate
        else:
            low = middle
    return best


def neighbourhoods(parts):
    """Up to some nodes before an output; what they read are inputs then."""
    producers = {name: node for node in parts.nodes for name in node.output if name}
    arrays = parts.values()
    for depth in (1, 2, 3, 5, 8, 13):
        for output in reversed(parts.outputs):
            kept, front = set(), {output}
            for _ in range(depth):
                kept |= front & producers.keys()
                front = {name for value in front & producers.keys() for name in producers[value].input if name}
            nodes = [node for node in parts.nodes if any(name in kept for name in node.output)]
            made = {name for node in nodes for name in node.output}
            inputs = {name: arrays[name] for node in nodes for name in node.input if name in arrays and name not in made}
            yield parts.copy(nodes=nodes, outputs=[output], inputs={**parts.inputs, **inputs})


def cut(parts):
    """A computed value becomes an input, the latest first."""
    arrays = parts.values()
    for k in reversed(range(len(parts.nodes))):
        node = parts.nodes[k]
        if not any(name in parts.outputs for name in node.output):
            results = {name: arrays[name] for name in node.output if name}
            yield parts.copy(nodes=parts.nodes[:k] + parts.nodes[k + 1 :], inputs={**parts.inputs, **results})


def bypassed(parts):
    """A node's result becomes what it reads of the same shape."""
    arrays = {**parts.inputs, **parts.constants, **parts.values()}
    for k, node in enumerate(parts.nodes):
        result = node.output[0]
        for name in node.input:
            if not name or result in parts.outputs:
                continue
            if arrays[name].shape != arrays[result].shape or arrays[name].dtype != arrays[result].dtype:
                continue
            nodes = []
            for other in parts.nodes[:k] + parts.nodes[k + 1 :]:
                changed = onnx.NodeProto()
                changed.CopyFrom(other)
                changed.input[:] = [name if i == result else i for i in changed.input]
                nodes.append(changed)
            yield parts.copy(nodes=nodes)


def simpler_nodes(parts):
    """Without an attribute, or without a last operand."""
    for k, node in enumerate(parts.nodes):
        options = []
        for a in range(len(node.attribute)):
            changed = onnx.NodeProto()
            changed.CopyFrom(node)
            del changed.attribute[a]
            options.append(changed)
        if len(node.input) > 1:
            changed = onnx.NodeProto()
            changed.CopyFrom(node)
            del changed.input[-1]
            options.append(changed)
        for changed in options:
            yield parts.copy(nodes=[*parts.nodes[:k], changed, *parts.nodes[k + 1 :]])


def smaller_inputs(parts):
    """An axis of all inputs that share its size, cut down."""
    sizes = {(axis, size) for array in parts.inputs.values() for axis, size in enumerate(array.shape) if size > 1}
    for axis, size in sorted(sizes):
        for smaller in {1, size // 2, size - 1} - {0, size}:
            inputs = {
                name: array.take(range(smaller), axis) if array.ndim > axis and array.shape[axis] == size else array
                for name, array in parts.inputs.items()
            }
            yield parts.copy(inputs=inputs)


def random_array(shape, seed):
    """In a printed case: `random(shape, seed)`."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def plain_numbers(parts):
    """Weights and inputs that need no file: all, then one by one."""

    def replaced(arrays, chosen):
        return {
            name: random_array(array.shape, k) if name in chosen and array.dtype == np.float32 and array.size > 8 else array
            for k, (name, array) in enumerate(arrays.items())
        }

    names = [*parts.constants, *parts.inputs]
    for chosen in itertools.chain([names], ([name] for name in names)):
        yield parts.copy(constants=replaced(parts.constants, chosen), inputs=replaced(parts.inputs, chosen))


def shrunk(case, fails, seconds=240, attempts=400):
    """The least case found for which `fails(case)` still holds."""
    until, left = time.monotonic() + seconds, [attempts]

    def accepted(candidate):
        made = candidate.case()
        if made is None or left[0] <= 0 or time.monotonic() > until:
            return False
        left[0] -= 1
        return fails(made)

    best = Parts(case).pruned()
    if not accepted(best):
        return case
    best = least_prefix(best, accepted)
    progress = True
    while progress and time.monotonic() < until:
        progress = False
        for reduce in (single_outputs, neighbourhoods, cut, bypassed, simpler_nodes, smaller_inputs):
            found = True
            while found and time.monotonic() < until:
                found = False
                for candidate in reduce(best):
                    candidate = candidate.pruned()
                    if candidate.weight() < best.weight() and accepted(candidate) or (
                        reduce is simpler_nodes and candidate.weight() <= best.weight() and accepted(candidate)
                    ):
                        best, found, progress = candidate, True, True
                        break
    for candidate in plain_numbers(best):
        if accepted(candidate):
            best = candidate
            break
    return best.case()


def array_text(name, array, known):
    for seed in range(len(known) + 1):
        if array.dtype == np.float32 and array.size > 8 and np.array_equal(array, random_array(array.shape, seed)):
            return f"random({array.shape}, {seed})"
    if array.size <= 16:
        numbers = np.array2string(array, separator=", ", floatmode="unique").replace("\n", "").replace("inf", "np.inf")
        return f"np.array({numbers}, np.{array.dtype})"
    return f"np.load('{re.sub('[^A-Za-z0-9]', '_', name)}.npy')"


def text_of(case):
    """The case as Python, to paste into a test."""
    parts = Parts(case)
    known = {**parts.constants, **parts.inputs}
    lines = ["def random(shape, seed): return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)", "nodes = ["]
    for node in parts.nodes:
        attributes = "".join(f", {a.name}={helper.get_attribute_value(a)!r}" for a in node.attribute)
        lines.append(f"    make_node({node.op_type!r}, {list(node.input)}, {list(node.output)}{attributes}),")
    lines += ["]", "constants = {"]
    lines += [f"    {name!r}: {array_text(name, array, known)}," for name, array in parts.constants.items()]
    lines += ["}", "inputs = {"]
    lines += [f"    {name!r}: {array_text(name, array, known)}," for name, array in parts.inputs.items()]
    lines += ["}", f"outputs = {parts.outputs}  # opset {parts.opset}"]
    return "\n".join(lines)


def save(case, folder):
    """The model, its inputs, and its text with the arrays that it names."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "net.onnx").write_bytes(case.model.SerializeToString())
    for k, array in enumerate(case.inputs.values()):
        np.save(folder / f"net.in{k}.npy", array)
    (folder / "net.py").write_text(text_of(case) + "\n")
