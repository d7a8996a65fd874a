"""What depth costs: CIFAR ResNets from 20 to 1,202 layers (option A shortcuts, full width).

usage: python bench/depth.py [--runs N] [--gcc] [--json OUT.json] [LAYERS...]

A row a network: skipc compile (median processor and wall time of N runs, default 3), microseconds a layer beyond the first network's, size of the
C file, arena; with --gcc also gcc -O2 -c of the whole file, weights inside. The last line fits a line through compile time over depth.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/models")]

import harness  # noqa: E402
from export import export  # noqa: E402

LAYERS = [20, 32, 44, 56, 110, 1202]


def measure(layers, runs, with_gcc):
    with tempfile.TemporaryDirectory() as folder:
        model, source = Path(folder) / "net.onnx", Path(folder) / "net.c"
        export(f"resnet{layers}_cifar", "script-folded", str(model))
        times = [harness.measured([harness.skipc_path(), "compile", model, "-o", source, "--name", "net"]) for _ in range(runs)]
        row = {"layers": layers, "wall_seconds": statistics.median(t.seconds for t in times), "cpu_seconds": statistics.median(t.cpu_seconds for t in times),
               "c_megabytes": source.stat().st_size / 1e6, "arena_bytes": harness.header_number(source, "NET_ARENA_BYTES")}
        if with_gcc:
            gcc = harness.measured(["gcc", "-O2", "-c", source, "-o", source.with_suffix(".o")])
            row |= {"gcc_seconds": gcc.seconds, "gcc_megabytes": gcc.megabytes}
        return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("layers", nargs="*", type=int, default=LAYERS)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--gcc", action="store_true")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    titles = ["layers", "skipc compile s", "of it processor", "us / layer", "C file MB", "arena bytes"] + (["gcc -O2 s", "MB"] if arguments.gcc else [])
    print("| " + " | ".join(titles) + " |\n|" + "---|" * len(titles), flush=True)
    rows = []
    for layers in arguments.layers or LAYERS:
        row = measure(layers, arguments.runs, arguments.gcc)
        rows.append(row)
        first = rows[0]
        each = (row["cpu_seconds"] - first["cpu_seconds"]) / (layers - first["layers"]) * 1e6 if layers != first["layers"] else None
        cells = [str(layers), f"{row['wall_seconds']:.2f}", f"{row['cpu_seconds']:.2f}", f"{each:.0f}" if each else "-", f"{row['c_megabytes']:.1f}", f"{row['arena_bytes']:,}"]
        if arguments.gcc:
            cells += [f"{row['gcc_seconds']:.1f}", f"{row['gcc_megabytes']:.0f}"]
        print("| " + " | ".join(cells) + " |", flush=True)
    if len(rows) > 2:
        depth, seconds = np.array([r["layers"] for r in rows]), np.array([r["cpu_seconds"] for r in rows])
        slope, start = np.polyfit(depth, seconds, 1)
        worst = np.abs(start + slope * depth - seconds).max()
        print(f"processor time = {start * 1e3:.0f} ms + {slope * 1e6:.0f} us a layer, off by at most {worst * 1e3:.0f} ms")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
