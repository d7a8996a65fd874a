"""Operators with windows, and what else works on images: Conv, pools, BatchNormalization, LRN, Pad, Resize, Upsample."""

import math

import numpy as np

from .builder import MOST_ELEMENTS, MOST_PRODUCTS, Unfit, operator

CHANNELS = (1, 2, 3, 5, 8, 12, 16, 16, 16, 16, 18, 20, 24, 32, 32, 36, 40, 48)


def window_pads(b, extents):
    """Of all kinds: none, the same size, one-sided, any, more than the window."""
    kind = b.choice(("none", "same", "same", "one-sided", "any", "wide"), (2, 4, 2, 2, 2, 1))
    n = len(extents)
    if kind == "none":
        return [0] * 2 * n
    if kind == "same":
        return [(e - 1) // 2 for e in extents] + [e // 2 for e in extents]
    if kind == "one-sided":
        pads = [b.integer(0, max(1, e - 1)) for e in extents]
        return pads + [0] * n if b.chance(0.5) else [0] * n + pads
    most = [e - 1 if kind == "any" else e + b.choice((1, 1, 1, 9)) for e in extents]
    return [b.integer(0, m) for m in most + most]


def check_fit(x, extents, pads):
    """A window that is larger than the padded image is invalid, though ONNX Runtime computes something where the stride is as large."""
    n = len(extents)
    if any(size + before + after < extent for size, before, after, extent in zip(x.shape[2:], pads, pads[n:], extents)):
        raise Unfit


def kernel_size(b, n):
    if b.chance(0.75):
        return [b.choice((1, 1, 2, 3, 3, 3, 3, 4, 5, 7))] * n
    return [b.choice((1, 1, 2, 3, 5)) for _ in range(n)]


def steps(b, n, most):
    """Strides or dilations: mostly 1, seldom different in the axes."""
    if b.chance(0.6):
        return [1] * n
    return [b.integer(1, most)] * n if b.chance(0.7) else [b.integer(1, most) for _ in range(n)]


def groups_of(b, channels, outputs):
    """(group, output channels)."""
    kind = b.choice(("one", "depthwise", "some"), (6, 2, 2))
    if kind == "depthwise" and channels > 1:
        return channels, channels * b.choice((1, 1, 1, 2))
    divisors = [d for d in range(2, channels) if channels % d == 0]
    if kind == "some" and divisors:
        group = b.choice(divisors)
        return group, group * max(1, outputs // group)
    return 1, outputs


def add_conv(b, x, outputs, kernel, group=1, strides=None, pads=None, dilations=None, bias=None, auto_pad=None):
    channels, n = x.shape[1], x.rank - 2
    inputs = channels // group
    if auto_pad not in ("SAME_UPPER", "SAME_LOWER"):
        extents = [(k - 1) * d + 1 for k, d in zip(kernel, dilations or [1] * n)]
        check_fit(x, extents, pads if pads and auto_pad is None else [0] * 2 * n)
    if math.prod(x.shape) // channels * math.prod(kernel) * inputs * outputs > MOST_PRODUCTS * math.prod(strides or [1]):
        raise Unfit
    bias = b.chance(0.6) if bias is None else bias
    weights = [b.weights((outputs, inputs, *kernel)), b.weights((outputs,), 0.3) if bias else None]
    return b.add(
        "Conv",
        [x, *weights],
        kernel_shape=kernel if b.chance(0.7) else None,
        group=group if group != 1 or b.chance(0.3) else None,
        strides=strides if strides and (set(strides) != {1} or b.chance(0.3)) else None,
        dilations=dilations if dilations and (set(dilations) != {1} or b.chance(0.3)) else None,
        pads=pads if pads and auto_pad is None and (any(pads) or b.chance(0.3)) else None,
        auto_pad=auto_pad,
    )


@operator("Conv", weight=10)
def conv(b):
    x = b.floats(fits=lambda v: v.rank == 4 or (v.rank == 3 and b.chance(0.3)))  # three spatial axes are refused, as documented
    n = x.rank - 2
    group, outputs = groups_of(b, x.shape[1], b.choice(CHANNELS))
    kernel, dilations = kernel_size(b, n), steps(b, n, 3)
    extents = [(k - 1) * d + 1 for k, d in zip(kernel, dilations)]
    auto_pad = b.choice(("SAME_UPPER", "SAME_LOWER", "VALID")) if b.chance(0.08) else None
    return add_conv(b, x, outputs, kernel, group, steps(b, n, 3), window_pads(b, extents), dilations, auto_pad=auto_pad)


@operator("Conv", weight=1)
def padded_pointwise(b, x=None):
    """A 1x1 kernel whose padding makes rows that read nothing else; or a Pad before it does."""
    x = x or b.image()
    pads = [b.integer(0, 2) for _ in range(4)]
    if b.chance(0.4):
        x, pads = add_pad(b, x, [0, 0, *pads[:2], 0, 0, *pads[2:]]), None
    return add_conv(b, x, b.choice((8, 16, 16, 20, 32)), [1, 1], 1, steps(b, 2, 2), pads)


@operator("MaxPool", "AveragePool", weight=1.5)
def pool(b, op):
    x = b.floats(fits=lambda v: v.rank == 4 or (v.rank in (3, 5) and b.chance(0.3)))
    n = x.rank - 2
    kernel = kernel_size(b, n)
    dilated = b.opset >= (10 if op == "MaxPool" else 19) and b.chance(0.2)
    dilations = steps(b, n, 2) if dilated else [1] * n
    extents = [(k - 1) * d + 1 for k, d in zip(kernel, dilations)]
    pads = [min(p, k - 1) for p, k in zip(window_pads(b, extents), kernel + kernel)]
    attributes = {"kernel_shape": kernel, "strides": steps(b, n, 3), "pads": pads, "dilations": dilations if dilated else None}
    if b.opset >= 10 and b.chance(0.3):
        attributes["ceil_mode"] = 1
    if b.chance(0.08) and not dilated:
        attributes.update(auto_pad=b.choice(("SAME_UPPER", "SAME_LOWER", "VALID")), pads=None)
    if attributes.get("auto_pad") not in ("SAME_UPPER", "SAME_LOWER"):
        check_fit(x, extents, attributes["pads"] or [0] * 2 * n)
    if op == "AveragePool":
        return b.add(op, [x], count_include_pad=1 if b.chance(0.4) else None, **attributes)
    if not b.chance(0.15):
        return b.add(op, [x], **attributes)
    return b.add(op, [x], outputs=2, wanted=b.choice(([0, 1], [0, 1], [1])), storage_order=b.choice((None, 1)), **attributes)


@operator("GlobalAveragePool", "GlobalMaxPool", weight=0.5)
def global_pool(b, op):
    return b.add(op, [b.floats(fits=lambda v: v.rank >= 3)])


def batchnorm_parameters(b, channels):
    return [
        b.weights((channels,), 0.3) + 1,
        b.weights((channels,), 0.3),
        b.weights((channels,), 0.3),
        (b.rng.random(channels) + 0.5).astype(np.float32),
    ]


def add_batchnorm(b, x):
    epsilon = b.choice((None, 1e-5, 1e-3))
    return b.add("BatchNormalization", [x, *batchnorm_parameters(b, x.shape[1])], epsilon=epsilon, momentum=b.choice((None, 0.9)))


@operator("BatchNormalization", weight=3)
def batchnorm(b):
    return add_batchnorm(b, b.floats(fits=lambda v: v.rank >= 2))


@operator("LRN", weight=0.4)
def lrn(b):
    alpha, beta, bias = b.choice((None, 1e-2)), b.choice((None, 0.5)), b.choice((None, 2.0))
    return b.add("LRN", [b.image()], size=b.choice((1, 3, 5)), alpha=alpha, beta=beta, bias=bias)


def add_pad(b, x, pads, mode=None, value=None):
    if b.opset < 11:
        return b.add("Pad", [x], pads=pads, mode=mode, value=value)
    constant = None if value is None else np.asarray(value, x.array.dtype)
    return b.add("Pad", [x, np.array(pads, np.int64), constant], mode=mode)


def cropped_to_a_pixel(b, x):
    row, column = (b.integer(0, size - 1) for size in x.shape[2:])
    return [0, 0, -row, -column, 0, 0, row + 1 - x.shape[2], column + 1 - x.shape[3]]


@operator("Pad", weight=2.5)
def pad(b):
    x = b.floats(fits=lambda v: v.rank >= 1)
    mode = b.choice(("constant", "edge", "reflect", "wrap"), (5, 1, 1, 1 if b.opset >= 19 else 0))
    pads = [0] * 2 * x.rank
    if x.rank == 4 and b.chance(0.1):
        return add_pad(b, x, cropped_to_a_pixel(b, x))
    axes = [k for k in range(x.rank) if b.chance(0.6 if k >= 2 else 0.25)] or [x.rank - 1]
    for k in axes:
        size = x.shape[k]
        most = 3 if mode == "constant" else min(3, size - 1) if mode == "reflect" else min(3, size)
        least = -min(2, size - 1) if mode == "constant" and b.chance(0.25) else 0
        pads[k] = b.integer(least, most)
        pads[k + x.rank] = b.integer(least if pads[k] >= 0 else 0, most)
    value = b.choice((None, 0.0, 0.5)) if mode == "constant" else None
    return add_pad(b, x, pads, None if mode == "constant" and b.chance(0.5) else mode, value)


MODES = ("nearest", "linear", "cubic")


def resized_shape(b, x, axes):
    """By scales (floats whose product with the size need be no integer), or to sizes."""
    if b.chance(0.5):
        scales = [b.choice((0.5, 0.6, 0.7, 1.0, 1.3, 1.5, 2.0, 2.0, 2.0, 3.0, 2.3)) for _ in axes]
        return np.array([min(s, 40 / x.shape[k]) if s > 1 else s for s, k in zip(scales, axes)], np.float32), None
    return None, np.array([b.choice((1, x.shape[k], 2 * x.shape[k], b.integer(1, 2 * x.shape[k]))) for k in axes], np.int64)


def add_resize_10(b, x):
    scales, sizes = resized_shape(b, x, [2, 3])
    if scales is None:
        raise Unfit
    if (scales < 1).any() and (scales > 1).any():
        raise Unfit  # opset 10 leaves open what growing one axis and shrinking another is; refused, and said so
    return b.add("Resize", [x, np.concatenate([np.ones(2, np.float32), scales])], mode=b.choice(("nearest", "linear")))


@operator("Resize", weight=4)
def resize(b):
    if b.opset < 10:
        raise Unfit
    x = b.image(lambda v: v.array.size < MOST_ELEMENTS / 4)
    if b.opset == 10:
        return add_resize_10(b, x)
    mode = b.choice(MODES)
    coordinates = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize"]
    coordinates += ["half_pixel_symmetric"] if b.opset >= 19 else []
    coordinate = b.choice(coordinates)
    attributes = {"mode": mode, "coordinate_transformation_mode": coordinate}
    if mode == "nearest":
        attributes["nearest_mode"] = b.choice((None, "round_prefer_floor", "round_prefer_ceil", "floor", "ceil"))
    if mode == "cubic":
        attributes["cubic_coeff_a"] = b.choice((None, -0.5))
        attributes["exclude_outside"] = b.choice((None, 1)) if coordinate != "tf_crop_and_resize" else None
    scales, sizes = resized_shape(b, x, [2, 3])
    roi = None
    if coordinate == "tf_crop_and_resize":
        low, high = b.number(-0.1, 0.4), b.number(0.6, 1.1)
        roi = np.array([0, 0, low, 0, 1, 1, high, 1], np.float32)
        attributes["extrapolation_value"] = b.choice((None, 0.5))
    if scales is not None:
        scales = np.concatenate([np.ones(2, np.float32), scales])
    else:
        sizes = np.concatenate([np.array(x.shape[:2], np.int64), sizes])
    if b.opset >= 18 and b.chance(0.3) and roi is None:
        attributes["axes"] = [2, 3]
        scales, sizes = (None if a is None else a[2:] for a in (scales, sizes))
    if b.opset >= 18 and mode != "nearest" and b.chance(0.2):
        attributes["antialias"] = 1
    empty = np.zeros(0, np.float32)
    if b.opset < 13:  # roi and scales were no optional inputs
        roi = empty if roi is None else roi
        scales = empty if scales is None else scales
    return b.add("Resize", [x, roi, scales, sizes], **attributes)


@operator("Upsample", weight=2)
def upsample(b):
    if b.opset != 9:
        raise Unfit
    x = b.image(lambda v: v.array.size < MOST_ELEMENTS / 4)
    scales = np.array([1, 1, b.choice((1, 1.5, 2, 3)), b.choice((1, 2, 2.5))], np.float32)
    return b.add("Upsample", [x, scales], mode=b.choice(("nearest", "linear")))
