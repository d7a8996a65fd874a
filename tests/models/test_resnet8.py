"""The shipped trained network: compiled every way, on real images."""

import ctypes
import filecmp
import functools
import subprocess
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime
import pytest

import harness

NAME = "resnet8"
WEIGHTS = ("inline", "asm", "file")


@functools.lru_cache(maxsize=1)
def images():
    return np.load(harness.PHOTOS)["x"].astype(np.float32)


@functools.lru_cache(maxsize=1)
def reference():
    session = onnxruntime.InferenceSession(str(harness.SAMPLE), providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, {"input": image[None]})[0] for image in images()])


def compile_sample(folder, *flags):
    return harness.compile_model(harness.SAMPLE, folder / f"{NAME}.c", *flags, name=NAME)


def classify(network, count=500):
    return np.concatenate([network([image[None]], [((1, 10), np.float32)])[0] for image in images()[:count]])


def weights_file(source):
    """The one file that is neither source nor header."""
    (path,) = [path for path in source.parent.iterdir() if path.suffix not in (".c", ".h", ".so")]
    return path


def load(source, mode, library, threads=None):
    return harness.Network(source, library, NAME, weights_file(source) if mode == "file" else None, threads)


@pytest.mark.parametrize("compiler, optimise", [("gcc", "-O2"), ("gcc", "-O3"), ("clang", "-O2")])
def test_same_top1_as_onnxruntime_on_all_images(compiler, optimise, tmp_path):
    source = compile_sample(tmp_path)
    library = harness.build_shared(source, compiler=compiler, optimise=optimise)
    outputs = classify(load(source, "inline", library))
    np.testing.assert_array_equal(outputs.argmax(axis=1), reference().argmax(axis=1))
    np.testing.assert_allclose(outputs, reference(), atol=1e-4)


def same_bits(source, variants):
    """Of those that this CPU runs."""
    results = []
    for flags in filter(harness.runs_here, variants):
        network = load(source, "inline", harness.build_shared(source, *flags, optimise="-O2"), threads=2 if "-fopenmp" in flags else None)
        results.append(classify(network, 20))
        np.testing.assert_array_equal(results[-1], results[0], err_msg=str(flags))
    assert len(results) > 2


def test_bits_depend_neither_on_vectors_nor_on_threads(tmp_path):
    """The accumulation rule: wherever there are fused multiply-adds, plain C99, every vector width and OpenMP give the same bits."""
    source, v3, v4 = compile_sample(tmp_path), "-march=x86-64-v3", "-march=x86-64-v4"
    same_bits(source, [[], ["-DPLAIN_C"], ["-fopenmp"]])
    fused = [[v3], [v3, "-DPLAIN_C"], [v3, "-fopenmp"], [v4]]
    same_bits(source, fused)
    harness.skip_unless_all_ran(fused)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_any_number_of_threads_gives_the_same_bits(compiler, tmp_path):
    source = compile_sample(tmp_path)
    expected = classify(load(source, "inline", harness.build_shared(source, "-march=native", optimise="-O2")), 20)
    library = harness.build_shared(source, "-march=native", "-fopenmp", compiler=compiler, optimise="-O2")
    for threads in range(1, 6):
        np.testing.assert_array_equal(classify(load(source, "inline", library, threads), 20), expected, err_msg=f"{threads} threads")


@pytest.mark.parametrize("mode", WEIGHTS)
def test_weights_modes_give_identical_results(mode, tmp_path):
    inline = tmp_path / "inline"
    other = tmp_path / mode
    for folder in {inline, other}:
        folder.mkdir()
    base = compile_sample(inline)
    expected = classify(load(base, "inline", harness.build_shared(base)), 20)
    source = compile_sample(other, "--weights", mode)
    np.testing.assert_array_equal(classify(load(source, mode, harness.build_shared(source)), 20), expected)


@pytest.mark.parametrize("mode", WEIGHTS)
def test_output_is_byte_identical(mode, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        folder.mkdir()
        compile_sample(folder, "--weights", mode)
    names = sorted(path.name for path in first.iterdir())
    assert names == sorted(path.name for path in second.iterdir())
    assert filecmp.cmpfiles(first, second, names, shallow=False) == (names, [], [])


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_under_sanitizers(compiler, tmp_path):
    """samples/resnet8/classify.c and the network, with address and undefined-behaviour checks, on all 500 images."""
    source = compile_sample(tmp_path)
    data = np.load(harness.PHOTOS)
    records = b"".join(bytes([label]) + image.tobytes() for label, image in zip(data["y"], data["x"]))
    (tmp_path / "images.bin").write_bytes(records)
    program = tmp_path / "classify"
    flags = [*harness.STRICT, *harness.SANITIZERS, "-O1", f"-I{tmp_path}"]
    harness.checked([compiler, *flags, harness.ROOT / "samples/resnet8/classify.c", source, "-o", program, "-lm"])
    words = harness.checked([program, tmp_path / "images.bin"])
    right = int((reference().argmax(axis=1) == data["y"]).sum())
    assert f"{right} of 500 right" in words


@pytest.mark.parametrize("mode", WEIGHTS)
def test_header_is_safe_in_cpp(mode, tmp_path):
    compile_sample(tmp_path, "--weights", mode)
    program = f'#include "{NAME}.h"\n#include "{NAME}.h"\nint main() {{ return {NAME}_run == 0; }}\n'
    (tmp_path / "user.cpp").write_text(program)
    flags = ["-Wall", "-Wextra", "-Wpedantic", "-Wno-address", "-Werror"]
    for standard in ("c++98", "c++17"):
        harness.checked(["g++", f"-std={standard}", *flags, "-c", tmp_path / "user.cpp", "-o", tmp_path / "user.o"])
    source = tmp_path / f"{NAME}.c"
    harness.checked(["gcc", "-std=c99", "-O1", "-c", source, "-o", tmp_path / "net.o"], cwd=tmp_path)
    harness.checked(["g++", tmp_path / "user.o", tmp_path / "net.o", "-o", tmp_path / "user", "-lm"])


@pytest.mark.parametrize("mode", WEIGHTS)
def test_no_writable_globals_and_few_symbols(mode, tmp_path):
    """Reentrant: nothing but read-only data, and no exported name but the network's own."""
    source = compile_sample(tmp_path, "--weights", mode)
    built = tmp_path / "net.o"
    harness.checked(["gcc", "-std=c99", "-O2", "-c", source, "-o", built], cwd=tmp_path)
    symbols = [line.split() for line in harness.checked(["nm", built]).splitlines()]
    assert [s for s in symbols if s[-2] in "dDbBC"] == []
    exported = [s[-1] for s in symbols if s[-2].isupper() and s[-2] != "U"]
    assert all(name.startswith(NAME) for name in exported)
    outside = {s[-1] for s in symbols if s[-2] == "U"}
    assert not outside & {"malloc", "calloc", "free", "printf", "exit", "abort"}


def test_bad_pointers_are_reported(tmp_path):
    source = compile_sample(tmp_path)
    network = load(source, "inline", harness.build_shared(source))
    image = np.ascontiguousarray(images()[0])
    output = np.zeros(10, np.float32)
    good = [image.ctypes.data, output.ctypes.data, network.arena.ctypes.data]

    def call(pointers):
        return network.function(*[ctypes.c_void_p(pointer) for pointer in pointers])

    assert call(good) == 0
    for index in range(3):
        assert call([0 if i == index else pointer for i, pointer in enumerate(good)]) < 0
    assert call([good[0], good[1], good[2] + 4]) < 0


def test_two_threads_with_two_arenas(tmp_path):
    source = compile_sample(tmp_path)
    library = harness.build_shared(source, optimise="-O2")
    with ThreadPoolExecutor(2) as pool:  # ctypes releases the interpreter lock while the network runs
        first, second = pool.map(classify, [load(source, "inline", library) for _ in range(2)])
    np.testing.assert_array_equal(first, second)


def test_run_agrees_with_onnxruntime(tmp_path):
    np.save(tmp_path / "x.npy", images()[:1])
    harness.checked([harness.skipc_path(), "run", harness.SAMPLE, "--input", tmp_path / "x.npy", "--output", tmp_path / "y.npy"])
    np.testing.assert_allclose(np.load(tmp_path / "y.npy").reshape(1, 10), reference()[:1], atol=1e-4)


def test_verify_layers(tmp_path):
    words = harness.checked([harness.skipc_path(), "verify", harness.SAMPLE, "--layers"])
    assert "l1/c1" in words


def test_installed_compiler_stands_alone(tmp_path):
    """The kernels are embedded: a copy of the binary elsewhere needs nothing of the source tree."""
    binary = tmp_path / "skipc"
    binary.write_bytes(open(harness.skipc_path(), "rb").read())
    binary.chmod(0o755)
    subprocess.run([binary, "compile", harness.SAMPLE, "-o", "net.c"], cwd=tmp_path, check=True, env={})
    assert (tmp_path / "net.c").exists() and (tmp_path / "net.h").exists()
