"""Every C file is as clang-format writes it: a diff then shows what was changed."""
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ["driver", "frontend", "ir", "passes", "kernels", "codegen", "runtime", "tests", "samples"]


def test_c_files_are_formatted():
    files = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.[ch]"))
    assert len(files) > 150
    done = subprocess.run(["clang-format", "--dry-run", "--Werror", *map(str, files)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:4000]
