"""A random network from a seed."""

import numpy as np

from . import elementwise, movement, sums, windows  # noqa: F401  (fill the table)
from .builder import OPERATORS, Builder, Unfit
from .structures import STRUCTURES
from .windows import batchnorm_parameters

def input_image(b):
    batch = b.choice((1, 2, 3), (6, 2, 1))
    channels = b.choice((1, 2, 3, 3, 4, 16, 16, 16, 17, 20, 32))
    height = b.integer(1, 17)
    width = height if b.chance(0.5) else b.integer(1, 19)
    return b.input(b.rng.standard_normal((batch, channels, height, width)).astype(np.float32))


def more_inputs(b, first):
    """Another image, a gate, a sequence, integers, booleans."""
    n, c, h, w = first.shape
    kind = b.choice(("image", "gate", "sequence", "integers", "integers", "booleans", "matrix"))
    if kind == "integers":
        shape = b.choice(((5,), (n, 4), (n, c, h, w)))
        b.input(b.rng.integers(-3, 4, shape))
    elif kind == "booleans":
        b.input(b.rng.random(b.choice(((n, c, h, w), (w,), (n, 1, h, w)))) < 0.5)
    else:
        shapes = {"image": (n, c, h, w), "gate": b.choice(((n, c, 1, 1), (1, c, 1, 1), (h, w))), "sequence": (b.integer(1, 6), 2, 8)}
        b.input(b.rng.standard_normal(shapes.get(kind, (3, 16))).astype(np.float32))


def grow(b, parts, rows):
    """Adds `parts` operators or structures; what turns out unfit is drawn again."""
    added = attempts = 0
    while added < parts and attempts < 20 * parts:
        attempts += 1
        if b.chance(0.35):
            add = b.choice([f for f, _ in STRUCTURES], [w for _, w in STRUCTURES])
        else:
            add = b.choice([row.add for row in rows], [row.weight for row in rows])
        try:
            with b.trial():
                add(b)
            added += 1
        except Unfit:
            continue


def training_batchnorm(b):
    """By the rules of opsets 7 to 13 its five outputs mean training mode, wanted or not; since 14 an attribute does."""
    x = b.image()
    attributes = {"outputs": 3, "wanted": [0, 1, 2], "training_mode": 1} if b.opset >= 14 else {"outputs": 5}
    results = b.add("BatchNormalization", [x, *batchnorm_parameters(b, x.shape[1])], keep=False, **attributes)
    b.values.extend(results if b.chance(0.3) else results[:1])


def outputs_of(b):
    """The last value, some that nobody reads (the others' branches are dead), and seldom one inside, or an input that is passed through."""
    read = {name for node in b.nodes for name in node.input}
    given = {v.name for v in b.inputs}
    outputs = [b.pick(lambda v: v.name not in given, recent=0.5)]
    for _ in range(b.choice((0, 1, 2, 3, 4), (2, 3, 3, 2, 1))):
        value = b.pick(lambda v: v.name not in read, recent=4.0) if b.chance(0.7) else b.pick(recent=8.0)
        if all(value is not other for other in outputs):
            outputs.append(value)
    return [outputs[k] for k in b.rng.permutation(len(outputs))]


def network(seed, rows=None):
    """The same network for the same seed. `rows`: of the table of operators, by default all. The table says what skipc takes, whatever the
    compiler under test says: what it refuses of it is a false refusal."""
    b = Builder(seed)
    first = input_image(b)
    for _ in range(b.choice((0, 1, 2), (6, 2, 1))):
        more_inputs(b, first)
    rows = OPERATORS if rows is None else rows
    grow(b, b.choice((1, 3, 5, 9)), rows)
    if b.chance(0.03):
        try:
            training_batchnorm(b)
        except Unfit:
            pass
    while len(b.values) == len(b.inputs):
        grow(b, 1, rows)
    return b.case(outputs_of(b))
