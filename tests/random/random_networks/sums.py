"""Reductions, products, Softmax, and recurrent layers."""

import math

import numpy as np

from .builder import MOST_ELEMENTS, MOST_PRODUCTS, Unfit, operator

REDUCTIONS = "ReduceMean ReduceSum ReduceMax ReduceMin ReduceL1 ReduceL2 ReduceSumSquare".split()


def add_reduce(b, op, x, axes, keepdims=None, noop=None):
    since = 13 if op == "ReduceSum" else 18
    if b.opset < since:
        return b.add(op, [x], axes=axes, keepdims=keepdims)
    return b.add(op, [x, None if axes is None else np.array(axes, np.int64)], keepdims=keepdims, noop_with_empty_axes=noop)


@operator(*REDUCTIONS, weight=0.5)
def reduction(b, op):
    x = b.floats(fits=lambda v: v.rank >= 1)
    axes = sorted(k for k in range(x.rank) if b.chance(0.5)) or None
    if x.rank == 4 and b.chance(0.4):
        axes = [2, 3]
    if axes and b.chance(0.3):
        axes = [a - x.rank for a in axes]
    return add_reduce(b, op, x, axes, b.choice((None, 0, 1)), b.choice((None, 0, 1)) if axes is None else None)


@operator("ReduceProd", weight=0.3)
def product(b):
    x = b.floats(fits=lambda v: v.rank >= 1 and v.shape[-1] <= 6)
    return add_reduce(b, "ReduceProd", x, [-1], b.choice((None, 0)))


@operator("ReduceMax", "ReduceSum", weight=0.2)
def reduction_of_integers(b, op):
    x = b.pick(lambda v: v.array.dtype == np.int64 and v.rank >= 1 and np.abs(v.array).max(initial=0) < 2**40)
    return add_reduce(b, op, x, [b.integer(0, x.rank - 1)], b.choice((None, 0)))


@operator("ArgMax", "ArgMin", weight=0.4)
def arg(b, op):
    x = b.floats(fits=lambda v: v.rank >= 1)
    last = b.choice((None, 0, 1)) if b.opset >= 12 else None
    return b.add(op, [x], axis=b.integer(-x.rank, x.rank - 1), keepdims=b.choice((None, 0)), select_last_index=last)


@operator("CumSum", weight=0.3)
def cumulative_sum(b):
    if b.opset < 11:
        raise Unfit
    x = b.floats(fits=lambda v: v.rank >= 1)
    return b.add("CumSum", [x, np.int64(b.integer(-x.rank, x.rank - 1))], exclusive=b.choice((None, 1)), reverse=b.choice((None, 1)))


@operator("Softmax", "LogSoftmax", weight=0.7)
def softmax(b, op):
    x = b.floats(fits=lambda v: v.rank >= 1)
    return b.add(op, [x], axis=b.choice((None, b.integer(-x.rank, x.rank - 1))))


@operator("Softmax", "LogSoftmax", weight=0.5)
def long_softmax(b, op):
    """Over thousands of classes: as random ones are, or as of a trained network, where one counts and the others are small but many."""
    x = b.floats(fits=lambda v: v.rank >= 2 and v.shape[0] <= 3 and v.array.size <= 300)
    x = b.add("Reshape", [x, np.array([x.shape[0], -1], np.int64)])
    classes, inner = b.integer(2000, MOST_ELEMENTS // x.shape[0]), x.shape[1]
    y = b.add("MatMul", [x, b.weights((inner, classes), b.choice((0.1, 1, 3)) / math.sqrt(inner))])
    if b.chance(0.6):
        trained = np.zeros(classes, np.float32)
        trained[b.integer(0, 50)] = b.number(14, 19)
        y = b.add("Add", [y, trained])
    return b.add(op, [y], axis=-1)


def products(rows, inner, columns):
    if rows * inner * columns > MOST_PRODUCTS:
        raise Unfit


@operator("Gemm", weight=1)
def gemm(b):
    x = b.floats(rank=2)
    trans_a, trans_b = int(b.chance(0.2)), int(b.chance(0.5))
    rows, inner = (x.shape[1], x.shape[0]) if trans_a else x.shape
    columns = b.choice((1, 3, 10, 16, 32, 33))
    products(rows, inner, columns)
    scale = 1.2 / math.sqrt(max(1, inner))
    weights = b.weights((columns, inner) if trans_b else (inner, columns), scale)
    shapes = [(columns,), (1, columns), (rows, columns), (rows, 1), (1,), ()]
    bias = b.weights(b.choice(shapes), 0.3) if b.chance(0.6) or b.opset < 11 else None
    return b.add(
        "Gemm",
        [x, weights, bias],
        transA=trans_a or None,
        transB=trans_b or None,
        alpha=b.choice((None, None, 0.5)),
        beta=b.choice((None, None, 0.7)),
    )


@operator("MatMul", weight=1)
def matmul(b):
    x = b.floats(fits=lambda v: 2 <= v.rank <= 4)
    inner, columns = x.shape[-1], b.choice((1, 4, 16, 20))
    products(x.array.size // inner, inner, columns)
    batch = b.choice(((), (), (), x.shape[:-2], (1,) * (x.rank - 2)))
    return b.add("MatMul", [x, b.weights((*batch, inner, columns), 1.2 / math.sqrt(inner))])


@operator("MatMul", weight=0.5)
def attention(b):
    """Two computed operands."""
    x = b.floats(fits=lambda v: 2 <= v.rank <= 4)
    y = b.floats(fits=lambda v: v.rank == x.rank and v.shape[:-2] == x.shape[:-2] and v.shape[-1] == x.shape[-1])
    products(x.array.size // x.shape[-1], x.shape[-1], y.shape[-2])
    perm = [*range(y.rank - 2), y.rank - 1, y.rank - 2]
    return b.add("MatMul", [x, b.add("Transpose", [y], perm=perm)])


def sequence(b):
    """[steps][batch][inputs], made of an image where there is none."""
    if b.chance(0.5):
        try:
            return b.floats(3, lambda v: v.shape[0] <= 12 and v.shape[2] <= 48)
        except Unfit:
            pass
    x = b.image(lambda v: v.shape[3] <= 12 and v.shape[1] * v.shape[2] <= 64)
    n, c, h, w = x.shape
    return b.add("Transpose", [b.add("Reshape", [x, np.array([n, c * h, w], np.int64)])], perm=[2, 0, 1])


@operator("LSTM", "GRU", weight=0.4)
def recurrent(b, op):
    x = sequence(b)
    steps, batch, inputs = x.shape
    direction, hidden = b.choice(("forward", "reverse", "bidirectional"), (3, 1, 1)), b.choice((3, 8, 16))
    ways, gates = 2 if direction == "bidirectional" else 1, 4 if op == "LSTM" else 3
    w, r = b.weights((ways, gates * hidden, inputs), inputs**-0.5), b.weights((ways, gates * hidden, hidden), hidden**-0.5)
    bias = b.weights((ways, 2 * gates * hidden), 0.2) if b.chance(0.7) else None
    state = b.weights((ways, batch, hidden), 0.5) if b.chance(0.3) else None
    inputs = [x, w, r, bias, None, state]
    attributes = {"hidden_size": hidden, "direction": None if direction == "forward" else direction}
    if op == "LSTM" and state is not None:
        inputs.append(b.weights((ways, batch, hidden), 0.5))
    if op == "GRU":
        attributes["linear_before_reset"] = b.choice((None, 1))
    outputs = 3 if op == "LSTM" else 2
    wanted = b.choice(([0], [0, 1], [1], list(range(outputs))))
    results = b.add(op, inputs, outputs=outputs, wanted=wanted, **attributes)
    first = results[0] if isinstance(results, list) else results
    if first.rank == 4:  # [steps][directions][batch][hidden]
        perm = b.add("Transpose", [first], perm=[0, 2, 1, 3])
        return b.add("Reshape", [perm, np.array([steps, batch, -1], np.int64)])
    return first
