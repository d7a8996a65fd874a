"""torchvision's networks as ONNX files, the way PyTorch's exporters write them.

usage: python export.py NETWORK VARIANT OUT.onnx     e.g. resnet18 script-folded resnet18.onnx

Weights are random but seeded, and batch normalization has the statistics of what it sees, as in a trained network:
activations keep their magnitude from layer to layer, so that an error shows instead of vanishing or overflowing.
"""

import functools
import sys
import warnings

NETWORKS = (
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "resnext50_32x4d",
    "wide_resnet50_2",
    "vgg16_bn",
    "alexnet",
)
VARIANTS = ("script-folded", "script-unfolded", "dynamo")


def import_models():
    """torchvision.models without torchvision's compiled operators: only the schemas that its import asks for."""
    import torch

    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision.models

    import_models.library = library  # its definitions last as long as it does
    return torchvision.models


@functools.lru_cache(maxsize=1)
def models():
    return import_models()


def seed():
    import torch

    torch.manual_seed(1)


@functools.lru_cache(maxsize=1)
def network(name):
    """The network in evaluation mode, calibrated on small random images."""
    seed()
    return calibrated(getattr(models(), name)(weights=None))


def calibrated(model):
    """In evaluation mode, its batch normalization with random parameters and the statistics of small random images."""
    import torch

    norms = [module for module in model.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
        torch.nn.init.uniform_(norm.bias, -0.3, 0.3)
    if norms:
        model.train()
        for norm in norms:
            norm.momentum = None  # averages over the batches
        with torch.no_grad():
            for _ in range(2):
                model(torch.randn(4, 3, 96, 96))
        for norm in norms:
            norm.momentum = 0.1
    return model.eval()


def export_module(model, example, variant, path):
    """A module in evaluation mode, as that exporter writes it."""
    import torch

    names = {"input_names": ["input"], "output_names": ["output"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if variant == "script-folded":  # evaluation mode: the exporter folds batch normalization
            torch.onnx.export(model, (example,), path, dynamo=False, do_constant_folding=True, opset_version=13, **names)
        elif variant == "script-unfolded":  # as in training: batch normalization stays, weights are inputs too
            torch.onnx.export(
                model,
                (example,),
                path,
                dynamo=False,
                do_constant_folding=False,
                training=torch.onnx.TrainingMode.PRESERVE,
                keep_initializers_as_inputs=True,
                opset_version=17,
                **names,
            )
        else:  # weights in an external data file beside the model
            torch.onnx.export(model, (example,), path, dynamo=True, verbose=False, external_data=True, **names)


def export(name, variant, path):
    import torch

    export_module(network(name), torch.randn(1, 3, 224, 224), variant, path)


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in NETWORKS or sys.argv[2] not in VARIANTS:
        sys.exit(__doc__ + "\nnetworks: " + " ".join(NETWORKS) + "\nvariants: " + " ".join(VARIANTS))
    export(*sys.argv[1:])
