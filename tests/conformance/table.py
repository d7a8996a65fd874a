"""docs/conformance.md from the cases and what became of them."""

from collections import Counter, defaultdict

import onnx

SUITES = {
    "node": "ONNX backend node tests",
    "pytorch-converted": "PyTorch conversions: modules",
    "pytorch-operator": "PyTorch conversions: operators",
    "skipc": "skipc's own, for types that ONNX has no case of",
}

HEAD = """# Conformance

Written by `scripts/conformance-table`; `tests/conformance` fails when it is out of date. The cases are those of the Python
package onnx {version}. Each one that applies is compiled by `skipc compile`, built by gcc with
`-std=c99 -Wall -Wextra -Wpedantic -Wconversion -Werror`, run, and compared with the expected output at the case's own tolerance.

A case applies when all its operators are supported and all its inputs and outputs are tensors of float, float16, bfloat16, int64 or bool (halves are
compared to one unit in their last place where the case asks for more). Inputs
that decide shapes (Reshape's shape, Slice's starts, Pad's pads, Resize's sizes, axes ...), that are a bound or ratio (Clip,
Dropout) or that are packed when compiling (the weights of LSTM and GRU) are made initializers first: skipc compiles static
graphs, and these must be known when it does.

"""


def summary(cases, failed):
    lines = ["| suite | cases | apply | pass | do not apply |", "|---|---:|---:|---:|---:|"]
    for suite, title in SUITES.items():
        mine = [case for case in cases if case.suite == suite]
        apply = [case for case in mine if not case.reason]
        passed = [case for case in apply if (case.suite, case.name) not in failed]
        lines.append(f"| {title} | {len(mine)} | {len(apply)} | {len(passed)} | {len(mine) - len(apply)} |")
    return "\n".join(lines)


def operators(case):
    return " ".join(sorted({node.op_type for node in case.model.graph.node}))


def results(cases, failed):
    lines = ["| case | operators | result |", "|---|---|---|"]
    for case in sorted((c for c in cases if not c.reason), key=lambda c: (c.suite, c.name)):
        result = "**fails**" if (case.suite, case.name) in failed else "passes"
        prefix = "" if case.suite == "node" else f"{case.suite}/"
        lines.append(f"| {prefix}{case.name} | {operators(case)} | {result} |")
    return "\n".join(lines)


def rest(cases):
    names = defaultdict(list)
    for case in cases:
        if case.reason:
            names[case.reason].append(case.name)
    counts = Counter({reason: len(found) for reason, found in names.items()})
    lines = ["| reason | cases | which |", "|---|---:|---|"]
    for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        shown = ", ".join(name.removeprefix("test_") for name in sorted(names[reason]))
        lines.append(f"| {reason} | {count} | {shown} |")
    return "\n".join(lines)


def render(cases, failed=frozenset()):
    """`failed`: (suite, name) of the cases that apply and fail."""
    return (
        HEAD.format(version=onnx.__version__)
        + summary(cases, failed)
        + "\n\n## What applies\n\n"
        + results(cases, failed)
        + "\n\n## What does not apply, and why\n\n"
        + rest(cases)
        + "\n"
    )
