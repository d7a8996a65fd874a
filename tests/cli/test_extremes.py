"""The extremes of every attribute, and of every input that decides a shape, of every operator that the importers' table names.

Each is compiled (or inspected) by the build with sanitizers: it ends with status 0, 3 or 4, quickly, in little memory, with one line that
says why. A new operator is tried by itself, as a function of its required inputs, or needs a line in BASES."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import harness

INTEGERS = [0, 1, -1, 2**31 - 1, 2**31, 2**62, -(2**31), -(2**62), -(2**63), 2**63 - 1]
FLOATS = [0.0, -1.0, 1.0, np.inf, -np.inf, np.nan, 1e38, 1e-45]
STRINGS = ["", "nonsense"]
MOST_MEGABYTES, MOST_SECONDS = 1500, 20


def f(*shape):
    return ("float", shape)


def ints(*values):
    return np.array(values, np.int64)


def floats(*values):
    return np.array(values, np.float32)


def seeded(*shape):
    return np.random.default_rng(len(shape)).standard_normal(shape, dtype=np.float32)


IMAGE = f(1, 2, 5, 6)
WINDOW = {"kernel_shape": [2, 3], "pads": [0, 1, 1, 0], "strides": [2, 1]}
# operator: (opset, attributes, inputs); a tuple is an input of the graph, an array a constant, None an input left out.
BASES = {
    "AveragePool": [(19, {**WINDOW, "dilations": [1, 1], "ceil_mode": 1}, [IMAGE])],
    "MaxPool": [(12, {**WINDOW, "dilations": [1, 2], "ceil_mode": 1}, [IMAGE]), (12, {"kernel_shape": [2], "pads": [1, 0], "strides": [2]}, [f(1, 2, 6)])],
    "BatchNormalization": [(9, {}, [IMAGE, seeded(2), seeded(2), seeded(2), np.abs(seeded(2)) + 1])],
    "Cast": [(13, {"to": 7}, [f(2, 3)])],
    "Ceil": [(13, {}, [floats(0.5)])],
    "Floor": [(13, {}, [floats(0.5)])],
    "CastLike": [(15, {}, [f(2, 3), ints(1)])],
    "Clip": [(6, {"min": -0.5, "max": 0.5}, [f(2, 3)]), (13, {}, [f(2, 3), np.float32(-0.5), np.float32(0.5)])],
    "Concat": [(13, {"axis": 1}, [f(2, 3), f(2, 3)])],
    "Constant": [(13, {"value_int": 3}, []), (13, {"value_ints": [3, 4]}, []), (13, {"value_float": 0.5}, []), (13, {"value_floats": [0.5, 1.5]}, [])],
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
    "LRN": [(13, {"size": 3}, [IMAGE])],
    "MatMul": [(13, {}, [f(2, 3), seeded(3, 4)])],
    "Mod": [(13, {"fmod": 1}, [f(2, 3), f(2, 3)])],
    "OneHot": [(13, {}, [ints(0, 2), np.array(3), floats(0, 1)])],
    "Pad": [(10, {"pads": [0, 1, 0, 2]}, [f(2, 3)]), (13, {}, [f(2, 3), ints(0, 1, 0, 2)]), (13, {"mode": "reflect"}, [f(2, 3), ints(0, 1, 0, 2)])],
    "Range": [(13, {}, [np.array(0), np.array(5), np.array(1)])],
    "Reshape": [(14, {}, [f(2, 3), ints(3, 2)])],
    "Resize": [
        (18, {"mode": "linear", "antialias": 1}, [IMAGE, None, floats(1, 1, 1.5, 0.6)]),
        (18, {"mode": "cubic"}, [IMAGE, None, None, ints(1, 2, 3, 9)]),
        (18, {"mode": "nearest", "axes": [2, 3]}, [IMAGE, None, None, ints(3, 9)]),
        (13, {"mode": "linear", "coordinate_transformation_mode": "tf_crop_and_resize"}, [IMAGE, floats(0, 0, 0.1, 0.2, 1, 1, 0.8, 1.2), floats(1, 1, 1.5, 0.6)]),
        (10, {"mode": "nearest"}, [IMAGE, floats(1, 1, 1.5, 0.6)]),
    ],
    "Slice": [(9, {"axes": [1], "starts": [0], "ends": [2]}, [f(2, 3)]), (13, {}, [f(3, 4), ints(0, 1), ints(2, 4), ints(0, 1), ints(1, 2)])],
    "Split": [(11, {"axis": 1, "split": [1, 2]}, [f(2, 3)]), (13, {"axis": 1}, [f(2, 3), ints(1, 2)]), (18, {"axis": 1, "num_outputs": 2}, [f(2, 3)])],
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
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info(key, helper.np_dtype_to_tensor_dtype(np.dtype(DTYPES[kind])), shape) for key, (kind, shape) in values.items()],
        [onnx.ValueInfoProto(name=output) for output in outputs],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def replaced(values, k, extreme):
    changed = list(values)
    changed[k] = extreme
    return changed


def extreme_attributes(attributes, kinds):
    """Each attribute of the operator at each extreme, each element of a list by itself and a list of one."""
    for name, kind in kinds.items():
        extremes = {"i": INTEGERS, "I": INTEGERS, "f": FLOATS, "F": FLOATS, "s": STRINGS, "S": STRINGS}.get(kind, [])
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
    shown = [value.tolist() if isinstance(value, (np.ndarray, np.generic)) and value.size <= 8 else getattr(value, "shape", value) for value in inputs]
    return f"{operator} {opset} {attributes} {shown}"


@pytest.fixture(scope="session")
def tried(tmp_path_factory):
    """Every variant: what it is, its model's path, how compile ended."""
    folder = tmp_path_factory.mktemp("extremes")
    cases, commands = [], []
    for operator, least, kinds in OPERATORS:
        for number, base in enumerate(bases(operator, least)):
            for variant in variants(base, kinds):
                path = folder / f"{len(cases)}.onnx"
                onnx.save(model_of(operator, variant), path)
                cases.append((operator, number, variant, path))
                # Sizes and costs are computed for a report, too: every third.
                commands.append(["inspect", path] if len(cases) % 3 == 0 and variant is not base else ["compile", path, "-o", folder / "net.c"])
    return list(zip(cases, batch(commands)))


def test_every_operator_has_a_base(tried):
    accepted = {case[0] for case, result in tried if result[0] == 0}
    assert {operator for operator, _, _ in OPERATORS} - accepted == set(), "give them a line in BASES"
    for (operator, _, variant, _), result in tried:
        if any(variant is base for base in BASES.get(operator, [])):
            assert result[0] == 0, f"{described(operator, variant)}: {result[3]}"


def test_extremes_are_refused_or_compiled(tried):
    faults = [f"{described(operator, variant)}: {fault(result)}" for (operator, _, variant, _), result in tried if fault(result)]
    assert not faults, f"{len(faults)} of {len(tried)}:\n" + "\n".join(faults[:40])
    statuses = [result[0] for _, result in tried]
    assert statuses.count(0) > 500 and statuses.count(3) > 500 and statuses.count(4) > 20
