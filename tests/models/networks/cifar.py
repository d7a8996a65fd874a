"""Networks for 32x32 images: ResNet (He et al. 2015), with both kinds of shortcut; pre-activation ResNet (He et al. 2016); DenseNet-BC
(Huang et al. 2017). `width` scales the channels, for very deep ones in a test that always runs."""

import torch
import torch.nn.functional as F
from torch import nn


def conv3x3(inputs, outputs, stride=1):
    return nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)


class SlicedShortcut(nn.Module):
    """Option A: every second pixel, and zeros for the channels that are new, half of them before and half behind."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.before = (outputs - inputs) // 2
        self.behind = outputs - inputs - self.before

    def forward(self, x):
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.before, self.behind))


class PooledShortcut(nn.Module):
    """Option A as some write it: pooled, with zeros concatenated behind."""

    def __init__(self, inputs, outputs):
        super().__init__()
        assert outputs == 2 * inputs

    def forward(self, x):
        x = F.avg_pool2d(x, 1, 2)
        return torch.cat((x, torch.zeros_like(x)), 1)


class ProjectedShortcut(nn.Sequential):
    """Option B."""

    def __init__(self, inputs, outputs):
        super().__init__(nn.Conv2d(inputs, outputs, 1, 2, bias=False), nn.BatchNorm2d(outputs))


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, shortcut):
        super().__init__()
        widens = inputs != outputs
        self.conv1, self.bn1 = conv3x3(inputs, outputs, 2 if widens else 1), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = conv3x3(outputs, outputs), nn.BatchNorm2d(outputs)
        self.shortcut = shortcut(inputs, outputs) if widens else nn.Identity()

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.shortcut(x))


class CifarResNet(nn.Module):
    """6 n + 2 layers."""

    def __init__(self, layers, shortcut=SlicedShortcut, width=16):
        super().__init__()
        assert layers % 6 == 2
        self.stem = nn.Sequential(conv3x3(3, width), nn.BatchNorm2d(width), nn.ReLU())
        blocks, inputs = [], width
        for outputs in (width, 2 * width, 4 * width):
            for _ in range((layers - 2) // 6):
                blocks.append(BasicBlock(inputs, outputs, shortcut))
                inputs = outputs
        self.blocks, self.fc = nn.Sequential(*blocks), nn.Linear(inputs, 10)

    def forward(self, x):
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(self.blocks(self.stem(x)), 1), 1))


class PreactivationBlock(nn.Module):
    """Two 3x3 convolutions, or a bottleneck of three, each behind its own batchnorm and ReLU. The shortcut of a block that changes shape branches
    off behind the first of these."""

    def __init__(self, inputs, outputs, stride, bottleneck):
        super().__init__()
        middle = outputs // 4 if bottleneck else outputs
        if bottleneck:
            convs = [nn.Conv2d(inputs, middle, 1, bias=False), conv3x3(middle, middle, stride), nn.Conv2d(middle, outputs, 1, bias=False)]
        else:
            convs = [conv3x3(inputs, outputs, stride), conv3x3(outputs, outputs)]
        self.convs = nn.ModuleList(convs)
        self.norms = nn.ModuleList(nn.BatchNorm2d(conv.in_channels) for conv in convs)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if inputs != outputs else None

    def forward(self, x):
        y = F.relu(self.norms[0](x))
        shortcut = self.shortcut(y) if self.shortcut is not None else x
        y = self.convs[0](y)
        for norm, conv in zip(self.norms[1:], self.convs[1:]):
            y = conv(F.relu(norm(y)))
        return y + shortcut


class PreactivationResNet(nn.Module):
    """6 n + 2 layers, or 9 n + 2 in bottlenecks."""

    def __init__(self, layers, bottleneck, width=16):
        super().__init__()
        per_stage, rest = divmod(layers - 2, 9 if bottleneck else 6)
        assert rest == 0
        self.stem = conv3x3(3, width)
        blocks, inputs = [], width
        for stage in range(3):
            outputs = (width << stage) * (4 if bottleneck else 1)
            for block in range(per_stage):
                blocks.append(PreactivationBlock(inputs, outputs, 2 if stage and not block else 1, bottleneck))
                inputs = outputs
        self.blocks, self.norm, self.fc = nn.Sequential(*blocks), nn.BatchNorm2d(inputs), nn.Linear(inputs, 10)

    def forward(self, x):
        x = F.relu(self.norm(self.blocks(self.stem(x))))
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


class DenseLayer(nn.Module):
    def __init__(self, inputs, growth):
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(inputs), nn.Conv2d(inputs, 4 * growth, 1, bias=False)
        self.norm2, self.conv2 = nn.BatchNorm2d(4 * growth), conv3x3(4 * growth, growth)

    def forward(self, x):
        y = self.conv1(F.relu(self.norm1(x)))
        return torch.cat((x, self.conv2(F.relu(self.norm2(y)))), 1)


class DenseNetBC(nn.Module):
    """Three blocks, compression by half between them."""

    def __init__(self, layers, growth):
        super().__init__()
        channels = 2 * growth
        parts = [conv3x3(3, channels)]
        for block in range(3):
            for _ in range((layers - 4) // 6):
                parts.append(DenseLayer(channels, growth))
                channels += growth
            parts += [nn.BatchNorm2d(channels), nn.ReLU()]
            if block < 2:
                parts += [nn.Conv2d(channels, channels // 2, 1, bias=False), nn.AvgPool2d(2)]
                channels //= 2
        self.features, self.fc = nn.Sequential(*parts), nn.Linear(channels, 10)

    def forward(self, x):
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(self.features(x), 1), 1))
