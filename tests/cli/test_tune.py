"""compile --tune: what is measured, kept and used again. Which kernel wins is the machine's business."""

import shutil

import harness
import pytest

KERNELS = ("direct", "winograd2", "winograd4")


@pytest.fixture
def model(tmp_path):
    return shutil.copy(harness.SAMPLE, tmp_path / "net.onnx")


def compiled(model, *flags, **variables):
    """(what it says, the C file's bytes)"""
    source = model.with_suffix(".c")
    source.unlink(missing_ok=True)
    done = harness.run([harness.skipc_path(), "compile", model, "-o", source, *flags], cwd=model.parent, variables=variables)
    assert done.returncode == 0, done.stderr.decode()
    return done.stderr.decode(), source.read_bytes()


def refused(model, *flags, **variables):
    before = sorted(model.parent.iterdir())
    done = harness.run([harness.skipc_path(), "compile", model, "-o", model.with_suffix(".c"), *flags], cwd=model.parent, variables=variables)
    assert done.returncode == 5 and done.stderr.count(b"\n") == 1
    assert sorted(model.parent.iterdir()) == before
    return done.stderr.decode()


def layers(text):
    """{geometry: kernel}"""
    return {line.split()[1]: line.split()[2] for line in text.splitlines() if line.startswith("layer ")}


def choosing(text, kernel):
    return "".join(" ".join([*line.split()[:2], kernel]) + "\n" if line.startswith("layer ") else line + "\n" for line in text.splitlines())


def test_measures_once_and_is_used_again(model):
    tuning = model.with_suffix(".tune")
    words, first = compiled(model, "--tune")
    measured = tuning.read_text()
    chosen = layers(measured)
    assert "net.tune" in words and len(chosen) == 5  # 3x3 layers of stride 1 and 2; equal ones are one geometry
    assert set(chosen.values()) <= set(KERNELS)
    for line in measured.splitlines()[4:]:
        times = {word.split("=")[0]: float(word.split("=")[1].removesuffix("ms")) for word in line.split()[3:]}
        assert set(times) == set(KERNELS) and times[line.split()[2]] == min(times.values())

    assert compiled(model, "--tune") == ("", first)
    assert tuning.read_text() == measured
    assert compiled(model, f"--tune={tuning}") == ("", first)
    harness.checked([harness.skipc_path(), "verify", model, "--tune", "--against", "reference"])

    # Of another machine: measured again. A geometry of another input size stays; one that is missing is measured.
    lines = measured.splitlines()
    other = "layer conv3x3:8x16x9x9:8x16x9x9:pads=1,1 winograd2"
    tuning.write_text("\n".join([*lines[:4], *lines[5:], other]) + "\n")
    assert "1 layer" in compiled(model, "--tune")[0]
    assert set(layers(tuning.read_text())) == {*chosen, other.split()[1]}
    tuning.write_text("\n".join([*lines[:2], "cpu of another machine", lines[3], *lines[4:], other]) + "\n")
    assert "5 layer" in compiled(model, "--tune")[0]
    assert set(layers(tuning.read_text())) == set(chosen)


def write_tuning(model, kernel):
    """A file that is of no machine here, and so is only used where it is named."""
    geometries = [f"conv3x3:1x{c}x{e}x{e}:1x{c}x{e}x{e}:pads=1,1" for c, e in ((16, 32), (32, 16), (64, 8))]
    geometries += [f"conv3x3:1x{c}x{e}x{e}:1x{2 * c}x{e // 2}x{e // 2}:pads=0,0:stride=2" for c, e in ((16, 32), (32, 16))]
    tuning = model.with_suffix(".elsewhere")
    tuning.write_text("skipc-tune 1\nversion 0\ncpu of nobody\ncompiler none\n" + "".join(f"layer {g} {kernel}\n" for g in geometries))
    return tuning


def test_named_file_is_used_whatever_it_was_measured_on(model):
    sources = {kernel: compiled(model, f"--tune={write_tuning(model, kernel)}", CC="no-such-compiler")[1] for kernel in KERNELS}
    assert sources["direct"] == compiled(model, "--exact")[1]
    for m in (2, 4):
        calls = {name: f"conv_winograd_{name}(".encode() in sources[f"winograd{m}"] for name in ("2", "4", "2_stride_2", "4_stride_2")}
        assert calls == {name: name.startswith(str(m)) for name in calls}


def test_exact_forbids_winograd_whatever_was_measured(model):
    plain = compiled(model, "--exact")[1]
    assert compiled(model, "--exact", f"--tune={write_tuning(model, 'winograd4')}")[1] == plain
    assert compiled(model, "--exact", "--tune", CC="no-such-compiler") == ("", plain)
    assert not model.with_suffix(".tune").exists()


def test_plain_compile_reads_no_file(model):
    _, plain = compiled(model)
    model.with_suffix(".tune").write_text(write_tuning(model, "direct").read_text())
    assert compiled(model) == ("", plain)


def test_without_a_compiler(model):
    assert "no-such-compiler" in refused(model, "--tune", CC="no-such-compiler")


HEAD = "skipc-tune 1\nversion 0\ncpu a\ncompiler b\n"
MALFORMED = [
    "",
    "something else\n",
    "skipc-tune 2\n",
    "skipc-tune 1\nversion 0\n",
    HEAD.removesuffix("\n"),
    HEAD + "layer conv3x3 fourier\n",
    HEAD + "layer conv3x3\n",
    HEAD + "layer " + "x" * 5000 + " direct\n",
    HEAD + "\0\n",
    "\xff" * 100,
]


@pytest.mark.parametrize("text", MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_file(model, text):
    """Beside the model too: a file that is something else is not overwritten."""
    tuning = model.with_suffix(".tune")
    tuning.write_bytes(text.encode("latin-1"))
    for flag in ("--tune", f"--tune={tuning}"):
        assert "net.tune" in refused(model, flag)
    assert tuning.read_bytes() == text.encode("latin-1")


def test_missing_named_file(model):
    assert "nowhere.tune" in refused(model, "--tune=nowhere.tune")
