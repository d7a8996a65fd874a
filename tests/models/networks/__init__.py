"""The networks that the tests and benchmarks know by name, and how to make each.

torchvision's go by its names. Of the others every one is a definition in this folder.
"""

from dataclasses import dataclass
from typing import Callable

from . import attention, cifar, detection, faces, highway, inception, segmentation


@dataclass(frozen=True)
class Definition:
    build: Callable  # of torchvision.models
    image: tuple = (3, 224, 224)  # as it is meant to be used
    small: int = 0  # edge of the images of quick tests; 0: as it is


def torchvision(name, image=(3, 224, 224), small=64, **options):
    return Definition(lambda models: getattr(models, name)(weights=None, **options), image, small)


def of_cifar(build):
    return Definition(lambda models: build(), (3, 32, 32))


def resnet(layers, shortcut=cifar.SlicedShortcut, width=16):
    return of_cifar(lambda: cifar.CifarResNet(layers, shortcut, width))


def preactivation(layers, bottleneck, width=16):
    return of_cifar(lambda: cifar.PreactivationResNet(layers, bottleneck, width))


def attention_resnet(small=64, **options):
    return Definition(lambda models: attention.AttentionResNet(**options), small=small)


def dense_highway(blend):
    return Definition(lambda models: highway.DenseHighway(blend), (1, 28, 28))


PLAIN = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50_32x4d", "wide_resnet50_2", "vgg16_bn", "alexnet")

SHALLOW = (1, 1, 1, 1)  # blocks of each stage, for quick tests

DEFINITIONS = {
    **{name: torchvision(name) for name in PLAIN},
    "resnet20_cifar": resnet(20),
    "resnet20_cifar_pooled": resnet(20, cifar.PooledShortcut),
    "resnet20_cifar_b": resnet(20, cifar.ProjectedShortcut),
    "resnet32_cifar": resnet(32),
    "resnet44_cifar": resnet(44),
    "resnet44_cifar_pooled": resnet(44, cifar.PooledShortcut),
    "resnet56_cifar": resnet(56),
    "resnet56_cifar_b": resnet(56, cifar.ProjectedShortcut),
    "resnet110_cifar": resnet(110),
    "resnet1202_cifar": resnet(1202),
    "preresnet110_cifar": preactivation(110, False),
    "preresnet164_cifar": preactivation(164, True),
    "preresnet29_cifar": preactivation(29, True),
    "preresnet1001_cifar": preactivation(1001, True),
    "densenet100_bc_cifar": of_cifar(lambda: cifar.DenseNetBC(100, 12)),
    "highway19_subtracted": of_cifar(lambda: highway.ConvHighway(highway.subtracted)),
    "highway19_negated": of_cifar(lambda: highway.ConvHighway(highway.negated)),
    "highway19_rewritten": of_cifar(lambda: highway.ConvHighway(highway.rewritten)),
    "highway_dense_subtracted": dense_highway(highway.subtracted),
    "highway_dense_negated": dense_highway(highway.negated),
    "highway_dense_rewritten": dense_highway(highway.rewritten),
    "seresnet50": attention_resnet(attention=attention.SqueezeExcitation),
    "seresnet50_dense": attention_resnet(attention=attention.DenseSqueezeExcitation),
    "seresnet14_dense": attention_resnet(attention=attention.DenseSqueezeExcitation, blocks=SHALLOW),
    "ecaresnet14": attention_resnet(attention=attention.EfficientChannelAttention, blocks=SHALLOW),
    "resnet14_d": attention_resnet(stem="deep", pooled=True, blocks=SHALLOW),
    "resnet14_rs": attention_resnet(attention=attention.SqueezeExcitation, stem="rs", pooled=True, blocks=SHALLOW),
    "seresnext50_32x4d": attention_resnet(attention=attention.SqueezeExcitation, groups=32),
    "ecaresnet50": attention_resnet(attention=attention.EfficientChannelAttention),
    "resnet50_d": attention_resnet(stem="deep", pooled=True),
    "resnet50_rs": attention_resnet(attention=attention.SqueezeExcitation, stem="rs", pooled=True),
    "iresnet18_small": Definition(lambda models: faces.IResNet((2, 2, 2, 2), size=48, features=128), (3, 48, 48)),
    "iresnet50": Definition(lambda models: faces.IResNet(), (3, 112, 112)),
    "resnet50_fpn": Definition(detection.PyramidNetwork, small=64),
    "retinanet_resnet50": Definition(detection.RetinaNet, small=64),
    "ssd300_vgg16": Definition(detection.SSD300, (3, 300, 300)),
    "ssd300_narrow": Definition(lambda models: detection.SSD300(models, narrow=True), (3, 300, 300)),
    "densenet121": torchvision("densenet121"),
    "densenet161": torchvision("densenet161"),
    "densenet169": torchvision("densenet169"),
    "densenet201": torchvision("densenet201"),
    "googlenet": torchvision("googlenet", aux_logits=False, transform_input=True, init_weights=False),
    "googlenet_auxiliary": Definition(inception.AuxiliaryGoogLeNet, (3, 128, 128)),
    "inception_v3": torchvision("inception_v3", (3, 299, 299), 107, aux_logits=False, transform_input=True, init_weights=False),
    "squeezenet1_0": torchvision("squeezenet1_0"),
    "squeezenet1_1": torchvision("squeezenet1_1"),
    "shufflenet_v2_x1_0": torchvision("shufflenet_v2_x1_0"),
    "mobilenet_v2": torchvision("mobilenet_v2"),
    "mobilenet_v3_small": torchvision("mobilenet_v3_small"),
    "regnet_x_400mf": torchvision("regnet_x_400mf"),
    "regnet_y_400mf": torchvision("regnet_y_400mf"),
    "efficientnet_b0": torchvision("efficientnet_b0"),
    "fcn_resnet50": Definition(lambda models: segmentation.Segmentation(models.segmentation.fcn_resnet50), small=33),
    "deeplabv3_resnet50": Definition(lambda models: segmentation.Segmentation(models.segmentation.deeplabv3_resnet50), small=33),
}
