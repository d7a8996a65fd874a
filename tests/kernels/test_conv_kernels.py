"""The convolution and pooling kernels and the vector functions are right with every compiler and vector width, and their bits are the same wherever FMA exists, AArch64 included."""
import os
import subprocess

import harness
import pytest

FUSED = {"avx512": ["-march=x86-64-v4"], "avx2": ["-march=x86-64-v3"], "plain": ["-march=x86-64-v3", "-DPLAIN_C"]}
CHECKS = ["conv_check", "strips_check", "pool_check", "winograd_check", "recurrent_check", "vec_math_check"]


def build(check, compiler, flags, folder, contract=("-ffp-contract=off",)):
    program = folder / check
    subprocess.run([compiler, "-std=gnu11", *contract, "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", *flags, f"-I{harness.ROOT}",
                    str(harness.ROOT / f"tests/kernels/{check}.c"), "-o", str(program), "-lm"], check=True)
    return program


def output(*command, **environment):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env={**os.environ, **environment})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def run(check, compiler, flags, folder, emulator=(), **options):
    """What it prints, whatever scratch and results held before."""
    program = build(check, compiler, flags, folder, **options)
    (printed,) = {output(*emulator, program, f"{fill:x}") for fill in harness.FILLS}
    return printed


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_without_vector_flags(check, compiler, tmp_path):
    run(check, compiler, [], tmp_path)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_under_sanitizers(check, compiler, tmp_path):
    run(check, compiler, ["-O0", "-DPLAIN_C", *harness.SANITIZERS], tmp_path)


@pytest.mark.parametrize("check", ["conv_check", "strips_check", "pool_check", "winograd_check"])
def test_same_bits_with_any_number_of_threads(check, tmp_path):
    for flags in (harness.SANITIZERS, ["-DPLAIN_C"], ["-march=native"]):
        alone = run(check, "gcc", flags, tmp_path)
        program = build(check, "gcc", [*flags, "-fopenmp"], tmp_path)
        assert {threads: output(program, f"{harness.FILLS[threads % 2]:x}", OMP_NUM_THREADS=str(threads)) for threads in range(1, 6)} == dict.fromkeys(range(1, 6), alone), flags


@pytest.mark.parametrize("name", FUSED)
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_no_compiler_joins_a_product_with_a_sum(compiler, name, tmp_path):
    """By its own default, which for gcc is to join what it can."""
    harness.skip_unless_all_ran([FUSED[name]])
    assert run("vec_math_check", compiler, [*FUSED[name], "-O2"], tmp_path, contract=()) == run("vec_math_check", compiler, FUSED[name], tmp_path)


@pytest.mark.parametrize("check", CHECKS)
def test_same_bits_with_every_width_and_compiler(check, tmp_path):
    results = {(compiler, name): run(check, compiler, flags, tmp_path)
               for compiler in ("gcc", "clang") for name, flags in FUSED.items() if harness.runs_here(flags)}
    results["aarch64-linux-gnu-gcc", "neon"] = run(check, "aarch64-linux-gnu-gcc", ["-static"], tmp_path, ["qemu-aarch64"])
    results["aarch64-linux-gnu-gcc", "plain"] = run(check, "aarch64-linux-gnu-gcc", ["-static", "-DPLAIN_C"], tmp_path, ["qemu-aarch64"])
    assert len(set(results.values())) == 1, results
    harness.skip_unless_all_ran(FUSED.values())
