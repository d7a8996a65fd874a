"""bench/speed.py and bench/plot.py on the trained ResNet-8: that they run, and what they say; never how fast."""

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
