"""Elementwise operators, with every broadcast."""

import numpy as np
from onnx import TensorProto

from .builder import Unfit, Value, operator

UNARY = "Relu Sigmoid Tanh Exp Sqrt Log Neg Abs HardSwish Floor Ceil".split()
SELDOM_UNARY = "Reciprocal Round Sign Softplus Softsign Selu Celu Mish Erf Sin Cos Gelu Swish".split()
SINCE = {"HardSwish": 14, "Mish": 18, "Gelu": 20, "Round": 11, "Celu": 12, "Swish": 24}


def limit(b, x, low, high):
    """Values in [low, high], where an operator needs that."""
    if x.array.min() >= low and x.array.max() <= high:
        return x
    return add_clip(b, x, low, high)


def add_clip(b, x, low, high):
    dtype = x.array.dtype
    if b.opset < 11:
        if dtype != np.float32:
            raise Unfit
        return b.add("Clip", [x], min=None if low is None else float(low), max=None if high is None else float(high))
    if dtype != np.float32 and b.opset < 12:
        raise Unfit
    return b.add("Clip", [x, *(None if bound is None else np.asarray(bound, dtype) for bound in (low, high))])


@operator(*UNARY, weight=0.7)
def unary(b, op):
    if b.opset < SINCE.get(op, 1):
        raise Unfit
    x = b.floats()
    if op == "Exp":
        x = limit(b, x, -5, 3)
    if op in ("Sqrt", "Log"):
        x = limit(b, b.add("Abs", [x]), 0.05, 20)
    return b.add(op, [x])


@operator(*SELDOM_UNARY, weight=0.3)
def seldom_unary(b, op):
    if b.opset < SINCE.get(op, 1):
        raise Unfit
    x = b.floats()
    if op == "Reciprocal":
        x = limit(b, b.add("Abs", [x]), 0.2, 20)
    attributes = {"approximate": b.choice((None, "tanh"))} if op == "Gelu" else {}
    if op in ("Celu", "Selu"):
        attributes = {"alpha": b.choice((None, 0.7))}
    return b.add(op, [x], **attributes)


@operator("Relu", weight=4)
def relu(b):
    return b.add("Relu", [b.floats()])


@operator("LeakyRelu", "Elu", "HardSigmoid", weight=0.6)
def parametric(b, op):
    attributes = {"alpha": b.choice((None, 0.1, 0.3))}
    if op == "HardSigmoid":
        attributes["beta"] = b.choice((None, 0.4))
    return b.add(op, [b.floats()], **attributes)


@operator("Clip", weight=1.5)
def clip(b):
    """Of floats: also crossed, one-sided, infinite; of integers: also beyond what a double holds."""
    x = b.floats()
    low, high = b.choice(((0, 6), (-1, 1), (0, None), (None, 0.5), (None, None), (1, -1), (0.5, 0.25), (-np.inf, 3), (0, np.inf)))
    return add_clip(b, x, low, high)


@operator("Clip", weight=2.0)
def clip_of_integers(b):
    """Also beyond what a double holds."""
    bounds = (None, -2, 0, 1, 2, 5, -(2**53) - 1, 2**53 + 1, 2**62 + 1, -(2**62) - 3)
    x = b.pick(lambda v: v.array.dtype == np.int64, recent=6.0)
    return add_clip(b, x, b.choice(bounds), b.choice(bounds))


@operator("PRelu", weight=0.6)
def prelu(b):
    x = b.image()
    c, h, w = x.shape[1:]
    shape = b.choice(((c, 1, 1), (1,), (1, 1, 1), (1, c, 1, 1), (c, h, w)))
    return b.add("PRelu", [x, b.weights(shape, 0.3)])


def operand_shapes(shape):
    """The shapes that broadcast to an operand's: of every gate, bias and scale."""
    rank = len(shape)
    shapes = {(), (1,), tuple(shape), tuple(shape[1:])}
    for mask in range(2**rank):
        kept = tuple(d if mask >> k & 1 else 1 for k, d in enumerate(shape))
        shapes.add(kept)
        while kept and kept[0] == 1:
            kept = kept[1:]
            shapes.add(kept)
    return sorted(shapes)


def broadcasts(a, b):
    try:
        return np.broadcast_shapes(a, b) is not None
    except ValueError:
        return False


def second_operand(b, x):
    """Another value that broadcasts with it, a reduced one, or a constant."""
    kind = b.choice(("value", "constant", "reduced"), (5, 3, 2))
    if kind == "value":
        try:
            return b.pick(lambda v: v is not x and v.array.dtype == x.array.dtype and broadcasts(v.shape, x.shape), recent=6.0)
        except Unfit:
            kind = "constant"
    shape = b.choice(operand_shapes(x.shape))
    if kind == "reduced" and x.is_float and len(shape) == x.rank and b.opset < 18:
        axes = [k for k in range(x.rank) if shape[k] != x.shape[k]]
        if axes:
            return b.add("ReduceMean", [x], axes=axes)
    if x.is_float:
        return b.weights(shape, 0.7)
    return b.rng.integers(1, 5, shape).astype(x.array.dtype)


def array_of(x):
    return x.array if isinstance(x, Value) else np.asarray(x)


def same_shape(b, x):
    return b.pick(lambda v: v is not x and v.array.dtype == x.array.dtype and v.shape == x.shape, recent=8.0)


def numeric(b):
    return b.pick(lambda v: v.is_float or (v.array.dtype == np.int64 and b.chance(0.5) and abs(v.array).max(initial=0) < 2**40))


@operator("Add", "Sub", "Mul", weight=2)
def arithmetic(b, op):
    x = numeric(b)
    y = second_operand(b, x)
    if not x.is_float and np.abs(array_of(y)).max(initial=0) > 2**20:
        raise Unfit
    operands = [x, y] if b.chance(0.7) or not isinstance(y, Value) else [y, x]
    if b.chance(0.2):
        operands.reverse()
    return b.add(op, operands)


@operator("Add", weight=4)
def shortcut(b):
    """Of two values of one shape, wherever they come from: shortcuts that overlap."""
    x = b.floats(fits=lambda v: v.rank >= 3)
    return b.add("Add", [x, same_shape(b, x)])


@operator("Div", weight=0.7)
def div(b):
    x = numeric(b)
    y = second_operand(b, x)
    if np.abs(array_of(y)).min(initial=9) < 0.2:
        if not isinstance(y, Value) or not x.is_float:
            y = (np.abs(array_of(y)) + 1).astype(x.array.dtype)
        else:
            y = limit(b, b.add("Abs", [y]), 0.3, 30)
    return b.add("Div", [x, y])


@operator("Min", "Max", "Sum", weight=0.7)
def variadic(b, op):
    x = b.floats()
    return b.add(op, [x, *(second_operand(b, x) for _ in range(b.choice((1, 1, 1, 2, 3, 0))))])


@operator("Pow", weight=0.5)
def power(b):
    x = limit(b, b.add("Abs", [b.floats()]), 0.1, 4)
    if b.chance(0.4):
        return b.add("Pow", [x, limit(b, b.floats(fits=lambda v: broadcasts(v.shape, x.shape)), -2, 2)])
    return b.add("Pow", [x, np.float32(b.choice((2, 0.5, 3, -1, 1, 1.7)))])


def compared(b, op):
    x = b.floats()
    y = second_operand(b, x)
    return b.add(op, [x, y])


@operator("Equal", "Less", "Greater", weight=0.4)
def comparison(b, op):
    if op == "Equal":
        x = b.pick(lambda v: v.array.dtype == np.int64, recent=6.0)
        return b.add(op, [x, b.rng.integers(0, 3, b.choice(operand_shapes(x.shape)))])
    return compared(b, op)


@operator("LessOrEqual", "GreaterOrEqual", weight=0.3)
def comparison_or_equal(b, op):
    if b.opset < 12:
        raise Unfit
    return compared(b, op)


def condition(b, shape=None):
    return b.pick(lambda v: v.array.dtype == np.bool_ and (shape is None or broadcasts(v.shape, shape)), recent=6.0)


@operator("Not", weight=0.3)
def logical_not(b):
    return b.add("Not", [condition(b)])


@operator("And", "Or", "Xor", weight=0.3)
def logical(b, op):
    x = condition(b)
    y = condition(b, x.shape) if b.chance(0.5) else b.rng.random(b.choice(operand_shapes(x.shape))) < 0.5
    return b.add(op, [x, y])


@operator("Where", weight=0.6)
def where(b):
    x = b.floats()
    if b.chance(0.3):
        mask = b.rng.random(b.choice(operand_shapes(x.shape))) < 0.5
    else:
        try:
            mask = condition(b, x.shape)
        except Unfit:
            mask = compared(b, b.choice(("Less", "Greater")))
    other = second_operand(b, x)
    return b.add("Where", [mask, x, other] if b.chance(0.5) else [mask, other, x])


TYPES = {np.float32: TensorProto.FLOAT, np.int64: TensorProto.INT64, np.int32: TensorProto.INT32, np.bool_: TensorProto.BOOL}


def add_cast(b, x, dtype, op="Cast"):
    if op == "CastLike":
        return b.add("CastLike", [x, np.zeros(1, dtype)])
    return b.add("Cast", [x], to=TYPES[dtype])


@operator("Cast", weight=0.8)
def cast(b):
    x = b.pick(recent=6.0)
    to = b.choice([t for t in TYPES if t is not x.array.dtype.type])
    y = add_cast(b, x, to, "CastLike" if b.opset >= 15 and b.chance(0.2) else "Cast")
    if to in (np.int32, np.bool_) and b.chance(0.6):
        return add_cast(b, y, np.float32)
    return y


@operator("Mod", weight=0.3)
def modulo(b):
    if b.chance(0.5):
        return b.add("Mod", [b.floats(), np.float32(b.choice((1.5, -2.0)))], fmod=1)
    return b.add("Mod", [b.pick(lambda v: v.array.dtype == np.int64), np.int64(b.choice((3, -4)))])
