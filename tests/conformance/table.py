"""docs/conformance.md from the cases and what became of them."""

from collections import Counter, defaultdict

import onnx
from cases import AS_ONNXRUNTIME

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
Dropout), that decide which branch an If takes or that are packed when compiling (the weights of LSTM and GRU) are made initializers
first: skipc compiles static graphs, and these must be known when it does.

"""

# What ONNX leaves open; tests/models/test_resize.py holds skipc to it.
RESIZE = """## Resize: whom skipc follows

ONNX's text and its reference evaluator, ONNX Runtime (1.32) and PyTorch differ in corners of Resize. skipc gives ONNX Runtime's
results, which `skipc verify` compares with: every coordinate mode by every mode, by sizes and by scales, lengths 1 to 40.

| where | skipc and ONNX Runtime | others |
|---|---|---|
| size by scales | the product of size and scale, a float, rounded down: 10 by 0.7 is 7 | PyTorch the same; in double 6 |
| length_resized (align_corners, tf_crop_and_resize, one pixel out) | the output's size | the reference evaluator: scale times input size, which need not be whole |
| coordinates | computed in float; within 1e-6 of half-way `round_prefer_floor` and `round_prefer_ceil` take it as half-way | the reference evaluator: double, PyTorch: float, multiplied by the scale's reciprocal. Where a coordinate is half-way, or whole, but for rounding, nearest takes the pixel beside it (up to 48 of 1,600 pairs of lengths) |
| one pixel out, pytorch_half_pixel | coordinate 0 in every mode | PyTorch itself, today: the middle, as half_pixel does; the reference evaluator: -0.5 |
| every axis keeps its size, though scales are not 1 | a copy | PyTorch copies, but not for bicubic and nearest-exact; the reference evaluator resamples |
| an axis of scale 1, tf_crop_and_resize | not resampled: the region along it is not applied | the reference evaluator applies the region |
| antialias, an axis that keeps its size | a copy along it | |
| nearest to twice the size, or to the same | as any other | PyTorch takes index / 2, or copies, whatever the scale |
| nearest before opset 11 (Upsample, Resize 10) | an axis that shrinks rounds up, one that grows down | not defined |

"""

NUMBERS = """## Flags, omitted bounds and overflow

Attributes that ONNX defines for 0 and 1 alone (keepdims, ceil_mode, transA ...) are refused with any other number: ONNX Runtime takes some
of them for true wherever they are not 0 (count_include_pad, transA), others only where they are 1 (keepdims, allowzero, MaxPool's ceil_mode), and
refuses the rest (CumSum, Mod, storage_order).

A bound that a float Clip leaves out is the type's largest or lowest finite number, as ONNX says and ONNX Runtime does: infinity becomes
3.4028235e38 (65504 in float16). PyTorch's `clamp`, and Relu, let infinity through.

Parameters that overflow on the way to a finite formula have no result that every order of the steps gives. skipc evaluates ONNX's formula;
ONNX Runtime's results are others, and `skipc verify` may say so:

| where | skipc | ONNX Runtime |
|---|---|---|
| BatchNormalization, an infinite scale, in the interpreter | (x - mean) times scale: infinity | x times scale, less mean times scale: NaN where the signs agree |
| Gemm, an infinite alpha, in the compiled C | alpha is folded into the weights: NaN where their products' signs differ | alpha times the sum: infinity |
| LRN, an infinite alpha | x by infinity: 0 | a running sum of squares, infinity less infinity: NaN |
| Celu, an alpha of 0, infinity, NaN, or so large that exp(x / alpha) is 1 in float | x where it is not negative; alpha * expm1(x / alpha) elsewhere | NaN for any x, or 0 |
| Resize, cubic coefficients or a region of 1e38 | infinity, the extrapolation value | NaN, pixels at coordinates that are no numbers |

"""


def summary(cases, failed):
    lines = ["| suite | cases | apply | pass | do not apply |", "|---|---:|---:|---:|---:|"]
    for suite, title in SUITES.items():
        mine = [case for case in cases if case.suite == suite]
        apply = [case for case in mine if not case.reason]
        passed = [case for case in apply if (case.suite, case.name) not in failed and case.name not in AS_ONNXRUNTIME]
        lines.append(f"| {title} | {len(mine)} | {len(apply)} | {len(passed)} | {len(mine) - len(apply)} |")
    return "\n".join(lines)


def operators(case):
    return " ".join(sorted({node.op_type for node in case.model.graph.node}))


def results(cases, failed):
    lines = ["| case | operators | result |", "|---|---|---|"]
    for case in sorted((c for c in cases if not c.reason), key=lambda c: (c.suite, c.name)):
        passes = "as ONNX Runtime, not as this case: see Resize" if case.name in AS_ONNXRUNTIME else "passes"
        result = "**fails**" if (case.suite, case.name) in failed else passes
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
        + "\n\n"
        + RESIZE
        + NUMBERS
        + "## What applies\n\n"
        + results(cases, failed)
        + "\n\n## What does not apply, and why\n\n"
        + rest(cases)
        + "\n"
    )
