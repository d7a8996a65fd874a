"""skipc lesion: against PyTorch with the same blocks left out, and its bad input."""

import itertools
import json
import sys
import xml.etree.ElementTree as xml
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness
import residual_nets

IMAGES = 30


def lesion(*arguments, folder=None):
    return harness.checked([harness.skipc_path(), "lesion", *arguments], cwd=folder)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Bytes, as images come, for a network of 16x16 pixels."""
    generator = np.random.default_rng(7)
    path = tmp_path_factory.mktemp("images") / "images.npz"
    x = generator.integers(0, 256, (IMAGES, *residual_nets.SIZE[1:]), np.uint8)
    np.savez_compressed(path, x=x, y=generator.integers(0, 10, IMAGES, np.int64), other=np.zeros(3))
    return path


def classes(name, survival, path):
    x = torch.from_numpy(np.load(path)["x"].astype(np.float32))
    with torch.no_grad():
        return residual_nets.surviving(name, survival)(x).argmax(1).numpy()


@pytest.mark.parametrize("name, droppable", [("post-activation", [0, 1, 2, 4, 5]), ("pre-activation", [0, 1, 3])])
def test_against_pytorch(name, droppable, exported, images):
    report = json.loads(lesion(exported(name), "--inputs", images, "--labels", "--json"))
    blocks, labels = len(report["blocks"]), np.load(images)["y"]
    whole = classes(name, [1.0] * blocks, images)

    def score(deleted):
        found = classes(name, [float(k not in deleted) for k in range(blocks)], images)
        return {"agreement": np.mean(found == whole), "accuracy": np.mean(found == labels)}

    assert report["images"] == IMAGES and report["whole"] == pytest.approx(score([]))
    for k, block in enumerate(report["blocks"]):
        assert block["deleted"] == (pytest.approx(score([k])) if k in droppable else None)
    complete = 0
    for step in report["steps"]:
        sets = list(itertools.combinations(droppable, step["deleted"]))
        if len(sets) > 10:  # as many random ones
            assert step["sets"] == 10
            continue
        complete += 1
        assert step["sets"] == len(sets)  # all of them
        scores = [score(deleted) for deleted in sets]
        for key in ("agreement", "accuracy"):
            each = [one[key] for one in scores]
            assert step["mean"][key] == pytest.approx(np.mean(each))
            assert (step["least"][key], step["most"][key]) == pytest.approx((min(each), max(each)))
    assert [step["deleted"] for step in report["steps"]] == list(range(1, len(droppable) + 1))
    assert complete == len(report["steps"])  # of so few blocks


def test_random_sets_depend_on_the_seed_alone(exported, images, tmp_path):
    flags = [exported("post-activation"), "--inputs", images, "--json", "--draws", "3"]
    first, again, other = (json.loads(lesion(*flags, "--seed", seed)) for seed in ("1", "1", "2"))
    assert first == again
    assert first["blocks"] == other["blocks"] and first["steps"] != other["steps"]
    assert [step["sets"] for step in first["steps"]] == [5, 3, 3, 3, 1]
    assert first["whole"]["accuracy"] is None


def test_table_and_plot(exported, images, tmp_path):
    words = lesion(exported("post-activation"), "--inputs", images, "--labels", "--plot", "plot.svg", folder=tmp_path)
    assert "30 images, 6 residual blocks, of which 5 can be deleted" in words and "layer2.0 (changes the shape)" in words
    plot = (tmp_path / "plot.svg").read_text()
    texts = ["".join(element.itertext()) for element in xml.fromstring(plot).iter() if element.tag.endswith("}text")]
    for expected in ("layer1.0", "100%", "One block deleted", "Several blocks deleted", "share of the images", "x"):
        assert expected in texts, expected
    assert lesion(exported("post-activation"), "--inputs", images, "--labels") == words


def test_hostile_names_stay_text_in_the_plot(exported, images, tmp_path):
    model = onnx.load(exported("post-activation"))
    for node in model.graph.node:
        node.name = node.name.replace("layer1.1", "<script>&\x1b\"é")
    onnx.save(model, tmp_path / "net.onnx")
    lesion("net.onnx", "--inputs", images, "--plot", "plot.svg", folder=tmp_path)
    root = xml.parse(tmp_path / "plot.svg").getroot()
    assert not [element for element in root.iter() if "script" in element.tag]


def test_trained_resnet8(tmp_path):
    """500 real images: what docs/residual-structure.md says."""
    report = json.loads(lesion(harness.SAMPLE, "--inputs", harness.PHOTOS, "--labels", "--json"))
    assert report["whole"] == {"agreement": 1, "accuracy": pytest.approx(0.89, abs=0.004)}
    assert report["blocks"][0]["deleted"]["accuracy"] == pytest.approx(0.128, abs=0.01)
    assert [block["deleted"] for block in report["blocks"][1:]] == [None, None]


def test_batches_floats_and_files_of_their_own(exported, images, tmp_path):
    """Ten images at a time, already floats, labels in another file: the same result."""
    model = onnx.load(exported("post-activation"))
    for value in [*model.graph.input, *model.graph.output]:
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    onnx.save(model, tmp_path / "net.onnx")
    data = np.load(images)
    np.save(tmp_path / "x.npy", data["x"].astype(np.float64))
    np.save(tmp_path / "y.npy", data["y"].astype(np.uint8))
    expected = json.loads(lesion(exported("post-activation"), "--inputs", images, "--labels", "--json"))
    flags = ["--inputs", "x.npy", "--labels=y.npy", "--json", "--dim", "batch=10"]
    assert json.loads(lesion("net.onnx", *flags, folder=tmp_path)) == {**expected, "model": "net.onnx"}


def save(folder, **arrays):
    np.savez(folder / "data.npz", **arrays)
    return "data.npz"


X = np.zeros((4, *residual_nets.SIZE[1:]), np.uint8)


def damaged(folder, at):
    """One byte of the array's data is another."""
    save(folder, x=X)
    data = bytearray((folder / "data.npz").read_bytes())
    data[at] ^= 0xFF
    (folder / "data.npz").write_bytes(data)
    return "data.npz"


def truncated(folder):
    save(folder, x=X)
    data = (folder / "data.npz").read_bytes()
    (folder / "data.npz").write_bytes(data[: len(data) // 2])
    return "data.npz"


def no_npy_inside(folder):
    with zipfile.ZipFile(folder / "data.npz", "w") as archive:
        archive.writestr("x.npy", b"not an array")
    return "data.npz"


def empty_archive(folder):
    zipfile.ZipFile(folder / "data.npz", "w").close()
    return "data.npz"


def images_alone(folder):
    np.save(folder / "x.npy", X)
    return "x.npy"


def text_file(folder):
    (folder / "data.npz").write_text("images")
    return "data.npz"


BAD_DATA = {
    "no such file": (lambda folder: "nowhere.npz", [], "nowhere.npz"),
    "a folder": (lambda folder: ".", [], "."),
    "text": (text_file, [], "no .npy file"),
    "truncated archive": (truncated, [], "data.npz"),
    "damaged archive": (lambda folder: damaged(folder, 1000), [], "CRC"),
    "archive of nothing": (empty_archive, [], "no array 'x'; it has none"),
    "archive of something else": (no_npy_inside, [], "no .npy file"),
    "no array x": (lambda folder: save(folder, a=X, b=X), [], "no array 'x'; it has a.npy, b.npy"),
    "no labels": (lambda folder: save(folder, x=X, z=X), ["--labels"], "no array 'y'"),
    "images alone": (lambda folder: save(folder, x=X), ["--labels"], "no array 'y'; it has x.npy"),
    "images in an .npy file": (images_alone, ["--labels"], "no array 'y': it is no .npz archive"),
    "images of another shape": (lambda folder: save(folder, x=X[:, :, 1:]), [], "first axis only"),
    "images of another rank": (lambda folder: save(folder, x=X[0]), [], "first axis only"),
    "one number": (lambda folder: save(folder, x=np.float32(1)), [], "first axis only"),
    "no images": (lambda folder: save(folder, x=X[:0]), [], "first axis only"),
    "complex images": (lambda folder: save(folder, x=X.astype(np.complex64)), [], "'<c8' is not supported"),
    "pickled images": (lambda folder: save(folder, x=np.array([{}] * 4, object)), [], "'|O' is not supported"),
    "labels that are floats": (lambda folder: save(folder, x=X, y=np.zeros(4)), ["--labels"], "one whole number"),
    "too few labels": (lambda folder: save(folder, x=X, y=np.zeros(3, int)), ["--labels"], "one whole number"),
    "a label too large": (lambda folder: save(folder, x=X, y=np.array([0, 10, 1, 2])), ["--labels"], "label 10 of image 1"),
    "a negative label": (lambda folder: save(folder, x=X, y=np.array([0, 1, -1, 2])), ["--labels"], "label -1 of image 2"),
}


def refused(model, flags, status, reason, folder):
    before = sorted(folder.iterdir())
    done = harness.run([harness.skipc_asan_path(), "lesion", model, *flags, "--plot", "plot.svg"], cwd=folder)
    assert done.returncode == status, done.stderr
    assert reason in done.stderr.decode() and done.stdout == b""
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("case", BAD_DATA)
def test_bad_data(case, exported, tmp_path):
    make, flags, reason = BAD_DATA[case]
    refused(exported("post-activation"), ["--inputs", make(tmp_path), *flags], 5, reason, tmp_path)


def test_bad_command_lines(exported, images, tmp_path):
    model = exported("post-activation")
    refused(model, [], 2, "--inputs X.npz is missing", tmp_path)
    refused(model, ["--inputs", images, "--draws", "0"], 2, "--draws", tmp_path)
    refused(model, ["--inputs", images, "--seed", "-1"], 2, "--seed", tmp_path)
    refused(exported("plain"), ["--inputs", images], 2, "no residual blocks", tmp_path)


def test_networks_that_cannot_be_studied(images, tmp_path):
    """No block that can be deleted, or nothing to compare classes by."""

    def network(path, projection, classes, inputs=1):
        shapes = {"x": [1, 3, 16, 16], "y": [1, 4, 16, 16] if classes is None else [1, classes]}
        weights = {"w": np.ones((4, 3, 3, 3)), "p": np.ones((4, 3, 1, 1)), "fc": np.ones((4 * 256, classes or 1)), "v": np.ones((4, 4, 3, 3))}
        make = onnx.helper.make_node
        nodes = [
            make("Conv", ["x", "p"], ["wide"], kernel_shape=[1, 1]),
            make("Conv", ["wide" if not projection else "x", "v" if not projection else "w"], ["a"], kernel_shape=[3, 3], pads=[1] * 4),
            make("Relu", ["a"], ["b"]),
            make("Add", ["b", "wide"], ["s" if classes else "y"]),
        ]
        if classes:
            nodes += [make("Flatten", ["s"], ["flat"]), make("MatMul", ["flat", "fc"], ["y"])]
        values = {name: onnx.helper.make_tensor_value_info(name, 1, shape) for name, shape in shapes.items()}
        others = [onnx.helper.make_tensor_value_info(f"unused{k}", 1, [1]) for k in range(inputs - 1)]
        tensors = [onnx.numpy_helper.from_array(array.astype(np.float32), name) for name, array in weights.items()]
        graph = onnx.helper.make_graph(nodes, "g", [values["x"], *others], [values["y"]], tensors)
        onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8), path)
        return path

    folder = tmp_path / "runs"
    folder.mkdir()
    data = ["--inputs", images]
    refused(network(tmp_path / "a.onnx", True, 3), data, 2, "each of the 1 residual blocks changes the shape", folder)
    refused(network(tmp_path / "b.onnx", False, None), data, 2, "is not one score for each class", folder)
    refused(network(tmp_path / "c.onnx", False, 1), data, 2, "is not one score for each class", folder)
    refused(network(tmp_path / "d.onnx", False, 3, inputs=2), data, 2, "one input; this one has 2", folder)


def test_batch_that_does_not_divide(exported, images, tmp_path):
    model = onnx.load(exported("post-activation"))
    for value in [*model.graph.input, *model.graph.output]:
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    onnx.save(model, tmp_path / "net.onnx")
    refused("net.onnx", ["--inputs", images, "--dim", "batch=7"], 5, "no multiple of the batch of 7", tmp_path)
