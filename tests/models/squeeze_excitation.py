"""SE-ResNets (Hu et al. 2018, arXiv:1709.01507): torchvision's bottlenecks with a gate for each channel before the sum."""

import copy

import torch
from torch import nn

REDUCTION = 16


class Gate(nn.Module):
    """Global mean, two layers, a factor between 0 and 1 for each channel. The layers are Linear, as in the authors' code, or 1x1
    convolutions, as timm has them."""

    def __init__(self, channels, linear):
        super().__init__()
        inner = channels // REDUCTION
        layers = (nn.Linear(channels, inner), nn.Linear(inner, channels)) if linear else (
            nn.Conv2d(channels, inner, 1),
            nn.Conv2d(inner, channels, 1),
        )
        self.reduce, self.expand, self.linear = *layers, linear

    def forward(self, x):
        y = x.mean((2, 3), keepdim=not self.linear)
        gate = torch.sigmoid(self.expand(torch.relu(self.reduce(y))))
        return x * (gate[:, :, None, None] if self.linear else gate)


def with_gates(network, linear):
    """A copy of a torchvision ResNet or ResNeXt with bottlenecks, calibrated before; the gates have seeded weights."""
    torch.manual_seed(2)
    gated = copy.deepcopy(network)
    for name in ("layer1", "layer2", "layer3", "layer4"):
        for block in getattr(gated, name):
            # bn3's result goes to the gate, the gate's to the sum.
            block.bn3 = nn.Sequential(block.bn3, Gate(block.conv3.out_channels, linear))
    return gated.eval()
