"""Before the first request: imports, memory, and ten thousand rules, beside Flask.

usage: python -m benches.startup

Each figure comes from processes of its own, which take turns.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import typing as t

from .machine import ROOT, TIMES, describe_machine

PEERS = ("kolben", "flask")

IMPORT = """
import time
begun = time.perf_counter()
import {package}
print(time.perf_counter() - begun)
"""
MEMORY = """
from benches.memory import resident
import {package}
print(resident())
"""
WORKER = """
from benches.memory import resident
import {package}
from benches.app_cases import environ, make_app
app = make_app({package})
for path in ("/hello", "/json", "/template", "/session", "/nothing"):
    for _ in range(20):
        b"".join(app(environ(path), lambda *_: None))
print(resident())
"""
RULES = """
import time
import {package}
app = {package}.Flask("many", static_folder=None)
view = lambda **_: "text"
begun = time.perf_counter()
for number in range(10_000):
    app.add_url_rule(f"/area{{number}}/<int:id>/<name>", f"view{{number}}", view)
print(time.perf_counter() - begun)
"""
FIRST = (
    RULES
    + """
from benches.app_cases import environ
made = environ("/area7/1/x")
begun = time.perf_counter()
assert b"".join(app(made, lambda *_: None)) == b"text"
print(time.perf_counter() - begun)
"""
)


class Figure(t.NamedTuple):
    """What is measured, how often, and what Kolben must reach."""

    what: str
    code: str
    rounds: int
    unit: str
    scale: float
    #: The most of Flask's, or the least times as fast.
    most: float | None = None
    least: float | None = None


FIGURES = (
    Figure("import", IMPORT, 15, "ms", 1e3, most=0.8),
    Figure("memory after the import", MEMORY, 3, "MiB", 2**-20, most=1),
    Figure("memory of a worker after a hundred requests", WORKER, 3, "MiB", 2**-20, most=1),
    Figure("10,000 rules added", RULES, 3, "ms", 1e3, least=25),
    Figure("the first request at 10,000 rules", FIRST, 3, "ms", 1e3, least=5),
)


def run(code: str, package: str, cache: str) -> float:
    """What a process prints last."""
    # Both from bytecode, as it is after an installation.
    environment = {
        **os.environ,
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": cache,
        "KOLBEN_AS_FLASK": "0",
    }
    done = subprocess.run(
        [sys.executable, "-c", code.format(package=package)],
        cwd=ROOT,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout.split()[-1])


def measure_all() -> tuple[dict[str, t.Any], bool]:
    """Measure and print; what was found, and whether each bar was reached."""
    print("| what | Kolben | Flask | ratio | must reach |\n|---|---|---|---|---|")
    report: dict[str, t.Any] = {}
    all_reached = True
    with tempfile.TemporaryDirectory() as cache:
        for figure in FIGURES:
            for package in PEERS:
                run(figure.code, package, cache)
            found = [
                [run(figure.code, package, cache) for package in PEERS]
                for _ in range(figure.rounds)
            ]
            ours, theirs = (min(values) * figure.scale for values in zip(*found, strict=True))
            share = statistics.median(own / other for own, other in found)
            if figure.most is not None:
                ratio, bar, reached = f"{share:.2f} of Flask's", "<=", share <= figure.most
            else:
                least = t.cast("float", figure.least)
                ratio, bar, reached = f"{1 / share:.1f}{TIMES}", ">=", 1 / share >= least
            all_reached = all_reached and reached
            cells = (
                *(f"{value:.1f} {figure.unit}" for value in (ours, theirs)),
                f"{ratio}{'' if reached else ' **missed**'}",
                f"{bar} {figure.most or figure.least:g}",
            )
            report[figure.what] = {"kolben": ours, "flask": theirs, "cells": cells}
            print(f"| {figure.what} | {' | '.join(cells)} |", flush=True)
    return report, all_reached


def main() -> int:
    """Measure and print; 1 if a bar was missed."""
    print(f"{describe_machine()}\n")
    _, reached = measure_all()
    return int(not reached)


if __name__ == "__main__":
    sys.exit(main())
