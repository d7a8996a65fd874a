"""The networks that are measured, what their times are held against, and their models.

usage: python rows.py NETWORK BATCH HEIGHTxWIDTH OUT.onnx
"""

import dataclasses
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/models")]

SAMPLE = "resnet8"  # the trained network of samples/


@dataclasses.dataclass(frozen=True)
class Row:
    network: str  # as tests/models/export.py makes it
    must: float  # skipc's time over ONNX Runtime's, at most
    goal: float | None = None
    size: tuple = (224, 224)
    batch: int = 1
    beats_openvino: bool = False  # whether that is part of `must`

    @property
    def title(self):
        plain = self.batch == 1 and self.size == NAMES[self.network].size
        return self.network if plain else f"{self.network} {self.batch}x{self.size[0]}x{self.size[1]}"


CIFAR = (32, 32)

CLASSIC = [
    Row("resnet18", 0.60, 0.46), Row("resnet34", 0.52, 0.40), Row("resnet50", 0.88, 0.73), Row("resnet101", 0.80, 0.64),
    Row("resnet152", 0.80, 0.64), Row("wide_resnet50_2", 0.75, 0.60), Row("resnext50_32x4d", 1.00, 0.85), Row("vgg16_bn", 0.50, 0.35),
    Row("alexnet", 0.90, 0.70), Row(SAMPLE, 0.50, 0.35, CIFAR),
]
CLASSIC = [dataclasses.replace(row, beats_openvino=True) for row in CLASSIC]

FAMILIES = [
    Row("densenet121", 0.87, 0.68), Row("resnet110_cifar", 0.55, 0.35, CIFAR), Row("densenet100_bc_cifar", 0.60, 0.45, CIFAR),
    Row("highway19_subtracted", 0.60, 0.40, CIFAR), Row("preresnet164_cifar", 0.75, 0.55, CIFAR), Row("preresnet1001_cifar", 0.70, 0.50, CIFAR),
    Row("googlenet", 0.85, 0.65), Row("inception_v3", 0.85, size=(299, 299)), Row("mobilenet_v2", 0.85, 0.65),
]
OTHERS_MUST = 1.00
TORCHVISION = ("densenet161", "densenet169", "densenet201", "squeezenet1_0", "squeezenet1_1", "shufflenet_v2_x1_0", "mobilenet_v3_small",
               "regnet_x_400mf", "regnet_y_400mf", "efficientnet_b0")


def other_families():
    """Every network that the tests define and no row above names; torchvision's where they define none."""
    named = {row.network for row in CLASSIC + FAMILIES}
    try:
        from networks import DEFINITIONS
    except ImportError:
        return [Row(name, OTHERS_MUST) for name in TORCHVISION]
    return [Row(name, OTHERS_MUST, size=definition.image[1:]) for name, definition in DEFINITIONS.items() if name not in named]


TABLES = {"classic": CLASSIC, "families": FAMILIES + other_families()}
NAMES = {row.network: row for rows in TABLES.values() for row in rows}


def at(row, batch, size):
    """The row with another batch or size of images; None where the network has no such size."""
    if size and row.size != (224, 224):
        return None
    return dataclasses.replace(row, batch=batch or row.batch, size=size or row.size)


class NotDefined(Exception):
    """The tests know no such network (yet)."""


def save_sample(batch, path):
    import harness
    import onnx

    model = onnx.load(harness.SAMPLE)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = batch
    onnx.save(model, path)


def channels_of(name):
    from networks import DEFINITIONS

    return DEFINITIONS[name].image[0] if name in DEFINITIONS else 3


def write_model(name, batch, size, path):
    if name == SAMPLE:
        save_sample(batch, path)
        return
    import warnings

    import torch
    from export import network

    try:
        model = network(name)
    except (AttributeError, KeyError) as missing:
        raise NotDefined(name) from missing
    example = torch.randn(batch, channels_of(name), *size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model, (example,), path, dynamo=False, do_constant_folding=True, opset_version=17, input_names=["input"])


if __name__ == "__main__":
    name, batch, size, path = sys.argv[1:]
    try:
        write_model(name, int(batch), tuple(map(int, size.split("x"))), path)
    except NotDefined:
        sys.exit(f"no definition of {name}")
