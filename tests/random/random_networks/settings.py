"""How a network is compiled: skipc's options, and the C compiler's."""

import itertools
from dataclasses import dataclass

import harness

FAVOURS = ("speed", "size", "memory", "exact")  # --optimize, or --exact
BUILDS = (("portable", ()), ("portable", ("-march=x86-64-v3",)), ("portable", ("-DPLAIN_C",)), ("auto", ()))
WEIGHTS = ("inline", "asm", "file")


@dataclass(frozen=True)
class Setting:
    favour: str = "speed"
    droppable: bool = False
    target: str = "portable"
    cflags: tuple = ()
    weights: str = "file"
    optimise: str = "-O1"

    def flags(self):
        favoured = ["--exact"] if self.favour == "exact" else ["--optimize", self.favour]
        return [*favoured, *(["--droppable"] if self.droppable else []), "--target", self.target, "--weights", self.weights]

    def __str__(self):
        return " ".join([*self.flags(), "and gcc", self.optimise, *self.cflags])


def builds():
    return [(target, cflags) for target, cflags in BUILDS if harness.runs_here(cflags)]


def all_settings():
    """Every combination; the weights' place takes turns."""
    combinations = itertools.product(FAVOURS, (False, True), builds())
    return [
        Setting(favour, droppable, target, cflags, WEIGHTS[k % len(WEIGHTS)])
        for k, (favour, droppable, (target, cflags)) in enumerate(combinations)
    ]


def drawn_settings(rng, count):
    """Different ones. A file with kernels for every width takes gcc the longest: seldom drawn."""
    known = all_settings()
    weights = [0.12 if setting.target == "auto" else 1.0 for setting in known]
    total = sum(weights)
    return [known[k] for k in rng.choice(len(known), count, replace=False, p=[w / total for w in weights])]
