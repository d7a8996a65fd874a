"""Random residual networks with fresh seeds, each at two settings; and that what judges them sees what is wrong."""

import os
import random
import secrets
import signal
import time

import harness
import numpy as np
import pytest
from onnx import helper

from random_networks import builder, campaign, generate, judge, settings, shrink
from random_networks.elementwise import SINCE
from random_networks.structures import STRUCTURES

NETWORKS = 60
SHRINK_SECONDS = 90


def first_seed():
    """Fresh, and the same in every process of a run of pytest-xdist."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    return random.Random(run).randrange(10**12) if run else secrets.randbelow(10**12)


SEED = first_seed()


@pytest.mark.parametrize("number", range(NETWORKS))
def test_random_network(number):
    """A failure prints the seed, the setting and the least network that fails in the same way."""
    if number == 0:
        harness.report(f"random networks: seeds {SEED} to {SEED + NETWORKS - 1}")
    _, _, found = campaign.tried(SEED + number)
    if found:
        pytest.fail("\n\n".join([campaign.reduced(found[0], SHRINK_SECONDS).report(), *(str(f.failure) for f in found[1:])]), pytrace=False)


# The generator.


def test_a_seed_gives_the_same_network():
    one, other = generate.network(7), generate.network(7)
    assert one.model == other.model
    assert all(np.array_equal(one.inputs[name], other.inputs[name]) for name in one.inputs)
    assert generate.network(8).model != one.model


def is_placed(row):
    """Whether a builder with values of every kind takes an operator of the row, some time."""
    for seed in range(300):
        b = builder.Builder(seed)
        b.opset = max(b.opset, SINCE.get(row.name, 0))
        first = generate.input_image(b)
        b.input(first.array + 1)
        b.input(b.rng.integers(0, 4, first.shape))
        b.input(b.rng.random(first.shape) < 0.5)
        b.input(b.rng.standard_normal((4, 2, 8)).astype(np.float32))
        b.input(b.rng.standard_normal((3, 16)).astype(np.float32))
        try:
            with b.trial():
                row.add(b)
        except builder.Unfit:
            continue
        if any(node.op_type == row.name for node in b.nodes):
            return True
    return False


def is_placed_structure(add):
    for seed in range(100):
        b = builder.Builder(seed)
        generate.input_image(b)
        try:
            with b.trial():
                add(b)
            return True
        except builder.Unfit:
            continue
    return False


def test_every_row_has_its_place():
    """A row whose attributes ONNX Runtime always refuses would never be seen."""
    assert [row.name for row in builder.OPERATORS if not is_placed(row)] == []


def test_every_structure_has_its_place():
    assert [add.__name__ for add, _ in STRUCTURES if not is_placed_structure(add)] == []


# The judge.


def small_case():
    """A convolution and what can be shrunk away."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((1, 3, 6, 6)).astype(np.float32)
    constants = {"w": rng.standard_normal((4, 3, 3, 3)).astype(np.float32), "s": np.float32(2)}
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["a"], ["b"], name="relu"),
        helper.make_node("Mul", ["b", "s"], ["c"], name="mul"),
        helper.make_node("Softmax", ["c"], ["y"], name="softmax", axis=1),
    ]
    y = np.zeros((1, 4, 6, 6), np.float32)
    return builder.Case(builder.model_of(nodes, {"x": x}, {"y": y, "c": y}, constants, 13), {"x": x})


def changed(case, index, **attributes):
    """The model with another attribute of a node."""
    model = case.model.__class__()
    model.CopyFrom(case.model)
    node = model.graph.node[index]
    model.graph.node[index].CopyFrom(helper.make_node(node.op_type, node.input, node.output, name=node.name, **attributes))
    return model


def test_the_judge_accepts_what_is_right(tmp_path):
    subject = judge.Subject(small_case(), tmp_path)
    assert judge.failure_of(judge.check_network, subject) is None
    assert judge.failure_of(judge.check_setting, subject, settings.Setting()) is None


def test_the_judge_sees_a_wrong_result(tmp_path):
    """As of a compiler that reads another attribute than its own interpreter."""
    subject = judge.Subject(small_case(), tmp_path)
    assert judge.failure_of(judge.check_network, subject) is None
    subject.model.write_bytes(changed(subject.case, 3, axis=2).SerializeToString())
    assert judge.failure_of(judge.check_setting, subject, settings.Setting()).kind == "mismatch"


def test_the_judge_sees_a_model_that_is_read_differently(tmp_path):
    """The C and the interpreter agree: only ONNX Runtime can tell."""
    subject = judge.Subject(small_case(), tmp_path)
    subject.model.write_bytes(changed(subject.case, 3, axis=2).SerializeToString())
    assert judge.failure_of(judge.check_network, subject).kind == "read differently"


def test_the_judge_sees_another_shape(tmp_path):
    subject = judge.Subject(small_case(), tmp_path)
    model = changed(subject.case, 0, pads=[1, 1, 1, 2])
    for output in model.graph.output:
        output.type.tensor_type.shape.dim[3].dim_value = 7
    subject.model.write_bytes(model.SerializeToString())
    assert judge.failure_of(judge.check_network, subject).kind == "shape"


def test_the_judge_sees_a_false_refusal(tmp_path):
    subject = judge.Subject(small_case(), tmp_path)
    model = changed(subject.case, 3)
    model.graph.node[3].op_type = "Hardmax"
    subject.model.write_bytes(model.SerializeToString())
    assert judge.failure_of(judge.check_network, subject).kind == "false refusal"


def test_the_judge_sees_what_should_be_refused(tmp_path):
    """A network with a BatchNormalization that trains has to be."""
    one = {f"p{k}": np.ones(4, np.float32) for k in range(4)}
    node = helper.make_node("BatchNormalization", ["x4", *one], ["y"], training_mode=1)
    x = np.ones((1, 4, 3, 3), np.float32)
    case = builder.Case(builder.model_of([node], {"x4": x}, {"y": x}, one, 14), {"x4": x})
    subject = judge.Subject(case, tmp_path)
    assert judge.failure_of(judge.check_setting, subject, settings.Setting()) is None
    subject.model.write_bytes(small_case().model.SerializeToString())
    assert judge.failure_of(judge.check_setting, subject, settings.Setting()).kind == "not refused"


def test_a_crash_and_an_endless_loop_are_failures():
    with pytest.raises(judge.Failed, match="signal 11"):
        judge.isolated(lambda: os.kill(os.getpid(), signal.SIGSEGV))
    with pytest.raises(judge.Failed, match="1 seconds"):
        judge.isolated(lambda: time.sleep(60), seconds=1)
    assert judge.isolated(lambda: 3) == 3


# Shrinking.


def test_shrinking_keeps_what_fails():
    """One node, one output, small inputs; and its text gives the model again."""
    least = shrink.shrunk(small_case(), lambda case: any(node.op_type == "Softmax" for node in case.model.graph.node))
    assert [node.op_type for node in least.model.graph.node] == ["Softmax"]
    assert sum(array.size for array in least.inputs.values()) == 1
    scope = {"np": np, "make_node": helper.make_node}
    exec(shrink.text_of(least), scope)
    assert [node.op_type for node in scope["nodes"]] == ["Softmax"] and list(scope["inputs"]) == list(least.inputs)


def test_shrinking_keeps_the_layers_that_fail_together():
    def fails(case):
        ops = [node.op_type for node in case.model.graph.node]
        return "Conv" in ops and "Mul" in ops

    ops = [node.op_type for node in shrink.shrunk(small_case(), fails).model.graph.node]
    assert ops in (["Conv", "Mul"], ["Mul", "Conv"])


# The command.


@pytest.mark.parametrize("arguments", [["1", "--seed", "x"], ["1", "--seed", "-3"], ["many"], ["1", "--seed"], []])
def test_bad_arguments_of_the_command(arguments):
    done = harness.run([harness.ROOT / "scripts/random-networks", *arguments])
    assert done.returncode == 2 and not done.stdout
    assert len(done.stderr.decode().strip().splitlines()) == 1


def test_the_command_counts(tmp_path):
    done = harness.run([harness.ROOT / "scripts/random-networks", "1", "--seed", "3", "--processes", "1"])
    lines = done.stdout.decode().strip().splitlines()
    assert done.returncode == 0, done.stdout
    assert lines[0].startswith("seeds 3 to 3") and lines[-1].startswith("1 networks, 2 settings, 0 mismatches, 0 false refusals")
