"""Highway networks (Srivastava, Greff, Schmidhuber 2015): y = H(x) T(x) + x (1 - T(x)), in the forms in which the gate is written."""

import torch
from torch import nn


def subtracted(h, t, x):
    return h * t + x * (1.0 - t)


def negated(h, t, x):
    return h * t + x * (-t + 1.0)


def rewritten(h, t, x):
    return x + t * (h - x)


class HighwayLayer(nn.Module):
    def __init__(self, transform, gate, blend):
        super().__init__()
        self.transform, self.gate, self.blend = transform, gate, blend
        nn.init.constant_(gate.bias, -2.0)  # as the paper does: layers begin by carrying

    def forward(self, x):
        return self.blend(torch.relu(self.transform(x)), torch.sigmoid(self.gate(x)), x)


class ConvHighway(nn.Module):
    def __init__(self, blend, layers=19, channels=32):
        super().__init__()

        def conv(inputs=channels):
            return nn.Conv2d(inputs, channels, 3, padding=1)

        self.stem = nn.Sequential(conv(3), nn.ReLU())
        self.layers = nn.Sequential(*(HighwayLayer(conv(), conv(), blend) for _ in range(layers)))
        self.fc = nn.Linear(channels, 10)

    def forward(self, x):
        return self.fc(self.layers(self.stem(x)).mean((2, 3)))


class DenseHighway(nn.Module):
    """Fully connected, of 28x28 images, as the paper's first experiments."""

    def __init__(self, blend, layers=48, width=64):
        super().__init__()
        self.stem = nn.Linear(28 * 28, width)
        self.layers = nn.Sequential(*(HighwayLayer(nn.Linear(width, width), nn.Linear(width, width), blend) for _ in range(layers)))
        self.fc = nn.Linear(width, 10)

    def forward(self, x):
        return self.fc(self.layers(torch.relu(self.stem(torch.flatten(x, 1)))))
