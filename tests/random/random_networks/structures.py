"""Blocks of operators as residual networks have them: what passes match, and what they may take for it."""

import numpy as np

from .builder import Unfit
from .elementwise import add_clip
from .sums import add_reduce
from .windows import CHANNELS, add_batchnorm, add_conv, add_pad, padded_pointwise

STRUCTURES = []  # (function, weight)


def structure(weight=1.0):
    def register(function):
        STRUCTURES.append((function, weight))
        return function

    return register


def activation(b, x):
    kind = b.choice(("Relu", "Clip", "LeakyRelu", "HardSwish", "Sigmoid", "Elu", "none"), (8, 2, 1, 1, 1, 1, 1))
    if kind == "none" or (kind == "HardSwish" and b.opset < 14):
        return x
    if kind == "Clip":
        return add_clip(b, x, *b.choice(((0, 6), (0, 6), (-1, 1), (1, -1))))
    return b.add(kind, [x])


def norm(b, x):
    return add_batchnorm(b, x) if b.chance(0.7) else x


def conv(b, x, outputs, kernel=3, stride=1, group=1, dilation=1):
    """As layers are written: the same size, or a separate Pad before it."""
    reach = (kernel - 1) * dilation
    pads = [reach // 2, reach // 2, reach - reach // 2, reach - reach // 2]
    if b.chance(0.15):
        x, pads = add_pad(b, x, [0, 0, *pads[:2], 0, 0, *pads[2:]]), None
    return add_conv(b, x, outputs, [kernel] * 2, group, [stride] * 2, pads, [dilation] * 2)


def conv_norm(b, x, outputs, **options):
    return norm(b, conv(b, x, outputs, **options))


def zero_padded(b, x, channels):
    """Option A's channels: by Pad, by Concat with zeros, or with itself times zero; behind, or on both sides."""
    added = channels - x.shape[1]
    if added < 0:
        raise Unfit
    if added == 0:
        return x
    before = b.choice((0, 0, added // 2))
    kind = b.choice(("pad", "pad", "concat", "times zero"))
    if kind == "times zero" and added == x.shape[1]:
        return b.add("Concat", [x, b.add("Mul", [x, np.float32(0)])], axis=1)
    if kind == "concat":
        n, _, h, w = x.shape
        parts = [np.zeros((n, c, h, w), np.float32) for c in (before, added - before)]
        return b.add("Concat", [parts[0], x, parts[1]] if before else [x, parts[1]], axis=1)
    return add_pad(b, x, [0, before, 0, 0, 0, added - before, 0, 0])


def subsampled(b, x, stride):
    if stride == 1:
        return x
    if b.chance(0.5) or b.opset < 10:
        kernel = [stride] * 2 if b.chance(0.5) else [1, 1]
        return b.add("AveragePool" if b.chance(0.7) else "MaxPool", [x], kernel_shape=kernel, strides=[stride] * 2)
    ends, axes, strides = [2**31 - 1] * 2, [2, 3], [stride] * 2
    return b.add("Slice", [x, *(np.array(entries, np.int64) for entries in ([0, 0], ends, axes, strides))])


def shortcut(b, x, y):
    """x, brought to the shape of y."""
    stride = 2 if y.shape[2] != x.shape[2] or y.shape[3] != x.shape[3] else 1
    if x.shape == y.shape and b.chance(0.7):
        return x
    kind = b.choice(("projection", "option A", "pool and project"), (4, 4, 1))
    if kind == "option A" and y.shape[1] >= x.shape[1]:
        z = zero_padded(b, subsampled(b, x, stride), y.shape[1])
    elif kind == "pool and project" and stride == 2:
        z = b.add("AveragePool", [x], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1) if b.opset >= 10 else subsampled(b, x, 2)
        z = conv_norm(b, z, y.shape[1], kernel=1)
    else:
        z = conv_norm(b, x, y.shape[1], kernel=1, stride=stride)
    if z.shape != y.shape:
        raise Unfit
    return z


def basic_branch(b, x, outputs, stride):
    y = activation(b, conv_norm(b, x, outputs, kernel=b.choice((3, 3, 1, 5)), stride=stride))
    return conv_norm(b, y, outputs)


def bottleneck_branch(b, x, outputs, stride):
    inner = max(1, outputs // b.choice((2, 4)))
    group = b.choice([g for g in (1, 1, 2, 4, inner) if inner % g == 0])
    y = activation(b, conv_norm(b, x, inner, kernel=1))
    y = activation(b, conv_norm(b, y, inner, stride=stride, group=group, dilation=b.choice((1, 1, 2))))
    return conv_norm(b, y, outputs, kernel=1)


def inverted_branch(b, x, outputs, stride):
    inner = min(64, x.shape[1] * b.choice((2, 3, 4)))
    y = activation(b, conv_norm(b, x, inner, kernel=1))
    y = activation(b, conv_norm(b, y, inner, kernel=b.choice((3, 5)), stride=stride, group=inner))
    return conv_norm(b, gate(b, y) if b.chance(0.3) else y, outputs, kernel=1)


def preactivation_branch(b, x, outputs, stride):
    y = activation(b, add_batchnorm(b, x))
    y = conv(b, y, outputs, stride=stride)
    return conv(b, activation(b, add_batchnorm(b, y)), outputs)


def split_branch(b, x, outputs, stride):
    """ResNeXt's branches, added or joined."""
    paths, inner = b.choice((2, 3, 4)), b.choice((4, 8, 16))
    ends = []
    for _ in range(paths):
        y = activation(b, conv(b, x, inner, kernel=1))
        y = activation(b, conv(b, y, inner, stride=stride))
        ends.append(y)
    if b.chance(0.5):
        return conv_norm(b, b.add("Concat", ends, axis=1), outputs, kernel=1)
    return b.add("Sum", [conv(b, y, outputs, kernel=1) for y in ends])


def gate_of(b, x, kind):
    """A gate of every broadcast: channels, pixels, images, all."""
    if kind == "channels":
        inner = max(1, x.shape[1] // 4)
        if b.chance(0.3):
            matrix = add_reduce(b, "ReduceMean", x, [2, 3], 0)
            y = b.add("Gemm", [matrix, b.weights((x.shape[1], inner)), b.weights((inner,), 0.2)])
            y = b.add("MatMul", [b.add("Relu", [y]), b.weights((inner, x.shape[1]))])
            return b.add("Reshape", [y, np.array([x.shape[0], x.shape[1], 1, 1], np.int64)])
        y = b.add("GlobalAveragePool", [x]) if b.chance(0.6) else add_reduce(b, "ReduceMean", x, [2, 3], 1)
        return conv(b, activation(b, conv(b, y, inner, kernel=1)), x.shape[1], kernel=1)
    if kind == "pixels":
        if b.chance(0.5):
            return conv(b, x, 1, kernel=b.choice((1, 3, 7)))
        parts = [add_reduce(b, op, x, [1], 1) for op in ("ReduceMean", "ReduceMax")]
        return conv(b, b.add("Concat", parts, axis=1), 1, kernel=3)
    axes = {"images": [1, 2, 3], "rows": [1, 3], "columns": [2], "images and rows": [3]}[kind]
    return add_reduce(b, b.choice(("ReduceMean", "ReduceMax")), x, axes, 1)


def gate(b, x):
    kind = b.choice(("channels", "pixels", "images", "rows", "columns", "images and rows"), (4, 2, 1, 1, 1, 1))
    sigmoid = b.choice(("Sigmoid", "HardSigmoid", "Tanh"), (3, 1, 1))
    y = b.add(sigmoid, [gate_of(b, x, kind)])
    return b.add("Mul", [x, y] if b.chance(0.7) else [y, x])


@structure(6)
def residual_block(b):
    """Named so that skipc recognises it as one: blockN/... ."""
    x = b.image(lambda v: min(v.shape[2:]) >= 2)
    branch = b.choice((basic_branch, bottleneck_branch, inverted_branch, preactivation_branch, split_branch), (4, 2, 2, 2, 1))
    same = b.chance(0.5)
    stride = 1 if same or min(x.shape[2:]) < 4 or b.chance(0.5) else 2
    outputs = x.shape[1] if same else b.choice([c for c in CHANNELS if c >= x.shape[1]] or [x.shape[1]])
    b.scope = f"block{b.count}/"
    y = branch(b, x, outputs, stride)
    if b.chance(0.15):
        y = gate(b, y)
    if b.chance(0.1):
        y = b.add("Mul", [y, np.float32(0.5)])
    z = shortcut(b, x, y)
    total = b.add("Add", [y, z] if b.chance(0.5) else [z, y])
    sums = next(node.output[0] for node in reversed(b.nodes) if node.op_type == "Add")  # without the scaling that may follow
    b.blocks.append((b.scope.rstrip("/"), sums, z.name))
    return activation(b, total) if branch is not preactivation_branch else total


@structure(2)
def widened(b):
    """Channels of zeros beside other readers of the same value: PyramidNet's shortcuts, BlazeFace's."""
    x = activation(b, conv_norm(b, b.image(lambda v: min(v.shape[2:]) >= 2), b.choice((16, 16, 32))))
    outputs = x.shape[1] + b.choice((2, 4, 8, 16))
    y = conv_norm(b, x, x.shape[1], group=b.choice((1, x.shape[1])))
    z = zero_padded(b, x, outputs)
    if b.chance(0.3):
        return b.add("Relu", [z])
    return activation(b, b.add("Add", [conv_norm(b, y, outputs, kernel=b.choice((1, 1, 3))), z]))


@structure(2)
def nested_blocks(b):
    """A shortcut around two blocks, each with a shortcut of its own."""
    x = b.image(lambda v: v.shape[1] <= 32)
    y = x
    for _ in range(2):
        y = b.add("Add", [y, basic_branch(b, y, y.shape[1], 1)])
        if b.chance(0.5):
            y = b.add("Relu", [y])
    return activation(b, b.add("Add", [x, conv_norm(b, y, x.shape[1], kernel=b.choice((1, 3)))]))


@structure(1.5)
def dense_block(b):
    x = b.image(lambda v: v.shape[1] <= 40)
    growth = b.choice((3, 8, 12, 16))
    for _ in range(b.integer(2, 3)):
        y = conv(b, activation(b, norm(b, x)), growth)
        x = b.add("Concat", [x, y] if b.chance(0.8) else [y, x], axis=1)
    return x


@structure(1.5)
def inception(b):
    x = b.image()
    ways = [conv_norm(b, x, b.choice((4, 8, 16)), kernel=1) for _ in range(b.integer(1, 3))]
    ways.append(conv_norm(b, activation(b, conv(b, x, 8, kernel=1)), b.choice((8, 16)), kernel=3))
    if b.chance(0.6):
        pooled = b.add(b.choice(("MaxPool", "AveragePool")), [x], kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1])
        ways.append(conv(b, pooled, b.choice((4, 16)), kernel=1) if b.chance(0.7) else pooled)
    return b.add("Concat", [activation(b, y) if b.chance(0.6) else y for y in ways], axis=1)


@structure(1.5)
def gated(b):
    return gate(b, b.image())


@structure(1)
def highway(b):
    x = b.image(lambda v: v.shape[1] <= 32)
    t = b.add("Sigmoid", [conv(b, x, x.shape[1])])
    y = b.add("Mul", [activation(b, conv(b, x, x.shape[1])), t])
    return b.add("Add", [y, b.add("Mul", [x, b.add("Sub", [np.float32(1), t])])])


@structure(1)
def pyramid(b):
    """A deeper level, enlarged and added to this one."""
    x = b.image(lambda v: v.shape[2] % 2 == 0 and v.shape[3] % 2 == 0)
    outputs = b.choice((8, 16, 20))
    deep = activation(b, conv_norm(b, x, outputs, stride=2))
    scales = np.array([1, 1, 2, 2], np.float32)
    if b.opset == 9:
        wide = b.add("Upsample", [deep, scales], mode="nearest")
    elif b.opset == 10:
        wide = b.add("Resize", [deep, scales], mode="nearest")
    else:
        empty = np.zeros(0, np.float32) if b.opset < 13 else None
        coordinates = b.choice((None, "asymmetric"))
        wide = b.add("Resize", [deep, empty, scales], mode=b.choice(("nearest", "linear")), coordinate_transformation_mode=coordinates)
    return b.add("Add", [conv(b, x, outputs, kernel=1), wide])


@structure(1)
def shuffle(b):
    """ShuffleNet's: channels of groups are mixed."""
    x = b.image(lambda v: v.shape[1] % 2 == 0)
    n, c, h, w = x.shape
    y = b.add("Reshape", [x, np.array([n, 2, c // 2, h, w], np.int64)])
    y = b.add("Transpose", [y], perm=[0, 2, 1, 3, 4])
    return b.add("Reshape", [y, np.array([n, c, h, w], np.int64)])


@structure(1.5)
def head(b):
    x = b.image()
    y = b.add("GlobalAveragePool", [x]) if b.chance(0.7) else x
    y = b.add("Flatten", [y]) if b.chance(0.6) else b.add("Reshape", [y, np.array([y.shape[0], -1], np.int64)])
    return b.add("Gemm", [y, b.weights((10, y.shape[1]), y.shape[1] ** -0.5), b.weights((10,), 0.3)], transB=1)


@structure(1)
def padded_chain(b):
    """Layers one behind the other, among them one by one convolutions that pad."""
    x = activation(b, conv_norm(b, b.image(), b.choice((16, 16, 32))))
    y = activation(b, padded_pointwise(b, x))
    return conv_norm(b, y, b.choice((8, 16, 32)), kernel=b.choice((1, 3)))


@structure(0.7)
def split_stem(b):
    """A large kernel over few channels, then a pool: computed depth first."""
    x = b.image(lambda v: v.shape[1] <= 4 and min(v.shape[2:]) >= 8)
    y = activation(b, conv_norm(b, x, 16, kernel=b.choice((3, 7)), stride=b.choice((1, 2))))
    return b.add("MaxPool", [y], kernel_shape=[3, 3], strides=[2, 2], pads=b.choice(([1, 1, 1, 1], [0, 0, 1, 1])))
