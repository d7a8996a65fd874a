"""IResNet (Duta et al. 2020) as ArcFace (Deng et al. 2018) uses it: a face becomes a point on a sphere."""

import torch
import torch.nn.functional as F
from torch import nn


class IBasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.BatchNorm2d(inputs),
            nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.PReLU(outputs),
            nn.Conv2d(outputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = nn.Sequential()
        if stride == 2:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        return self.body(x) + self.shortcut(x)


class IResNet(nn.Module):
    """`size`: of the images, a multiple of 16."""

    def __init__(self, blocks=(3, 4, 14, 3), size=112, features=512):
        super().__init__()
        parts = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.PReLU(64)]
        channels = 64
        for stage, count in enumerate(blocks):
            for block in range(count):
                parts.append(IBasicBlock(channels, 64 << stage, 1 if block else 2))
                channels = 64 << stage
        self.features = nn.Sequential(*parts)
        self.bn2, self.dropout = nn.BatchNorm2d(channels), nn.Dropout(0.4)
        self.fc, self.norm = nn.Linear(channels * (size // 16) ** 2, features), nn.BatchNorm1d(features)
        with torch.no_grad():  # slopes as training leaves them: each channel its own, some negative
            for module in self.modules():
                if isinstance(module, nn.PReLU):
                    module.weight.uniform_(-0.2, 0.5)

    def forward(self, x):
        x = self.dropout(self.bn2(self.features(x)))
        return F.normalize(self.norm(self.fc(torch.flatten(x, 1))))
