"""ResNeXt's equivalent forms (Xie et al. 2017, arXiv:1611.05431, figure 3), made of one network's weights.

(c) is torchvision's Bottleneck with a grouped convolution. (a) has a path of 1x1, 3x3 and 1x1 convolutions for each group and adds
the paths; (b) concatenates the paths before one 1x1. As in the paper's section 5, batch normalization of (a)'s last layer stands
behind the sum.
"""

import torch
from torch import nn

FORMS = "abc"


def channels_of_conv(conv, outputs, inputs, group_inputs):
    """The convolution of some output channels from some input channels, as one of its own."""
    part = nn.Conv2d(
        group_inputs, outputs.stop - outputs.start, conv.kernel_size, conv.stride, conv.padding, conv.dilation, bias=False
    )
    part.weight = nn.Parameter(conv.weight[outputs, inputs].detach().clone())
    return part


def channels_of_norm(norm, channels):
    part = nn.BatchNorm2d(channels.stop - channels.start, norm.eps)
    part.weight = nn.Parameter(norm.weight[channels].detach().clone())
    part.bias = nn.Parameter(norm.bias[channels].detach().clone())
    part.running_mean = norm.running_mean[channels].clone()
    part.running_var = norm.running_var[channels].clone()
    return part


class Branches(nn.Module):
    """A Bottleneck in form (a) or (b)."""

    def __init__(self, block, form):
        super().__init__()
        groups = block.conv2.groups
        width = block.conv2.in_channels // groups
        everything = slice(None)
        self.paths = nn.ModuleList()
        self.ends = nn.ModuleList()
        for group in range(groups):
            own = slice(group * width, (group + 1) * width)
            self.paths.append(
                nn.Sequential(
                    channels_of_conv(block.conv1, own, everything, block.conv1.in_channels),
                    channels_of_norm(block.bn1, own),
                    nn.ReLU(),
                    channels_of_conv(block.conv2, own, everything, width),
                    channels_of_norm(block.bn2, own),
                    nn.ReLU(),
                )
            )
            if form == "a":
                self.ends.append(channels_of_conv(block.conv3, slice(0, block.conv3.out_channels), own, width))
        self.end = block.conv3 if form == "b" else None
        self.norm, self.downsample = block.bn3, block.downsample

    def forward(self, x):
        paths = [path(x) for path in self.paths]
        if self.end is not None:
            y = self.end(torch.cat(paths, 1))
        else:
            y = self.ends[0](paths[0])
            for end, path in zip(self.ends[1:], paths[1:]):
                y = y + end(path)
        return torch.relu(self.norm(y) + (x if self.downsample is None else self.downsample(x)))


def in_form(network, form):
    """The torchvision ResNeXt with its blocks in another form; shares what it does not split."""
    if form == "c":
        return network.eval()
    import copy

    other = copy.deepcopy(network)
    for name in ("layer1", "layer2", "layer3", "layer4"):
        stage = getattr(other, name)
        setattr(other, name, nn.Sequential(*(Branches(block, form) for block in stage)))
    return other.eval()
