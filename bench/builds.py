"""Two builds of skipc, network by network: the time of their C in pairs, and its size.

usage: python bench/builds.py --before SKIPC --after SKIPC [--networks NAME ...] [--runs N] [--processes N] [--threads N]
                              [--clock cpu|wall] [--most RATIO] [--most-bytes N] [--models FOLDER]

Both builds' C is compiled as in bench/speed.py (gcc -O2), for 256-bit vectors and, where the processor has wider ones, for these. In each
of several processes the two take turns in random order, on the same inputs, arena and, where they are equal, weights. A ratio is the
median of the pairs, in brackets the middle half; "fastest" is that of the fastest runs. "again / before" is a second copy of the build
before: what the machine makes of no difference at all. A row is within the limits where the ratio is at most --most (equal machine code
takes equal time, whatever the clock says) and neither the C nor the weights have grown by more than --most-bytes. The exit status is 1
where one is not. --models keeps the exported networks for the next time.
"""

import argparse
import contextlib
import dataclasses
import filecmp
import multiprocessing
import os
import random
import shutil
import statistics
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import rows
from pairs import CLOCKS, Compiled, caller, harness
from speed import HERE, MORE_RUNS, SMALL_IMAGE, Failed, child, cpu_name, ratio

from bench_peers import WARM_UPS, relative_difference, timed, wake

NETWORKS = ["resnet18", "resnet50", "resnet110_cifar", "resnext50_32x4d", "densenet121", "mobilenet_v2"]
ENGINES = ("before", "after", "again")
COLUMNS = ["network", "build", "before ms", "after ms", "after / before", "fastest", "again / before", "C bytes", "weight bytes",
           "machine code", "results", "within"]


@dataclasses.dataclass(frozen=True)
class Pair:
    """A network's C of both builds, in folders of their own."""

    before: Compiled
    after: Compiled

    def libraries(self, build):
        before = self.before.library(build)
        same = filecmp.cmp(self.before.source, self.after.source, shallow=False)
        after = shutil.copy(before, self.after.source.with_suffix(".so")) if same else self.after.library(build)
        return {"before": before, "after": after, "again": shutil.copy(before, before.with_suffix(".again.so"))}

    def growth(self):
        """Of the C with its header, and of the weights, in bytes."""

        def size(compiled, *suffixes):
            return sum(compiled.source.with_suffix(suffix).stat().st_size for suffix in suffixes)

        return [size(self.after, *suffixes) - size(self.before, *suffixes) for suffixes in ((".c", ".h"), (".weights",))]

    def memory(self):
        """The arguments of each engine. What the builds can share they share: where memory lies matters more than what is measured."""
        before, after, inputs = self.before.memory(), self.after.memory(), len(self.before.costs["inputs"])
        after[:inputs] = before[:inputs]
        before[-1] = after[-1] = max(before[-1], after[-1], key=len)
        if filecmp.cmp(*(compiled.source.with_suffix(".weights") for compiled in (self.before, self.after)), shallow=False):
            after[-2] = before[-2]
        return {"before": before, "after": after, "again": before}


def compiled_by(skipc, model, folder, threads):
    folder.mkdir()
    os.environ["SKIPC"] = str(skipc)
    return Compiled(model, folder, threads)


def take_turns(pair, libraries, count, threads, clock):
    """In a process of its own: nanoseconds of each engine, and how far the builds' results are from each other."""
    memory = pair.memory()
    timers = {name: timed(caller(library, memory[name]), CLOCKS[clock]) for name, library in libraries.items()}
    times = {name: [] for name in timers}
    for number in range(WARM_UPS + count):
        for name in random.sample(list(timers), len(timers)):
            if threads > 1:
                wake(timers[name])
            nanoseconds = timers[name]()
            if number >= WARM_UPS:
                times[name].append(nanoseconds)
    outputs = zip(pair.before.outputs.values(), pair.after.outputs.values(), strict=True)
    difference = max(0.0 if mine.tobytes() == theirs.tobytes() else relative_difference(mine, theirs) for mine, theirs in outputs)
    return times, difference


def in_processes(options, *arguments):
    """The same from all processes: each has its libraries and memory at other addresses."""
    times, differences = {name: [] for name in ENGINES}, []
    for _ in range(options.processes):
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            of_process, difference = process.submit(take_turns, *arguments).result()
        differences.append(difference)
        for name, nanoseconds in of_process.items():
            times[name] += nanoseconds
    return times, max(differences)


def machine_code(library):
    """Instructions and constants, without what names the file."""
    sections = library.with_suffix(".sections")
    harness.checked(["objcopy", "-O", "binary", "--only-section=.text", "--only-section=.rodata", library, sections])
    return sections.read_bytes()


def spread(pairs):
    return f"{pairs['median']:.3f} ({pairs['low']:.3f} to {pairs['high']:.3f})"


def within_limits(same_code, ratio, growth, options):
    return (same_code or ratio <= options.most) and max(growth) <= options.most_bytes


def measure(pair, row, build, options):
    """A row of the table, and whether it is within the limits."""
    libraries = pair.libraries(build)
    runs = options.runs * (MORE_RUNS if row.size[0] * row.size[1] < SMALL_IMAGE else 1)
    times, difference = in_processes(options, pair, libraries, runs, options.threads, options.clock)
    change, again = ratio(times["after"], times["before"]), ratio(times["again"], times["before"])
    same_code = machine_code(libraries["before"]) == machine_code(libraries["after"])
    code, weights = pair.growth()
    within = within_limits(same_code, change["median"], (code, weights), options)
    cells = [row.title, build, *(f"{1e-6 * statistics.median(times[name]):.3f}" for name in ("before", "after")), spread(change),
             f"{min(times['after']) / min(times['before']):.3f}", spread(again), f"{code:+,}", f"{weights:+,}",
             "same" if same_code else "differs", f"differ by {difference:.1g}" if difference else "same bits", "yes" if within else "no"]
    return "| " + " | ".join(cells) + " |", within


def builds():
    """Of pairs.py: "skipc" is as wide as the processor, "avx2" has 256-bit vectors."""
    flags = Path("/proc/cpuinfo").read_text().split() if Path("/proc/cpuinfo").exists() else []
    return ["avx2", "skipc"] if "avx512f" in flags else ["avx2"] if "avx2" in flags else ["skipc"]


def exported(row, folder):
    model = folder / f"{row.network}.onnx"
    if not model.exists():
        partial = folder / f"{row.network}.partial"
        child(HERE / "rows.py", row.network, row.batch, f"{row.size[0]}x{row.size[1]}", partial)
        partial.rename(model)
    return model


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", required=True, type=Path, help="a skipc")
    parser.add_argument("--after", required=True, type=Path, help="a skipc")
    parser.add_argument("--networks", nargs="+", default=NETWORKS, choices=rows.NAMES, metavar="NAME")
    parser.add_argument("--runs", type=int, default=9, help="rounds of each process; ten times as many of small images")
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--clock", choices=CLOCKS, help="default: cpu by one thread, wall by several")
    parser.add_argument("--most", type=float, default=1.02)
    parser.add_argument("--most-bytes", type=int, default=4096)
    parser.add_argument("--models", type=Path)
    options = parser.parse_args()
    options.clock = options.clock or ("cpu" if options.threads == 1 else "wall")
    if options.threads > 1 and options.clock == "cpu":
        parser.error("--clock cpu adds the threads' times up: with several threads, --clock wall")
    if min(options.runs, options.processes, options.threads) < 1:
        parser.error("--runs, --processes and --threads are at least 1")
    for skipc in (options.before, options.after):
        if not os.access(skipc, os.X_OK):
            parser.error(f"'{skipc}' is no program")
    return options


def main():
    options = arguments()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    print(f"{cpu_name()}; {options.threads} threads, {options.clock} clock, {options.processes} processes of {options.runs} runs\n")
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS), flush=True)
    measured = within = 0
    with contextlib.ExitStack() as stack:
        models = options.models or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        models.mkdir(parents=True, exist_ok=True)
        for name in options.networks:
            row = rows.NAMES[name]
            with tempfile.TemporaryDirectory() as folder:
                for build in builds():
                    measured += 1
                    try:
                        model = exported(row, models)
                        paths = {engine: Path(folder) / build / engine for engine in ("before", "after")}
                        (Path(folder) / build).mkdir()
                        pair = Pair(compiled_by(options.before, model, paths["before"], options.threads),
                                    compiled_by(options.after, model, paths["after"], options.threads))
                        line, good = measure(pair, row, build, options)
                    except (Failed, AssertionError) as reason:
                        line, good = f"| {row.title} | {build} | not measured: {' '.join(str(reason).split())[:300]} |", False
                    within += good
                    print(line, flush=True)
    print(f"\n{within} of {measured} rows are within {options.most} of the time and {options.most_bytes} bytes")
    return 0 if within == measured else 1


if __name__ == "__main__":
    sys.exit(main())
