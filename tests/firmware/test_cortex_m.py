"""The generated ResNet-8 on a Cortex-M4F: freestanding, no heap, the classes of the desktop."""

import re
import subprocess

import numpy as np
import pytest

import harness

MACHINE = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"]
MEMORY = {"__flash": "0", "__flash_size": "0x400000", "__ram": "0x20000000", "__ram_size": "0x400000", "__stack_size": "0x4000"}
COUNT = 3


@pytest.fixture
def sources(tmp_path):
    harness.compile_model(harness.SAMPLE, tmp_path / "resnet8.c", "--optimize", "memory", name="resnet8")
    images = np.load(harness.PHOTOS)["x"][:COUNT].reshape(COUNT, -1)
    rows = ",\n".join("{" + ",".join(map(str, image)) + "}" for image in images)
    (tmp_path / "images.h").write_text(
        f"enum {{ IMAGE_COUNT = {COUNT}, IMAGE_PIXELS = {images.shape[1]} }};\n"
        f"static const unsigned char images[IMAGE_COUNT][IMAGE_PIXELS] = {{\n{rows}\n}};\n"
    )
    return tmp_path


def build_firmware(folder):
    library = ["--specs=picolibc.specs", *MACHINE]
    harness.checked(
        ["arm-none-eabi-gcc", *library, *harness.STRICT, "-ffreestanding", "-O2", "-c", "resnet8.c", "-o", "net.o"], cwd=folder
    )
    memory = ",".join(f"--defsym={symbol}={value}" for symbol, value in MEMORY.items())
    program = harness.ROOT / "tests/firmware/classify.c"
    harness.checked(
        ["arm-none-eabi-gcc", *library, "--oslib=semihost", "--crt0=semihost", "-O2", f"-I{folder}"]
        + [program, "net.o", "-lm", f"-Wl,{memory}", "-o", "classify.elf"],
        cwd=folder,
    )


def emulate(folder):
    command = ["qemu-system-arm", "-M", "mps2-an386", "-nographic", "-monitor", "none", "-serial", "none"]
    command += ["-semihosting-config", "enable=on,target=native", "-kernel", "classify.elf"]
    done = harness.run(command, cwd=folder, stdin=subprocess.DEVNULL, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stderr.decode()  # where QEMU's semihosting console writes


def test_classes_equal_the_desktops(sources):
    build_firmware(sources)
    harness.checked(
        ["gcc", "-O2", f"-I{sources}", harness.ROOT / "tests/firmware/classify.c", "resnet8.c", "-lm", "-o", "classify"], cwd=sources
    )
    desktop = harness.checked([sources / "classify"])
    assert len(re.findall(r"status 0 class \d", desktop)) == COUNT
    assert emulate(sources) == desktop


def test_object_needs_no_heap_and_no_ram(sources):
    build_firmware(sources)
    undefined = set(harness.checked(["arm-none-eabi-nm", "-u", "net.o"], cwd=sources).replace("U", " ").split())
    mathematics = {"fmaf", "expf", "exp", "tanhf", "powf", "logf", "sqrtf"}
    assert {name for name in undefined if not name.startswith("__aeabi_")} <= mathematics | {"memcpy", "memset", "memmove"}
    sizes = dict(re.findall(r"^(\.data|\.bss)\s+(\d+)", harness.checked(["arm-none-eabi-size", "-A", "net.o"], cwd=sources), re.MULTILINE))
    assert all(int(size) == 0 for size in sizes.values())
    words = harness.checked(["arm-none-eabi-size", "net.o"], cwd=sources)
    flash = words.splitlines()[1].split()[0]
    arena = harness.header_number(sources / "resnet8.c", "RESNET8_ARENA_BYTES")
    harness.report(f"firmware: ResNet-8 on Cortex-M4F: {flash} bytes of flash, arena {arena} bytes")
