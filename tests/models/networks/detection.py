"""Detectors up to but without the suppression of overlapping boxes: FPN (Lin et al. 2016), RetinaNet (Lin et al. 2017), SSD (Liu et al. 2015)."""

from torch import nn


class PyramidNetwork(nn.Module):
    """ResNet-50 with a feature pyramid: strides 4 to 64."""

    def __init__(self, models):
        super().__init__()
        from torchvision.models.detection.backbone_utils import _resnet_fpn_extractor

        self.body = _resnet_fpn_extractor(models.resnet50(weights=None), 5)

    def forward(self, x):
        return tuple(self.body(x).values())


class RetinaNet(nn.Module):
    """Scores and boxes of all anchors, of all levels."""

    def __init__(self, models, classes=20):
        super().__init__()
        from torchvision.models.detection.backbone_utils import _resnet_fpn_extractor
        from torchvision.models.detection.retinanet import RetinaNetHead
        from torchvision.ops.feature_pyramid_network import LastLevelP6P7

        body = models.resnet50(weights=None)
        self.body = _resnet_fpn_extractor(body, 5, returned_layers=[2, 3, 4], extra_blocks=LastLevelP6P7(256, 256))
        self.head = RetinaNetHead(256, 9, classes)

    def forward(self, x):
        outputs = self.head(list(self.body(x).values()))
        return outputs["cls_logits"].sigmoid(), outputs["bbox_regression"]


class SSD300(nn.Module):
    """VGG-16 with its six levels; the first is normalised along its channels. `narrow`: with an eighth of most of the channels."""

    VGG16 = (64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M")
    NARROW = (8, 8, "M", 16, 16, "M", 32, 32, 32, "M", 64, 64, 512, "M", 64, 64, 512, "M")

    def __init__(self, models, classes=21, narrow=False):
        super().__init__()
        from torchvision.models.detection.ssd import SSDHead, _vgg_extractor

        layers = models.vgg.make_layers(self.NARROW if narrow else self.VGG16)
        self.body = _vgg_extractor(models.VGG(layers), False, 5)
        self.head = SSDHead([512, 1024, 512, 256, 256, 256], [4, 6, 6, 6, 4, 4], classes)

    def forward(self, x):
        outputs = self.head(list(self.body(x).values()))
        return outputs["cls_logits"].softmax(-1), outputs["bbox_regression"]
