"""Bad input through the command line: the right exit status, one line that says why, nothing left behind, no crash, no leak.

Runs the compiler that is built with AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer: a finding of theirs
is neither one line nor the expected status."""

import os
import random
import resource
import sys
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
import models

USAGE, INVALID, UNSUPPORTED, FILE = 2, 3, 4, 5
FLOAT = TensorProto.FLOAT


def skipc(arguments, folder, **options):
    return harness.run([harness.skipc_asan_path(), *arguments], cwd=folder, **options)


def one_line(done):
    words = done.stderr.decode()  # UTF-8, whatever the model's names hold
    assert words.endswith("\n") and words.count("\n") == 1, words
    assert words.startswith("skipc: "), words
    assert all(character.isprintable() for character in words[:-1]), repr(words)
    return words


def refused(arguments, folder, status, *mentions, **options):
    """skipc fails with this status, one line with these words, and leaves the folder as it was."""
    before = sorted(os.listdir(folder))
    done = skipc(arguments, folder, **options)
    assert done.returncode == status, (done.returncode, done.stderr.decode(errors="replace"))
    assert done.stdout == b""
    words = one_line(done)
    for mention in mentions:
        assert mention in words, words
    assert sorted(os.listdir(folder)) == before
    return words


REFUSED_MODELS = {
    # case: (model, status, what the line names)
    "cyclic graph": (models.cyclic(), INVALID, ["cycle"]),
    "missing input": (models.missing_input(), INVALID, ["nowhere"]),
    "missing output": (models.missing_output(), INVALID, ["y"]),
    "duplicate output": (models.duplicate_output(), INVALID, ["y"]),
    "shape contradicts weight": (models.convolution((4, 5, 3, 3)), INVALID, ["layer1/conv", "Conv", "3 channels in 1 group"]),
    "negative dimension": (models.dimensions([1, -4]), INVALID, ["x"]),
    "overflowing dimensions": (models.dimensions([2**40, 2**40]), INVALID, ["x"]),
    "negative weight dimension": (models.claims([-4, 3, 3, 3]), INVALID, ["w"]),
    "overflowing weight dimensions": (models.claims([2**62, 4, 3, 3]), INVALID, ["w"]),
    "weight claims 2 GB": (models.claims([512, 1024, 32, 32]), INVALID, ["w"]),
    "weight shorter than its shape": (models.claims([4, 3, 3, 3]), INVALID, ["w"]),
    "2 GB claim in 100 bytes": (models.huge_claim(), INVALID, []),
    "NaN scale": (models.resize(float("nan")), INVALID, ["up", "Resize"]),
    "infinite scale": (models.resize(float("inf")), INVALID, ["up", "Resize"]),
    "negative scale": (models.resize(-2.0), INVALID, ["up", "Resize"]),
    "zero scale": (models.resize(0.0), INVALID, ["up", "Resize"]),
    "enormous scale": (models.resize(1e30), INVALID, ["up", "Resize"]),
    "ConstantOfShape overflows": (models.filled([2**40, 2**40]), INVALID, ["fill", "ConstantOfShape"]),
    "ConstantOfShape negative": (models.filled([-1]), INVALID, ["fill", "ConstantOfShape"]),
    "Reshape to another size": (models.reshape([3, 3]), INVALID, ["view", "Reshape"]),
    "Reshape with two -1": (models.reshape([-1, -1]), INVALID, ["view", "Reshape"]),
    "Reshape overflows": (models.reshape([2**62, 2**62]), INVALID, ["view", "Reshape"]),
    "zero stride": (models.attribute("Conv", strides=[0, 1]), INVALID, ["Conv"]),
    "negative stride": (models.attribute("MaxPool", kernel_shape=[2, 2], strides=[-1, 1]), INVALID, ["MaxPool"]),
    "enormous pads": (models.attribute("Conv", pads=[2**62] * 4), INVALID, ["Conv"]),
    "enormous dilation": (models.attribute("Conv", dilations=[2**62, 2**62]), INVALID, ["Conv"]),
    "zero group": (models.attribute("Conv", group=0), INVALID, ["Conv"]),
    "negative group": (models.attribute("Conv", group=-1), INVALID, ["Conv"]),
    "wrong number of strides": (models.attribute("Conv", strides=[1, 1, 1]), INVALID, ["Conv"]),
    "kernel larger than its input": (models.attribute("MaxPool", kernel_shape=[99, 99]), INVALID, ["MaxPool"]),
    "axis out of range": (models.attribute("Softmax", axis=9), INVALID, ["Softmax"]),
    "permutation repeats": (models.attribute("Transpose", perm=[0, 0, 1, 2]), INVALID, ["Transpose"]),
    "unknown auto_pad": (models.attribute("Conv", auto_pad="SOMETIMES"), INVALID, ["Conv"]),
    "unknown operator": (models.unary("Frobnicate"), UNSUPPORTED, ["n", "Frobnicate"]),
    "unknown domain": (models.unary("Relu", domain="com.example", domains=["com.example"]), UNSUPPORTED, ["com.example"]),
    "If that an input decides": (models.branch(), UNSUPPORTED, ["choice", "If", "depends on input 'c': --bind c=VALUE"]),
    "If of two counts": (models.branch(models.side(outputs=2)), INVALID, ["choice", "If", "one branch has 2 outputs, the other 1"]),
    "If of two types": (
        models.branch(models.side(kind=TensorProto.INT64)),
        INVALID,
        ["choice", "output 0 ('y') different types: int64 ('o0') and float ('o0')"],
    ),
    "If without a truth": (models.branch(condition=FLOAT), INVALID, ["choice", "its condition 'c' must be one bool"]),
    "unknown operators": (
        models.three_unknown_operators(),
        UNSUPPORTED,
        ["Unheard (2, first 'first')", "com.example.Unseen (1, first 'third')", "Untold (1, first 'o0')"],
    ),
    "quantised": (models.quantised(), UNSUPPORTED, ["QuantizeLinear (1, first 'down')", "int8 is next", "its float original compiles"]),
    "sizes missing": (
        models.dimensions([1, -1, "floor(h/2)", "w"]),
        UNSUPPORTED,
        ["1 of input 'x', 2 ('floor(h/2)') of input 'x', 3 ('w')", "--dim x:1=N --dim 'floor(h/2)=N' --dim w=N set them"],
    ),
    "recursive function": (models.recursive_function(), INVALID, ["f"]),
    "shape known at run time only": (models.run_time_shape(), UNSUPPORTED, ["view", "Reshape"]),
    "future opset": (models.wrong_opset(999), UNSUPPORTED, ["999"]),
    "opset of the past": (models.wrong_opset(5), UNSUPPORTED, ["5"]),
    "no opset": (models.no_opset(), INVALID, []),
    "future IR version": (models.wrong_ir(99), UNSUPPORTED, ["99"]),
    "unknown dtype": (models.unary("Relu", 99), UNSUPPORTED, ["input 'x': element type 99 is not supported"]),
    "complex dtype": (models.unary("Relu", TensorProto.COMPLEX64), UNSUPPORTED, ["x"]),
    "string dtype": (models.unary("Identity", TensorProto.STRING), UNSUPPORTED, ["x"]),
    "no graph": (models.no_graph(), INVALID, []),
    "empty file": (b"", INVALID, []),
    "text": (b"this is no model\n" * 20, INVALID, ["not an ONNX model: it is something else, truncated or damaged"]),
    "line breaks in names": (models.unary("Frobnicate", name="a\nskipc: b\r\x1b[31m"), UNSUPPORTED, ["Frobnicate"]),
}


@pytest.mark.parametrize("case", REFUSED_MODELS)
@pytest.mark.parametrize("command", ["compile", "inspect"])
def test_model_is_refused(case, command, tmp_path):
    model, status, mentions = REFUSED_MODELS[case]
    models.save(model, tmp_path / "model.onnx")
    words = refused([command, "model.onnx"], tmp_path, status, *mentions)
    assert words.startswith("skipc: model.onnx: ")


@pytest.mark.parametrize(
    "binds, status, words",
    [
        (["N"], USAGE, "--bind takes NAME=VALUE, not 'N'"),
        (["z=1"], USAGE, "--bind z=1: the model has no such input: its inputs are 'x', 'c'"),
        (["c=1", "c=0"], USAGE, "--bind c=0: input 'c' is bound twice"),
        (["c=2"], USAGE, "--bind c: '2' is no bool"),
        (["c=yes"], USAGE, "--bind c: 'yes' is no bool"),
        (["c="], USAGE, "--bind c: '' is no bool"),
        (["c=[1]"], USAGE, "--bind c: the input has the shape scalar, the value 1"),
        (["x=1"], USAGE, "--bind x: the input has the shape 1x4, the value scalar"),
        (["x=1,2,3,4"], USAGE, "--bind x: the input has the shape 1x4, the value 4"),
        (["x=[[1,2,3]]"], USAGE, "--bind x: the input has the shape 1x4, the value 1x3"),
        (["x=[[1,2],[3]]"], USAGE, "its lists are not equally long"),
        (["x=[[1,2],3]"], USAGE, "its lists are not equally deep"),
        (["x=[[1,2,3,4]"], USAGE, "its list has no end"),
        (["x=[[1,2,3,4]]]"], USAGE, "it does not end before ']'"),
        (["x=[[1,2,3,1e99]]"], USAGE, "'1e99' is no float"),
        (["x=[[]]"], USAGE, "a list without numbers"),
        (["x=" + "[" * 9 + "1" + "]" * 9], USAGE, "its lists are too deep"),
        (["x=absent.npy"], FILE, "absent.npy: No such file"),
        (["x=model.onnx"], FILE, "model.onnx is no .npy file"),
        (["x=cut.npy"], FILE, "cut.npy: "),
        (["x=double.npy"], FILE, "double.npy: input 'x' is float (<f4), the file has <f8"),
        (["x=long.npy"], FILE, "--bind x: the input has the shape 1x4, the value 1x5"),
    ],
)
def test_bad_bindings(binds, status, words, tmp_path):
    models.save(models.branch(), tmp_path / "model.onnx")
    np.save(tmp_path / "double.npy", np.ones((1, 4)))
    np.save(tmp_path / "long.npy", np.ones((1, 5), np.float32))
    np.save(tmp_path / "cut.npy", np.ones((1, 4), np.float32))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "cut.npy").read_bytes()[:-1])
    refused(["compile", "model.onnx", *(word for bind in binds for word in ("--bind", bind))], tmp_path, status, words)


def test_truncated_anywhere(tmp_path):
    whole = harness.SAMPLE.read_bytes()
    lengths = [1, 2, 10, 100, 1000, len(whole) - 1] + [len(whole) * part // 24 for part in range(1, 24)]
    for length in lengths:
        (tmp_path / "cut.onnx").write_bytes(whole[:length])
        refused(["compile", "cut.onnx"], tmp_path, INVALID, "cut.onnx")


def test_random_bytes(tmp_path):
    generator = random.Random(1)
    for size in (1, 7, 64, 1000, 50_000):
        for _ in range(8):
            (tmp_path / "noise.onnx").write_bytes(generator.randbytes(size))
            refused(["compile", "noise.onnx"], tmp_path, INVALID, "noise.onnx")


@pytest.mark.parametrize("model, count", [(models.convolution(), 150), (models.branch_by_shape(), 100)], ids=["weights", "branches"])
def test_flipped_bytes_never_crash(model, count, tmp_path):
    """Most damage is in a weight, and harmless; what isn't is refused like any other bad model."""
    generator = random.Random(2)
    small = model.SerializeToString()
    statuses = set()
    for _ in range(count):
        damaged = bytearray(small)
        for _ in range(generator.randint(1, 4)):
            damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        (tmp_path / "damaged.onnx").write_bytes(damaged)
        done = skipc(["inspect", "damaged.onnx"], tmp_path)
        assert done.returncode in (0, INVALID, UNSUPPORTED, FILE), (bytes(damaged), done.stderr)
        statuses.add(done.returncode)
        if done.returncode:
            one_line(done)
    assert statuses >= {0, INVALID}


@pytest.mark.parametrize(
    "location, offset, length, status",
    [
        ("absent.bin", None, None, FILE),
        ("folder", None, None, FILE),
        ("weights.bin", 400, None, FILE),
        ("weights.bin", 0, 10_000, INVALID),
        ("weights.bin", -1, None, INVALID),
        ("weights.bin", "many", None, INVALID),
        ("weights.bin", 2**63 - 1, 432, INVALID),
        ("weights.bin", 0, 8, INVALID),
        ("../weights.bin", None, None, INVALID),
        ("folder/../../weights.bin", None, None, INVALID),
        ("/etc/passwd", None, None, INVALID),
        ("", None, None, INVALID),
        (None, None, None, INVALID),
    ],
)
def test_external_data(location, offset, length, status, tmp_path):
    inside = tmp_path / "inside"
    (inside / "folder").mkdir(parents=True)
    for folder in (tmp_path, inside):
        (folder / "weights.bin").write_bytes(np.ones(4 * 27, np.float32).tobytes())
    models.save(models.external(location, offset, length), inside / "model.onnx")
    refused(["compile", "model.onnx"], inside, status, "model.onnx")


def test_good_external_data(tmp_path):
    (tmp_path / "weights.bin").write_bytes(b"12345678" * 8 + np.ones(4 * 27, np.float32).tobytes())
    models.save(models.external("weights.bin", 64, 432), tmp_path / "model.onnx")
    done = skipc(["compile", "model.onnx"], tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "output, status",
    [("absent/net.c", FILE), ("folder.c", FILE), ("/dev/null/net.c", FILE), ("net.c/", USAGE), ("net.txt", USAGE)],
)
def test_unwritable_output(output, status, tmp_path):
    (tmp_path / "folder.c").mkdir()
    models.save(models.convolution(), tmp_path / "model.onnx")
    refused(["compile", "model.onnx", "-o", output, "--name", "net"], tmp_path, status)


@pytest.mark.parametrize("mode", ["inline", "asm", "file"])
def test_full_disk(mode, tmp_path):
    """A limit on the size of files stands for the full disk: write() fails half-way with an error."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))

    models.save(models.convolution((64, 3, 3, 3)), tmp_path / "model.onnx")
    # Python ignores SIGXFSZ, and so does its child unless signals are restored: write() returns EFBIG.
    options = {"preexec_fn": limit, "restore_signals": False}
    refused(["compile", "model.onnx", "--weights", mode], tmp_path, FILE, **options)


def test_full_device(tmp_path):
    models.save(models.convolution(), tmp_path / "model.onnx")
    np.save(tmp_path / "x.npy", np.ones((1, 3, 8, 8), np.float32))
    refused(["run", "model.onnx", "--input", "x.npy", "--output", "/dev/full"], tmp_path, FILE)


def test_a_failed_compile_keeps_the_earlier_output(tmp_path):
    models.save(models.unary("Frobnicate"), tmp_path / "model.onnx")
    (tmp_path / "model.c").write_text("earlier")
    refused(["compile", "model.onnx"], tmp_path, UNSUPPORTED)
    assert (tmp_path / "model.c").read_text() == "earlier"


@pytest.mark.parametrize(
    "arguments, status, words",
    [
        ([], USAGE, "no command given ('skipc --help' lists them)"),
        (["frobnicate"], USAGE, "unknown command 'frobnicate'"),
        (["compil", "model.onnx"], USAGE, "did you mean 'compile'?"),
        (["compile"], USAGE, "no model given"),
        (["compile", "model.onnx", "--frobnicate"], USAGE, "unknown option '--frobnicate'"),
        (["compile", "model.onnx", "--optimise", "size"], USAGE, "did you mean --optimize?"),
        (["compile", "model.onnx", "second.onnx"], USAGE, "'second.onnx' is a second one"),
        (["compile", "model.onnx", "-o"], USAGE, "--out needs a value"),
        (["compile", "model.onnx", "--exact=1"], USAGE, "--exact takes no value"),
        (["compile", "model.onnx", "--name", "1net"], USAGE, "it must begin with a letter"),
        (["compile", "model.onnx", "--name", "a-b"], USAGE, "--name 'a-b'"),
        (["compile", "model.onnx", "--name", ""], USAGE, "--name ''"),
        (["compile", "model.onnx", "--name", "int"], USAGE, "it is a keyword"),
        (["compile", "model.onnx", "--weights", "paper"], USAGE, "--weights takes inline|asm|file, not 'paper'"),
        (["compile", "model.onnx", "--target", "abacus"], USAGE, "there are portable, auto"),
        (["compile", "model.onnx", "--dim", "N"], USAGE, "--dim takes NAME=N, not 'N'"),
        (["compile", "model.onnx", "--dim", "N=0"], USAGE, "a whole number from 1"),
        (["compile", "model.onnx", "--dim", "N=-1"], USAGE, "a whole number from 1"),
        (["compile", "model.onnx", "--dim", "N=99999999999999999999"], USAGE, "a whole number from 1"),
        (["compile", "model.onnx", "--dim", "absent=2"], USAGE, "no dimension of that name"),
        (["compile", "model.onnx", "--dump-ir=frobnicate"], USAGE, "no pass 'frobnicate': there are import, "),
        (["compile", "model.onnx", "-o", "absent/net.c"], FILE, "absent/net.h can't be written: No such file"),
        (["run", "model.onnx"], USAGE, "no --input for input 'x' (float 1x3x8x8)"),
        (["run", "model.onnx", "--input", "a.npy", "--input", "b.npy"], USAGE, "b.npy is one too many: the model has 1 input"),
        (["run", "model.onnx", "--input", "z=absent.npy"], USAGE, "there is no such input, and no file of that name"),
        (["verify", "model.onnx", "--against", "hearsay"], USAGE, "onnxruntime|onnx|reference, not 'hearsay'"),
        (["bench", "model.onnx", "--threads", "none"], USAGE, "from 1 to 1024, not 'none'"),
        (["compile", "absent.onnx"], FILE, "absent.onnx: can't be opened: No such file"),
        (["compile", "."], FILE, "is a folder"),
        (["run", "model.onnx", "--input", "absent.npy"], FILE, "absent.npy: No such file"),
    ],
)
def test_command_line(arguments, status, words, tmp_path):
    models.save(models.convolution(), tmp_path / "model.onnx")
    refused(arguments, tmp_path, status, words)


@pytest.mark.parametrize(
    "array",
    [np.ones((1, 3, 8, 9), np.float32), np.ones((1, 3, 8, 8), np.float64), np.ones((1, 3, 8, 8), np.complex64), np.float32(1)],
    ids=["shape", "dtype", "complex", "scalar"],
)
def test_wrong_input_array(array, tmp_path):
    models.save(models.convolution(), tmp_path / "model.onnx")
    np.save(tmp_path / "x.npy", array)
    refused(["run", "model.onnx", "--input", "x.npy"], tmp_path, FILE, "x.npy")


@pytest.mark.parametrize("keep", [0, 5, 9, 60, 200])
def test_truncated_input_array(keep, tmp_path):
    models.save(models.convolution(), tmp_path / "model.onnx")
    np.save(tmp_path / "x.npy", np.ones((1, 3, 8, 8), np.float32))
    (tmp_path / "x.npy").write_bytes((tmp_path / "x.npy").read_bytes()[:keep])
    refused(["run", "model.onnx", "--input", "x.npy"], tmp_path, FILE, "x.npy")
