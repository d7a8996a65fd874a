"""GoogLeNet (Szegedy et al. 2014) with its auxiliary classifiers as outputs: torchvision computes them in training only."""

from torch import nn


class AuxiliaryGoogLeNet(nn.Module):
    def __init__(self, models):
        super().__init__()
        net = models.googlenet(weights=None, init_weights=False)
        stages = list(net.children())
        first, second = (stages.index(stage) + 1 for stage in (net.inception4a, net.inception4d))
        end = stages.index(net.inception5b) + 1
        self.below, self.between, self.above = (nn.Sequential(*stages[a:b]) for a, b in ((0, first), (first, second), (second, end)))
        self.aux1, self.aux2 = net.aux1, net.aux2
        self.classifier = nn.Sequential(net.avgpool, nn.Flatten(1), net.dropout, net.fc)

    def forward(self, x):
        x = self.below(x)
        aux1 = self.aux1(x)
        x = self.between(x)
        return self.classifier(self.above(x)), self.aux2(x), aux1
