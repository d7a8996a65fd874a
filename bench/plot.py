"""Draws what speed.py measured.

usage: python bench/plot.py OUT.svg RESULTS.json...     a panel per file
"""

import json
import sys
from pathlib import Path

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "skipc", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9})
from matplotlib import pyplot  # noqa: E402  (after the choice of output)

TITLES = {"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO", "ncnn": "ncnn", "mnn": "MNN"}
COLOURS = {"onnxruntime": "#1f5fa8", "openvino": "#d1721f", "ncnn": "#3d8b4f", "mnn": "#8a4fa0"}


def draw_ratios(axes, results, peer, shift):
    """A point per network, with the middle half of its pairs."""
    places = [k + shift for k, result in enumerate(results) if peer in result["ratio"]]
    ratios = [result["ratio"][peer] for result in results if peer in result["ratio"]]
    if not ratios:
        return
    medians = [ratio["median"] for ratio in ratios]
    around = [[m - r["low"] for m, r in zip(medians, ratios)], [r["high"] - m for m, r in zip(medians, ratios)]]
    axes.errorbar(medians, places, xerr=around, fmt="o", markersize=5, capsize=2, linewidth=1, color=COLOURS[peer], label=TITLES[peer])


def panel(axes, record, peers, right):
    results = record["results"]
    axes.axvline(1, color="#444444", linewidth=1)
    for k, result in enumerate(results):
        label = {"label": "must"} if k == 0 else {}
        axes.plot([result["must"]] * 2, [k - 0.4, k + 0.4], color="#b02a2a", linewidth=1.5, **label)
        if result["goal"]:
            label = {"label": "goal"} if k == 0 else {}
            axes.plot([result["goal"]] * 2, [k - 0.4, k + 0.4], color="#b02a2a", linewidth=1.5, linestyle=":", **label)
    for n, peer in enumerate(peers):
        draw_ratios(axes, results, peer, 0.5 * ((n + 0.5) / len(peers) - 0.5))
    axes.set_yticks(range(len(results)), [result.get("title", result["network"]) for result in results])
    axes.set_xlim(0, right)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    threads = sorted({result["threads"] for result in results})
    axes.set_title(f"{', '.join(map(str, threads))} thread{'s' if threads != [1] else ''}", fontsize=10)
    axes.set_xlabel("time of skipc's C / time of the peer (less is faster)")


def main(out, *files):
    records = [json.loads(Path(file).read_text()) for file in files]
    measured = {peer for record in records for result in record["results"] for peer in result["ratio"]}
    peers = [peer for peer in TITLES if peer in measured]
    right = 1.15
    for record in records:
        for result in record["results"]:
            right = max([right, result["must"] + 0.1, *(1.05 * ratio["median"] for ratio in result["ratio"].values())])
    right = min(right, 2.0)  # a peer that is twice as fast is out of the picture either way
    height = 1.6 + 0.36 * max(len(record["results"]) for record in records)
    figure, axes = pyplot.subplots(1, len(records), figsize=(2 + 4.2 * len(records), height), sharey=True, squeeze=False, layout="constrained")
    for axis, record in zip(axes[0], records):
        panel(axis, record, peers, right)
    axes[0][0].invert_yaxis()  # of all: they share it
    figure.suptitle(records[0]["cpu"], fontsize=9)
    handles = {label: handle for axis in axes[0] for handle, label in zip(*axis.get_legend_handles_labels())}
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=len(handles), frameon=False)
    figure.savefig(out, metadata={"Date": None})


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
