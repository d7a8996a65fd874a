"""Small networks for the tests of residual structure: every way a block is built, and what only looks like one.

Their weights are random but seeded, and batch normalization is calibrated as in export.py.
"""

import copy
import functools
import warnings

import torch
import torch.nn.functional as F
from torch import nn

VARIANTS = ("script-folded", "script-unfolded", "dynamo")


class Block(nn.Module):
    """Stochastic depth: its branch counts by the probability that it survived training."""

    survival = 1.0

    def surviving(self, y):
        return y if self.survival == 1 else y * self.survival


def conv_bn(inputs, outputs, kernel=3, stride=1, groups=1):
    padding = kernel // 2
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False), nn.BatchNorm2d(outputs)
    )


class SliceAndPad(nn.Module):
    """Option A of He et al. 2016: every second pixel, and channels of zeros."""

    def __init__(self, added):
        super().__init__()
        self.added = added

    def forward(self, x):
        half = self.added // 2
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, half, self.added - half))


class PoolAndConcat(nn.Module):
    """Option A as in early Torch code: pooled, and concatenated with itself times zero."""

    def forward(self, x):
        x = F.avg_pool2d(x, 2)
        return torch.cat((x, x.mul(0)), 1)


class Gate(nn.Module):
    """Squeeze and excitation."""

    def __init__(self, channels):
        super().__init__()
        self.squeeze = nn.Conv2d(channels, channels // 4, 1)
        self.excite = nn.Conv2d(channels // 4, channels, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.excite(F.relu(self.squeeze(x.mean((2, 3), keepdim=True)))))


class FlatGate(nn.Module):
    """The same by fully connected layers over a matrix."""

    def __init__(self, channels):
        super().__init__()
        self.squeeze, self.excite = nn.Linear(channels, channels // 4), nn.Linear(channels // 4, channels)

    def forward(self, x):
        gate = torch.sigmoid(self.excite(F.relu(self.squeeze(F.adaptive_avg_pool2d(x, 1).flatten(1)))))
        return x * gate[:, :, None, None]


class Basic(Block):
    """The post-activation block of He et al. 2015."""

    def __init__(self, inputs, outputs, stride=1, shortcut=None, gate=None):
        super().__init__()
        self.conv1 = conv_bn(inputs, outputs, stride=stride)
        self.conv2 = conv_bn(outputs, outputs)
        self.gate = gate(outputs) if gate else nn.Identity()
        self.shortcut = shortcut or (conv_bn(inputs, outputs, 1, stride) if inputs != outputs else nn.Identity())

    def forward(self, x):
        return F.relu(self.surviving(self.gate(self.conv2(F.relu(self.conv1(x))))) + self.shortcut(x))


class Preactivation(Block):
    """Of He et al. 2016; where the shape changes, the shortcut starts behind the first activation."""

    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False) if inputs != outputs else None

    def forward(self, x):
        y = F.relu(self.bn1(x))
        shortcut = self.shortcut(y) if self.shortcut else x
        return shortcut + self.surviving(self.conv2(F.relu(self.bn2(self.conv1(y)))))


class Split(Block):
    """ResNeXt's branches, added: the sums inside are no blocks."""

    def __init__(self, channels, paths=4):
        super().__init__()
        width = channels // paths
        self.paths = nn.ModuleList(
            nn.Sequential(conv_bn(channels, width, 1), nn.ReLU(), conv_bn(width, width), nn.ReLU(), conv_bn(width, channels, 1))
            for _ in range(paths)
        )

    def forward(self, x):
        return F.relu(x + self.surviving(sum(path(x) for path in self.paths)))


class Res2(Block):
    """Res2Net: the sums inside join different slices."""

    def __init__(self, channels):
        super().__init__()
        width = channels // 4
        self.before, self.after = conv_bn(channels, channels, 1), conv_bn(channels, channels, 1)
        self.convs = nn.ModuleList(conv_bn(width, width) for _ in range(3))

    def forward(self, x):
        first, *rest = torch.chunk(F.relu(self.before(x)), 4, 1)
        parts, last = [first], None
        for conv, part in zip(self.convs, rest):
            last = F.relu(conv(part if last is None else part + last))
            parts.append(last)
        return F.relu(x + self.surviving(self.after(torch.cat(parts, 1))))


class RepVGG(nn.Module):
    """Three linear branches of one input are one layer."""

    def __init__(self, channels):
        super().__init__()
        self.wide, self.narrow, self.identity = conv_bn(channels, channels), conv_bn(channels, channels, 1), nn.BatchNorm2d(channels)

    def forward(self, x):
        return F.relu(self.wide(x) + self.narrow(x) + self.identity(x))


class Highway(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.layer, self.gate = nn.Conv2d(channels, channels, 3, 1, 1), nn.Conv2d(channels, channels, 3, 1, 1)

    def forward(self, x):
        gate = torch.sigmoid(self.gate(x))
        return F.relu(self.layer(x)) * gate + x * (1 - gate)


class Shared(nn.Module):
    """A value inside the branch is read outside: the branch can't be taken away alone."""

    def __init__(self, channels):
        super().__init__()
        self.conv1, self.conv2, self.conv3 = (conv_bn(channels, channels) for _ in range(3))

    def forward(self, x):
        inside = F.relu(self.conv1(x))
        return F.relu(x + self.conv2(inside)) * self.conv3(inside)


class Forks(nn.Module):
    """The sum joins two values, not one value and what became of it."""

    def __init__(self, channels):
        super().__init__()
        self.conv1, self.conv2 = conv_bn(channels, channels), conv_bn(channels, channels)

    def forward(self, x):
        first = F.relu(self.conv1(x))
        return F.relu(first + self.conv2(F.relu(x)))


class Pyramid(nn.Module):
    """A feature pyramid of which only the finest level is asked for."""

    def __init__(self, channels):
        super().__init__()
        self.deeper, self.lateral = conv_bn(channels, channels, stride=2), nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        deep = F.relu(self.deeper(x))
        return self.lateral(x) + F.interpolate(deep, scale_factor=2, mode="nearest")


class Dense(Block):
    """A fully connected residual block."""

    def __init__(self, features):
        super().__init__()
        self.first, self.second = nn.Linear(features, features), nn.Linear(features, features)

    def forward(self, x):
        return x + self.surviving(self.second(F.relu(self.first(x))))


class Net(nn.Module):
    """A stem, blocks in two stages, and a classifier."""

    def __init__(self, stages, head=()):
        super().__init__()
        self.stem = conv_bn(3, 16)
        for number, blocks in enumerate(stages, 1):
            setattr(self, f"layer{number}", nn.Sequential(*blocks))
        self.stages = len(stages)
        self.head = nn.Sequential(*head)
        self.classifier = nn.LazyLinear(10)

    def forward(self, x):
        x = F.relu(self.stem(x))
        for number in range(1, self.stages + 1):
            x = getattr(self, f"layer{number}")(x)
        return self.classifier(self.head(x.mean((2, 3))))


def resnet(**options):
    """Six blocks; the fourth changes the shape."""
    return Net(
        [
            [Basic(16, 16, **options) for _ in range(3)],
            [Basic(16, 32, 2, **options), Basic(32, 32, **options), Basic(32, 32, **options)],
        ]
    )


NETWORKS = {
    "post-activation": resnet,
    "gated": lambda: resnet(gate=Gate),
    "gated-by-gemm": lambda: resnet(gate=FlatGate),
    "slice-and-pad": lambda: Net([[Basic(16, 16)], [Basic(16, 32, 2, SliceAndPad(16)), Basic(32, 32)]]),
    "pool-and-concat": lambda: Net([[Basic(16, 16)], [Basic(16, 32, 2, PoolAndConcat()), Basic(32, 32)]]),
    "same-shape-projection": lambda: Net([[Basic(16, 16, 1, conv_bn(16, 16, 1)), Basic(16, 16)]]),
    "pre-activation": lambda: Net(
        [[Preactivation(16, 16), Preactivation(16, 16)], [Preactivation(16, 32, 2), Preactivation(32, 32)]]
    ),
    "split": lambda: Net([[Split(16), Split(16)]]),
    "res2net": lambda: Net([[Res2(16), Res2(16)]]),
    "dense": lambda: Net([[Basic(16, 16)]], [Dense(16), Dense(16)]),
    "repvgg": lambda: Net([[RepVGG(16), RepVGG(16)]]),
    "highway": lambda: Net([[Highway(16), Highway(16)]]),
    "shared": lambda: Net([[Shared(16)]]),
    "forks": lambda: Net([[Forks(16)]]),
    "pyramid": lambda: Net([[Pyramid(16)]]),
    "plain": lambda: Net([[conv_bn(16, 16), nn.ReLU(), conv_bn(16, 16)]]),
}
SIZE = (1, 3, 16, 16)


@functools.lru_cache(maxsize=2)
def network(name):
    torch.manual_seed(1)
    model = NETWORKS[name]()
    model(torch.randn(2, *SIZE[1:]))  # the lazy classifier learns its width
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.uniform_(norm.bias, -0.3, 0.3)
        norm.reset_running_stats()
        norm.momentum = None
    with torch.no_grad():
        model.train()(torch.randn(16, *SIZE[1:]))
    for norm in norms:
        norm.momentum = 0.1
    return model.eval()


def surviving(name, survival):
    """The network with a factor on the branch of each block."""
    model = copy.deepcopy(network(name))
    blocks = [module for module in model.modules() if isinstance(module, Block)]
    assert len(blocks) == len(survival)
    for block, p in zip(blocks, survival):
        block.survival = p
    return model


def export(name, variant, path, survival=None):
    """`survival`: a probability for each block, which then stands in the file as a factor on its branch."""
    model = surviving(name, survival) if survival else network(name)
    example = (torch.randn(*SIZE),)
    names = {"input_names": ["input"], "output_names": ["output"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if variant == "script-folded":
            torch.onnx.export(model, example, path, dynamo=False, opset_version=13, **names)
        elif variant == "script-unfolded":
            keep = torch.onnx.TrainingMode.PRESERVE
            torch.onnx.export(
                model, example, path, dynamo=False, do_constant_folding=False, training=keep, opset_version=17, **names
            )
        else:
            torch.onnx.export(model, example, path, dynamo=True, verbose=False, **names)
    return path
