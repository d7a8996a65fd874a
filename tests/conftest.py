import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness  # noqa: E402  (needs the path above)

# Tests run side by side: a team whose threads spin while they wait would take the others' processors.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def pytest_addoption(parser):
    parser.addoption("--every-network", action="store_true", help="tests/models: every network, the deepest too, by every exporter")


def pytest_configure(config):
    if not hasattr(config, "workerinput"):  # once, not in every worker of pytest-xdist
        harness.MEASUREMENTS.unlink(missing_ok=True)


def pytest_collection_modifyitems(items):
    """The many short ones last, so that all processes have something to do up to the end."""
    items.sort(key=lambda item: "tests/conformance/" in item.nodeid)


def fail_where_skipped(report, excused=False):
    """What didn't run shows nothing. Everything that the tests need is installed by scripts/setup --test."""
    if report.skipped and not excused:
        report.outcome = "failed"
        report.longrepr = f"did not run: {report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    return fail_where_skipped(report, call.excinfo is not None and harness.NO_SUCH_CPU in str(call.excinfo.value))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    return fail_where_skipped((yield))


def pytest_terminal_summary(terminalreporter):
    if harness.MEASUREMENTS.exists():
        terminalreporter.section("measurements")
        for line in sorted(harness.MEASUREMENTS.read_text().splitlines()):
            terminalreporter.write_line(line)
