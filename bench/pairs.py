"""One network, by all engines in turn in one process, so that they meet the same machine.

usage: python pairs.py MODEL.onnx THREADS RUNS FOLDER wall|cpu PEER...     prints JSON: {"ms": {engine: [...]}, "absent": {peer: why}}
"""

import ctypes
import json
import os
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "driver/embedded")]

import harness  # noqa: E402
from bench_peers import PEERS, Unsupported, check_result, rounds, timed  # noqa: E402

BUILDS = {"skipc": "-march=native", "avx2": "-march=x86-64-v3"}  # gcc -O2; "avx2" has 256-bit vectors

# The processor's time of all threads leaves out what else the machine does; with several threads it would add them up.
CLOCKS = {"wall": time.perf_counter_ns, "cpu": time.process_time_ns}


class Compiled:
    """The generated C as a shared object, with its weights in a file so that building takes seconds."""

    def __init__(self, model, folder, threads):
        self.model, self.threads = model, threads
        self.source = harness.compile_model(model, Path(folder) / "net.c", "--weights", "file")
        self.costs = json.loads(harness.checked([harness.skipc_path(), "inspect", model, "--json"]))

    def library(self, build):
        library = self.source.with_suffix(f".{build}.so")
        openmp = ["-fopenmp"] if self.threads > 1 else []
        harness.checked(["gcc", "-std=c99", "-O2", BUILDS[build], *openmp, "-shared", "-fPIC", self.source, "-o", library, "-lm"])
        return library

    def memory(self):
        """Inputs (random), outputs, weights and arena, as net_run takes them."""
        random = np.random.default_rng(1)
        self.feed = {value["name"]: random.standard_normal(value["shape"]).astype(np.float32) for value in self.costs["inputs"]}
        self.outputs = {value["name"]: np.zeros(value["shape"], np.float32) for value in self.costs["outputs"]}
        size = self.source.with_suffix(".weights").stat().st_size
        weights = harness.aligned(max(64, size))
        weights[:size] = np.fromfile(self.source.with_suffix(".weights"), np.uint8)
        arena = harness.aligned(max(64, harness.header_number(self.source, "NET_ARENA_BYTES")))
        return [*self.feed.values(), *self.outputs.values(), weights, arena]


def caller(library, arrays):
    function = ctypes.CDLL(str(library)).net_run
    pointers = [ctypes.c_void_p(array.ctypes.data) for array in arrays]

    def run(keep=arrays):
        if (status := function(*pointers)) != 0:
            raise RuntimeError(f"the network returned {status}")

    return run


def compare(model, threads, count, folder, clock, peers):
    compiled = Compiled(model, folder, threads)
    arrays = compiled.memory()
    runs = {build: caller(compiled.library(build), arrays) for build in BUILDS if build == "skipc" or os.uname().machine == "x86_64"}
    absent = {}
    runs["skipc"]()
    first = next(iter(compiled.outputs.values())).copy()
    for peer in peers:
        try:
            run = PEERS[peer](model, compiled.feed, list(compiled.outputs), threads, folder)
            check_result(first, run()[0], peer)
            runs[peer] = run
        except ImportError:
            absent[peer] = "not installed"
        except Unsupported as reason:
            absent[peer] = str(reason)
    table = list(rounds([timed(run, CLOCKS[clock]) for run in runs.values()], count, threads))
    return {"ms": {name: [1e-6 * times[k] for times in table] for k, name in enumerate(runs)}, "absent": absent}



if __name__ == "__main__":
    model, threads, count, folder, clock, *peers = sys.argv[1:]
    lines = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # peers print what they like to standard output
    print(json.dumps(compare(model, int(threads), int(count), folder, clock, peers)), file=lines, flush=True)
    os._exit(0)  # some peers' threads do not end by themselves
