"""Many random networks: `scripts/random-networks N`."""

import argparse
import concurrent.futures
import multiprocessing
import re
import secrets
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import harness
import numpy as np

from .builder import Case
from .generate import network
from .judge import Failure, Subject, check, check_network, check_setting, failure_of, is_refused
from .settings import Setting, all_settings, drawn_settings
from .shrink import save, shrunk, text_of

DRAWN = 2  # settings a network
FAILURES = harness.ROOT / "tests/.work/random"
REFUSAL = "false refusal"


@dataclass
class Found:
    """A network that fails, at one setting."""

    seed: int
    setting: Setting
    failure: Failure
    case: Case
    least: Case = None

    def report(self):
        lines = [f"seed {self.seed}, {self.setting}", str(self.failure)]
        if self.least:
            lines += ["least case:", text_of(self.least)]
        return "\n".join(lines)


def settings_of(seed, every):
    return all_settings() if every else drawn_settings(np.random.default_rng((seed, 1)), DRAWN)


def tried(seed, every=False):
    """(number of settings, whether it is one that has to be refused, what failed) of a seed's network."""
    case = network(seed)
    settings = settings_of(seed, every)
    with tempfile.TemporaryDirectory(prefix="skipc-random-") as folder:
        subject = Subject(case, folder)
        failure = failure_of(check_network, subject)
        if failure:  # at every setting: with what it is read wrongly, there is nothing to compare
            return len(settings), False, [Found(seed, settings[0], failure, case)]
        failures = [(setting, failure_of(check_setting, subject, setting)) for setting in settings]
    return len(settings), is_refused(case.model), [Found(seed, setting, failure, case) for setting, failure in failures if failure]


def sort_of(failure):
    """What two failures have in common that are the same, as far as words tell: a refusal's reason, without its node."""
    reason = re.sub(r".*\): ", "", failure.text) if failure.kind == "false refusal" else ""
    return failure.kind, reason


def reduced(found, seconds=240):
    """The least case that fails in the same way; what fails without gcc's optimisations, too, is shrunk without, which is faster."""

    def fails(case, setting):
        failure = check(case, setting)
        return failure is not None and sort_of(failure) == sort_of(found.failure)

    quick = replace(found.setting, optimise="-O0")
    setting = quick if fails(found.case, quick) else found.setting
    found.least = shrunk(found.case, lambda case: fails(case, setting), seconds)
    folder = FAILURES / f"{found.seed}"
    save(found.least, folder)
    (folder / "failure.txt").write_text(found.report() + "\n")
    return found


class Tally:
    def __init__(self):
        self.networks = self.settings = self.refused = 0
        self.failures = []

    def add(self, settings, refused, found):
        self.networks += 1
        self.settings += settings
        self.refused += refused
        self.failures += found

    def line(self):
        refusals = sum(found.failure.kind == REFUSAL for found in self.failures)
        return (
            f"{self.networks} networks, {self.settings} settings, {len(self.failures) - refusals} mismatches, {refusals} false refusals"
            f" ({self.refused} networks are to be refused, and were)"
        )


def report_failures(tally, seconds):
    """Each sort shrunk once, from its smallest network."""
    sorts = {}
    for found in sorted(tally.failures, key=lambda f: len(f.case.model.graph.node)):
        sorts.setdefault(sort_of(found.failure), []).append(found)
    for alike in sorts.values():
        print(f"\n{len(alike)} alike: seeds {' '.join(sorted({str(f.seed) for f in alike}))}")
        print(reduced(alike[0], seconds).report(), flush=True)


def run(count, first, every=False, processes=2, shrink_seconds=240):
    tally, start = Tally(), time.monotonic()
    # Forked afresh now and then: libraries that were loaded stay loaded.
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(processes, context) as pool:
        futures = {pool.submit(tried, seed, every): seed for seed in range(first, first + count)}
        for future in concurrent.futures.as_completed(futures):
            tally.add(*future.result())
            for found in future.result()[2]:
                print(f"seed {found.seed}, {found.setting}: {found.failure}", flush=True)
            if tally.networks % 50 == 0:
                print(f"{time.monotonic() - start:7.0f} s  {tally.line()}", flush=True)
    if shrink_seconds:
        report_failures(tally, shrink_seconds)
    print(tally.line())
    return 1 if tally.failures else 0


def whole_number(text):
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number")
    return int(text)


class Parser(argparse.ArgumentParser):
    """Its errors are one line, status 2."""

    def error(self, message):
        self.exit(2, f"{self.prog}: {message}\n")


def main(arguments=None):
    parser = Parser(prog="random-networks", description="Compiles N random networks and compares them with ONNX Runtime.")
    parser.add_argument("count", metavar="N", type=whole_number, help="how many networks")
    parser.add_argument("--seed", type=whole_number, help="of the first network; the next ones have the next numbers (default: fresh)")
    parser.add_argument("--all-settings", action="store_true", help="each network at every setting, not at two that its seed draws")
    parser.add_argument("--processes", type=whole_number, default=2, help="how many networks at a time (2)")
    parser.add_argument("--shrink", metavar="SECONDS", type=whole_number, default=240, help="for each least case (240; 0: none)")
    options = parser.parse_args(arguments)
    first = secrets.randbelow(10**12) if options.seed is None else options.seed
    print(f"seeds {first} to {first + options.count - 1}, {Path(harness.skipc_path()).name}", flush=True)
    return run(options.count, first, options.all_settings, max(1, options.processes), options.shrink)


if __name__ == "__main__":
    sys.exit(main())
