"""ResNets with channel attention and with the deeper stems and pooled shortcuts of ResNet-D and ResNet-RS: SE (Hu et al. 2017), ECA (Wang et
al. 2019), ResNet-D (He et al. 2018), ResNet-RS (Bello et al. 2021)."""

import torch
import torch.nn.functional as F
from torch import nn


def conv_norm(inputs, outputs, size=1, stride=1, groups=1):
    return nn.Sequential(nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False), nn.BatchNorm2d(outputs))


class SqueezeExcitation(nn.Module):
    """With 1x1 convolutions, or with fully connected layers as the first implementations had it."""

    def __init__(self, channels, dense=False):
        super().__init__()
        self.dense = dense
        layer = nn.Linear if dense else (lambda inputs, outputs: nn.Conv2d(inputs, outputs, 1))
        self.down, self.up = layer(channels, channels // 16), layer(channels // 16, channels)

    def forward(self, x):
        squeezed = F.adaptive_avg_pool2d(x, 1)
        if self.dense:
            squeezed = squeezed.flatten(1)
        gate = torch.sigmoid(self.up(F.relu(self.down(squeezed))))
        return x * (gate[:, :, None, None] if self.dense else gate)


class DenseSqueezeExcitation(SqueezeExcitation):
    def __init__(self, channels):
        super().__init__(channels, dense=True)


class EfficientChannelAttention(nn.Module):
    """A one-dimensional convolution along the channels."""

    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv1d(1, 1, 3, padding=1, bias=False)

    def forward(self, x):
        squeezed = x.mean((2, 3)).unsqueeze(1)
        return x * torch.sigmoid(self.conv(squeezed)).transpose(1, 2).unsqueeze(-1)


class Bottleneck(nn.Module):
    def __init__(self, inputs, middle, stride, groups, attention, pooled):
        super().__init__()
        outputs = 256 * (middle // groups if groups == 1 else middle // 2) // 64
        self.body = nn.Sequential(
            conv_norm(inputs, middle), nn.ReLU(), conv_norm(middle, middle, 3, stride, groups), nn.ReLU(), conv_norm(middle, outputs)
        )
        self.attention = attention(outputs)
        shortcut = []
        if pooled and stride == 2:  # ResNet-D: all pixels count
            shortcut.append(nn.AvgPool2d(2, 2, ceil_mode=True, count_include_pad=False))
        if stride == 2 or inputs != outputs:
            shortcut.append(conv_norm(inputs, outputs, 1, 1 if pooled else stride))
        self.shortcut = nn.Sequential(*shortcut)
        self.outputs = outputs

    def forward(self, x):
        return F.relu(self.attention(self.body(x)) + self.shortcut(x))


class AttentionResNet(nn.Module):
    def __init__(self, attention=lambda channels: nn.Identity(), blocks=(3, 4, 6, 3), groups=1, stem="plain", pooled=False):
        super().__init__()
        if stem == "plain":
            parts = [conv_norm(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
        else:
            parts = [conv_norm(3, 32, 3, 2), nn.ReLU(), conv_norm(32, 32, 3), nn.ReLU(), conv_norm(32, 64, 3), nn.ReLU()]
            # ResNet-RS has a strided convolution in the place of the pooling.
            parts += [conv_norm(64, 64, 3, 2), nn.ReLU()] if stem == "rs" else [nn.MaxPool2d(3, 2, 1)]
        channels = 64
        for stage, count in enumerate(blocks):
            for block in range(count):
                middle = (64 if groups == 1 else 128) << stage
                parts.append(Bottleneck(channels, middle, 2 if stage and not block else 1, groups, attention, pooled))
                channels = parts[-1].outputs
        self.features, self.fc = nn.Sequential(*parts), nn.Linear(channels, 1000)

    def forward(self, x):
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(self.features(x), 1), 1))
