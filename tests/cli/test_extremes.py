"""The extremes of every attribute, and of every input that decides a shape, of every operator that the importers' table names.

Each is compiled (or inspected) by the build with sanitizers: it ends with status 0, 3 or 4, quickly, in little memory, with one line that
says why. What compiles, is small and is accepted by ONNX Runtime gives its results: a sample (all with --every-network) in the
interpreter and in C that is built with sanitizers. A new operator is tried by itself, as a function of its required inputs, or needs a line
in BASES."""

import os
import random
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import harness

onnxruntime.set_default_logger_severity(4)

INTEGERS = [0, 1, -1, 2**31 - 1, 2**31, 2**62, -(2**31), -(2**62), -(2**63), 2**63 - 1]
FLOATS = [0.0, -1.0, 1.0, np.inf, -np.inf, np.nan, 1e38, 1e-45]
STRINGS = ["", "nonsense"]
FLAGS = """allowzero antialias broadcast ceil_mode count_include_pad detect_negative detect_positive exclude_outside exclusive fmod
input_forget is_test keepdims layout linear_before_reset noop_with_empty_axes reverse saturate select_last_index spatial storage_order
training_mode transA transB""".split()
MOST_MEGABYTES, MOST_SECONDS = 1500, 20
SMALL = 20_000  # elements of a result that is compared
INTERPRETED, BUILT_TOGETHER = 500, 30  # cases; all of them with --every-network


def f(*shape):
    return ("float", shape)


def ints(*values):
    return np.array(values, np.int64)


def floats(*values):
    return np.array(values, np.float32)


def seeded(*shape):
    return np.random.default_rng(len(shape)).standard_normal(shape, dtype=np.float32)


def branch(number):
    value = helper.make_node("Constant", [], ["value"], value_float=number)
    return helper.make_graph([value], "branch", [], [helper.make_tensor_value_info("value", onnx.TensorProto.FLOAT, [])])


IMAGE = f(1, 2, 5, 6)
WINDOW = {"kernel_shape": [2, 3], "pads": [0, 1, 1, 0], "strides": [2, 1]}
# operator: (opset, attributes, inputs); a tuple is an input of the graph, an array a constant, None an input left out.
BASES = {
    "AveragePool": [(19, {**WINDOW, "dilations": [1, 1], "ceil_mode": 1}, [IMAGE])],
    "MaxPool": [
        (12, {**WINDOW, "dilations": [1, 2], "ceil_mode": 1}, [IMAGE]),
        (12, {"kernel_shape": [2], "pads": [1, 0], "strides": [2]}, [f(1, 2, 6)]),
    ],
    "BatchNormalization": [(9, {}, [IMAGE, seeded(2), seeded(2), seeded(2), np.abs(seeded(2)) + 1])],
    "Cast": [(13, {"to": 7}, [f(2, 3)])],
    "Ceil": [(13, {}, [floats(0.5)])],
    "Floor": [(13, {}, [floats(0.5)])],
    "CastLike": [(15, {}, [f(2, 3), ints(1)])],
    "Clip": [(6, {"min": -0.5, "max": 0.5}, [f(2, 3)]), (13, {}, [f(2, 3), np.float32(-0.5), np.float32(0.5)])],
    "Concat": [(13, {"axis": 1}, [f(2, 3), f(2, 3)])],
    "Constant": [
        (13, {"value_int": 3}, []),
        (13, {"value_ints": [3, 4]}, []),
        (13, {"value_float": 0.5}, []),
        (13, {"value_floats": [0.5, 1.5]}, []),
    ],
    "ConstantOfShape": [(13, {}, [ints(2, 3)])],
    "Conv": [
        (11, {**WINDOW, "dilations": [1, 1], "group": 1}, [IMAGE, seeded(3, 2, 2, 3)]),
        (11, {"pads": [1, 0], "strides": [2], "group": 2}, [f(1, 2, 6), seeded(4, 1, 3)]),
    ],
    "CumSum": [(14, {}, [f(2, 3), np.array(1)])],
    "DepthToSpace": [(13, {"blocksize": 2}, [f(1, 4, 2, 3)])],
    "SpaceToDepth": [(13, {"blocksize": 2}, [f(1, 2, 4, 6)])],
    "Dropout": [(12, {}, [f(2, 3)]), (12, {}, [f(2, 3), np.float32(0.5)])],
    "Expand": [(13, {}, [f(2, 1), ints(2, 3)])],
    "Gather": [(13, {"axis": 1}, [f(2, 3), ints(0, 2)])],
    "Gemm": [(13, {"transB": 1}, [f(2, 3), seeded(4, 3), seeded(4)])],
    "GRU": [(14, {"hidden_size": 4}, [f(3, 1, 2), seeded(1, 12, 2), seeded(1, 12, 4)])],
    "LSTM": [(14, {"hidden_size": 4}, [f(3, 1, 2), seeded(1, 16, 2), seeded(1, 16, 4)])],
    "If": [(13, {"then_branch": branch(1.0), "else_branch": branch(2.0)}, [np.array(True)])],
    "LRN": [(13, {"size": 3}, [IMAGE])],
    "MatMul": [(13, {}, [f(2, 3), seeded(3, 4)])],
    "Mod": [(13, {"fmod": 1}, [f(2, 3), f(2, 3)])],
    "OneHot": [(13, {}, [ints(0, 2), np.array(3), floats(0, 1)])],
    "Pad": [
        (10, {"pads": [0, 1, 0, 2]}, [f(2, 3)]),
        (13, {}, [f(2, 3), ints(0, 1, 0, 2)]),
        (13, {"mode": "reflect"}, [f(2, 3), ints(0, 1, 0, 2)]),
    ],
    "Range": [
        (13, {}, [np.array(0), np.array(5), np.array(1)]),
        (13, {}, [np.float32(0), np.float32(5), np.float32(1)]),
    ],
    "Reshape": [(14, {}, [f(2, 3), ints(3, 2)])],
    "Resize": [
        (18, {"mode": "linear", "antialias": 1}, [IMAGE, None, floats(1, 1, 1.5, 0.6)]),
        (18, {"mode": "cubic"}, [IMAGE, None, None, ints(1, 2, 3, 9)]),
        (18, {"mode": "nearest", "axes": [2, 3]}, [IMAGE, None, None, ints(3, 9)]),
        (
            13,
            {"mode": "linear", "coordinate_transformation_mode": "tf_crop_and_resize"},
            [IMAGE, floats(0, 0, 0.1, 0.2, 1, 1, 0.8, 1.2), floats(1, 1, 1.5, 0.6)],
        ),
        (10, {"mode": "nearest"}, [IMAGE, floats(1, 1, 1.5, 0.6)]),
    ],
    "Slice": [
        (9, {"axes": [1], "starts": [0], "ends": [2]}, [f(2, 3)]),
        (13, {}, [f(3, 4), ints(0, 1), ints(2, 4), ints(0, 1), ints(1, 2)]),
    ],
    "Split": [
        (11, {"axis": 1, "split": [1, 2]}, [f(2, 3)]),
        (13, {"axis": 1}, [f(2, 3), ints(1, 2)]),
        (18, {"axis": 1, "num_outputs": 2}, [f(2, 3)]),
    ],
    "Squeeze": [(11, {"axes": [1]}, [f(2, 1, 3)]), (13, {}, [f(2, 1, 3), ints(1)])],
    "Tile": [(13, {}, [f(2, 3), ints(1, 2)])],
    "TopK": [(13, {}, [f(2, 3), ints(2)])],
    "Transpose": [(13, {"perm": [1, 0]}, [f(2, 3)])],
    "Unsqueeze": [(11, {"axes": [1]}, [f(2, 3)]), (13, {}, [f(2, 3), ints(1)])],
    "Upsample": [(9, {}, [IMAGE, floats(1, 1, 1.5, 2)]), (7, {"scales": [1.0, 1.0, 1.5, 2.0]}, [IMAGE])],
    "Where": [(13, {}, [("bool", (2, 3)), f(2, 3), f(2, 3)])],
}
REDUCED = [(11, {"axes": [1]}, [f(2, 3)]), (18, {}, [f(2, 3), ints(1)]), (13, {"axes": [0, 1]}, [f(2, 3)])]
DTYPES = {"float": np.float32, "bool": np.bool_, "int64": np.int64}
# Where numbers overflow on the way, what is left depends on the order of the steps: docs/conformance.md. (attributes, inputs) -> bool
UNDEFINED = {
    "BatchNormalization": lambda attributes, inputs: np.isinf(inputs[1]).any(),
    "Celu": lambda attributes, inputs: attributes.get("alpha") in (0, 1e38) or not np.isfinite(attributes.get("alpha", 1)),
    "Gemm": lambda attributes, inputs: np.isinf(attributes.get("alpha", 1)),
    "LRN": lambda attributes, inputs: attributes.get("alpha") == np.inf,
    "Resize": lambda attributes, inputs: attributes.get("cubic_coeff_a") == 1e38
    or ("tf_crop_and_resize" in attributes.values() and np.max(inputs[1]) > 1e37),
}


def table():
    """(operator, inputs required, {attribute: kind}) of every row in frontend/importers.c."""
    text = (harness.ROOT / "frontend/importers.c").read_text()
    macros = dict(re.findall(r'^#define (\w+) "([^"]*)"', text, re.MULTILINE))
    rows = re.findall(r'^    \{"(\w+)", import_\w+, (\d+), -?\d+, -?\d+,\s*((?:\w+|"[^"]*"|\s)+)\},$', text, re.MULTILINE)
    assert len(rows) == len(re.findall(r'^    \{"\w+", import_', text, re.MULTILINE)) > 70
    for operator, least, pieces in rows:
        words = "".join(quoted or macros[name] for quoted, name in re.findall(r'"([^"]*)"|(\w+)', pieces) if quoted or name)
        yield operator, int(least), dict(entry.split(":") for entry in words.split())


OPERATORS = list(table())


def bases(operator, least):
    if operator in BASES:
        return BASES[operator]
    if operator.startswith("Reduce"):
        return REDUCED
    candidates = [(kind, (2, 3)) for kind in DTYPES] + [IMAGE]
    return [(13, {}, [candidate] * least) for candidate in candidates] + [(20, {}, [f(2, 3)] * least)]


def model_of(operator, base, name="node"):
    opset, attributes, inputs = base
    values, constants, names = {}, [], []
    for k, value in enumerate(inputs):
        if value is None:
            names.append("")
        elif isinstance(value, tuple):
            names.append(f"{value[0]}_{'x'.join(map(str, value[1]))}")
            values[names[-1]] = value
        else:
            names.append(f"{name}_{k}")
            constants.append(numpy_helper.from_array(np.asarray(value), names[-1]))
    outputs = [f"{name}_y", f"{name}_z"] if operator == "Split" else [f"{name}_y"]
    node = helper.make_node(operator, names, outputs, name)
    for key, value in attributes.items():
        kind = onnx.AttributeProto.INTS if isinstance(value, list) and not value else None  # make_attribute can't tell an empty list's
        node.attribute.append(helper.make_attribute(key, value, attr_type=kind))
    types = {kind: helper.np_dtype_to_tensor_dtype(np.dtype(dtype)) for kind, dtype in DTYPES.items()}
    given = [helper.make_tensor_value_info(key, types[kind], shape) for key, (kind, shape) in values.items()]
    graph = helper.make_graph([node], "g", given, [onnx.ValueInfoProto(name=output) for output in outputs], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def replaced(values, k, extreme):
    changed = list(values)
    changed[k] = extreme
    return changed


def extreme_attributes(attributes, kinds):
    """Each attribute of the operator at each extreme, each element of a list by itself and a list of one."""
    for name, kind in kinds.items():
        extremes = {"i": INTEGERS, "b": INTEGERS, "I": INTEGERS, "f": FLOATS, "F": FLOATS, "s": STRINGS, "S": STRINGS}.get(kind, [])
        given = attributes.get(name)
        for extreme in extremes:
            if kind.islower():
                yield {**attributes, name: extreme}
                continue
            yield {**attributes, name: [extreme]}
            for k in range(len(given or [])):
                yield {**attributes, name: replaced(given, k, extreme)}
        if kind == "I":
            yield {**attributes, name: []}


def extreme_inputs(inputs):
    """The constants that decide shapes, bounds and scales: few numbers each, unlike weights."""
    for k, value in enumerate(inputs):
        if not isinstance(value, (np.ndarray, np.generic)) or value.size > 8 or value.ndim > 1:
            continue
        array = np.asarray(value)
        for extreme in INTEGERS if array.dtype == np.int64 else FLOATS:
            for at in range(array.size):
                changed = array.copy()
                changed.reshape(-1)[at] = extreme
                yield replaced(inputs, k, changed)


def variants(base, kinds):
    opset, attributes, inputs = base
    yield base
    for changed in extreme_attributes(attributes, kinds):
        yield opset, changed, inputs
    for changed in extreme_inputs(inputs):
        yield opset, attributes, changed


def batch(commands):
    """(status, or -signal; megabytes; seconds; words) of each, by the compiler with sanitizers."""
    program = Path(harness.skipc_asan_path()).parent / "tests/unit/skipc_batch"
    # Leaks are looked for by test_bad_input.py: here that would take twice the time.
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1", "UBSAN_OPTIONS": "abort_on_error=1"}
    lines = "".join("\t".join(map(str, command)) + "\n" for command in commands)
    done = subprocess.run([program], input=lines.encode(), capture_output=True, check=True, env=environment)
    output, results = done.stdout, []
    while output:
        head, output = output.split(b"\n", 1)
        status, kilobytes, took, length = map(int, head.split())
        results.append((status, kilobytes / 1000, took / 1000, output[:length].decode(errors="replace")))
        output = output[length:]
    assert len(results) == len(commands)
    return results


def fault(result):
    """What is wrong with how a command ended; empty where nothing is."""
    status, megabytes, seconds, words = result
    lines = [line for line in words.splitlines() if not re.match(r"skipc: (\S+: )?note: ", line)]
    if status not in (0, 3, 4):
        return f"status {status}: {words[-1500:]}"
    if (status == 0 and lines) or (status and (len(lines) != 1 or not lines[0].startswith("skipc: "))):
        return f"not one line: {words[:500]}"
    if megabytes > MOST_MEGABYTES or seconds > MOST_SECONDS:
        return f"{megabytes:.0f} MB, {seconds:.1f} s"
    return ""


def described(operator, base):
    opset, attributes, inputs = base
    few = [isinstance(value, (np.ndarray, np.generic)) and value.size <= 8 for value in inputs]
    shown = [value.tolist() if short else getattr(value, "shape", value) for value, short in zip(inputs, few)]
    return f"{operator} {opset} {attributes} {shown}"


@dataclass
class Case:
    operator: str
    variant: tuple
    path: Path
    source: Path  # where it is compiled to
    is_base: bool
    result: tuple = ()
    expected: dict = None  # ONNX Runtime's results by name

    def __str__(self):
        return described(self.operator, self.variant)


@pytest.fixture(scope="session")
def every(request):
    return request.config.getoption("--every-network")


@pytest.fixture(scope="session")
def tried(every, tmp_path_factory):
    """Every variant, and how compile ended."""
    folder = tmp_path_factory.mktemp("extremes")
    cases, commands = [], []
    for operator, least, kinds in OPERATORS:
        for base in bases(operator, least):
            for variant in variants(base, kinds):
                k = len(cases)
                case = Case(operator, variant, folder / f"{k}.onnx", folder / f"{k}.c", variant is base)
                onnx.save(model_of(operator, variant), case.path)
                cases.append(case)
                # Sizes and costs are computed for a report, too: every third.
                inspects = k % 3 == 0 and not case.is_base and not every
                commands.append(["inspect", case.path] if inspects else ["compile", case.path, "-o", case.source, "--name", "net"])
    for case, result in zip(cases, batch(commands), strict=True):
        case.result = result
    return cases


def test_every_operator_has_a_base(tried):
    accepted = {case.operator for case in tried if case.result[0] == 0}
    assert {operator for operator, _, _ in OPERATORS} - accepted == set(), "give them a line in BASES"
    for case in tried:
        if case.is_base and case.operator in BASES:
            assert case.result[0] == 0, f"{case}: {case.result[3]}"


def test_extremes_are_refused_or_compiled(tried):
    faults = [f"{case}: {fault(case.result)}" for case in tried if fault(case.result)]
    assert not faults, f"{len(faults)} of {len(tried)}:\n" + "\n".join(faults[:40])
    statuses = [case.result[0] for case in tried]
    assert statuses.count(0) > 500 and statuses.count(3) > 500 and statuses.count(4) > 20


def test_flags_are_0_or_1(tried):
    """Of other numbers ONNX Runtime takes some for true, some for false, and refuses some."""
    for operator, _, kinds in OPERATORS:
        assert [name for name in kinds if name in FLAGS] == [name for name, kind in kinds.items() if kind == "b"], operator
    others = 0
    for case in tried:
        for name, value in case.variant[1].items():
            if name in FLAGS and value not in (0, 1):
                assert case.result[0] == 3 and f"attribute '{name}' must be 0 or 1" in case.result[3], f"{case}: {case.result}"
                others += 1
    assert others > 100


def parse_name(name):
    kind, shape = name.split("_")
    return kind, tuple(map(int, shape.split("x")))


def input_of(kind, shape):
    generator = np.random.default_rng(sum(shape))
    if kind == "float":
        return generator.standard_normal(shape, dtype=np.float32)
    return (generator.random(shape) < 0.5).astype(DTYPES[kind])


def by_onnxruntime(path):
    """Results by name, or None where ONNX Runtime refuses."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(str(path), options)
        inputs = {value.name: input_of(*parse_name(value.name)) for value in session.get_inputs()}
        return dict(zip([value.name for value in session.get_outputs()], session.run(None, inputs)))
    except Exception as error:  # its own classes have no common base
        assert "onnxruntime" in type(error).__module__, error
        return None


def same(mine, theirs):
    if mine.shape != theirs.shape or mine.dtype != theirs.dtype:
        return False
    if mine.dtype != np.float32:
        return np.array_equal(mine, theirs)
    largest = np.max(np.abs(theirs[np.isfinite(theirs)]), initial=1.0)
    return np.allclose(mine, theirs, rtol=1e-4, atol=1e-4 * float(largest), equal_nan=True)


def is_small(case):
    sizes = re.findall(r"_OUTPUT\w*_ELEMENTS (\d+)", case.source.with_suffix(".h").read_text())
    return all(0 < int(size) < SMALL for size in sizes)


def is_undefined(case):
    _, attributes, inputs = case.variant
    return case.operator in UNDEFINED and UNDEFINED[case.operator](attributes, inputs)


@pytest.fixture(scope="session")
def compared(tried):
    """What compiles, is small, and is accepted by ONNX Runtime, in an order of chance that is always the same."""
    found = []
    for case in tried:
        if case.result[0] == 0 and case.source.exists() and is_small(case):
            case.expected = by_onnxruntime(case.path)
            if case.expected and all(array.dtype.type in DTYPES.values() for array in case.expected.values()):
                found.append(case)
    assert len(found) > 500
    random.Random(19).shuffle(found)
    return found


def test_interpreter_gives_the_results(compared, every, tmp_path):
    chosen = compared if every else compared[:INTERPRETED]
    commands = []
    for k, case in enumerate(chosen):
        commands.append(["run", case.path])
        for value in onnx.load(case.path).graph.input:
            np.save(tmp_path / f"{value.name}.npy", input_of(*parse_name(value.name)))
            commands[-1] += ["--input", tmp_path / f"{value.name}.npy"]
        for j in range(len(case.expected)):
            commands[-1] += ["--output", tmp_path / f"{k}.{j}.npy"]
    wrong, undefined = [], set()
    for k, (case, result) in enumerate(zip(chosen, batch(commands), strict=True)):
        if fault(result) or result[0] != 0:
            wrong.append(f"{case}: {result[3][-500:]}")
            continue
        for j, theirs in enumerate(case.expected.values()):
            mine = np.load(tmp_path / f"{k}.{j}.npy")
            if same(mine, theirs):
                continue
            if is_undefined(case):
                undefined.add(case.operator)
            else:
                wrong.append(f"{case}: {mine.shape} {mine.ravel()[:6]}, not {theirs.shape} {theirs.ravel()[:6]}")
    assert not wrong, f"{len(wrong)} of {len(chosen)}:\n" + "\n".join(wrong[:60])
    assert not every or undefined == set(UNDEFINED) - {"Gemm"}, "the others are compared like any"  # its alpha: in C alone, in the weights


def joined(cases):
    """One model of many: each has a name of its own, and inputs of one shape are one input. And its results by name."""
    nodes, constants, outputs, inputs, results = [], [], [], {}, {}
    for k, case in enumerate(cases):
        part = model_of(case.operator, case.variant, f"n{k}").graph
        nodes += part.node
        constants += part.initializer
        outputs += part.output
        inputs.update({value.name: value for value in part.input})
        results.update({f"n{k}{name.removeprefix('node')}": array for name, array in case.expected.items()})
    graph = helper.make_graph(nodes, "extremes", list(inputs.values()), outputs, constants)
    opset = helper.make_opsetid("", cases[0].variant[0])
    return helper.make_model(graph, opset_imports=[opset], ir_version=8), results


RUNNER = """
import sys
import numpy as np
sys.path.insert(0, sys.argv[1])
import harness
data = np.load("inputs.npz")
shapes = [(tuple(data[name]), np.dtype(str(data[name.replace("shape", "type")]))) for name in data if name.startswith("shape")]
network = harness.Network("net.c", sys.argv[2])
np.savez("outputs.npz", *network([data[name] for name in data if name.startswith("input")], shapes))
"""


def run_sanitized(model, expected, folder):
    """The C, built with AddressSanitizer and UndefinedBehaviorSanitizer, in a process of its own."""
    onnx.save(model, folder / "net.onnx")
    source = harness.compile_model(folder / "net.onnx", folder / "net.c")
    library = harness.build_shared(source, *harness.SANITIZERS)
    data = {f"input{k}": input_of(*parse_name(value.name)) for k, value in enumerate(model.graph.input)}
    for k, array in enumerate(expected.values()):
        data |= {f"shape{k}": np.array(array.shape, np.int64), f"type{k}": str(array.dtype)}
    np.savez(folder / "inputs.npz", **data)
    runtime = harness.checked(["gcc", "-print-file-name=libasan.so"]).strip()
    variables = {"LD_PRELOAD": runtime, "ASAN_OPTIONS": "detect_leaks=0"}
    harness.checked([sys.executable, "-c", RUNNER, harness.ROOT / "tests", library], cwd=folder, variables=variables)
    outputs = np.load(folder / "outputs.npz")
    return [outputs[f"arr_{k}"] for k in range(len(expected))]


@pytest.mark.parametrize("opset", [11, 13, 18])
def test_compiled_gives_the_results(opset, compared, every, tmp_path):
    cases = [case for case in compared if case.variant[0] == opset and not is_undefined(case)]
    assert len(cases) > BUILT_TOGETHER
    for first in range(0, len(cases) if every else BUILT_TOGETHER, BUILT_TOGETHER):
        folder, chosen = tmp_path / str(first), cases[first : first + BUILT_TOGETHER]
        folder.mkdir()
        model, expected = joined(chosen)
        results = run_sanitized(model, expected, folder)
        owners = [case for case in chosen for _ in case.expected]
        wrong = [str(case) for case, theirs, mine in zip(owners, expected.values(), results, strict=True) if not same(mine, theirs)]
        assert not wrong, "\n".join(wrong)
