"""What is right: the parity rule, and that each network is taken, written, built and run at all."""

import faulthandler
import hashlib
import json
import os
import pickle
import select
import shutil
import signal
import subprocess
import tempfile
import traceback
from dataclasses import dataclass, replace
from pathlib import Path

import harness
import numpy as np
import onnx

from .builder import disturbed, session_of

# One of several draws: an error of few elements may be small by luck.
POOLED_INPUTS = 6
# What rounding explains of ONNX Runtime's distance to the truth: a multiple of the interpreter's in native precision;
# and for long sums of floats, of Softmax over thousands of classes, a part of their length.
LEAST_EXPLAINED, MOST_TIMES_NATIVE, EXPLAINED_PER_TERM = 2e-5, 64, 1e-8
SECONDS = 120


@dataclass
class Failure:
    kind: str
    text: str

    def __str__(self):
        return f"{self.kind}: {self.text}"


class Failed(Exception):
    def __init__(self, kind, text):
        super().__init__(text)
        self.failure = Failure(kind, text)


def is_training_batchnorm(node, opset):
    if node.op_type != "BatchNormalization":
        return False
    if opset >= 14:
        return any(a.name == "training_mode" and a.i == 1 for a in node.attribute)
    return len(node.output) == 5


def living_nodes(graph):
    """Those that an output depends on: the others are no part of what is compiled."""
    wanted, living = {value.name for value in graph.output}, []
    for node in reversed(graph.node):  # in execution order
        if wanted.intersection(node.output):
            wanted.update(node.input)
            living.append(node)
    return living


def is_refused(model):
    """What skipc says that it does not take: a network with it has to end with status 4."""
    opset = model.opset_import[0].version
    return any(is_training_batchnorm(node, opset) for node in living_nodes(model.graph))


def isolated(function, seconds=SECONDS):
    """The function's result, computed in a child: neither a crash nor an endless loop of a generated program ends the tests."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(read)
            faulthandler.disable()  # the signal says enough
            try:
                result = ("value", function())
            except Failed as failed:
                result = ("failed", failed.failure)
            except BaseException:
                result = ("error", traceback.format_exc())
            with os.fdopen(write, "wb") as pipe:
                pickle.dump(result, pipe)
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        ready, _, _ = select.select([pipe], [], [], seconds)
        if not ready:
            os.kill(child, signal.SIGKILL)
        data = pipe.read() if ready else b""
    _, status = os.waitpid(child, 0)
    if not ready:
        raise Failed("timeout", f"the generated program ran for {seconds} seconds")
    if os.WIFSIGNALED(status):
        raise Failed("crash", f"the generated program ended by signal {os.WTERMSIG(status)}")
    kind, result = pickle.loads(data)
    if kind == "failed":
        raise Failed(result.kind, result.text)
    if kind == "error":
        raise AssertionError(result)
    return result


def command(words, what):
    """A finished process; a signal or a timeout is a failure of its own."""
    try:
        done = harness.run(words, timeout=SECONDS)
    except subprocess.TimeoutExpired as expired:
        raise Failed("timeout", f"{what} took over {SECONDS} seconds") from expired
    if done.returncode < 0 or done.returncode > 5:
        raise Failed("crash", f"{what} ended with status {done.returncode}\n{done.stderr.decode(errors='replace')[-3000:]}")
    return done


def last_line(done):
    return (done.stderr.decode(errors="replace").strip().splitlines() or [""])[-1]


class Subject:
    """A network in a folder of its own, with what ONNX Runtime and the interpreter make of it."""

    def __init__(self, case, folder):
        self.case = case
        self.folder = Path(folder)
        self.model = self.folder / "net.onnx"
        self.model.write_bytes(case.model.SerializeToString())
        self.names = [output.name for output in case.model.graph.output]
        self.terms = longest_axis(case.model)
        self.blocks = []  # that skipc finds
        self.right = set()  # what was compiled and is right: files that are equal give equal results
        self._answers = {}

    def peer(self, model=None):
        """ONNX Runtime, without optimisations."""
        return session_of(model or self.case.model)

    def answers(self, inputs, model=None, name="net"):
        """(ONNX Runtime's outputs, the truth, the interpreter's in native precision)."""
        key = (name, *(array.tobytes() for array in inputs.values()))
        if key not in self._answers:
            path = self.folder / f"{name}.onnx"
            if model is not None:
                path.write_bytes(model.SerializeToString())
            expected = self.peer(model).run(None, inputs)
            self._answers[key] = (expected, self.interpreted(path, inputs, "f64"), self.interpreted(path, inputs, "native"))
        return self._answers[key]

    def interpreted(self, path, inputs, precision):
        words = [harness.skipc_path(), "run", path, "--precision", precision]
        for k, (name, array) in enumerate(inputs.items()):
            np.save(self.folder / f"in{k}.npy", array)
            words += ["--input", f"{name}={self.folder / f'in{k}.npy'}"]
        outputs = [self.folder / f"out{k}.npy" for k in range(len(self.names))]
        for output in outputs:
            words += ["--output", output]
        done = command(words, f"skipc run --precision {precision}")
        if done.returncode != 0:
            raise Failed("false refusal", f"run: status {done.returncode}, {last_line(done)}")
        return [np.load(output) for output in outputs]


def error_of(values, truth, where):
    largest = np.abs(truth[where]).max(initial=0)
    distance = np.abs(values.astype(float)[where] - truth[where]).max(initial=0)
    return float(distance / largest) if largest > 0 else float(distance)


@dataclass
class Errors:
    """Of one output: of what is judged, of ONNX Runtime, of the interpreter in native precision."""

    ours: float
    peer: float
    native: float

    def __or__(self, other):
        return Errors(max(self.ours, other.ours), max(self.peer, other.peer), max(self.native, other.native))

    def __str__(self):
        return f"e {self.ours:.3g}, e(ONNX Runtime) {self.peer:.3g}, e(interpreter) {self.native:.3g}"


def compared(name, actual, expected, truth, native):
    """Errors of a float output; None of integers, which are equal."""
    if actual.dtype.kind != "f":
        if not np.array_equal(actual, expected):
            raise Failed("mismatch", f"output '{name}': {int((actual != expected).sum())} of {actual.size} integers differ")
        return None
    finite = np.isfinite(expected)
    if not np.array_equal(np.isnan(actual), np.isnan(expected)) or not np.array_equal(actual[~finite], expected[~finite], equal_nan=True):
        raise Failed("mismatch", f"output '{name}': NaN or infinity stand in other places")
    finite &= np.isfinite(truth)
    return Errors(*(error_of(values, truth, finite) for values in (actual, expected, native)))


def all_compared(subject, actual, inputs, **changed):
    """(name, errors) of each float output."""
    found = [compared(*each) for each in zip(subject.names, actual, *subject.answers(inputs, **changed), strict=True)]
    return [(name, errors) for name, errors in zip(subject.names, found) if errors]


def draws(case):
    """The inputs again, disturbed: an error of few elements may be small by luck."""
    rng = np.random.default_rng(1)
    return [{name: disturbed(rng, array) for name, array in case.inputs.items()} for _ in range(POOLED_INPUTS)]


def judged(subject, verdict, first, outputs_of):
    """Raises where `verdict(errors)` gives words: for the case's inputs, and then for the largest errors of several draws. `outputs_of`
    gives the outputs for each of a list of inputs."""
    errors = all_compared(subject, first, subject.case.inputs)
    if not any(verdict(e) for _, e in errors):
        return
    inputs = draws(subject.case)
    for drawn, outputs in zip(inputs, outputs_of(inputs)):
        try:
            more = all_compared(subject, outputs, drawn)
        except Failed:
            continue  # an integer that rounding decides, of an input that was not drawn for it
        if verdict.kind == "mismatch" and not all(verdict.explains(e) for _, e in more):
            continue  # nor may a float be decided so: what ONNX Runtime has there is no measure
        errors = [(name, e | f) for (name, e), (_, f) in zip(errors, more)]
    for name, e in errors:
        if verdict(e):
            raise Failed(verdict.kind, f"output '{name}': {e}; allowed {verdict.bound(e):.3g}")


def explained(e, terms):
    """How far from the truth rounding may take ONNX Runtime."""
    return max(LEAST_EXPLAINED, MOST_TIMES_NATIVE * e.native, EXPLAINED_PER_TERM * terms)


def longest_axis(model):
    """Of what the model states: about the longest sum of a Softmax or a reduction."""
    graph = model.graph
    stated = [tensor.dims for tensor in graph.initializer]
    stated += [attribute.t.dims for node in graph.node if node.op_type == "Constant" for attribute in node.attribute]
    stated += [[d.dim_value for d in value.type.tensor_type.shape.dim] for value in [*graph.input, *graph.output]]
    return max((size for dims in stated for size in dims), default=1)


@dataclass
class Verdict:
    """e(C) against ONNX Runtime's, or ONNX Runtime's against what rounding explains."""

    kind: str
    terms: int  # of the longest sum
    winograd: bool = False

    def explains(self, e):
        return e.peer <= explained(e, self.terms)

    def bound(self, e):
        if self.kind == "read differently":
            return explained(e, self.terms)
        return 4 * e.peer + 1e-5 if self.winograd else 2 * e.peer + 1e-6

    def __call__(self, e):
        return e.ours > self.bound(e)


def check_reading(subject):
    """Does the interpreter compute what ONNX Runtime does? Whoever reads a model wrongly has its C and its truth from one error."""
    expected = subject.answers(subject.case.inputs)[0]
    judged(subject, Verdict("read differently", subject.terms), expected, lambda inputs: [subject.answers(each)[0] for each in inputs])
    for name, one, other in zip(subject.names, expected, subject.answers(subject.case.inputs)[1]):
        if one.shape != other.shape or (one.dtype.kind != "f" and not np.array_equal(one, other)):
            raise Failed("read differently", f"output '{name}': the interpreter's are other integers, or another shape")


class Compiled:
    """A subject at one setting: written, built, and run in a process of its own."""

    def __init__(self, subject, setting):
        self.subject, self.setting = subject, setting
        self.source = self.compile()
        text = self.source.read_bytes()
        self.winograd = b"winograd" in text
        weights = self.source.with_suffix(".weights")
        self.weights = weights if setting.weights == "file" else None
        content = text + b"".join(f.read_bytes() for f in (weights,) if f.exists())
        self.digest = hashlib.sha256(content).hexdigest(), setting.cflags

    def compile(self):
        folder = Path(tempfile.mkdtemp(dir=self.subject.folder))
        source = folder / "net.c"
        words = [harness.skipc_path(), "compile", self.subject.model, "-o", source, "--name", "net", *self.setting.flags()]
        done = command(words, "skipc compile")
        if done.returncode in (3, 4):
            raise Failed("false refusal", f"compile: status {done.returncode}, {last_line(done)}")
        if done.returncode:
            raise Failed("crash", f"skipc compile ended with status {done.returncode}, {last_line(done)}")
        return source

    def build(self):
        try:
            return harness.build_shared(self.source, *self.setting.cflags, optimise=self.setting.optimise)
        except AssertionError as error:
            raise Failed("does not build", str(error)[-4000:]) from error

    def outputs(self, library, calls):
        """For each (inputs, keep): the outputs, after two runs over different memory."""
        shapes = [(array.shape, array.dtype) for array in self.subject.answers(self.subject.case.inputs)[0]]

        def call():
            network = harness.Network(self.source, library, weights=self.weights)
            try:
                return [network(list(inputs.values()), shapes, keep) for inputs, keep in calls]
            except AssertionError as error:
                raise Failed("memory", str(error)) from error

        return isolated(call)


def check_refusal(subject, setting):
    words = [harness.skipc_path(), "compile", subject.model, "-o", subject.folder / "net.c", *setting.flags()]
    done = command(words, "skipc compile")
    if done.returncode != 4:
        raise Failed("not refused", f"status {done.returncode}: BatchNormalization in training mode")


def check_shapes(subject):
    """Shapes and types of the outputs as ONNX Runtime has them."""
    done = command([harness.skipc_path(), "inspect", subject.model, "--json"], "skipc inspect")
    if done.returncode:
        raise Failed("false refusal", f"inspect: status {done.returncode}, {last_line(done)}")
    report = json.loads(done.stdout)
    for output, array in zip(report["outputs"], subject.answers(subject.case.inputs)[0], strict=True):
        kind = onnx.TensorProto.DataType.Name(onnx.helper.np_dtype_to_tensor_dtype(array.dtype)).lower()
        if tuple(output["shape"]) != array.shape or output["type"] != kind:
            raise Failed("shape", f"output '{output['name']}' is {output['type']} {output['shape']}, ONNX Runtime's {kind} {array.shape}")
    return report["blocks"]


def without_blocks(case, dropped):
    """The model whose residual sums are their shortcuts alone."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    for _, total, kept in dropped:
        for k, node in enumerate(model.graph.node):
            if total in node.output:
                model.graph.node[k].CopyFrom(onnx.helper.make_node("Identity", [kept], [total]))
    return model


def check_parity(subject, compiled, library):
    case = subject.case

    def outputs_of(inputs):
        return compiled.outputs(library, [(each, None) for each in inputs])

    (outputs,) = outputs_of([case.inputs])
    judged(subject, Verdict("mismatch", subject.terms, compiled.winograd), outputs, outputs_of)
    return outputs


def named_blocks(case):
    """The blocks that skipc calls by the same name: nothing inside is read outside, which would make other blocks of the same nodes."""
    graph = case.model.graph
    read = {output.name for output in graph.output}
    readers = [(node, name) for node in graph.node for name in node.input]
    known = {}
    for name, total, kept in case.blocks:
        outside = {i for node, i in readers if not node.name.startswith(f"{name}/")} | read
        inside = {i for i in outside if i.startswith(f"{name}/") and i not in case.model_constants()}
        behind = [node for node in graph.node if total in node.input and node.name.startswith(f"{name}/")]
        last = {total} | {output for node in behind for output in node.output}
        if inside and inside <= last:
            known[name] = (name, total, kept)
    return known


def check_blocks(subject, compiled, library, blocks, plain):
    """Blocks that can be skipped: all kept is the network; some left out is the network without them."""
    case = subject.case
    if not blocks:
        return
    known = named_blocks(case)
    droppable = [k for k, block in enumerate(blocks) if block["droppable"] and block["name"] in known]
    dropped = droppable[:: 1 + len(droppable) // 3]
    keep = [k not in dropped for k in range(len(blocks))]
    whole, partial = compiled.outputs(library, [(case.inputs, [1] * len(blocks)), (case.inputs, keep)])
    for name, one, other in zip(subject.names, whole, plain):
        if one.tobytes() != other.tobytes():
            raise Failed("mismatch", f"output '{name}': run_blocks with all blocks is not run")
    if not dropped:
        return
    model = without_blocks(case, [known[blocks[k]["name"]] for k in dropped])
    verdict = Verdict("mismatch", subject.terms, compiled.winograd)
    for name, errors in all_compared(subject, partial, case.inputs, model=model, name="partial"):
        if verdict(errors | Errors(0, errors.native, 0)):
            raise Failed("mismatch", f"without blocks {dropped}: output '{name}': {errors}; allowed {verdict.bound(errors):.3g}")


def failure_of(check, *arguments):
    """None, or what is wrong."""
    try:
        check(*arguments)
    except Failed as failed:
        return failed.failure
    return None


def check_network(subject):
    """What no setting changes: shapes, types, and that skipc and ONNX Runtime read the same network."""
    if not is_refused(subject.case.model):
        subject.blocks = check_shapes(subject)
        check_reading(subject)


def check_setting(subject, setting):
    if is_refused(subject.case.model):
        return check_refusal(subject, setting)
    if not subject.blocks:
        setting = replace(setting, droppable=False)  # there is nothing to skip, and the option is refused
    compiled = Compiled(subject, setting)
    if compiled.digest in subject.right:
        return None
    library = compiled.build()
    outputs = check_parity(subject, compiled, library)
    if setting.droppable:
        check_blocks(subject, compiled, library, subject.blocks, outputs)
    subject.right.add(compiled.digest)
    shutil.rmtree(compiled.source.parent)


def check(case, setting):
    """None, or what is wrong with the network, at that setting or at all."""
    with tempfile.TemporaryDirectory(prefix="skipc-random-") as folder:
        subject = Subject(case, folder)
        return failure_of(check_network, subject) or failure_of(check_setting, subject, setting)
