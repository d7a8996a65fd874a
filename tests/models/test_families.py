"""The parity rule of docs/commands.md, verify, on the relatives of ResNet, as each exporter writes them.

Every family always runs, on small images where a network takes any. Of its sizes one stands for the others, and one network for its
family with the current exporter, which takes much longer. Deep and wide ones are represented by lesser ones: ResNet-1202 by ResNet-110,
pre-activation ResNet-1001 by one of 29 layers, ResNet-50's variants and IResNet-50 by ones of fewer blocks, SSD300 by one with narrow layers.
`scripts/test tests/models/test_families.py --every-network` runs everything: the deepest ones at full width, and each network by each
exporter.
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
import numpy as np
from export import VARIANTS, export
from networks import DEFINITIONS, PLAIN

ALWAYS = {
    "script-folded": """resnet20_cifar_b resnet56_cifar_b resnet110_cifar preresnet29_cifar densenet100_bc_cifar highway19_subtracted
        highway19_negated highway19_rewritten highway_dense_subtracted highway_dense_rewritten seresnet14_dense seresnext50_32x4d ecaresnet14
        resnet14_d resnet14_rs iresnet18_small resnet50_fpn retinanet_resnet50 ssd300_narrow densenet121 googlenet googlenet_auxiliary
        inception_v3 squeezenet1_0 squeezenet1_1 shufflenet_v2_x1_0 mobilenet_v2 mobilenet_v3_small regnet_x_400mf regnet_y_400mf efficientnet_b0
        fcn_resnet50 deeplabv3_resnet50""".split(),
    "script-unfolded": "resnet20_cifar resnet20_cifar_pooled preresnet29_cifar mobilenet_v2 iresnet18_small".split(),
    "dynamo": """resnet20_cifar resnet20_cifar_pooled preresnet29_cifar highway_dense_negated squeezenet1_1 shufflenet_v2_x1_0 mobilenet_v3_small
        iresnet18_small""".split(),
}

FUSED_BUILDS = [build.split() for build in ("-march=x86-64-v3", "-march=x86-64-v3 -DPLAIN_C", "-march=x86-64-v3 -fopenmp", "-march=x86-64-v4")]


def pytest_generate_tests(metafunc):
    if "variant" not in metafunc.fixturenames:
        return
    every = metafunc.config.getoption("--every-network")
    networks = {variant: [name for name in DEFINITIONS if name not in PLAIN] if every else ALWAYS[variant] for variant in VARIANTS}
    cases = [(name, variant) for variant in VARIANTS for name in networks[variant]]
    metafunc.parametrize(
        "network, variant", [pytest.param(*case, id="-".join(case), marks=pytest.mark.xdist_group(case[0])) for case in sorted(cases)]
    )


def test_parity(network, variant, large_folder):
    path = large_folder / f"{network}.onnx"
    export(network, variant, str(path), small=True)
    outputs = harness.verified(path, timeout=3600)["outputs"]
    assert outputs
    for output in outputs:
        harness.report(
            f"parity {network:24} {variant:16} {output['name']:8} error {output['error']:.1e}, ONNX Runtime's "
            f"{output['peer_error']:.1e}, allowed {output['bound']:.1e}"
        )


@pytest.mark.parametrize(
    "network, edge, classes",
    [
        pytest.param("mobilenet_v3_small", 64, 1000, marks=pytest.mark.xdist_group("mobilenet_v3_small")),
        pytest.param("resnet20_cifar", 32, 10, marks=pytest.mark.xdist_group("resnet20_cifar")),
    ],
)
def test_same_bits_with_every_vector_width_and_thread_count(network, edge, classes, tmp_path):
    """Depthwise kernels, gates and activations: MobileNet v3 has them all. ResNet-20's shortcuts move channels by half a block."""
    path = tmp_path / "net.onnx"
    export(network, "script-folded", str(path), small=True)
    source = harness.compile_model(path, tmp_path / "net.c", "--weights", "asm")
    image = np.random.default_rng(1).standard_normal((1, 3, edge, edge)).astype(np.float32)
    results = []
    for flags in filter(harness.runs_here, FUSED_BUILDS):
        library = harness.build_shared(source, *flags, optimise="-O2")
        run = harness.Network(source, library, threads=3 if "-fopenmp" in flags else None)
        results += run([image], [((1, classes), np.float32)])
    assert len(results) > 1
    for result in results[1:]:
        np.testing.assert_array_equal(result, results[0])
    harness.skip_unless_all_ran(FUSED_BUILDS)
