"""ResNeXt-50's three equivalent forms, from the same weights, timed in turn in one process.

usage: python bench/forms.py [--runs N]

A ratio is the median of a form's time over the grouped form's, pair by pair; in brackets the middle half of the pairs.
"""

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/models"), str(ROOT / "driver/embedded")]

from bench_peers import rounds, timed  # noqa: E402
from export import export_module, network, seed  # noqa: E402
from pairs import Compiled, caller  # noqa: E402
from resnext_forms import FORMS, in_form  # noqa: E402
from speed import ratio  # noqa: E402

GROUPED = "c"


def compiled(plain, form, folder):
    """Exported with batch normalization left to skipc: the exporters fold it in single precision, form by form."""
    import torch

    model = folder / "net.onnx"
    export_module(in_form(plain, form).eval(), torch.randn(1, 3, 224, 224), "script-unfolded", str(model))
    return Compiled(model, folder, 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=21)
    runs = parser.parse_args().runs
    seed()
    plain = network("resnext50_32x4d")
    with tempfile.TemporaryDirectory() as folder:
        forms = {}
        for form in FORMS:
            (own := Path(folder) / form).mkdir()
            forms[form] = compiled(plain, form, own)
        timers = [timed(caller(net.library("skipc"), net.memory())) for net in forms.values()]
        table = dict(zip(FORMS, zip(*rounds(timers, runs, 1)), strict=True))
    print("| form | skipc ms | / grouped | arena bytes | weight bytes |\n|---|---|---|---|---|")
    for form, net in forms.items():
        pairs = ratio(table[form], table[GROUPED])
        times = sorted(table[form])
        print(f"| {form} | {1e-6 * times[len(times) // 2]:.2f} | {pairs['median']:.3f} ({pairs['low']:.3f} to {pairs['high']:.3f}) | "
              f"{net.costs['arena_bytes']:,} | {net.costs['weight_bytes']:,} |")


if __name__ == "__main__":
    main()
