"""The arrows between folders, read from every #include."""

import re

import pytest

import harness

ALLOWED = {
    "driver": {"driver", "frontend", "passes", "codegen", "ir"},
    "frontend": {"frontend", "ir"},
    "passes": {"passes", "kernels", "ir"},
    "codegen": {"codegen", "kernels", "ir"},
    "kernels": {"kernels", "ir"},
    "ir": {"ir"},
    "runtime": {"runtime"},
}
PROTOBUF = re.compile(r"onnx\.pb-c\.h|protobuf-c")
SYSTEM_IN_RUNTIME = {"math.h", "string.h", "stddef.h", "stdint.h", "float.h", "limits.h"}
OF_THE_COMPILER = {"immintrin.h", "emmintrin.h", "arm_neon.h", "omp.h"}  # only where it has said which machine it builds for, or that it has OpenMP
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', re.MULTILINE)


def sources(folder):
    return [path for pattern in ("*.c", "*.h", "*.def") for path in sorted((harness.ROOT / folder).rglob(pattern))]


def includes(path):
    return INCLUDE.findall(path.read_text())


def folder_of(included, path):
    """Quoted names are relative to the root, or to the file's own folder."""
    first = included.split("/")[0]
    return first if "/" in included else path.relative_to(harness.ROOT).parts[0]


@pytest.mark.parametrize("folder", ALLOWED)
def test_folders_depend_in_one_direction(folder):
    assert sources(folder), f"{folder}/ is empty"
    wrong = [
        f"{path.relative_to(harness.ROOT)} includes {name}"
        for path in sources(folder)
        for kind, name in includes(path)
        if kind == '"' and not PROTOBUF.search(name) and folder_of(name, path) not in ALLOWED[folder]
    ]
    assert wrong == []


def test_frontend_alone_knows_protobuf():
    wrong = [
        f"{path.relative_to(harness.ROOT)} includes {name}"
        for folder in ALLOWED
        if folder != "frontend"
        for path in sources(folder)
        for _, name in includes(path)
        if PROTOBUF.search(name)
    ]
    assert wrong == []


def test_runtime_needs_only_the_freestanding_headers():
    wrong = [
        f"{path.name} includes <{name}>"
        for path in sources("runtime")
        for kind, name in includes(path)
        if kind == "<" and name not in SYSTEM_IN_RUNTIME | OF_THE_COMPILER
    ]
    assert wrong == []


def test_operator_table_rows_are_complete():
    """Each row names infer, evaluate and lower, and each of them is defined in its folder."""
    table = (harness.ROOT / "ir/ops.def").read_text()
    rows = re.findall(r"^OP\((\w+), \d+, -?\d+, \d+, (\w+), (\w+), (\w+),", table, re.MULTILINE)
    assert len(rows) == len(re.findall(r"^OP\(", table, re.MULTILINE))
    ir = "\n".join(path.read_text() for path in sources("ir"))
    codegen = "\n".join(path.read_text() for path in sources("codegen"))
    for operator, infer, evaluate, lower in rows:
        assert re.search(rf"\bbool {infer}\(", ir), f"{operator}: {infer} is not defined in ir/"
        assert re.search(rf"\bbool {evaluate}\(", ir), f"{operator}: {evaluate} is not defined in ir/"
        assert re.search(rf"\bbool {lower}\(", codegen), f"{operator}: {lower} is not defined in codegen/"
