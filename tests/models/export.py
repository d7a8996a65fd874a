"""Networks as ONNX files, the way PyTorch's exporters write them.

usage: python export.py NETWORK VARIANT OUT.onnx [small]     e.g. resnet18 script-folded resnet18.onnx

Weights are random but seeded, and batch normalization has the statistics of what it sees, as in a trained network:
activations keep their magnitude from layer to layer, so that an error shows instead of vanishing or overflowing.
"""

import functools
import sys
import warnings

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


def calibrate(model, image):
    """In evaluation mode. Gives batch normalization scales and shifts at random, and the statistics of small random images.

    Variances are then raised a little. With those of the images, a deep random network is chaotic: a disturbance of its input grows up
    to hundredfold (a ResNet-50's seventyfold), and so do rounding errors, until two right results differ by as much as a wrong one. With
    these it fades slowly, as in a trained network, and activations still keep their magnitude.
    """
    import torch

    norms = [module for module in model.modules() if isinstance(module, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d))]
    for norm in norms:
        torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
        torch.nn.init.uniform_(norm.bias, -0.3, 0.3)
        norm.momentum = None  # averages over the batches
    if norms:
        model.train()
        with torch.no_grad():
            for _ in range(2):
                model(torch.randn(4, *image))
    for norm in norms:
        norm.momentum = 0.1
        norm.running_var *= 1.5
    return model.eval()


def image_shape(name, small):
    from networks import DEFINITIONS

    channels, *edges = DEFINITIONS[name].image
    return (channels, *[DEFINITIONS[name].small or edge for edge in edges]) if small else (channels, *edges)


@functools.lru_cache(maxsize=1)
def network(name):
    """The network in evaluation mode, calibrated."""
    from networks import DEFINITIONS

    seed()
    return calibrate(DEFINITIONS[name].build(models()), image_shape(name, small=True))


def export_module(model, example, variant, path):
    """A module in evaluation mode, as that exporter writes it."""
    import torch

    count = len(outputs) if isinstance(outputs := model(example), tuple) else 1
    names = {"input_names": ["input"], "output_names": ["output"] if count == 1 else [f"output{k}" for k in range(count)]}
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


def export(name, variant, path, small=False):
    """`small`: for images of the size that quick tests use."""
    import torch

    export_module(network(name), torch.randn(1, *image_shape(name, small)), variant, path)


if __name__ == "__main__":
    from networks import DEFINITIONS

    small = sys.argv[4:] == ["small"]
    if len(sys.argv) != 4 + small or sys.argv[1] not in DEFINITIONS or sys.argv[2] not in VARIANTS:
        sys.exit(__doc__ + "\nnetworks: " + " ".join(DEFINITIONS) + "\nvariants: " + " ".join(VARIANTS))
    export(*sys.argv[1:4], small)
