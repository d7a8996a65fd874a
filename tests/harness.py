"""What the end-to-end tests share: running skipc, building what it wrote, and calling it."""

import ctypes
import json
import os
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT / "samples/resnet8/resnet8_cifar10.onnx"
PHOTOS = ROOT / "tests/data/cifar10_test_500.npz"  # x: bytes, y: classes
STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
MEASUREMENTS = ROOT / "tests/.work/measurements.txt"
FILLS = (0xFF, 0x4B)  # every float a NaN, then every float 13323083.0: no max, product or sum hides both


def skipc_path():
    """The compiler under test: $SKIPC, or the release build."""
    return os.environ.get("SKIPC", str(ROOT / "build/skipc"))


def skipc_asan_path():
    """The compiler built with sanitizers: $SKIPC_ASAN, or the asan build."""
    return os.environ.get("SKIPC_ASAN", str(ROOT / "build-asan/skipc"))


def environment():
    """`skipc verify` finds the Python that runs the tests, and so its onnxruntime."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def run(command, variables=(), **options):
    """`variables`: of the environment, beside those that are there."""
    options.setdefault("timeout", 600)
    return subprocess.run(
        [str(part) for part in command], capture_output=True, env={**environment(), **dict(variables)}, **options
    )


def checked(command, **options):
    """Output of a command that has to succeed; its words otherwise."""
    done = run(command, **options)
    if done.returncode != 0:
        words = (done.stderr + done.stdout).decode(errors="replace")
        raise AssertionError(f"exit {done.returncode}: {' '.join(map(str, command))[:2000]}\n{words[-6000:]}")
    return done.stdout.decode(errors="replace")


def compile_model(model, source, *flags, name="net"):
    checked([skipc_path(), "compile", model, "-o", source, "--name", name, *flags])
    return Path(source)


def inspected(model, *flags):
    """What `skipc inspect` reports."""
    return json.loads(checked([skipc_path(), "inspect", model, "--json", *flags]))


def verified(model, *flags, **options):
    """The report of a `skipc verify` that finds the outputs right."""
    return json.loads(checked([skipc_path(), "verify", model, "--json", *flags], **options))


def ir_after(model, folder, name):
    """The IR behind that pass, as text; nothing is written to the folder."""
    return checked([skipc_path(), "compile", model, "-o", Path(folder) / "net.c", f"--dump-ir={name}"])


CPU_FEATURES = {"-march=x86-64-v3": "fma", "-march=x86-64-v4": "avx512vl"}
NO_SUCH_CPU = "this CPU can't run what is built with"  # the one thing that scripts/setup doesn't install


def runs_here(flags):
    """Whether this CPU runs what is built with these flags."""
    assert platform.machine() == "x86_64", "these builds name x86 vector widths"
    there = Path("/proc/cpuinfo").read_text().split()
    return all(feature in there for flag, feature in CPU_FEATURES.items() if flag in flags)


def skip_unless_all_ran(builds):
    """A test that left some builds out, because this CPU can't run them, has not passed, whatever the others gave."""
    import pytest  # not where a benchmark takes its helpers from here

    left_out = [" ".join(flags) for flags in builds if not runs_here(flags)]
    if left_out:
        pytest.skip(f"{NO_SUCH_CPU} {', '.join(left_out)}")


@dataclass
class Usage:
    seconds: float
    megabytes: float  # peak resident set
    cpu_seconds: float


def measured(command, cwd=None):
    """Wall time, peak memory and processor time of a successful command: through a fresh Python, so that only its own children count."""
    program = (
        "import os, resource, subprocess, sys, time\n"
        "start = time.monotonic()\n"
        "code = subprocess.call(sys.argv[1:])\n"
        "seconds, used = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(seconds, used.ru_maxrss / 1000, used.ru_utime + used.ru_stime)\n"
        "sys.exit(code)\n"
    )
    words = checked([sys.executable, "-c", program, *command], cwd=cwd).split()
    return Usage(*map(float, words[-3:]))


def report(line):
    """A measurement for the end of the test run's output."""
    MEASUREMENTS.parent.mkdir(exist_ok=True)
    with open(MEASUREMENTS, "a") as file:
        file.write(line + "\n")


def build_shared(source, *flags, compiler="gcc", optimise="-O1"):
    """The generated file as a shared object, built with warnings as errors. The loader keeps a library that it knows by its path, so every
    compiler and set of flags has a file of its own."""
    source = Path(source)
    words = [compiler, optimise, *map(str, flags)]
    library = source.with_suffix(f".{'.'.join(re.sub('[^A-Za-z0-9]+', '_', word.strip('-')) for word in words)}.so")
    checked([compiler, *STRICT, optimise, "-shared", "-fPIC", *flags, source, "-o", library, "-lm"], cwd=source.parent)
    return library


def header_number(source, name):
    """The value of `#define NAME n` in the header beside a source."""
    text = Path(source).with_suffix(".h").read_text()
    found = re.search(rf"^#define {name}\s+\(?(?:\(size_t\))?(\d+)", text, re.MULTILINE)
    assert found, f"{name} is not in the header"
    return int(found.group(1))


def aligned(size, alignment=64):
    buffer = np.empty(size + alignment, np.uint8)
    offset = -buffer.ctypes.data % alignment
    return buffer[offset : offset + size]


class Network:
    """A generated network, loaded. `threads`: of a build with -fopenmp; the environment's number is read once in a process, by whoever
    comes first."""

    def __init__(self, source, library, name="net", weights=None, threads=None):
        loaded = ctypes.CDLL(str(library))
        if threads:
            loaded.omp_set_num_threads(threads)  # of the OpenMP library that it is linked with
        self.function = loaded[f"{name}_run"]
        self.function_of_blocks = getattr(loaded, f"{name}_run_blocks", None)
        self.arena = aligned(max(64, header_number(source, f"{name.upper()}_ARENA_BYTES")))
        self.weights = None
        if weights is not None:
            data = np.frombuffer(Path(weights).read_bytes(), np.uint8)
            self.weights = aligned(max(64, data.size))
            self.weights[: data.size] = data

    def __call__(self, inputs, outputs, keep=None):
        """`outputs`: (shape, dtype) of each; `keep`: which residual blocks to run; returns arrays. Runs once for each of FILLS: what the
        arena and the outputs held before may not be seen in the results, which are equal bit for bit."""
        first, second = (self._run(inputs, outputs, keep, fill) for fill in FILLS)
        for k, (one, other) in enumerate(zip(first, second)):
            assert one.tobytes() == other.tobytes(), f"output {k} depends on what the arena or the output held before"
        return second

    def _run(self, inputs, outputs, keep, fill):
        self.arena.fill(fill)
        results = [np.full(int(np.prod(shape)) * np.dtype(dtype).itemsize, fill, np.uint8).view(dtype).reshape(shape) for shape, dtype in outputs]
        arrays = [np.array(array, order="C", copy=True) for array in inputs] + results
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in arrays]
        if self.weights is not None:
            pointers.append(ctypes.c_void_p(self.weights.ctypes.data))
        pointers.append(ctypes.c_void_p(self.arena.ctypes.data))
        if keep is None:
            status = self.function(*pointers)
        else:
            status = self.function_of_blocks(*pointers, bytes(keep))
        assert status == 0, f"the network returned {status}"
        return results
