"""bench/speed.py, bench/plot.py and bench/builds.py on the trained ResNet-8: that they run, and what they say; never how fast."""

import argparse
import json
import sys

import harness

sys.path.insert(0, str(harness.ROOT / "bench"))

import rows


def speed(*arguments, **variables):
    return harness.run([sys.executable, harness.ROOT / "bench/speed.py", "--runs", "1", *arguments], variables=variables)


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_table_json_and_plot(tmp_path):
    out = tmp_path / "results.json"
    done = speed("resnet8", "--clock", "cpu", "--batch", "2", "--peers", "onnxruntime", "--costs", "--json", out)
    assert done.returncode == 0, done.stderr.decode()
    lines = done.stdout.decode().splitlines()
    heading, row = cells(lines[2]), cells(lines[4])
    assert len(heading) == len(row) and heading[0] == "network" and row[0] == "resnet8 2x32x32"
    assert "arena MB" in done.stdout.decode()
    assert lines[-1] in ("0 of 1 rows meet 'must'", "1 of 1 rows meet 'must'")

    record = json.loads(out.read_text())
    (result,) = record["results"]
    assert record["cpu"] and record["command"].startswith("python bench/speed.py") and result["batch"] == 2
    assert set(result["ms"]) >= {"skipc", "onnxruntime"} and result["meets"] in (True, False)
    spread = result["ratio"]["onnxruntime"]
    assert spread["low"] <= spread["median"] <= spread["high"]
    assert result["costs"]["megabytes"]["skipc"] > 0 and result["costs"]["arena_megabytes"] > 0.205

    picture = tmp_path / "speed.svg"
    harness.checked([sys.executable, harness.ROOT / "bench/plot.py", picture, out, out])
    assert "resnet8 2x32x32" in picture.read_text() and "ONNX Runtime" in picture.read_text()


def test_peer_that_is_not_installed(tmp_path):
    (tmp_path / "ncnn.py").write_text("raise ImportError('not here')\n")
    done = speed("resnet8", "--peers", "onnxruntime,ncnn", PYTHONPATH=str(tmp_path))
    lines = done.stdout.decode().splitlines()
    assert dict(zip(cells(lines[2]), cells(lines[4])))["/ ncnn"] == "not installed", done.stderr.decode()


def test_network_that_fails_is_a_row_that_does_not_meet(tmp_path):
    done = speed("resnet8", SKIPC=str(tmp_path / "no-skipc"))
    lines = done.stdout.decode().splitlines()
    assert done.returncode == 0 and "not measured" in lines[4] and lines[-1] == "0 of 1 rows meet 'must'"


def test_unknown_arguments():
    for wrong in (["no-such-network"], ["--peers", "tensorflow"], ["--size", "512"], ["--table", "none"], ["--threads", "2", "--clock", "cpu"]):
        assert speed(*wrong).returncode == 2


def test_every_row_has_a_name_of_its_own_and_a_limit():
    names = [row.network for table in rows.TABLES.values() for row in table]
    assert len(names) == len(set(names)) and all(0 < row.must <= 1 for table in rows.TABLES.values() for row in table)
    assert rows.at(rows.NAMES["resnet8"], None, (512, 512)) is None
    assert rows.at(rows.NAMES["resnet18"], 4, (225, 231)).title == "resnet18 4x225x231"

# bench/builds.py: two builds of skipc.


def builds(before, after, *arguments, **options):
    words = ["--before", before, "--after", after, "--networks", "resnet8", "--runs", "1", "--processes", "1", *arguments]
    return harness.run([sys.executable, harness.ROOT / "bench/builds.py", *words], **options)


def one_row(done):
    lines = done.stdout.decode().splitlines()
    assert len(lines) >= 7, done.stderr.decode()
    return dict(zip(cells(lines[2]), cells(lines[4]))), lines[-1]


def test_a_build_and_itself(tmp_path):
    done = builds(harness.skipc_path(), harness.skipc_path(), "--most", "0.001", "--models", tmp_path / "models")
    row, last = one_row(done)
    assert done.returncode == 0 and last == "1 of 1 rows are within 0.001 of the time and 4096 bytes"
    assert row["machine code"] == "same" and row["results"] == "same bits" and row["C bytes"] == "+0" and row["within"] == "yes"
    assert (tmp_path / "models/resnet8.onnx").exists()


def test_a_build_that_is_slower(tmp_path):
    other = tmp_path / "skipc"
    mine = harness.skipc_path()
    other.write_text(f'#!/bin/sh\ncase "$1" in compile) exec "{mine}" "$@" --exact;; esac\nexec "{mine}" "$@"\n')
    other.chmod(0o755)
    done = builds(harness.skipc_path(), other, "--most", "0.001", "--most-bytes", "10000000")
    row, last = one_row(done)
    assert row["machine code"] == "differs" and row["results"].startswith("differ by") and row["C bytes"] != "+0"
    assert done.returncode == 1 and row["within"] == "no" and last.startswith("0 of 1 rows")


def test_limits_of_time_and_size():
    from builds import within_limits

    limits = argparse.Namespace(most=1.02, most_bytes=4096)
    assert within_limits(False, 1.02, (4096, -1), limits) and within_limits(True, 9.0, (0, 0), limits)
    assert not within_limits(False, 1.021, (0, 0), limits)
    assert not within_limits(True, 1.0, (4097, 0), limits) and not within_limits(False, 1.0, (0, 4097), limits)


def test_a_build_that_fails_is_a_row_that_is_not_within(tmp_path):
    broken = tmp_path / "skipc"
    broken.write_text("#!/bin/sh\necho 'skipc: no' >&2\nexit 3\n")
    broken.chmod(0o755)
    done = builds(harness.skipc_path(), broken)
    assert done.returncode == 1 and "not measured" in done.stdout.decode() and "skipc: no" in done.stdout.decode()


def test_unknown_builds_and_networks(tmp_path):
    mine = harness.skipc_path()
    assert builds(tmp_path / "none", mine).returncode == 2
    for wrong in (["--networks", "none"], ["--threads", "2", "--clock", "cpu"], ["--runs", "0"]):
        assert builds(mine, mine, *wrong).returncode == 2
