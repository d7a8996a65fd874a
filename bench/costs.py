"""What a network costs beside time: memory while it runs, by engine, and compiling it.

usage: python costs.py memory ENGINE MODEL.onnx FOLDER     prints the megabytes by which one run made the process grow, at its peak
"""

import re
import sys
from pathlib import Path


def status_megabytes(field):
    return int(re.search(rf"^{field}:\s*(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE).group(1)) / 1000


PACKAGES = {"onnxruntime": ["onnxruntime"], "openvino": ["openvino"], "ncnn": ["ncnn", "pnnx", "onnx"], "mnn": ["MNN", "onnx"]}


def memory(engine, model, folder):
    """Of the engine with the model loaded and run once. The imports of Python's packages are not counted; weights and buffers are."""
    from pairs import PEERS, Compiled, caller

    compiled = Compiled(model, folder, 1)
    if engine == "skipc":
        library = compiled.library("skipc")
        before = status_megabytes("VmRSS")
        caller(library, compiled.memory())()
    else:
        for package in PACKAGES[engine]:
            __import__(package)
        compiled.memory()
        before = status_megabytes("VmRSS")
        PEERS[engine](model, compiled.feed, list(compiled.outputs), 1, folder)()
    return status_megabytes("VmHWM") - before


def compiling(model, folder):
    """skipc compile and gcc -O2 of the file as users get it, weights inside."""
    import harness

    source = Path(folder) / "inline.c"
    skipc = harness.measured([harness.skipc_path(), "compile", model, "-o", source, "--name", "net"])
    gcc = harness.measured(["gcc", "-O2", "-c", source, "-o", source.with_suffix(".o")])
    result = {"c_megabytes": source.stat().st_size / 1e6, "arena_megabytes": harness.header_number(source, "NET_ARENA_BYTES") / 1e6,
              "skipc_seconds": skipc.seconds, "skipc_megabytes": skipc.megabytes, "gcc_seconds": gcc.seconds, "gcc_megabytes": gcc.megabytes}
    for file in (source, source.with_suffix(".o")):
        file.unlink()
    return result


if __name__ == "__main__":
    import os

    print(memory(*sys.argv[2:]), flush=True)
    os._exit(0)
