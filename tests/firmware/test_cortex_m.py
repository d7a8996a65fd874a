"""The generated ResNet-8 on a Cortex-M4F: freestanding, no heap, the desktop's bits, and few instructions at every optimisation level."""

import platform
import re
import subprocess

import harness
import numpy as np
import onnx
import pytest

MACHINE = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"]
MEMORY = {"__flash": "0", "__flash_size": "0x400000", "__ram": "0x20000000", "__ram_size": "0x400000", "__stack_size": "0x4000"}
FUSED = ["-march=x86-64-v3"] if platform.machine() == "x86_64" else []  # the desktop's fused multiply-add
COUNT = 3
LEVELS = ["-Os", "-O2", "-O3"]
MOST_INSTRUCTIONS = 27_000_000  # of one image, 12,501,632 multiply-adds
OUTPUTS = ["probabilities", "logits"]


def save_with_logits(path):
    """The sample, whose second output is what softmax is given."""
    model = onnx.load(harness.SAMPLE)
    (softmax,) = [node for node in model.graph.node if node.op_type == "Softmax"]
    logits = model.graph.output.add()
    logits.CopyFrom(model.graph.output[0])
    logits.name = softmax.input[0]
    onnx.save(model, path)
    return path


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("firmware")
    harness.compile_model(save_with_logits(folder / "logits.onnx"), folder / "resnet8.c", "--optimize", "memory", name="resnet8")
    images = np.load(harness.PHOTOS)["x"][:COUNT].reshape(COUNT, -1)
    rows = ",\n".join("{" + ",".join(map(str, image)) + "}" for image in images)
    (folder / "images.h").write_text(
        f"enum {{ IMAGE_COUNT = {COUNT}, IMAGE_PIXELS = {images.shape[1]} }};\n"
        f"static const unsigned char images[IMAGE_COUNT][IMAGE_PIXELS] = {{\n{rows}\n}};\n"
    )
    return folder


@pytest.fixture(scope="module", params=LEVELS)
def network(request, sources):
    """The object of a level."""
    compiled = sources / f"net{request.param}.o"
    compiler = ["arm-none-eabi-gcc", "--specs=picolibc.specs", *MACHINE]
    harness.checked([*compiler, *harness.STRICT, "-ffreestanding", request.param, "-c", "resnet8.c", "-o", compiled], cwd=sources)
    return compiled


def build_firmware(network):
    firmware = network.with_suffix(".elf")
    library = ["--specs=picolibc.specs", *MACHINE]
    memory = ",".join(f"--defsym={symbol}={value}" for symbol, value in MEMORY.items())
    harness.checked(
        ["arm-none-eabi-gcc", *library, "--oslib=semihost", "--crt0=semihost", "-O2", f"-I{network.parent}"]
        + [harness.ROOT / "tests/firmware/classify.c", network, "-lm", f"-Wl,{memory}", "-o", firmware]
    )
    return firmware


def emulate(firmware):
    command = ["qemu-system-arm", "-M", "mps2-an386", "-nographic", "-monitor", "none", "-serial", "none", "-icount", "shift=0"]
    command += ["-semihosting-config", "enable=on,target=native", "-kernel", firmware]
    done = harness.run(command, stdin=subprocess.DEVNULL, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stderr.decode()  # where QEMU's semihosting console writes


@pytest.fixture(scope="module")
def desktop(sources):
    """What the desktop prints: the peer of all levels."""
    program = sources / "classify"
    harness.checked(
        ["gcc", "-O2", *FUSED, f"-I{sources}", harness.ROOT / "tests/firmware/classify.c", "resnet8.c", "-lm", "-o", program], cwd=sources
    )
    printed = harness.checked([program])
    assert len(re.findall(r"status 0 class \d", printed)) == COUNT
    return printed


def bits(printed, output):
    """Of an output's values, of all images."""
    rows = re.findall(rf"{output}((?: [0-9a-f]{{8}})+)", printed)
    assert len(rows) == COUNT, printed
    return np.array([[int(word, 16) for word in row.split()] for row in rows], np.uint32)


def test_bits_are_the_desktops_and_instructions_few(network, desktop):
    printed = emulate(build_firmware(network))
    assert re.findall(r"status.*class \d", printed) == re.findall(r"status.*class \d", desktop)
    for output in OUTPUTS:
        np.testing.assert_array_equal(bits(printed, output), bits(desktop, output), err_msg=output)
    counts = [int(count) for count in re.findall(r"instructions (\d+)", printed)]
    harness.report(f"firmware: ResNet-8 on Cortex-M4F: {counts[0] / 1e6:.1f} million instructions at -ffreestanding {network.stem[3:]}")
    assert len(counts) == COUNT and 1_000_000 < min(counts) <= max(counts) <= MOST_INSTRUCTIONS


def test_object_needs_no_heap_and_no_ram(network):
    undefined = set(harness.checked(["arm-none-eabi-nm", "-u", network]).replace("U", " ").split())
    mathematics = {"fmaf"}
    assert {name for name in undefined if not name.startswith("__aeabi_")} <= mathematics | {"memcpy", "memset", "memmove"}
    sizes = dict(re.findall(r"^(\.data|\.bss)\s+(\d+)", harness.checked(["arm-none-eabi-size", "-A", network]), re.MULTILINE))
    assert all(int(size) == 0 for size in sizes.values())
    flash = harness.checked(["arm-none-eabi-size", network]).splitlines()[1].split()[0]
    arena = harness.header_number(network.with_name("resnet8.c"), "RESNET8_ARENA_BYTES")
    harness.report(f"firmware: ResNet-8 on Cortex-M4F: {flash} bytes of flash at {network.stem[3:]}, arena {arena} bytes")
