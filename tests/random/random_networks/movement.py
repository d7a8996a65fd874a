"""Operators that move values without computing: shapes, slices, joins, and what exporters compute shapes with."""

import math

import numpy as np

from .builder import MOST_ELEMENTS, Unfit, operator


def any_value(b, rank=None):
    return b.pick(lambda v: (v.is_float or b.chance(0.15)) and (rank is None or v.rank >= rank))


def computed_shape(b, x, shape):
    """The shape as old exporters wrote it: its first entries by Shape, Gather and Concat."""
    size = b.add("Shape", [x], keep=False)
    b.hide(size)
    first = b.hide(b.add("Gather", [size, np.array([0], np.int64)], axis=0, keep=False))
    return b.add("Concat", [first, np.array(shape[1:], np.int64)], axis=0, keep=False)


@operator("Reshape", weight=1.5)
def reshape(b):
    x = any_value(b, 1)
    d = list(x.shape)
    options = [[d[0], -1], [-1], [1, *d], [*d, 1]]
    if len(d) >= 3:
        options += [[d[0], d[1], -1], [0, 0, -1], [d[0], d[1] * d[2], *d[3:]], [0, -1, d[-1]]]
    if len(d) == 4 and d[1] % 2 == 0:
        options += [[d[0], 2, d[1] // 2, d[2], d[3]], [d[0], d[1] // 2, d[2] * 2, d[3]]]
    if len(d) == 2:
        factors = [f for f in (2, 3, 4) if d[1] % (f * f) == 0]
        options += [[d[0], d[1] // (f * f), f, f] for f in factors]
    if len(d) == 3:
        options += [[d[0], d[1], 1, d[2]], [d[0], d[1], d[2], 1]]
    shape = b.choice(options)
    if shape[0] == d[0] and len(shape) > 1 and b.chance(0.3):
        return b.add("Reshape", [x, b.hide(computed_shape(b, x, shape))])
    return b.add("Reshape", [x, np.array(shape, np.int64)])


@operator("Flatten", weight=0.6)
def flatten(b):
    x = b.floats(fits=lambda v: v.rank >= 1)
    return b.add("Flatten", [x], axis=b.choice((None, b.integer(0, x.rank))))


@operator("Transpose", weight=1)
def transpose(b):
    x = any_value(b, 2)
    perm = [int(k) for k in b.rng.permutation(x.rank)]
    if x.rank == 4 and b.chance(0.5):
        perm = b.choice(([0, 2, 3, 1], [0, 3, 1, 2], [0, 1, 3, 2]))
    return b.add("Transpose", [x], perm=b.choice((perm, perm, None)))


@operator("Squeeze", weight=1.2)
def squeeze(b):
    """Also without axes, and with an empty list of them."""
    x = b.pick(lambda v: 1 in v.shape and v.rank >= 2)
    ones = [k for k, d in enumerate(x.shape) if d == 1]
    axes = b.choice(([b.choice(ones)], ones, None, []))
    if axes and b.chance(0.3):
        axes = [a - x.rank for a in axes]
    if b.opset < 13:
        return b.add("Squeeze", [x], axes=axes or None)
    return b.add("Squeeze", [x, None if axes is None else np.array(axes, np.int64)])


@operator("Unsqueeze", weight=0.5)
def unsqueeze(b):
    x = b.pick(lambda v: v.rank <= 4)
    axes = b.choice(([0], [x.rank], [0, x.rank + 1]))
    return b.add("Unsqueeze", [x], axes=axes) if b.opset < 13 else b.add("Unsqueeze", [x, np.array(axes, np.int64)])


@operator("Concat", weight=2)
def concat(b):
    x = any_value(b, 1)
    axis = 1 if x.rank == 4 and b.chance(0.7) else b.integer(0, x.rank - 1)

    def fits(v):
        others = [k for k in range(x.rank) if k != axis]
        return v.array.dtype == x.array.dtype and v.rank == x.rank and all(v.shape[k] == x.shape[k] for k in others)

    parts = [x, *(b.pick(fits, recent=6.0) for _ in range(b.choice((1, 1, 2, 3))))]
    if x.is_float and b.chance(0.2):
        shape = list(x.shape)
        shape[axis] = b.choice((1, 4, 8, 16))
        parts.insert(b.integer(0, len(parts)), np.zeros(shape, np.float32) if b.chance(0.6) else b.weights(shape, 0.5))
    order = [parts[k] for k in b.rng.permutation(len(parts))]
    if sum(math.prod(p.shape) for p in order) > MOST_ELEMENTS:
        raise Unfit
    return b.add("Concat", order, axis=axis if b.chance(0.8) else axis - x.rank)


@operator("Split", weight=0.8)
def split(b):
    x = any_value(b, 1)
    axis = 1 if x.rank == 4 and b.chance(0.7) else b.integer(0, x.rank - 1)
    size = x.shape[axis]
    if size < 2:
        raise Unfit
    parts = b.integer(2, min(4, size))
    cuts = sorted(int(c) for c in b.rng.choice(np.arange(1, size), parts - 1, replace=False))
    sizes = [hi - lo for lo, hi in zip([0, *cuts], [*cuts, size])]
    if size % parts == 0 and b.chance(0.5):
        attributes = {"num_outputs": parts} if b.opset >= 18 else {}
        return b.add("Split", [x], outputs=parts, axis=axis, **attributes)[0]
    if b.opset < 13:
        return b.add("Split", [x], outputs=parts, axis=axis, split=sizes)[0]
    return b.add("Split", [x, np.array(sizes, np.int64)], outputs=parts, axis=axis)[0]


def add_slice(b, x, starts, ends, axes, strides=None):
    if b.opset < 10:
        if strides:
            raise Unfit
        return b.add("Slice", [x], starts=starts, ends=ends, axes=axes)
    lists = [starts, ends, axes] + ([strides] if strides else [])
    return b.add("Slice", [x, *(np.array(entries, np.int64) for entries in lists)])


@operator("Slice", weight=1.5)
def slices(b):
    x = any_value(b, 1)
    axes = sorted(k for k in range(x.rank) if b.chance(0.4)) or [x.rank - 1]
    starts, ends, strides = [], [], []
    for k in axes:
        size, step = x.shape[k], b.choice((1, 1, 1, 2, 3, -1, -2)) if b.opset >= 10 else 1
        low = b.integer(0, size - 1)
        high = b.integer(low + 1, size)
        if step > 0:
            start, end = low, b.choice((high, high - size if high < size else 2**31 - 1, 2**63 - 1 if high == size else high))
        else:
            start, end = high - 1, low - 1 if low else -(2**31)
        starts.append(start - size if b.chance(0.2) and start < size else start)
        ends.append(end)
        strides.append(step)
    return add_slice(b, x, starts, ends, axes, strides if b.opset >= 10 and (set(strides) != {1} or b.chance(0.3)) else None)


@operator("Gather", weight=0.7)
def gather(b):
    x = any_value(b, 1)
    axis = b.integer(0, x.rank - 1)
    size = x.shape[axis]
    low = -size if b.opset >= 11 else 0
    shape = b.choice(((), (1,), (min(size, 4),), (size,), (2, 2)))
    return b.add("Gather", [x, b.rng.integers(low, size, shape)], axis=b.choice((axis, axis - x.rank if b.opset >= 11 else axis)))


@operator("Expand", weight=0.4)
def expand(b):
    x = any_value(b)
    shape = [d if d > 1 else b.choice((1, 2, 5)) for d in x.shape]
    if b.chance(0.3) and x.rank < 4:
        shape = [b.integer(1, 3), *shape]
    if math.prod(shape) > MOST_ELEMENTS:
        raise Unfit
    return b.add("Expand", [x, np.array(shape, np.int64)])


@operator("Tile", weight=0.3)
def tile(b):
    x = b.floats(fits=lambda v: v.rank >= 1)
    repeats = [b.choice((1, 1, 2, 3)) for _ in x.shape]
    if x.array.size * math.prod(repeats) > MOST_ELEMENTS:
        raise Unfit
    return b.add("Tile", [x, np.array(repeats, np.int64)])


@operator("DepthToSpace", weight=0.3)
def depth_to_space(b):
    x = b.image(lambda v: v.shape[1] % 4 == 0)
    return b.add("DepthToSpace", [x], blocksize=2, mode=b.choice((None, "DCR", "CRD")) if b.opset >= 11 else None)


@operator("SpaceToDepth", weight=0.3)
def space_to_depth(b):
    return b.add("SpaceToDepth", [b.image(lambda v: v.shape[2] % 2 == 0 and v.shape[3] % 2 == 0)], blocksize=2)


@operator("OneHot", weight=0.3)
def one_hot(b):
    x = b.pick(lambda v: v.array.dtype == np.int64 and v.array.size < 2000)
    return b.add("OneHot", [x, np.int64(b.integer(2, 6)), np.array([0, 1], np.float32)], axis=b.choice((None, 0, -1)))


@operator("Identity", weight=0.4)
def identity(b):
    return b.add("Identity", [b.pick()])


@operator("Dropout", weight=0.4)
def dropout(b):
    if b.opset < 12:
        return b.add("Dropout", [b.floats()], ratio=0.3)
    return b.add("Dropout", [b.floats(), np.float32(0.3)])


@operator("ConstantOfShape", weight=0.3)
def zeros_beside(b):
    """Zeros of a size that is computed, beside a value: shortcuts of some exporters."""
    x = b.image()
    size = b.hide(b.add("Shape", [x], keep=False))
    return b.add("Concat", [x, b.hide(b.add("ConstantOfShape", [size], keep=False))], axis=1)


@operator("Range", weight=0.2)
def positions(b):
    """Positions 0, 1 ... along an axis, of a length that is read from the value."""
    if b.opset < 11:
        raise Unfit
    x = b.floats(fits=lambda v: v.rank >= 1)
    size = b.hide(b.add("Shape", [x], keep=False))
    length = b.hide(b.add("Gather", [size, np.int64(x.rank - 1)], axis=0, keep=False))
    steps = b.hide(b.add("Range", [np.int64(0), length, np.int64(1)], keep=False))
    numbers = b.hide(b.add("Cast", [steps], to=1, keep=False))
    return b.add("Add", [x, b.hide(b.add("Mul", [numbers, np.float32(0.1)], keep=False))])
