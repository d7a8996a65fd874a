"""Speed of the compiled C next to ONNX Runtime: the two alternate in one run, so that both meet the same machine.

usage: .venv/bin/python bench/speed.py [--threads N] [--rounds N] [NETWORK...]     default: resnet8 resnet18 resnet50

Each round is one `skipc bench NETWORK --json`, which itself alternates the two. The table gives the median over the rounds,
and their spread: the smallest and largest ratio.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/models")]

import harness
from export import NETWORKS, export


def model_file(network, folder):
    if network == "resnet8":
        return harness.SAMPLE
    path = Path(folder) / f"{network}.onnx"
    export(network, "script-folded", str(path))
    return path


def measure(path, threads, rounds):
    """[(skipc ms, ONNX Runtime ms)] by round."""
    command = [harness.skipc_path(), "bench", path, "--threads", str(threads), "--against", "onnxruntime", "--json"]
    results = [json.loads(harness.checked(command)) for _ in range(rounds)]
    return [(result["skipc"]["median_ms"], result["onnxruntime"]["median_ms"]) for result in results]


def row(network, pairs):
    ratios = [mine / theirs for mine, theirs in pairs]
    mine = statistics.median(pair[0] for pair in pairs)
    theirs = statistics.median(pair[1] for pair in pairs)
    return (
        f"{network:18}{mine:10.2f} ms{theirs:14.2f} ms{statistics.median(ratios):10.2f}"
        f"   {min(ratios):.2f} to {max(ratios):.2f}"
    )


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("networks", nargs="*", metavar="NETWORK")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    networks = options.networks or ["resnet8", "resnet18", "resnet50"]
    unknown = set(networks) - {"resnet8", *NETWORKS}
    if unknown:
        parser.error(f"no network {', '.join(sorted(unknown))}: there are resnet8 {' '.join(NETWORKS)}")
    print(f"{'network':18}{'skipc':>13}{'ONNX Runtime':>17}{'ratio':>10}   spread of {options.rounds} rounds")
    with tempfile.TemporaryDirectory() as folder:
        for network in networks:
            path = model_file(network, folder)
            print(row(network, measure(path, options.threads, options.rounds)), flush=True)


if __name__ == "__main__":
    main()
