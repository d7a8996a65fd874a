"""Batches: image by image in a loop where that moves fewer bytes, all at once where the weights are larger than the images."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
import numpy as np
from export import calibrate, export_module, image_shape, models, network, seed

IMAGES = 3
NETWORKS = ["resnet20_cifar", "seresnet14_dense", "mobilenet_v2"]
LARGE_NETWORKS = ["resnet50_fpn", "densenet121"]  # with --every-network; "pyramid" and "densenet" always stand for them
BUILDS = ["gcc -O2 -march=x86-64-v3", "gcc -O2 -march=x86-64-v3 -fopenmp", "clang -O2 -march=x86-64-v3 -DPLAIN_C"]


def module(name):
    """The network, and the shape of an image. "fully connected": weights larger than the images, behind a small convolution."""
    import torch

    class Views(torch.nn.Module):
        """One result is the image itself, the other is computed."""

        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv2d(3, 4, 3)

        def forward(self, x):
            return torch.flatten(x, 1), torch.relu(self.conv(x))

    class Reshaped(torch.nn.Module):
        """What the loop stacks is the caller's memory under another shape."""

        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv2d(3, 4, 3)

        def forward(self, x):
            return torch.flatten(torch.relu(self.conv(x)), 2)

    class Joined(torch.nn.Module):
        """Behind the loop the batch becomes part of a longer one."""

        def forward(self, x):
            y = torch.relu(x)
            return torch.cat([y, 2 * y])

    class Pyramid(torch.nn.Module):
        """Several results, of levels that are added from the smallest up."""

        def __init__(self):
            super().__init__()
            self.levels = torch.nn.ModuleList(torch.nn.Conv2d(i, o, 3, 2, 1) for i, o in ((3, 32), (32, 48), (48, 64)))
            self.lateral = torch.nn.ModuleList(torch.nn.Conv2d(i, 32, 1) for i in (32, 48, 64))

        def forward(self, x):
            levels = []
            for conv in self.levels:
                x = torch.relu(conv(x))
                levels.append(x)
            sums = [self.lateral[2](levels[2])]
            for k in (1, 0):
                sums.append(self.lateral[k](levels[k]) + torch.nn.functional.interpolate(sums[-1], scale_factor=2.0))
            return tuple(sums)

    seed()
    if name == "pyramid":
        return Pyramid().eval(), (3, 64, 64)
    if name == "densenet":
        return calibrate(models().DenseNet(16, (2, 2), 32, num_classes=10), (3, 64, 64)), (3, 64, 64)
    if name == "views":
        return Views().eval(), (3, 16, 16)
    if name == "reshaped":
        return Reshaped().eval(), (3, 16, 16)
    if name == "joined":
        return Joined(), (3, 16, 16)
    if name != "fully connected":
        return network(name), image_shape(name, small=True)
    layers = [torch.nn.Conv2d(3, 4, 3), torch.nn.Flatten(), torch.nn.Linear(784, 300), torch.nn.ReLU(), torch.nn.Linear(300, 100)]
    return torch.nn.Sequential(*layers).eval(), (3, 16, 16)


def pytest_generate_tests(metafunc):
    if "name" not in metafunc.fixturenames:
        return
    names = ["fully connected", "views", "reshaped", "joined", "pyramid", "densenet", *NETWORKS]
    names += LARGE_NETWORKS if metafunc.config.getoption("--every-network") else []
    metafunc.parametrize("name", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in names])


def test_batch(name, large_folder):
    """The parity rule; and the bits of an image do not depend on its place, on the others, or on threads."""
    import torch

    path = large_folder / "net.onnx"
    model, shape = module(name)
    export_module(model, torch.randn(IMAGES, *shape), "script-folded", str(path))
    report = harness.verified(path, "--layers", timeout=3600)
    batches = {IMAGES, 2 * IMAGES} if name == "joined" else {IMAGES}
    assert {layer["shape"][0] for layer in report["layers"]} == batches
    source = harness.compile_model(path, large_folder / "net.c", "--weights", "asm")
    assert f"for (size_t image = 0; image < {IMAGES}; image++)" in source.read_text()

    images = np.random.default_rng(2).standard_normal((IMAGES, *shape)).astype(np.float32)
    outputs = [(tuple(output["shape"]), np.float32) for output in harness.inspected(path)["outputs"]]
    expected = None
    for build in BUILDS:
        compiler, optimise, *flags = build.split()
        library = harness.build_shared(source, *flags, compiler=compiler, optimise=optimise)
        run = harness.Network(source, library, threads=2 if "-fopenmp" in flags else None)
        results, turned = run([images], outputs), run([np.ascontiguousarray(images[::-1])], outputs)
        expected = expected or results
        for first, same, other in zip(expected, results, turned, strict=True):
            np.testing.assert_array_equal(first, same)
            np.testing.assert_array_equal(first, other.reshape(-1, IMAGES, *first.shape[1:])[:, ::-1].reshape(first.shape))


def test_the_loop_needs_the_memory_of_one_image(tmp_path):
    import torch

    arena = {}
    for images in (1, 16):
        path = tmp_path / f"net{images}.onnx"
        export_module(network("resnet20_cifar"), torch.randn(images, 3, 32, 32), "script-folded", str(path))
        for optimize in ("speed", "memory"):
            costs = harness.inspected(path, "--optimize", optimize)
            arena[images, optimize] = costs["arena_bytes"]
            assert costs["multiply_adds"] == images * arena.setdefault(("multiply-adds", optimize), costs["multiply_adds"])
    print(arena)
    assert arena[16, "memory"] == arena[1, "memory"]
    assert arena[16, "speed"] < 4 * arena[1, "speed"]
