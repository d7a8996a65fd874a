"""Speed of the compiled C next to its peers, network by network.

usage: python bench/speed.py [--table classic|families] [--threads N] [--runs N] [--batch N] [--size HxW] [--peers P,P] [--costs] [--json OUT.json] [NETWORK...]

Default: every row of the classic table, against ONNX Runtime and OpenVINO (ncnn and mnn can be asked for), all in 32-bit floats. For each
network all engines take turns in one process (pairs.py). "avx2" is the same C built for 256-bit vectors. A ratio is the median of skipc's
time over the peer's, pair by pair; in brackets the middle half of the pairs. --costs adds memory, and the time that compiling takes. plot.py
draws the JSON. The last line counts the rows that meet "must".
"""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import rows

HERE = Path(__file__).resolve().parent
TITLES = {"onnxruntime": "ONNX Runtime", "openvino": "OpenVINO", "ncnn": "ncnn", "mnn": "MNN"}
SMALL_IMAGE = 10_000  # pixels: networks of less take a fraction of a millisecond to some, and get more runs
MORE_RUNS = 10


class Failed(Exception):
    """Why a row has no measurement."""


def child(*words, threads=1):
    """Standard output of a script of this folder, in a process of its own: one network's libraries and memory do not meet the next's."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, *map(str, words)], env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        lines = (done.stderr.strip() or "it says nothing").splitlines()
        raise Failed(next((line for line in lines if line.startswith("skipc: ")), lines[-1]))
    return done.stdout


def cpu_name():
    path = Path("/proc/cpuinfo")
    text = path.read_text() if path.exists() else ""
    names = re.findall(r"model name\s*: (.*)", text)
    model = re.search(r"cpu family\s*: (\d+)\nmodel\s*: (\d+)", text)
    vectors = "AVX-512" if "avx512f" in text else "AVX2" if "avx2" in text else platform.machine()
    numbers = f" (family {model.group(1)}, model {model.group(2)})" if model else ""
    return f"{names[0] if names else platform.processor()}{numbers}, {vectors}, {os.cpu_count()} CPUs"


def ratio(mine, theirs):
    pairs = sorted(a / b for a, b in zip(mine, theirs, strict=True))
    quarter = len(pairs) // 4
    return {"median": statistics.median(pairs), "low": pairs[quarter], "high": pairs[-1 - quarter]}


def costs(model, folder, peers):
    from costs import compiling

    megabytes = {}
    for engine in ("skipc", *peers):
        with tempfile.TemporaryDirectory(dir=folder) as own:
            try:
                megabytes[engine] = float(child(HERE / "costs.py", "memory", engine, model, own).split()[-1])  # peers print too
            except Failed as reason:
                megabytes[engine] = None
                print(f"{engine}: {reason}", file=sys.stderr)
    return {**compiling(model, folder), "megabytes": megabytes}


def measure(row, options):
    result = {"network": row.network, "title": row.title, "batch": row.batch, "size": row.size, "threads": options.threads, "clock": options.clock, "must": row.must, "goal": row.goal}
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / f"{row.network}.onnx"
        child(HERE / "rows.py", row.network, row.batch, f"{row.size[0]}x{row.size[1]}", model)
        runs = options.runs * (MORE_RUNS if row.size[0] * row.size[1] < SMALL_IMAGE else 1)
        measured = json.loads(child(HERE / "pairs.py", model, options.threads, runs, folder, options.clock, *options.peers, threads=options.threads))
        if options.costs:
            result["costs"] = costs(model, folder, [peer for peer in options.peers if peer not in measured["absent"]])
    ms = measured["ms"]
    result |= {"runs": runs, "absent": measured["absent"], "ms": {name: statistics.median(times) for name, times in ms.items()}}
    result["ratio"] = {peer: ratio(ms["skipc"], ms[peer]) for peer in options.peers if peer in ms}
    if "avx2" in ms and "onnxruntime" in ms:
        result["avx2_ratio"] = ratio(ms["avx2"], ms["onnxruntime"])
    result["meets"] = meets(row, result["ratio"])
    return result


def meets(row, ratios):
    if "onnxruntime" not in ratios or ratios["onnxruntime"]["median"] > row.must:
        return False
    return not row.beats_openvino or "openvino" not in ratios or ratios["openvino"]["median"] < 1


def spread(ratio):
    return f"{ratio['median']:.2f} ({ratio['low']:.2f} to {ratio['high']:.2f})"


def peer_cell(result, peer):
    if peer in result["ratio"]:
        return spread(result["ratio"][peer])
    reason = result["absent"].get(peer, "-")
    return reason if reason == "not installed" else "refused"


def milliseconds(result, engine):
    return f"{result['ms'][engine]:.2f}" if engine in result["ms"] else "-"


def heading(options):
    columns = ["network", "threads", "skipc ms", "ONNX Runtime ms", *[f"/ {TITLES[peer]}" for peer in options.peers], "avx2 / ONNX Runtime", "must", "goal", "meets"]
    return "| " + " | ".join(columns) + " |\n|" + "---|" * len(columns)


def table_row(result, options):
    columns = [result["title"], str(result["threads"]), milliseconds(result, "skipc"), milliseconds(result, "onnxruntime"),
               *[peer_cell(result, peer) for peer in options.peers], spread(result["avx2_ratio"]) if "avx2_ratio" in result else "-",
               f"{result['must']:.2f}", f"{result['goal']:.2f}" if result["goal"] else "-", "yes" if result["meets"] else "no"]
    return "| " + " | ".join(columns) + " |"


def costs_table(results, peers):
    engines = ["skipc", *peers]
    columns = ["network", "arena MB", *[f"{TITLES.get(engine, engine)} MB" for engine in engines], "C file MB", "skipc compile s", "MB", "gcc -O2 s", "MB"]
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    for result in results:
        if not (cost := result.get("costs")):
            continue
        cells = [f"{cost['megabytes'][engine]:.0f}" if cost["megabytes"].get(engine) is not None else "-" for engine in engines]
        cells += [f"{cost['c_megabytes']:.1f}", f"{cost['skipc_seconds']:.2f}", f"{cost['skipc_megabytes']:.0f}", f"{cost['gcc_seconds']:.1f}", f"{cost['gcc_megabytes']:.0f}"]
        lines.append("| " + " | ".join([result["title"], f"{cost['arena_megabytes']:.2f}", *cells]) + " |")
    return "\n".join(lines)


def parse_size(text):
    if not (found := re.fullmatch(r"(\d+)x(\d+)", text)):
        raise argparse.ArgumentTypeError(f"'{text}' is not HEIGHTxWIDTH")
    return int(found.group(1)), int(found.group(2))


def parse_peers(text):
    peers = [peer for peer in text.split(",") if peer]
    if unknown := [peer for peer in peers if peer not in TITLES]:
        raise argparse.ArgumentTypeError(f"no peer {', '.join(unknown)}: there are {', '.join(TITLES)}")
    return peers


def parse_arguments(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help="rows, of any table")
    parser.add_argument("--table", choices=rows.TABLES, default="classic")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--runs", type=int, default=21, help="timed rounds (21); ten times as many for 32x32 images")
    parser.add_argument("--batch", type=int, help="images at a time (1)")
    parser.add_argument("--size", type=parse_size, help="of the images of networks for 224x224")
    parser.add_argument("--peers", type=parse_peers, default=["onnxruntime", "openvino"], help="onnxruntime,openvino,ncnn,mnn")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="cpu: the processor's time, for one thread on a machine that is not idle")
    parser.add_argument("--costs", action="store_true", help="memory and compile time too")
    parser.add_argument("--json", type=Path, help="writes the results there")
    options = parser.parse_args(words)
    if unknown := [name for name in options.networks if name not in rows.NAMES]:
        parser.error(f"no network {', '.join(unknown)}: there are {' '.join(rows.NAMES)}")
    if options.clock == "cpu" and options.threads > 1:
        parser.error("--clock cpu would add up the threads' times")
    chosen = [rows.NAMES[name] for name in options.networks] or rows.TABLES[options.table]
    options.rows = [row for row in (rows.at(row, options.batch, options.size) for row in chosen) if row]
    return options


def main(words):
    options = parse_arguments(words)
    print(f"{cpu_name()}; {options.runs} rounds, milliseconds ({options.clock} clock) and skipc's share of the peer's time; load average {os.getloadavg()[0]:.1f}\n")
    print(heading(options), flush=True)
    results = []
    for row in options.rows:
        try:
            results.append(measure(row, options))
            print(table_row(results[-1], options), flush=True)
        except Failed as reason:
            print(f"| {row.title} | {options.threads} | not measured: {reason} |", flush=True)
    if options.costs:
        print("\n" + costs_table(results, options.peers))
    for result in results:
        for peer, reason in result["absent"].items():
            if reason != "not installed":
                print(f"{result['title']}: {peer}: {reason}", file=sys.stderr)
    if options.json:
        record = {"command": "python bench/speed.py " + " ".join(words), "cpu": cpu_name(), "results": results}
        options.json.write_text(json.dumps(record, indent=1) + "\n")
    print(f"\n{sum(result['meets'] for result in results)} of {len(options.rows)} rows meet 'must'")


if __name__ == "__main__":
    main(sys.argv[1:])
